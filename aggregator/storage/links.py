"""Links between entries and the terms they were computed from; all of it the machine's, all can be rebuilt.

A link is one row a pair, read from both ends. Whether a person sees it depends on their subscriptions to
*both* feeds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, union_all

from aggregator.domain import Article, Link, RelatedEntry
from aggregator.storage.entries import feed_title, followed_by, title_or_first_words
from aggregator.storage.schema import entries, entry_terms, feeds, links, pending_entries, subscriptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTerms:
    """An analysed entry: little-endian uint32 term ids and uint16 weighted counts, position by position."""

    entry_id: int
    language: str
    terms: bytes
    counts: bytes


class IndexedEntry(NamedTuple):
    """What the index needs of an entry that is linked already; `arrival` counts linked entries in order."""

    arrival: int
    stored: StoredTerms
    published_at: datetime
    feed_id: int
    title: str


def list_pending(connection: Connection, limit: int) -> tuple[Article, ...]:
    """Entries that wait to be linked, in the order of their arrival; `source` is the feed's id."""
    rows = connection.execute(
        select(
            entries.c.id,
            entries.c.title,
            entries.c.summary,
            entries.c.text,
            entries.c.published_at,
            entries.c.feed_id,
            feeds.c.language,
        )
        .join(pending_entries, pending_entries.c.entry_id == entries.c.id)
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .order_by(entries.c.id)
        .limit(limit)
    )
    return tuple(
        Article(
            id=row.id,
            title=row.title,
            summary=row.summary,
            content=row.text,
            language=row.language,
            published_at=row.published_at,
            source=str(row.feed_id),
        )
        for row in rows
    )


def list_indexed_ids(connection: Connection) -> frozenset[int]:
    return frozenset(connection.scalars(select(entry_terms.c.entry_id)))


def list_indexed(connection: Connection, after: int) -> tuple[IndexedEntry, ...]:
    """The entries that were linked after the arrival `after`, in that order."""
    rows = connection.execute(
        select(entry_terms, entries.c.published_at, entries.c.feed_id, entries.c.title)
        .join(entries, entries.c.id == entry_terms.c.entry_id)
        .where(entry_terms.c.arrival > after)
        .order_by(entry_terms.c.arrival)
    )
    return tuple(
        IndexedEntry(
            row.arrival,
            StoredTerms(entry_id=row.entry_id, language=row.language, terms=row.terms, counts=row.counts),
            row.published_at,
            row.feed_id,
            row.title,
        )
        for row in rows
    )


def list_ranks(connection: Connection) -> tuple[tuple[int, int, float], ...]:
    """(entry_id, neighbour_id, rank) of every link."""
    rows = connection.execute(select(links.c.entry_id, links.c.neighbour_id, links.c.rank))
    return tuple((row.entry_id, row.neighbour_id, row.rank) for row in rows)


def record_linked(
    connection: Connection, ids: Sequence[int], terms: Sequence[StoredTerms], found: Sequence[Link]
) -> int:
    """Store terms and links of the entries `ids`, which then wait no more. Returns the links stored.

    Arrivals go on from the last one stored.
    An entry that was removed in the meantime is left out, with its links.
    """
    alive = frozenset(_existing(connection, [*ids, *{link.neighbour_id for link in found}]))
    last = last_arrival(connection)
    rows = [
        {
            "entry_id": t.entry_id,
            "arrival": arrival,
            "language": t.language,
            "terms": t.terms,
            "counts": t.counts,
        }
        for arrival, t in enumerate(terms, last + 1)
        if t.entry_id in alive
    ]
    pairs = [
        {
            "entry_id": link.entry_id,
            "neighbour_id": link.neighbour_id,
            "score": link.score,
            "rank": link.rank,
            "why": json.dumps(link.why, ensure_ascii=False),
            "same_text": link.same_text,
        }
        for link in found
        if link.entry_id in alive and link.neighbour_id in alive
    ]
    for table, values in ((entry_terms, rows), (links, pairs)):
        if values:
            connection.execute(insert(table), values)
    done = delete(pending_entries).where(pending_entries.c.entry_id == bindparam("done"))
    if ids:
        connection.execute(done, [{"done": entry_id} for entry_id in ids])
    return len(pairs)


def last_arrival(connection: Connection) -> int:
    return int(connection.scalar(select(func.coalesce(func.max(entry_terms.c.arrival), 0))) or 0)


def _existing(connection: Connection, ids: Sequence[int]) -> list[int]:
    query = select(entries.c.id).where(entries.c.id.in_(bindparam("ids", expanding=True)))
    found: list[int] = []
    for start in range(0, len(ids), 5_000):
        found.extend(connection.scalars(query, {"ids": list(ids[start : start + 5_000])}))
    return found


def forget_all(connection: Connection) -> None:
    """Drop every link and every analysis; all entries wait to be linked again."""
    for table in (links, entry_terms, pending_entries):
        connection.execute(delete(table))
    connection.execute(insert(pending_entries).from_select(["entry_id"], select(entries.c.id)))


# ── read ─────────────────────────────────────────────────────────────────────────────────────────


def list_related(connection: Connection, user_id: int, entry_id: int) -> tuple[RelatedEntry, ...]:
    """Every kept neighbour of the entry that this person follows, best rank first."""
    facts = (links.c.score, links.c.rank, links.c.why, links.c.same_text)
    ends = union_all(
        select(links.c.neighbour_id.label("other"), *facts).where(links.c.entry_id == entry_id),
        select(links.c.entry_id.label("other"), *facts).where(links.c.neighbour_id == entry_id),
    ).subquery()
    rows = connection.execute(
        select(
            entries.c.id,
            entries.c.title,
            func.substr(entries.c.text, 1, 200).label("words"),
            entries.c.url,
            entries.c.feed_id,
            feed_title(),
            entries.c.published_at,
            ends,
        )
        .join(ends, ends.c.other == entries.c.id)
        .join(subscriptions, followed_by(user_id))
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .order_by(ends.c.rank.desc(), entries.c.published_at.desc(), entries.c.id.desc())
    )
    return tuple(
        RelatedEntry(
            id=row.id,
            title=title_or_first_words(row.title, row.words),
            url=row.url,
            feed_id=row.feed_id,
            feed_title=row.feed_title,
            published_at=row.published_at,
            score=row.score,
            rank=row.rank,
            why=tuple(json.loads(row.why)),
            same_text=row.same_text,
        )
        for row in rows
    )


def list_copies(connection: Connection, ids: Sequence[int]) -> frozenset[tuple[int, int]]:
    """The pairs among `ids` that are the same text in two places, (smaller id, larger id)."""
    rows = connection.execute(
        select(links.c.entry_id, links.c.neighbour_id).where(
            links.c.same_text, links.c.entry_id.in_(ids), links.c.neighbour_id.in_(ids)
        )
    )
    return frozenset((min(pair), max(pair)) for pair in rows)
