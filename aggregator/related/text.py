"""An article to terms, counted apart in its head (title and summary) and in its body.

Terms are hashes, so that no vocabulary has to be kept; words keep their spelling for the reasons that a page
gives. What a feed repeats in its entries does not count. What the counts weigh is decided in `weighting.py`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aggregator.related.boilerplate import Boilerplate
from aggregator.related.labels import tail, without_label
from aggregator.related.languages import NO_TERM, Language, Languages
from aggregator.related.names import names_in, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from aggregator.domain import Article
    from aggregator.policies import RelatedPolicy

_CHARACTERS = 6_000
_TITLE_CHARACTERS = 1_000
_LEAD_CHARACTERS = 400
_TITLE_WEIGHT = 2
_WORDS_AS_TITLE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """An analysed article.

    `ids` uint32, ascending; `head` and `body` uint16 of the same shape: how often the term stands in the head
    (each word of the title counted twice) and in the body, never 0 in both. `spelling` gives the word of each
    id as the article writes it first (empty for terms that were read back from storage). `names` uint32,
    ascending: ids of another kind, for the names in its head, the same in every language.
    """

    language: str
    ids: npt.NDArray[np.uint32]
    head: npt.NDArray[np.uint16]
    body: npt.NDArray[np.uint16]
    spelling: Mapping[int, str]
    names: npt.NDArray[np.uint32]
    name_spelling: Mapping[int, str]


class _Words(NamedTuple):
    """The words of an article and their terms, in the order of the text.

    The first `title` of them stand in the title, those up to `head` in the head.
    """

    words: list[str]
    terms: list[int]
    title: int
    head: int


class Analyzer:
    """Articles to terms. Keeps caches and learns, so one instance serves one thread.

    Articles are to be given in the order of their arrival, since `boilerplate` learns from each.
    """

    def __init__(self, policy: RelatedPolicy, boilerplate: Boilerplate | None = None) -> None:
        self.boilerplate = boilerplate or Boilerplate()
        self._languages = Languages(policy.languages, dict(policy.spellings))
        everywhere = (*policy.spellings, *policy.translations)
        self._names = {plain(word): plain(name) for word, name in everywhere}

    def analyze(self, article: Article) -> Terms:
        title = without_label(article.title[:_TITLE_CHARACTERS])
        summary, body = _summary_and_body(article)
        summary = without_label(summary)
        head = f"{title}\n{summary}"
        language = self._languages.language_of(article.language, head)
        found = _read(language, title, summary, body)
        corrected = self._languages.corrected(language, found.terms[: found.head], head)
        if corrected is not language:
            language, found = corrected, _read(corrected, title, summary, body)
        self._leave_out_repeated(article.source, found, len(language.words(tail(title))))
        return _counted(language.code, found, names_in(title, summary, self._names))

    def _leave_out_repeated(self, feed: str, found: _Words, tail_words: int) -> None:
        """Make what the feed repeats no evidence. The last `tail_words` of the title may be its formula."""
        terms = found.terms
        start = found.title - tail_words
        title = terms[:start] if any(terms[:start]) else terms[found.title : found.title + _WORDS_AS_TITLE]
        if tail_words and self.boilerplate.is_formula(feed, title, terms[start : found.title]):
            terms[start : found.title] = [NO_TERM] * tail_words
        text = np.fromiter(terms[found.title :], np.uint32, len(terms) - found.title)
        places = np.flatnonzero(text)
        repeated = self.boilerplate.repeated(feed, title, text[places])
        for place in (places[repeated] + found.title).tolist():
            terms[place] = NO_TERM


def _summary_and_body(article: Article) -> tuple[str, str]:
    """Where there is no summary, the beginning of the text is one. What is very long is cut."""
    summary, body = article.summary[:_CHARACTERS], article.content[:_CHARACTERS]
    if not summary:
        cut = body.rfind(" ", 0, _LEAD_CHARACTERS) if len(body) > _LEAD_CHARACTERS else len(body)
        cut = cut if cut >= 0 else _LEAD_CHARACTERS
        summary, body = body[:cut], body[cut:]
    return summary, body


def _read(language: Language, title: str, summary: str, body: str) -> _Words:
    title_words, summary_words = language.words(title), language.words(summary)
    words = title_words + summary_words + language.words(body)
    head = len(title_words) + len(summary_words)
    return _Words(words, list(language.terms(words)), len(title_words), head)


def _counted(code: str, found: _Words, names: Mapping[int, str]) -> Terms:
    words, terms, title, head = found
    # From last to first, so that the first spelling wins: the title's, if it is there.
    spelling = dict(zip(reversed(terms), reversed(words), strict=True))
    spelling.pop(NO_TERM, None)
    ids = sorted(spelling)
    return Terms(
        language=code,
        ids=np.fromiter(ids, np.uint32, len(ids)),
        head=_counts(Counter(terms[:title] * _TITLE_WEIGHT + terms[title:head]), ids),
        body=_counts(Counter(terms[head:]), ids),
        spelling=spelling,
        names=np.array(sorted(names), np.uint32),
        name_spelling=names,
    )


def _counts(found: Counter[int], ids: list[int]) -> npt.NDArray[np.uint16]:
    return np.fromiter(map(found.get, ids, repeat(0)), np.uint16, len(ids))
