"""Words as they are searched: without accents, in small letters, and by their stems in French and English.

Folding is what SQLite's tokenizer does (`unicode61 remove_diacritics 2`), so "elections" and "Élections" are
one word. Stems are made of folded words. The accents that the French stemmer looks for are gone then, and
with them an "e" that stays at the end ("arrivée" → "arrivee" → "arrive"); it is dropped.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from os.path import commonpath

import Stemmer

_WORD = re.compile(r"[^\W_]+")
_SHORTEST = 4
"""Shorter words stand for themselves: there is no ending to take off."""


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """Letters that are none of a to z keep their marks: "й" is a letter of its own."""
    small = word.lower()
    return small if small.isascii() else "".join(map(_plain, unicodedata.normalize("NFC", small)))


@cache
def _plain(letter: str) -> str:
    base = "".join(c for c in unicodedata.normalize("NFD", letter) if not unicodedata.combining(c))
    return base if base.isascii() else letter


def split_words(text: str) -> list[str]:
    """Runs of letters and digits, folded."""
    return [fold(word) for word in _WORD.findall(unicodedata.normalize("NFC", text))]


@cache
def _stemmers() -> tuple[Stemmer.Stemmer, ...]:
    return tuple(Stemmer.Stemmer(language, 0) for language in ("french", "english"))


@lru_cache(maxsize=20_000)
def stems(word: str) -> tuple[str, ...]:
    """Of a folded word, in French and in English."""
    if len(word) < _SHORTEST or not word.isalpha():
        return (word, word)
    french, english = (stemmer.stemWord(word) for stemmer in _stemmers())
    return (french.rstrip("e") or french, english)


def are_forms(word: str, other: str) -> bool:
    """Whether two folded words have one stem in one of the languages."""
    return word == other or any(a == b for a, b in zip(stems(word), stems(other), strict=True))


def shared_beginnings(word: str) -> tuple[str, ...]:
    """Beginnings, of three letters or more, one of which every form of the folded word has.

    Stemmers also change letters: "city" and "cities" share "cit", "journal" and "journaux" "journa". Empty
    for a word that has no other forms.
    """
    if len(word) < _SHORTEST or not word.isalpha():
        return ()
    found = {_beginning(word, stem) for stem in stems(word)}
    return tuple(sorted(one for one in found if not any(one != b and one.startswith(b) for b in found)))


def _beginning(word: str, stem: str) -> str:
    shared = commonpath([word, stem])
    changing = len(shared) > 4 or shared.endswith(("i", "y"))
    return shared[:-1] if changing and len(shared) > 3 else shared if len(shared) >= 3 else word[:3]
