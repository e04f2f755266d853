"""The same text in several feeds: which copies a person has of an entry, and reading them as one.

Only copies in feeds that the person follows are told, counted and marked.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select, true, union

from aggregator.domain import Copy
from aggregator.storage.entries import (
    Selection,
    feed_title,
    followed_by,
    get_entry,
    is_shown,
    list_conditions,
    status_of,
    title_or_first_words,
)
from aggregator.storage.marking import set_read
from aggregator.storage.prepared import IDS, USER
from aggregator.storage.schema import entries, feeds, links, statuses, subscriptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import BindParameter, Connection, Row, Select

    from aggregator.storage.entries import Shape

_LINKS = (links.c.entry_id, links.c.neighbour_id)
MAX_MARKED = 50
"""Copies that are marked with one entry."""


def list_copies_around(
    connection: Connection, user_id: int, ids: Sequence[int], selection: Selection
) -> dict[int, tuple[Copy, ...]]:
    """For each of `ids`, and each copy of one, its copies; the newest first. One query.

    `listed` tells which of them answer the conditions of `selection`, on whatever page of the list.
    """
    shape = replace(selection, before=None).shape
    values = {"user_id": user_id, "ids": list(ids)} | selection.values
    rows = connection.execute(_copies_around(shape), values)
    return {this: tuple(map(_copy, those)) for this, those in groupby(rows, key=attrgetter("this"))}


@cache
def _copies_around(shape: Shape) -> Select[Any]:
    near = _pairs_of(IDS).cte()
    # Not a join: SQLite would read all copies of the library into a filter of it.
    of_copies = select(near.c.other)
    far = (
        select(this.label("this"), other.label("other")).where(links.c.same_text, this.in_(of_copies))
        for this, other in (_LINKS, _LINKS[::-1])
    )
    pairs = union(select(near.c.this, near.c.other), *far).subquery()
    listed = and_(true(), *list_conditions(shape.selection)).label("listed")
    told = true() if shape.hidden else is_shown()
    return (
        select(
            pairs.c.this,
            entries.c.id,
            entries.c.title,
            entries.c.feed_id,
            feed_title(),
            entries.c.published_at,
            statuses.c.read_at,
            listed,
        )
        .join(pairs, pairs.c.other == entries.c.id)
        .join(subscriptions, followed_by(USER))
        .join(feeds, feeds.c.id == entries.c.feed_id)
        .outerjoin(statuses, status_of(USER))
        .where(told)
        .order_by(pairs.c.this, entries.c.published_at.desc(), entries.c.id.desc())
    )


def _pairs_of(ids: Sequence[int] | BindParameter[int]) -> Select[tuple[int, int]]:
    both = union(
        *(
            select(this.label("this"), other.label("other")).where(links.c.same_text, this.in_(ids))
            for this, other in (_LINKS, _LINKS[::-1])
        )
    ).subquery()
    return select(both.c.this, both.c.other)


def _copy(row: Row[tuple[object, ...]]) -> Copy:
    return Copy(
        id=row.id,
        title=title_or_first_words(row.title, ""),
        feed_id=row.feed_id,
        feed_title=row.feed_title,
        published_at=row.published_at,
        read=row.read_at is not None,
        listed=bool(row.listed),
    )


# ── read as one ──────────────────────────────────────────────────────────────────────────────────


def read_together(connection: Connection, user_id: int, entry_id: int, *, now: datetime) -> None:
    """Mark an entry and its unread copies as read, all at one moment, by which they are known later."""
    if get_entry(connection, user_id, entry_id).read:
        return
    set_read(connection, user_id, entry_id, read=True, now=now)
    for copy in _copies(connection, user_id, entry_id, None):
        set_read(connection, user_id, copy, read=True, now=now)


def unread_together(connection: Connection, user_id: int, entry_id: int, *, now: datetime) -> None:
    """Mark an entry as unread, and with it what was read with it."""
    unread_copies(connection, user_id, entry_id, now=now)
    set_read(connection, user_id, entry_id, read=False, now=now)


def unread_copies(connection: Connection, user_id: int, entry_id: int, *, now: datetime) -> None:
    """The copies that were read with the entry are unread again; the entry stays read."""
    read_at = get_entry(connection, user_id, entry_id).read_at
    for copy in _copies(connection, user_id, entry_id, read_at) if read_at else ():
        set_read(connection, user_id, copy, read=False, now=now)


def _copies(connection: Connection, user_id: int, entry_id: int, read_at: datetime | None) -> tuple[int, ...]:
    """Copies that were read at that moment; None: that are unread."""
    pairs = _pairs_of([entry_id]).subquery()
    asked = statuses.c.read_at.is_(None) if read_at is None else statuses.c.read_at == read_at
    query = (
        select(entries.c.id)
        .join(pairs, pairs.c.other == entries.c.id)
        .join(subscriptions, followed_by(user_id))
        .outerjoin(statuses, status_of(user_id))
        .where(asked)
        .order_by(entries.c.id)
        .limit(MAX_MARKED)
    )
    return tuple(connection.scalars(query))
