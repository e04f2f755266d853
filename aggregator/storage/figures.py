"""Numbers of the whole library, for machines that watch it: counts alone, no address and no name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, exists, func, select

from aggregator.storage.schema import (
    entries,
    feed_states,
    links,
    pending_entries,
    push_subscriptions,
    refresh_runs,
    subscriptions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    feeds: Mapping[str, int]
    """By state: healthy, failing, gone, paused, waiting (for their first check)."""
    outcomes: Mapping[str, int]
    """Feeds by what their last check brought."""
    errors: Mapping[str, int]
    """Failing feeds by the code of their error."""
    due: int
    pushed: int
    entries: int
    pending: int
    """Entries that wait to be linked."""
    links: int
    run: Run | None
    """The newest that ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    ended_at: datetime
    seconds: float
    feeds: int
    failed: int
    new_entries: int


STATES = ("healthy", "failing", "gone", "paused", "waiting")


def read_figures(connection: Connection, now: datetime) -> Figures:
    """By counting: on a library of a million entries this takes a moment."""
    return Figures(
        feeds=dict.fromkeys(STATES, 0) | _feeds_by_state(connection),
        outcomes=_count_by(connection, feed_states.c.outcome),
        errors=_count_by(connection, feed_states.c.error_code),
        due=_count(connection, select(func.count()).where(feed_states.c.next_fetch_at <= now, _followed())),
        pushed=_count(connection, select(func.count()).where(push_subscriptions.c.until > now)),
        entries=_count(connection, select(func.count()).select_from(entries)),
        pending=_count(connection, select(func.count()).select_from(pending_entries)),
        links=_count(connection, select(func.count()).select_from(links)),
        run=_last_run(connection),
    )


def _followed() -> ColumnElement[bool]:
    return exists().where(
        subscriptions.c.feed_id == feed_states.c.feed_id, subscriptions.c.paused_at.is_(None)
    )


def _feeds_by_state(connection: Connection) -> dict[str, int]:
    """Of the feeds that somebody follows."""
    state = case(
        (~_followed(), "paused"),
        (feed_states.c.gone_at.is_not(None), "gone"),
        (feed_states.c.failures > 0, "failing"),
        (feed_states.c.last_checked_at.is_(None), "waiting"),
        else_="healthy",
    ).label("state")
    known = exists().where(subscriptions.c.feed_id == feed_states.c.feed_id)
    states = select(state).where(known).subquery()
    counted = select(states.c.state, func.count()).group_by(states.c.state)
    return {row[0]: row[1] for row in connection.execute(counted)}


def _count_by(connection: Connection, column: ColumnElement[Any]) -> dict[str, int]:
    """Of the feeds that are fetched."""
    counted = select(column, func.count()).where(column.is_not(None), _followed()).group_by(column)
    return {row[0]: row[1] for row in connection.execute(counted)}


def _count(connection: Connection, count: Select[int]) -> int:
    return int(connection.execute(count).scalar_one())


def _last_run(connection: Connection) -> Run | None:
    ended = select(refresh_runs).where(refresh_runs.c.finished_at.is_not(None))
    row = connection.execute(ended.order_by(refresh_runs.c.id.desc()).limit(1)).first()
    if row is None:
        return None
    return Run(
        ended_at=row.finished_at,
        seconds=max((row.finished_at - row.started_at).total_seconds(), 0.0),
        feeds=row.feeds,
        failed=row.failed,
        new_entries=row.new_entries,
    )
