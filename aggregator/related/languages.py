"""Languages: which one a text is in, and what its words stand for.

A word is a run of letters and digits, so that an apostrophe, straight or curly, parts what an elision or a
possessive joined ("l’Ukraine", "dell’arte", "Ukraine’s"); single letters are no words. The term of a word is
the 32-bit hash (MurmurHash3, as in scikit-learn's `HashingVectorizer`) of its stem. Chinese, Japanese and
Thai do not part words: there, every two neighbouring characters are a term.
"""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import Stemmer
import stopwordsiso
from sklearn.utils import murmurhash3_32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

NO_TERM = 0
"""The id of words that are no evidence; a stem whose hash is 0 is lost, which one in four billion is."""

_WORD = re.compile(r"[^\W_]{2,}")
_CACHED_WORDS = 200_000
_STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
# Rests of an elision or a contraction that the lists of stop words do not hold ("qu’il", "isn’t").
_RESTS = {
    "en": "ain aren couldn didn doesn don hadn hasn haven isn ll mustn re shouldn ve wasn weren wouldn",
    "fr": "aujourd hui jusqu lorsqu presqu puisqu qu quelqu quoiqu",
    "it": "all coll dall dell nell quell quest sull un",
}
# A number, perhaps with its unit or ending: “2022”, “20h30”, “3e”, “21st”, “100km”.
_NUMBER = re.compile(
    r"\d+(?:h\d*|min|[er]|er|re|ers|eme|ème|nd|nde|st|rd|th|os|as|km|kg|cm|mm|m|s|bn|mds?|ct|º|ª|°)?"
)
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_UNSPACED}]+")
_PAIRED = frozenset({"ja", "th", "zh"})


class Language:
    """Words of one language to term ids. Keeps a cache, so one instance serves one thread."""

    def __init__(self, code: str, aliases: Mapping[str, str]) -> None:
        """`aliases` gives, for a word in lower case, the one that it is read as."""
        self.code = code
        stop = stopwordsiso.stopwords(code) if stopwordsiso.has_lang(code) else frozenset()
        self._stop = frozenset(stop).union(_RESTS.get(code, "").split())
        self._aliases = aliases
        # The stemmer's own cache is not needed: ours also remembers what is no term.
        self._stemmer = Stemmer.Stemmer(_STEMMERS[code], 0) if code in _STEMMERS else None
        self._terms = _Terms(self._term)

    def words(self, text: str) -> list[str]:
        """The words, or pairs of characters, in the order of the text."""
        found: list[str] = _WORD.findall(text)
        return list(chain.from_iterable(map(_pairs, found))) if self.code in _PAIRED else found

    def terms(self, words: Sequence[str]) -> Iterator[int]:
        """The term of each word; `NO_TERM` for words that are no evidence."""
        if len(self._terms) > _CACHED_WORDS:
            self._terms.clear()
        return map(self._terms.__getitem__, words)

    def _term(self, word: str) -> int:
        word = word.lower()
        if word in self._stop or _NUMBER.fullmatch(word):
            return NO_TERM
        word = self._aliases.get(word, word)
        stem = self._stemmer.stemWord(word) if self._stemmer else word
        return int(murmurhash3_32(stem, positive=True))


class _Terms(dict[str, int]):
    """Terms that were asked for before; a dictionary that fills itself is read without a Python frame."""

    def __init__(self, find: Callable[[str], int]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> int:
        term = self[word] = self._find(word)
        return term


def _pairs(word: str) -> Sequence[str]:
    """Neighbouring characters of scripts that do not part words; other words as they are."""
    if not _RUN.match(word):
        return (word,)
    return [a + b for a, b in pairwise(word)]


def declared(code: str | None) -> str | None:
    """The ISO 639-1 code in what a feed says ("fr-FR", "FR"); None for what is no known language."""
    if not code:
        return None
    first = re.split("[-_]", code.strip().lower(), maxsplit=1)[0]
    first = _OTHER_CODES.get(first, first)
    return first if first in _STEMMERS or first in _PAIRED or stopwordsiso.has_lang(first) else None


_OTHER_CODES = {
    "nb": "no",
    "nn": "no",
    "deu": "de",
    "eng": "en",
    "fra": "fr",
    "fre": "fr",
    "ger": "de",
    "ita": "it",
    "nld": "nl",
    "por": "pt",
    "spa": "es",
}


class Detector:
    """Language identification (py3langid), restricted to the configured languages."""

    def __init__(self, languages: Sequence[str]) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
        self._identifier.set_languages(languages)

    def language(self, text: str) -> str:
        code: str = self._identifier.classify(text)[0]
        return code
