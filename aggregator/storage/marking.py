"""What a person marks: read, starred. Kept unread counts move in the same transaction."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import (
    func,
    literal,
    select,
    update,
)

from aggregator.storage import subscriptions as kept
from aggregator.storage.schema import (
    entries,
    statuses,
    subscriptions,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Select


from aggregator.storage.dialects import insert_into
from aggregator.storage.entries import followed_by, get_entry, status_of


def set_read(connection: Connection, user_id: int, entry_id: int, *, read: bool, now: datetime) -> None:
    """Mark one entry; marking twice changes nothing. One that is unread again is hidden no more."""
    entry = get_entry(connection, user_id, entry_id)
    if entry.read != read:
        marks = {"read_at": now} if read else {"read_at": None, "hidden_by": None}
        _upsert_status(connection, user_id, entry_id, **marks)
        kept.move_unread(connection, user_id, entry.feed_id, -1 if read else 1)


def set_starred(connection: Connection, user_id: int, entry_id: int, *, starred: bool, now: datetime) -> None:
    entry = get_entry(connection, user_id, entry_id)
    if entry.starred != starred:
        _upsert_status(connection, user_id, entry_id, starred_at=now if starred else None)


def _upsert_status(connection: Connection, user_id: int, entry_id: int, **values: datetime | None) -> None:
    statement = insert_into(connection, statuses).values(user_id=user_id, entry_id=entry_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["user_id", "entry_id"], set_=values))


def mark_all_read(
    connection: Connection,
    user_id: int,
    *,
    now: datetime,
    up_to: int,
    feed_id: int | None = None,
    category_ids: tuple[int, ...] | None = None,
) -> int:
    """Mark what the person saw: unread entries with an id up to `up_to`. Returns how many.

    Entries that arrived after the page was shown have larger ids and stay unread. All bear the moment `now`,
    by which `unmark` finds them again.
    """
    scope = [] if feed_id is None else [entries.c.feed_id == feed_id]
    if category_ids is not None:
        scope.append(subscriptions.c.category_id.in_(category_ids))
    unread = (
        select(
            literal(user_id).label("user_id"),
            entries.c.id,
            literal(now, statuses.c.read_at.type).label("read_at"),
        )
        .join(subscriptions, followed_by(user_id))
        .outerjoin(statuses, status_of(user_id))
        .where(entries.c.id <= up_to, statuses.c.read_at.is_(None), *scope)
    )
    statement = insert_into(connection, statuses).from_select(["user_id", "entry_id", "read_at"], unread)
    marked = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "entry_id"], set_={"read_at": statement.excluded.read_at}
        ),
        execution_options={"preserve_rowcount": True},  # psycopg's is -1 without it
    ).rowcount
    _recount(connection, user_id, feed_id)
    return marked


def unmark(connection: Connection, user_id: int, *, read_at: datetime) -> int:
    """Make unread again what was marked in one go at that very moment. Returns how many."""
    undone = connection.execute(
        update(statuses)
        .where(statuses.c.user_id == user_id, statuses.c.read_at == read_at)
        .values(read_at=None),
        execution_options={"preserve_rowcount": True},
    ).rowcount
    _recount(connection, user_id, None)
    return undone


def _recount(connection: Connection, user_id: int, feed_id: int | None) -> None:
    unread = (
        select(func.count())
        .select_from(entries.outerjoin(statuses, status_of(user_id)))
        .where(entries.c.feed_id == subscriptions.c.feed_id, statuses.c.read_at.is_(None))
        .scalar_subquery()
    )
    scope = [] if feed_id is None else [subscriptions.c.feed_id == feed_id]
    connection.execute(
        update(subscriptions).where(subscriptions.c.user_id == user_id, *scope).values(unread=unread)
    )


def newest_id(connection: Connection) -> int:
    """The largest id handed out; 0 in an empty library."""
    return int(connection.scalar(_newest_id()) or 0)


@cache
def _newest_id() -> Select[tuple[int]]:
    return select(func.coalesce(func.max(entries.c.id), 0))
