"""Languages: which one a text is in, and what its words stand for.

A word is a run of letters and digits, so that an apostrophe, straight or curly, parts what an elision or a
possessive joined ("l’Ukraine", "dell’arte", "Ukraine’s"); single letters are no words. The term of a word is
the 32-bit hash (MurmurHash3, as in scikit-learn's `HashingVectorizer`) of its stem. Chinese, Japanese and
Thai do not part words: there, every two neighbouring characters are a term.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import mmh3
import numpy as np
import Stemmer
import stopwordsiso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy.typing as npt

NO_TERM = 0
"""The id of words that are no evidence; a stem whose hash is 0 is lost, which one in four billion is."""

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
# The lists of stop words are made for web pages; these of their words are what an article can be about.
_SUBJECTS = {
    "de": "gott mensch menschen ordnung recht",
    "en": "bill billion computer eu fire invention microsoft mill million mine netscape novel research "
    "system tv uk world",
    "es": "acuerdo trabajo",
    "it": "accidenti citta città consiglio forza scola",
    "pt": "apoio estado povo trabalho viagem",
}
# In capitals these are names, else they say nothing.
_CAPITALS = {"en": {"AI", "IT", "UN", "US", "WHO"}}
# A number, perhaps with its unit or ending: “2022”, “20h30”, “3e”, “21st”, “100km”.
_NUMBER = re.compile(
    r"\d+(?:h\d*|min|[er]|er|re|ers|eme|ème|nd|nde|st|rd|th|os|as|km|kg|cm|mm|m|s|bn|mds?|ct|º|ª|°)?"
)
_WORD = re.compile(r"[^\W_]{2,}")
# Vowel signs and other marks are no letters to Python; in these scripts they stand within words.
_MARKED_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0981-\u0e7f])+")
_MARKED = frozenset({"ar", "bn", "fa", "he", "hi", "ml", "mr", "ne", "ta", "te", "th", "ur", "yi"})
_PAIRED = frozenset({"ja", "ko", "th", "zh"})
_RUN = re.compile(r"[\u0e00-\u0e7f\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
# Endings and particles in Japanese; what has a meaning of its own is mostly written otherwise.
_HIRAGANA = re.compile(r"[\u3040-\u309f]+")


class Language:
    """Words of one language to term ids. Keeps a cache, so one instance serves one thread."""

    def __init__(self, code: str, aliases: Mapping[str, str]) -> None:
        """`aliases` gives, for a word in lower case, the one that it is read as."""
        self.code = code
        stop = stopwordsiso.stopwords(code) if stopwordsiso.has_lang(code) else frozenset()
        self._stop = frozenset(stop).union(_RESTS.get(code, "").split()) - set(
            _SUBJECTS.get(code, "").split()
        )
        self._capitals = frozenset(_CAPITALS.get(code, ()))
        self._aliases = aliases
        # The stemmer's own cache is not needed: ours also remembers what is no term.
        self._stemmer = Stemmer.Stemmer(_STEMMERS[code], 0) if code in _STEMMERS else None
        self._terms = _Terms(self._term)

    def words(self, text: str) -> list[str]:
        """The words, or pairs of characters, in the order of the text."""
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        found: list[str] = (_MARKED_WORD if self.code in _MARKED else _WORD).findall(text)
        return list(chain.from_iterable(map(_pairs, found))) if self.code in _PAIRED else found

    def terms(self, words: Sequence[str]) -> Iterator[int]:
        """The term of each word; `NO_TERM` for words that are no evidence."""
        if len(self._terms) > _CACHED_WORDS:
            self._terms.clear()
        return map(self._terms.__getitem__, words)

    def _term(self, word: str) -> int:
        lower = word.lower()
        if word not in self._capitals and self._says_nothing(lower):
            return NO_TERM
        lower = self._aliases.get(lower, lower)
        return term_id(self._stemmer.stemWord(lower) if self._stemmer else lower)

    def count_stop_words(self, lower: Sequence[str]) -> int:
        return len([word for word in lower if word in self._stop])

    def _says_nothing(self, lower: str) -> bool:
        return lower in self._stop or bool(_NUMBER.fullmatch(lower) or _HIRAGANA.fullmatch(lower))


def term_id(stem: str) -> int:
    return mmh3.hash(stem, signed=False)


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


def declared_language(code: str | None) -> str | None:
    """The ISO 639-1 code in what a feed says ("fr-FR", "FR"); None for what is no known language."""
    first = re.split("[-_]", (code or "").strip().lower(), maxsplit=1)[0]
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


def script_language(text: str, declared: str | None) -> str | None:
    """What the script tells, where it is not Latin: the declared language if it is written so."""
    if text.isascii() or not _OTHER_SCRIPT.search(text):
        return None
    letters = sum(map(str.isalpha, text))
    for script, languages, share in _SCRIPTS:
        if len(script.findall(text)) > share * letters:
            return declared if declared in languages else languages[0]
    return None


_OTHER_SCRIPT = re.compile("[\u0370-\u1dff\u3040-\ud7af]")
# The letters, the languages written with them, the commonest first, and the share of a text that decides.
# Japanese has Chinese characters too, so kana decide early.
_SCRIPTS = (
    (re.compile("[\u3040-\u30ff]"), ("ja",), 0.1),
    (re.compile("[\u3400-\u9fff]"), ("zh", "ja"), 0.3),
    (re.compile("[\uac00-\ud7af]"), ("ko",), 0.3),
    (re.compile("[\u0400-\u052f]"), ("ru", "uk", "bg", "sr", "mk", "be", "kk"), 0.5),
    (re.compile("[\u0600-\u06ff]"), ("ar", "fa", "ur", "ku"), 0.5),
    (re.compile("[\u0370-\u03ff]"), ("el",), 0.5),
    (re.compile("[\u0590-\u05ff]"), ("he", "yi"), 0.5),
    (re.compile("[\u0e00-\u0e7f]"), ("th",), 0.3),
    (re.compile("[\u0900-\u097f]"), ("hi", "mr", "ne"), 0.5),
    (re.compile("[\u0530-\u058f]"), ("hy",), 0.5),
)


class Detector:
    """Language identification (py3langid; Lui & Baldwin 2012), restricted to the configured languages."""

    def __init__(self, languages: Sequence[str]) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._identifier.set_languages([c for c in languages if c in self._identifier.nb_classes] or None)

    def language(self, text: str) -> tuple[str, float]:
        """The code and how sure it is, in [0, 1]."""
        code, probability = self._identifier.classify(text)
        return str(code), float(probability)


class Languages:
    """The languages of articles. Keeps caches, so one instance serves one thread."""

    def __init__(self, codes: Sequence[str], aliases: Mapping[str, str]) -> None:
        """`codes` are those among which the language of a text is detected."""
        self._codes = codes
        self._aliases = aliases
        self._known: dict[str, Language] = {}
        self._detector: Detector | None = None

    def language_of(self, declared: str | None, text: str) -> Language:
        """What the script tells, else the language that the feed declares, else what the text looks like."""
        code = declared_language(declared)
        return self._language(script_language(text, code) or code or self._detect(text)[0])

    def corrected(
        self, language: Language, words: Sequence[str], terms: npt.NDArray[np.uint32], text: str
    ) -> Language:
        """The language of a text that contradicts what its feed declares, as a template left in English does.

        `words` and `terms` are those of the text in `language`. A declaration is overruled where few of the
        words are its stop words, which in a text of its own are nearly half, more are those of another
        language, and that or a third is almost sure.
        """
        silent = len(terms) - np.count_nonzero(terms)
        doubtful = (
            language.code in self._codes
            and len(terms) >= _FOREIGN_WORDS
            and silent < _FOREIGN_SHARE * len(terms)
            and self._another_says_more(language, words)
        )
        if doubtful:
            code, probability = self._detect(text)
            return self._language(code) if probability >= _SURE else language
        return language

    def _another_says_more(self, language: Language, words: Sequence[str]) -> bool:
        lower = [word.lower() for word in words]
        own = language.count_stop_words(lower)
        return any(self._language(code).count_stop_words(lower) > own for code in self._codes)

    def _detect(self, text: str) -> tuple[str, float]:
        if self._detector is None:
            self._detector = Detector(self._codes)
        return self._detector.language(text[:_DETECTED_CHARACTERS])

    def _language(self, code: str) -> Language:
        if code not in self._known:
            self._known[code] = Language(code, self._aliases)
        return self._known[code]


_DETECTED_CHARACTERS = 250
_FOREIGN_WORDS = 12
_FOREIGN_SHARE = 0.35
_SURE = 0.9
