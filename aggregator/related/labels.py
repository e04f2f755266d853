"""The label that a feed puts before a title or a summary, and what it hangs behind a title."""

from __future__ import annotations

import re

# Up to six words in capitals, then a mark: “DÉCRYPTAGE - …”, “CONFIDENTIEL BOURSE | …”, “EN DIRECT. …”.
# Words are parted by white space and short, so that there is one way to read a text: no long search.
_CAPITALS = r"[^\W\d_a-zß-ÿ][^\sa-zß-ÿ|:•]{0,29}"
_LABEL = re.compile(rf"\s{{0,9}}({_CAPITALS}(?:\s{{1,3}}{_CAPITALS}){{0,5}}?)(?:\s?[|:•!.]|\s[-–—]|[–—])\s")
_LOOKED_AT = 200
# One word at least is no acronym, or it may be the subject: “PSG : …”, “JO 2024 : …”.
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_TAIL = re.compile(r"\s[|•–—-]\s+([^|•–—]{2,60})$")


def without_label(text: str) -> str:
    """The text after a leading label in capitals; all of it where there is none."""
    match = _LABEL.match(text[:_LOOKED_AT])
    if match and match[1].isupper() and _LONG_WORD.search(match[1]):
        return text[match.end() :]
    return text


def tail(title: str) -> str:
    """What follows the last dash or bar of a title: perhaps a formula, perhaps the news itself."""
    match = _TAIL.search(title)
    return match[1] if match else ""
