"""An article to terms, counted apart in its head (title and summary) and in its body.

Terms are hashes, so that no vocabulary has to be kept; words keep their spelling for the reasons that a page
gives. What a feed repeats in its entries does not count. What the counts weigh is decided in `weighting.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aggregator.related.boilerplate import Boilerplate
from aggregator.related.kernels import U16, U32, U64, compiled
from aggregator.related.labels import tail, without_label
from aggregator.related.languages import NO_TERM, Language, Languages
from aggregator.related.names import names_in, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    ids: U32
    head: U16
    body: U16
    spelling: Mapping[int, str]
    names: U32
    name_spelling: Mapping[int, str]


class _Words(NamedTuple):
    """The words of an article and their terms, in the order of the text.

    The first `title` of them stand in the title, those up to `head` in the head.
    """

    words: list[str]
    terms: U32
    title: int
    head: int

    def in_head(self) -> tuple[list[str], U32]:
        """The words of the head and their terms."""
        return self.words[: self.head], self.terms[: self.head]


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
        corrected = self._languages.corrected(language, *found.in_head(), head)
        if corrected is not language:
            language, found = corrected, _read(corrected, title, summary, body)
        self._leave_out_repeated(article.source, found, len(language.words(tail(title))))
        return _counted(language.code, found, names_in(title, summary, self._names))

    def _leave_out_repeated(self, feed: str, found: _Words, tail_words: int) -> None:
        """Make what the feed repeats no evidence. The last `tail_words` of the title may be its formula."""
        terms = found.terms
        start = found.title - tail_words
        title = terms[:start] if terms[:start].any() else terms[found.title : found.title + _WORDS_AS_TITLE]
        if tail_words and self.boilerplate.is_formula(feed, title, terms[start : found.title]):
            terms[start : found.title] = NO_TERM
        text = terms[found.title :]
        places = np.flatnonzero(text)
        text[places[self.boilerplate.repeated(feed, title, text[places])]] = NO_TERM


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
    return _Words(words, np.fromiter(language.terms(words), np.uint32, len(words)), len(title_words), head)


def _counted(code: str, found: _Words, names: Mapping[int, str]) -> Terms:
    places = np.arange(len(found.terms), dtype=np.uint64)
    ordered = np.sort(found.terms.astype(np.uint64) << np.uint64(32) | places)
    ids, head, body, first = _count(ordered, found.title, found.head)
    words = found.words
    return Terms(
        language=code,
        ids=ids,
        head=head,
        body=body,
        spelling={term: words[place] for term, place in zip(ids.tolist(), first.tolist(), strict=True)},
        names=np.array(sorted(names), np.uint32),
        name_spelling=names,
    )


@compiled
def _count(ordered: U64, title: int, head: int) -> tuple[U32, U16, U16, U32]:
    """Terms with their places (term · 2³² + place), ascending, to `ids`, their counts, their first places."""
    ids, first = np.empty(len(ordered), np.uint32), np.empty(len(ordered), np.uint32)
    in_head, in_body = np.zeros(len(ordered), np.uint16), np.zeros(len(ordered), np.uint16)
    size = 0
    for both in ordered:
        term, place = np.uint32(both >> np.uint64(32)), np.uint32(both)
        if term == NO_TERM:
            continue
        if size == 0 or ids[size - 1] != term:
            ids[size], first[size] = term, place
            size += 1
        if place < head:
            in_head[size - 1] += _TITLE_WEIGHT if place < title else 1
        else:
            in_body[size - 1] += 1
    return ids[:size], in_head[:size], in_body[:size], first[:size]
