"""What the machine knows, counted and built again from what publishers and readers said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, literal, or_, select, text, update

from aggregator.storage.schema import (
    NO_TURN,
    entries,
    entry_terms,
    feed_states,
    feeds,
    leases,
    pending_entries,
    statuses,
    subscriptions,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

_INTERVAL = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """How much of each kind was not as it should be."""

    orphans: int
    unread_counts: int
    feeds_without_state: int
    entries_never_linked: int
    leases: int


def mend(connection: Connection, *, now: datetime) -> Mended:
    """Nobody else may use the library: all leases are those of the dead."""
    orphans = _drop_orphans(connection)
    _rebuild_search(connection)
    return Mended(
        orphans=orphans,
        unread_counts=_recount(connection),
        feeds_without_state=_add_states(connection, now),
        entries_never_linked=_await_links(connection),
        leases=_free_leases(connection),
    )


def _drop_orphans(connection: Connection) -> int:
    """PostgreSQL has none: it checks references at any time."""
    if connection.dialect.name != "sqlite":
        return 0
    rows = {(row[0], row[1]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
    for table, rowid in rows:
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))  # noqa: S608 - our names
    return len(rows)


def _rebuild_search(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO entries_fts(entries_fts) VALUES ('rebuild')"))
        connection.execute(text("REINDEX"))
    else:
        connection.execute(text("REINDEX TABLE entries"))


def _recount(connection: Connection) -> int:
    status = (statuses.c.entry_id == entries.c.id) & (statuses.c.user_id == subscriptions.c.user_id)
    unread = (
        select(func.count())
        .select_from(entries.outerjoin(statuses, status))
        .where(entries.c.feed_id == subscriptions.c.feed_id, statuses.c.read_at.is_(None))
        .correlate(subscriptions)
        .scalar_subquery()
    )
    wrong = update(subscriptions).where(subscriptions.c.unread != unread).values(unread=unread)
    return connection.execute(wrong).rowcount


def _add_states(connection: Connection, now: datetime) -> int:
    missing = (
        select(
            feeds.c.id,
            literal(now, feed_states.c.next_fetch_at.type),
            literal(_INTERVAL.total_seconds()),
            literal(0),
        )
        .outerjoin(feed_states, feed_states.c.feed_id == feeds.c.id)
        .where(feed_states.c.feed_id.is_(None))
    )
    count = connection.scalar(select(func.count()).select_from(missing.subquery())) or 0
    columns = ["feed_id", "next_fetch_at", "interval_seconds", "failures"]
    connection.execute(insert(feed_states).from_select(columns, missing))
    return int(count)


def _await_links(connection: Connection) -> int:
    missing = (
        select(entries.c.id, literal(NO_TURN))
        .outerjoin(entry_terms, entry_terms.c.entry_id == entries.c.id)
        .outerjoin(pending_entries, pending_entries.c.entry_id == entries.c.id)
        .where(entry_terms.c.entry_id.is_(None), pending_entries.c.entry_id.is_(None))
    )
    count = connection.scalar(select(func.count()).select_from(missing.subquery())) or 0
    connection.execute(insert(pending_entries).from_select(["entry_id", "turn"], missing))
    return int(count)


def _free_leases(connection: Connection) -> int:
    held = or_(feed_states.c.lease_holder.is_not(None), feed_states.c.lease_until.is_not(None))
    free = update(feed_states).where(held).values(lease_holder=None, lease_until=None)
    return connection.execute(free).rowcount + connection.execute(delete(leases)).rowcount
