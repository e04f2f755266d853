"""Use-case: link an archive of articles that is in no library, through the code that links libraries.

Reads and writes JSON lines. One line in, one line out, in the order of the input.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from aggregator.domain import Article
from aggregator.errors import ArticlesError
from aggregator.related.explaining import shared_words
from aggregator.related.index import Index, Pairs
from aggregator.related.ranking import Ranked, least_cosine, rank_pairs
from aggregator.related.showing import choose_shown
from aggregator.related.text import Analyzer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aggregator.policies import RelatedPolicy

_DAYS_AFTER = 0.5
_ANY_COSINE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLink:
    """A related article; `id` is its position in the archive."""

    id: int
    title: str
    score: float
    why: tuple[str, ...]
    same_text: bool


def link_articles(
    articles: Sequence[Article],
    policy: RelatedPolicy,
    *,
    limit: int,
    earlier_only: bool = False,
    gate: bool = True,
) -> list[tuple[ArchiveLink, ...]]:
    """What a page would show under each article, in the order of `articles`.

    `earlier_only` leaves out what was published more than half a day after the article; without `gate` the
    best `limit` are shown however far they are.
    """
    if not articles:
        return []
    analyzer = Analyzer(policy)
    terms = [analyzer.analyze(article) for article in articles]
    spellings = [t.spelling for t in terms]
    index = Index()
    index.add(range(len(articles)), articles, terms)
    index.weigh()
    floor = least_cosine(len(index), policy) if gate else _ANY_COSINE
    ranked = [
        rank_pairs(index, _published(index, pairs, earlier_only), policy, keep=3 * limit, gate=gate)
        for pairs in index.pairs(np.arange(len(index)), floor)
    ]
    copies = frozenset(pair for chunk in ranked for pair in _copies(chunk))
    shown: list[tuple[ArchiveLink, ...]] = [()] * len(articles)
    for chunk in ranked:
        for row, candidates in _candidates(index, chunk, articles, spellings, policy).items():
            shown[row] = choose_shown(candidates, copies, limit).links
    return shown


def _published(index: Index, pairs: Pairs, earlier_only: bool) -> Pairs:
    """An article without a date is always there."""
    if not earlier_only:
        return pairs
    days = index.facts.days
    return pairs.take(~(days[pairs.other] > days[pairs.row] + _DAYS_AFTER))


def _copies(ranked: Ranked) -> Iterator[tuple[int, int]]:
    rows, others = ranked.row[ranked.same_text], ranked.other[ranked.same_text]
    return zip(np.minimum(rows, others).tolist(), np.maximum(rows, others).tolist(), strict=True)


def _candidates(
    index: Index,
    ranked: Ranked,
    articles: Sequence[Article],
    spellings: Sequence[Mapping[int, str]],
    policy: RelatedPolicy,
) -> dict[int, list[ArchiveLink]]:
    """The links of each row, best first."""
    pairs = Pairs(ranked.row, ranked.other, ranked.cosine)
    words = shared_words(index, pairs, [spellings[row] for row in ranked.row], limit=policy.why_words)
    found: dict[int, list[ArchiveLink]] = {}
    columns = (ranked.row, ranked.other, ranked.cosine, ranked.same_text)
    for (row, other, score, same_text), why in zip(
        zip(*(column.tolist() for column in columns), strict=True), words, strict=True
    ):
        link = ArchiveLink(id=other, title=articles[other].title, score=score, why=why, same_text=same_text)
        found.setdefault(row, []).append(link)
    return found


# ── JSON lines ───────────────────────────────────────────────────────────────────────────────────


def read_articles(lines: Iterable[bytes], name: str) -> list[Article]:
    """Articles of JSON lines; blank lines are skipped. `name` is the file's, for messages.

    Raises `ArticlesError` with the number of the first line that is no article.
    """
    articles: list[Article] = []
    ids: set[int | str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        article = _article(line, f"{name}, line {number}")
        if article.id in ids:
            raise ArticlesError(f"{name}, line {number}", f"the id {article.id!r} is there twice")
        ids.add(article.id)
        articles.append(article)
    if not articles:
        raise ArticlesError(name, "holds no article", advice="Each line is one JSON object.")
    return articles


def _article(line: bytes, where: str) -> Article:
    try:
        facts = json.loads(line)
    except RecursionError as error:
        raise ArticlesError(where, "its JSON is nested too deeply") from error
    except ValueError as error:
        raise ArticlesError(where, f"not JSON ({error})", advice="Each line is one JSON object.") from error
    if not isinstance(facts, dict):
        raise ArticlesError(where, "not a JSON object", advice="Each line is one JSON object.")
    identifier = facts.get("id")
    if not isinstance(identifier, int | str) or isinstance(identifier, bool):
        raise ArticlesError(where, "no id", advice="Give each article an id, a string or a number.")
    if isinstance(identifier, str) and _storable(identifier) != identifier:
        raise ArticlesError(where, "the id holds half a character (a lone surrogate)")
    if "title" not in facts:
        raise ArticlesError(where, "no title", advice="It may be empty, but it must be there.")
    return Article(
        id=identifier,
        title=_text(facts, "title", where),
        summary=_text(facts, "summary", where),
        content=_text(facts, "content", where),
        language=_text(facts, "language", where) or None,
        published_at=_moment(_text(facts, "published", where), where),
        source=_text(facts, "source", where),
    )


def _text(facts: Mapping[str, object], key: str, where: str) -> str:
    value = facts.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ArticlesError(where, f"{key} is not text")
    return _storable(value)


def _storable(text: str) -> str:
    """Without the halves of characters that JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", "ignore").decode()


def _moment(text: str, where: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        advice = "Write it as in 2026-11-24T08:00:00+00:00."
        raise ArticlesError(where, f"published is not a date ({text!r})", advice=advice) from error


def write_links(articles: Sequence[Article], shown: Sequence[Sequence[ArchiveLink]]) -> Iterator[str]:
    """One JSON line an article, without its line end."""
    for article, links in zip(articles, shown, strict=True):
        found = [
            {"id": articles[link.id].id, "score": round(link.score, 4), "why": list(link.why)}
            for link in links
        ]
        yield json.dumps({"id": article.id, "links": found}, ensure_ascii=False)
