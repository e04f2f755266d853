"""Use-case: link an archive of articles that is in no library, through the code that links libraries.

Reads and writes JSON lines. One line in, one line out, in the order of the input.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf
from typing import TYPE_CHECKING

from aggregator.domain import Article
from aggregator.errors import ArticlesError
from aggregator.related.engine import Engine
from aggregator.related.facts import KEPT
from aggregator.related.showing import choose_shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aggregator.policies import RelatedPolicy
    from aggregator.related.engine import Pair

_STILL_AT_PUBLICATION = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLink:
    """A related article; `id` is its position in the archive."""

    id: int
    title: str
    published_at: datetime | None
    score: float
    rank: float
    nearness: float
    confidence: float
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
    engine = Engine(policy if gate else _open(policy), kept=max(limit, KEPT))
    lists: list[list[ArchiveLink]] = [[] for _ in articles]
    copies: set[tuple[int, int]] = set()
    for arrival, position in enumerate(in_order(articles)):
        newer = articles[position]
        for pair in engine.arrive(arrival, position, newer).pairs:
            older = articles[pair.id]
            if pair.same_text:
                copies.add((min(position, pair.id), max(position, pair.id)))
            lists[position].append(_link(pair, older, pair.id, pair.rank))
            if not earlier_only or not _later(newer, older):
                lists[pair.id].append(_link(pair, newer, position, pair.older_rank))
    shown = replace(policy, shown=limit, strictness=policy.strictness if gate else 0)
    return [choose_shown(found, frozenset(copies), shown).links for found in lists]


def _open(policy: RelatedPolicy) -> RelatedPolicy:
    """Whatever shares a word may be shown."""
    return replace(
        policy, min_cosine=0, min_cosine_young=0, min_confidence=0, min_shared_terms=1, strictness=0
    )


def in_order(articles: Sequence[Article]) -> list[int]:
    """Positions in the order of publication, in which they arrive; those without a date first."""
    moments = [article.published_at.timestamp() if article.published_at else -inf for article in articles]
    return sorted(range(len(articles)), key=moments.__getitem__)


def _later(article: Article, than: Article) -> bool:
    """Whether the article came so late that nobody could link to it at the other's publication."""
    if article.published_at is None or than.published_at is None:
        return False
    return article.published_at - than.published_at > _STILL_AT_PUBLICATION


def _link(pair: Pair, article: Article, position: int, rank: float) -> ArchiveLink:
    return ArchiveLink(
        id=position,
        title=article.title,
        published_at=article.published_at,
        score=pair.score,
        rank=rank,
        nearness=pair.nearness,
        confidence=pair.confidence,
        why=pair.why,
        same_text=pair.same_text,
    )


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
        url=_text(facts, "url", where) or None,
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
