"""Whether a feed gives an article whole, and whether a page holds more of it. Pure; all text is plain.

Guesses, all of them: they decide where a button stands, and refuse what would do harm as the text of an
article (a wall that asks for money or consent, another article).
"""

from __future__ import annotations

import re

_SHORT_WORDS = 100
_LEAST_GAIN = 20
"""Words: less than a stub's "subscribe to read on"."""
_LEAST_GAIN_SHARE = 0.1
_LEAST_KNOWN = 3
"""Of fewer words nothing can be told."""
_LEAST_SHARED = 0.3
_LONG_WORD = re.compile(r"[^\W_]{4,}")

_CUT_OFF = re.compile(r"\s*(?:\[?(?:…|\.\.\.)\]?)\s*$")
_ENDS_CUT = re.compile(
    r"(?:…|\.\.\.)\W*$|(?:read (?:more|on|the (?:full|whole) \w+)|continue reading|keep reading|lire la suite"
    r"|lire plus|en savoir plus|lire l['’]article)\W*$",
    re.IGNORECASE,
)


def own_summary(summary: str, text: str) -> str:
    """The summary, unless the text begins with it: many are the first words and "[…]"."""
    beginning = " ".join(_CUT_OFF.sub("", summary).split())
    return "" if " ".join(text[: 2 * len(summary)].split()).startswith(beginning) else summary


def seems_cut_short(title: str, text: str) -> bool:
    """Nothing, little, or a text that says that it goes on. A message that is its own title is whole."""
    words = " ".join(text.split())
    if _ENDS_CUT.search(words[-80:]):
        return True
    if words and words.startswith(title.rstrip("… ")):
        return False
    return len(words.split()) < _SHORT_WORDS


def find_fault(*, title: str, feed_text: str, page_title: str, page_text: str) -> str | None:
    """Why the page's text is not the article's full text, as the reason of an error; None where it is."""
    if not page_text:
        return "page-empty"
    known = len(feed_text.split())
    if len(page_text.split()) - known < max(_LEAST_GAIN, _LEAST_GAIN_SHARE * known):
        return "page-no-more"
    page = _long_words(f"{page_title} {page_text}")
    known_words = [words for words in map(_long_words, (title, feed_text)) if len(words) >= _LEAST_KNOWN]
    if known_words and all(len(words & page) < _LEAST_SHARED * len(words) for words in known_words):
        return "page-other"
    return None


def _long_words(text: str) -> set[str]:
    return set(_LONG_WORD.findall(text.casefold()))
