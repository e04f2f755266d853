"""An article to terms, counted apart in its head (title and summary) and in its body.

Terms are hashes, so that no vocabulary has to be kept; words keep their spelling for the reasons that a page
gives. What the counts weigh is decided in `weighting.py`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aggregator.related.languages import NO_TERM, Detector, Language, declared

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from aggregator.domain import Article
    from aggregator.policies import RelatedPolicy

_BODY_CHARACTERS = 6_000
_LEAD_CHARACTERS = 400
_TITLE_WEIGHT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """An analysed article.

    `ids` uint32, ascending; `head` and `body` uint16 of the same shape: how often the term stands in the head
    (each word of the title counted twice) and in the body, never 0 in both. `spelling` gives the word of each
    id as the article writes it first (empty for terms that were read back from storage).
    """

    language: str
    ids: npt.NDArray[np.uint32]
    head: npt.NDArray[np.uint16]
    body: npt.NDArray[np.uint16]
    spelling: Mapping[int, str]


class Analyzer:
    """Articles to terms. Keeps caches, so one instance serves one thread."""

    def __init__(self, policy: RelatedPolicy) -> None:
        self._policy = policy
        self._languages: dict[str, Language] = {}
        self._detector: Detector | None = None

    def analyze(self, article: Article) -> Terms:
        language = self._language(self._code(article))
        summary, body = _summary_and_body(article)
        title_words, summary_words, body_words = map(language.words, (article.title, summary, body))
        words = title_words + summary_words + body_words
        terms = list(language.terms(words))
        head_end = len(title_words) + len(summary_words)
        head = Counter(terms[: len(title_words)] * _TITLE_WEIGHT + terms[len(title_words) : head_end])
        body_counts = Counter(terms[head_end:])
        # From last to first, so that the first spelling wins: the title's, if it is there.
        spelling = dict(zip(reversed(terms), reversed(words), strict=True))
        spelling.pop(NO_TERM, None)
        ids = sorted(spelling)
        return Terms(
            language=language.code,
            ids=np.array(ids, np.uint32),
            head=_counts(head, ids),
            body=_counts(body_counts, ids),
            spelling=spelling,
        )

    def _language(self, code: str) -> Language:
        if code not in self._languages:
            self._languages[code] = Language(code, {})
        return self._languages[code]

    def _code(self, article: Article) -> str:
        """What the feed says, else what the text looks like."""
        return declared(article.language) or self._detect(article)

    def _detect(self, article: Article) -> str:
        if self._detector is None:
            self._detector = Detector(self._policy.languages)
        return self._detector.language(f"{article.title}\n{article.summary or article.content[:500]}")


def _summary_and_body(article: Article) -> tuple[str, str]:
    """Where there is no summary, the beginning of the text is one."""
    summary, body = article.summary, article.content[:_BODY_CHARACTERS]
    if not summary:
        cut = body.rfind(" ", 0, _LEAD_CHARACTERS) if len(body) > _LEAD_CHARACTERS else len(body)
        cut = cut if cut >= 0 else _LEAD_CHARACTERS
        summary, body = body[:cut], body[cut:]
    return summary, body


def _counts(found: Counter[int], ids: list[int]) -> npt.NDArray[np.uint16]:
    counts = [found.get(term, 0) for term in ids]
    return np.array(counts, np.uint16)
