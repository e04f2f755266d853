"""The label that a feed puts before a title or a summary, and what it hangs behind a title."""

from __future__ import annotations

import re

# Up to six words in capitals, then a mark: “DÉCRYPTAGE - …”, “CONFIDENTIEL BOURSE | …”, “EN DIRECT. …”.
_LABEL = re.compile(r"\s*((?:[^\W\d_a-zß-ÿ][^\sa-zß-ÿ|:•]*\s*){1,6}?)(?:[|:•!.]|\s[-–—]|[–—])\s")
# One word at least is no acronym, or it may be the subject: “PSG : …”, “JO 2024 : …”.
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_TAIL = re.compile(r"\s[|•–—-]\s+([^|•–—]{2,60})$")


def without_label(text: str) -> str:
    """The text after a leading label in capitals; all of it where there is none."""
    match = _LABEL.match(text)
    if match and match[1].isupper() and _LONG_WORD.search(match[1]):
        return text[match.end() :]
    return text


def tail(title: str) -> str:
    """What follows the last dash or bar of a title: perhaps a formula, perhaps the news itself."""
    match = _TAIL.search(title)
    return match[1] if match else ""
