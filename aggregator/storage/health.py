"""What the database says of itself, for a look at its health; reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from aggregator.storage.schema import entries, feed_states, feeds, leases, pending_entries, refresh_runs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """`newest` is the latest moment that this machine's clock wrote."""

    feeds: int
    entries: int
    failing: int
    pending: int
    overdue: int
    dead_leases: int
    newest: datetime | None


def take_pulse(connection: Connection, *, now: datetime, late: datetime) -> Pulse:
    """`overdue` counts the feeds that were to be fetched before `late`."""

    def count(*conditions: object) -> int:
        return int(connection.scalar(select(func.count()).where(*conditions)) or 0)  # type: ignore[arg-type]

    def rows(table: object) -> int:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)  # type: ignore[arg-type]

    moments = [
        connection.scalar(select(func.max(column)))
        for column in (feed_states.c.last_checked_at, refresh_runs.c.beat_at, entries.c.first_seen_at)
    ]
    return Pulse(
        feeds=rows(feeds),
        entries=rows(entries),
        failing=count(feed_states.c.failures > 0),
        pending=rows(pending_entries),
        overdue=count(feed_states.c.next_fetch_at < late),
        dead_leases=count(feed_states.c.lease_until < now) + count(leases.c.until < now),
        newest=max((moment for moment in moments if moment is not None), default=None),
    )
