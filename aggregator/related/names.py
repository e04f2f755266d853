"""The names in a text, the same in every language that is written in Latin letters.

A name is a word with a capital inside a sentence, or in capitals. Nouns have capitals in German, titles have
them on every word in English; so a name proves something only where it is rare.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from aggregator.related.languages import term_id

if TYPE_CHECKING:
    from collections.abc import Mapping

_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĻĽŁŃŅŇŌŐŒŘŚŞŠŢŤŪŮŰŲŹŻŽȘȚ"
# After a letter, a digit, a comma and the like, since a sentence begins elsewhere; or all in capitals. (What
# stands before is looked at last: an expression that begins with a set of letters is searched fast.)
_NAME = re.compile(
    rf"[{_UPPER}](?:(?:(?<=[^\W_][ ’'\-].)|(?<=[,;(«“][ («“].))[^\W_]{{2,}}|(?<=\W.)[{_UPPER}]+(?![^\W_]))"
)
_WORD = re.compile(r"[^\W_]{3,}")


def names_in(title: str, text: str, aliases: Mapping[str, str]) -> dict[int, str]:
    """The names by id. A title that has capitals everywhere tells nothing. `aliases` are plain words."""
    found = set(_NAME.findall(f" {text}"))
    if not _all_capitals(title):
        found.update(_NAME.findall(f" {title}"))
    spelt = {plain(name): name for name in sorted(found)}
    return {term_id(aliases.get(name, name)): spelling for name, spelling in spelt.items()}


def _all_capitals(title: str) -> bool:
    words: list[str] = _WORD.findall(title)
    return 2 * len([word for word in words if word[0].isupper()]) > len(words)


@lru_cache(50_000)
def plain(word: str) -> str:
    """Without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
