"""Pairs that a person judged unrelated: such a link is shown to them under neither end.

A verdict is the reader's, so it outlives every relinking. It is taken, told and taken back only between
entries that this person may see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select

from aggregator.domain import Judged, Verdict
from aggregator.errors import NotFound
from aggregator.storage.dialects import insert_into
from aggregator.storage.entries import get_entry, headline_columns, to_headline
from aggregator.storage.schema import entries, statuses, subscriptions, verdicts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from aggregator.domain import Headline


def refuse_link(connection: Connection, user_id: int, one: int, other: int, *, now: datetime) -> None:
    """Never link the two for this person; saying it twice changes nothing.

    Raises `NotFound` where they may not see both, or where both are the same.
    """
    if one == other:
        raise NotFound(f"entry {other}", "an entry is not linked with itself")
    for entry_id in (one, other):
        get_entry(connection, user_id, entry_id)
    pair = {"entry_id": min(one, other), "neighbour_id": max(one, other)}
    statement = insert_into(connection, verdicts).values(user_id=user_id, judged_at=now, **pair)
    connection.execute(statement.on_conflict_do_nothing())


def take_back(connection: Connection, user_id: int, one: int, other: int) -> bool:
    """False where there was no such verdict."""
    return bool(connection.execute(delete(verdicts).where(_is_pair(user_id, one, other))).rowcount)


def is_refused(connection: Connection, user_id: int, one: int, other: int) -> bool:
    return bool(connection.scalar(select(exists().where(_is_pair(user_id, one, other)))))


def _is_pair(user_id: int, one: int, other: int) -> ColumnElement[bool]:
    return and_(
        verdicts.c.user_id == user_id,
        verdicts.c.entry_id == min(one, other),
        verdicts.c.neighbour_id == max(one, other),
    )


def is_judged(
    user_id: int | ColumnElement[int], one: ColumnElement[int], other: ColumnElement[int]
) -> ColumnElement[bool]:
    """For a query over pairs: this person judged the pair unrelated, whichever end comes first."""
    pair = or_(
        and_(verdicts.c.entry_id == one, verdicts.c.neighbour_id == other),
        and_(verdicts.c.entry_id == other, verdicts.c.neighbour_id == one),
    )
    return exists().where(verdicts.c.user_id == user_id, pair)


def list_verdicts(
    connection: Connection, user_id: int, *, limit: int = 50, offset: int = 0
) -> tuple[Verdict, ...]:
    """The newest first; a pair is left out as long as the person does not see both."""
    rows = connection.execute(
        select(verdicts)
        .where(verdicts.c.user_id == user_id, *(_seen(user_id, end) for end in _ENDS))
        .order_by(verdicts.c.judged_at.desc(), verdicts.c.entry_id.desc(), verdicts.c.neighbour_id.desc())
        .limit(limit)
        .offset(offset)
    ).all()
    ids = {end for row in rows for end in (row.entry_id, row.neighbour_id)}
    known = {found.id: _judged(found) for found in list_seen(connection, user_id, sorted(ids))}
    return tuple(
        Verdict(one=known[row.entry_id], other=known[row.neighbour_id], judged_at=row.judged_at)
        for row in rows
    )


_ENDS = (verdicts.c.entry_id, verdicts.c.neighbour_id)


def _seen(user_id: int, end: ColumnElement[int]) -> ColumnElement[bool]:
    followed = and_(
        entries.c.id == end,
        subscriptions.c.feed_id == entries.c.feed_id,
        subscriptions.c.user_id == user_id,
    )
    starred = and_(
        statuses.c.entry_id == end, statuses.c.user_id == user_id, statuses.c.starred_at.is_not(None)
    )
    return or_(exists().where(followed), exists().where(starred))


def _judged(found: Headline) -> Judged:
    return Judged(
        id=found.id,
        title=found.title,
        feed_id=found.feed_id,
        feed_title=found.feed_title,
        published_at=found.published_at,
    )


def list_seen(connection: Connection, user_id: int, ids: Sequence[int]) -> tuple[Headline, ...]:
    """Those of `ids` that this person follows or has starred, the oldest first."""
    if not ids:
        return ()
    in_sight = or_(subscriptions.c.user_id.is_not(None), statuses.c.starred_at.is_not(None))
    query = headline_columns(user_id, unfollowed=True).where(entries.c.id.in_(ids), in_sight)
    rows = connection.execute(query.order_by(entries.c.published_at, entries.c.id))
    return tuple(map(to_headline, rows))
