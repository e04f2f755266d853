"""Links between entries; the machine's, all can be rebuilt.

A link is one row a pair, read from both ends. Whether a person sees it depends on their subscriptions to
*both* feeds; nothing leads to what a filter of theirs has hidden.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, union_all

from aggregator.domain import Link, RelatedEntry
from aggregator.storage.entries import feed_title, followed_by, is_shown, status_of, title_or_first_words
from aggregator.storage.prepared import IDS, USER
from aggregator.storage.schema import entries, entry_terms, feeds, links, statuses, subscriptions
from aggregator.storage.verdicts import is_judged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row, Select

_as_json = json.JSONEncoder(ensure_ascii=False).encode
"""Made once: `json.dumps` with options of its own makes an encoder for each link."""


def record_links(connection: Connection, found: Sequence[Link]) -> None:
    """Both ends of each must be there."""
    rows = [
        {
            "entry_id": link.entry_id,
            "neighbour_id": link.neighbour_id,
            "score": link.score,
            "rank": link.rank,
            "older_rank": link.older_rank,
            "nearness": link.nearness,
            "confidence": link.confidence,
            "why": _as_json(link.why),
            "same_text": link.same_text,
        }
        for link in found
    ]
    if rows:
        connection.execute(insert(links), rows)


def forget_links(connection: Connection) -> None:
    connection.execute(delete(links))


def list_kept(connection: Connection, ids: Sequence[int]) -> list[tuple[int, int, float, float]]:
    """(entry_id, neighbour_id, rank, confidence) of the links of these later entries that are no copies."""
    found: list[tuple[int, int, float, float]] = []
    columns = (links.c.entry_id, links.c.neighbour_id, links.c.rank, links.c.confidence)
    query = select(*columns).where(links.c.entry_id.in_(bindparam("ids", expanding=True)), ~links.c.same_text)
    for start in range(0, len(ids), 5_000):
        rows = connection.execute(query, {"ids": list(ids[start : start + 5_000])})
        found.extend((row.entry_id, row.neighbour_id, row.rank, row.confidence) for row in rows)
    return found


def list_related(
    connection: Connection, user_id: int, ids: Sequence[int]
) -> dict[int, tuple[RelatedEntry, ...]]:
    """For each of `ids` every kept neighbour that this person follows; an entry without one is left out.

    Pairs that they judged unrelated are left out, too.
    """
    rows = connection.execute(_related_to(), {"user_id": user_id, "ids": list(ids)})
    return {this: tuple(map(_related, those)) for this, those in groupby(rows, key=attrgetter("this"))}


@cache
def _related_to() -> Select[Any]:
    facts = (links.c.score, links.c.nearness, links.c.confidence, links.c.why, links.c.same_text)
    this, other = links.c.entry_id, links.c.neighbour_id
    ends = union_all(
        select(this.label("this"), other.label("other"), links.c.rank, *facts).where(this.in_(IDS)),
        select(other.label("this"), this.label("other"), links.c.older_rank, *facts).where(other.in_(IDS)),
    ).subquery()
    own, theirs = entry_terms.alias(), entry_terms.alias()
    return (
        select(
            entries.c.id,
            entries.c.title,
            func.substr(entries.c.text, 1, 200).label("words"),
            entries.c.url,
            entries.c.feed_id,
            feed_title(),
            entries.c.published_at,
            entries.c.first_seen_at,
            statuses.c.read_at,
            func.nullif(theirs.c.language, own.c.language).label("foreign_language"),
            ends,
        )
        .join(ends, ends.c.other == entries.c.id)
        .outerjoin(own, own.c.entry_id == ends.c.this)
        .outerjoin(theirs, theirs.c.entry_id == ends.c.other)
        .join(subscriptions, followed_by(USER, leads=False))
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .outerjoin(statuses, status_of(USER))
        .where(is_shown(), ~is_judged(USER, ends.c.this, ends.c.other))
        .order_by(ends.c.this, entries.c.id)
    )


def _related(row: Row[tuple[object, ...]]) -> RelatedEntry:
    return RelatedEntry(
        id=row.id,
        title=title_or_first_words(row.title, row.words),
        url=row.url,
        feed_id=row.feed_id,
        feed_title=row.feed_title,
        published_at=row.published_at,
        score=row.score,
        rank=row.rank,
        nearness=row.nearness,
        confidence=row.confidence,
        why=tuple(json.loads(row.why)),
        same_text=row.same_text,
        foreign_language=row.foreign_language,
        arrived_at=row.first_seen_at,
        read_at=row.read_at,
    )


def find_link(connection: Connection, entry_id: int, other_id: int) -> Link | None:
    """The link that is kept of the two, whichever came later."""
    ids = (entry_id, other_id)
    row = connection.execute(
        select(links).where(links.c.entry_id.in_(ids), links.c.neighbour_id.in_(ids))
    ).one_or_none()
    if row is None:
        return None
    facts = row._mapping
    return Link(**{name: facts[name] for name in facts if name != "why"}, why=tuple(json.loads(row.why)))


def list_copies(connection: Connection, ids: Sequence[int]) -> frozenset[tuple[int, int]]:
    """The pairs among `ids` that are the same text in two places, (smaller id, larger id)."""
    rows = connection.execute(_copies_among(), {"ids": list(ids)})
    return frozenset((min(pair), max(pair)) for pair in rows)


@cache
def _copies_among() -> Select[int, int]:
    both = links.c.entry_id.in_(IDS), links.c.neighbour_id.in_(IDS)
    return select(links.c.entry_id, links.c.neighbour_id).where(links.c.same_text, *both)
