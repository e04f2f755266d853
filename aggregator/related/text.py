"""An article to weighted terms: words, stop words and stems of its language.

A term is a 32-bit hash of a stem (MurmurHash3, as in scikit-learn's `HashingVectorizer`), so that no
vocabulary has to be kept. Its count is weighted by where the
word stands (title, summary, text; see `RelatedPolicy`). Words keep their spelling, for the reasons that a
page gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import Stemmer
import stopwordsiso
from sklearn.utils import murmurhash3_32

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from aggregator.domain import Article
    from aggregator.policies import RelatedPolicy

_WORD = re.compile(r"[^\W_]{2,}")
_BODY_CHARACTERS = 6_000
_LEAD_CHARACTERS = 400
_CACHED_WORDS = 200_000
_STEMMERS = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
# Rests of an elision or a contraction that the lists of stop words do not hold ("qu’il", "isn’t").
_ELIDED = frozenset(
    {"aujourd", "hui", "jusqu", "lorsqu", "puisqu", "qu", "quelqu", "quoiqu", "dell", "nell", "sull"}
)
_CONTRACTED = frozenset(
    {"ain", "aren", "couldn", "didn", "doesn", "don", "hasn", "haven", "isn", "ll", "re", "ve"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """An analysed article.

    `ids` uint32, ascending; `counts` uint16 of the same shape; `spelling` gives the word of each id as the
    article writes it (empty for terms that were read back from storage).
    """

    language: str
    ids: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.uint16]
    spelling: Mapping[int, str]


class _Language:
    """Words of one language to term ids; None for a word that says nothing."""

    def __init__(self, code: str) -> None:
        stop = stopwordsiso.stopwords(code) if stopwordsiso.has_lang(code) else frozenset()
        self._stop = frozenset(stop) | _ELIDED | _CONTRACTED
        # The stemmer's own cache is not needed: ours also remembers what is no term.
        self._stemmer = Stemmer.Stemmer(_STEMMERS[code], 0) if code in _STEMMERS else None
        self._cache: dict[str, int | None] = {}

    def term(self, word: str) -> int | None:
        if word not in self._cache:
            if len(self._cache) >= _CACHED_WORDS:
                self._cache.clear()
            self._cache[word] = self._term(word.lower())
        return self._cache[word]

    def _term(self, word: str) -> int | None:
        if word in self._stop or word.isdigit():
            return None
        stem = self._stemmer.stemWord(word) if self._stemmer else word
        return int(murmurhash3_32(stem, positive=True))


class Analyzer:
    """Articles to terms. Keeps caches, so one instance serves one thread."""

    def __init__(self, policy: RelatedPolicy) -> None:
        self._policy = policy
        self._languages: dict[str, _Language] = {}
        self._detect: _Detector | None = None

    def analyze(self, article: Article) -> Terms:
        code = self._language_of(article)
        counts, spelling = self._count(article, self._language(code))
        ids = np.fromiter(counts, np.uint32, len(counts))
        order = np.argsort(ids)
        weighted = np.minimum(np.fromiter(counts.values(), np.int64, len(counts)), 65_535)
        return Terms(
            language=code, ids=ids[order], counts=weighted[order].astype(np.uint16), spelling=spelling
        )

    def _count(self, article: Article, language: _Language) -> tuple[dict[int, int], dict[int, str]]:
        """(weighted count, spelling) by term. The first spelling wins: the title's, if it is there."""
        counts: dict[int, int] = {}
        spelling: dict[int, str] = {}
        for words, weight in self._parts(article):
            for word in _WORD.findall(words):
                term = language.term(word)
                if term is not None:
                    counts[term] = counts.get(term, 0) + weight
                    spelling.setdefault(term, word)
        return counts, spelling

    def _parts(self, article: Article) -> Iterable[tuple[str, int]]:
        """Where there is no summary, the beginning of the text is one."""
        policy = self._policy
        summary, body = article.summary, article.content[:_BODY_CHARACTERS]
        if not summary:
            cut = body.rfind(" ", 0, _LEAD_CHARACTERS) if len(body) > _LEAD_CHARACTERS else len(body)
            summary, body = body[:cut], body[cut:]
        yield article.title, policy.title_weight
        yield summary, policy.summary_weight
        yield body, policy.content_weight

    def _language(self, code: str) -> _Language:
        if code not in self._languages:
            self._languages[code] = _Language(code)
        return self._languages[code]

    def _language_of(self, article: Article) -> str:
        """What the feed says, else what the text looks like."""
        if article.language:
            return article.language[:2].lower()
        if self._detect is None:
            self._detect = _Detector(self._policy.languages)
        return self._detect.language(f"{article.title}\n{article.summary or article.content[:500]}")


class _Detector:
    """Language identification (py3langid), restricted to the configured languages."""

    def __init__(self, languages: Sequence[str]) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
        self._identifier.set_languages(languages)

    def language(self, text: str) -> str:
        code: str = self._identifier.classify(text)[0]
        return code
