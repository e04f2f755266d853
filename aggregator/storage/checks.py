"""Refreshing as one person sees it: the feeds that they follow, and no others.

How far it is, is read from the feeds: those that a run holds are left, those that were checked since it began
are done. So it holds whichever process refreshes, and however many.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, select

from aggregator.domain import Check, RefreshProgress
from aggregator.storage.schema import entries, feed_states, feeds, refresh_runs, subscriptions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

_BEGINS_WITHIN = timedelta(seconds=10)
"""So long after somebody has asked, nothing held means that it has not begun, rather than that it is done."""


def find_own_progress(
    connection: Connection,
    user_id: int,
    *,
    asked_at: datetime | None,
    now: datetime,
    count_finished: bool = True,
) -> RefreshProgress | None:
    """Of what the person asked for at that moment, else of the last run. None where nothing was checked.

    To count what is new looks at each new entry: without `count_finished`, what is over is said to have
    brought nothing.
    """
    run = select(refresh_runs.c.started_at).order_by(refresh_runs.c.id.desc()).limit(1)
    since = asked_at or connection.scalar(run)
    if since is None:
        return None
    state = feed_states.c
    held = and_(state.lease_until > now, state.lease_holder.is_not(None))
    checked = state.last_checked_at >= since
    row = connection.execute(
        _mine(
            user_id,
            _count(held),
            _count(and_(checked, ~held)),
            _count(state.failures > 0),
            func.max(state.last_checked_at),
        )
    ).one()
    left, done, failed, last = row[0] or 0, row[1] or 0, row[2] or 0, row[3]
    begins = asked_at is not None and not done and now - asked_at < _BEGINS_WITHIN
    running = bool(left) or begins
    if not running and last is None:
        return None
    return RefreshProgress(
        started_at=since,
        finished_at=None if running else last,
        feeds=left + done,
        done=done,
        failed=failed,
        new_entries=sum(_count_new(connection, user_id, since).values()) if running or count_finished else 0,
    )


def list_checks(connection: Connection, user_id: int, *, since: datetime, limit: int) -> tuple[Check, ...]:
    """What was checked since then, with what it brought; the most recent first."""
    new, state = _count_new(connection, user_id, since), feed_states.c
    title = func.coalesce(subscriptions.c.title, feeds.c.title)
    found = _mine(
        user_id,
        state.feed_id,
        title.label("title"),
        state.outcome,
        state.last_checked_at,
        state.next_fetch_at,
        state.error_code,
        state.error,
        state.error_reason,
    )
    found = found.join(feeds, feeds.c.id == state.feed_id).where(state.last_checked_at >= since)
    rows = connection.execute(found.order_by(state.last_checked_at.desc(), state.feed_id).limit(limit))
    return tuple(
        Check(
            feed_id=row.feed_id,
            title=row.title,
            checked_at=row.last_checked_at,
            next_fetch_at=row.next_fetch_at,
            new=new.get(row.feed_id, 0),
            failed=row.outcome == "failed",
            error_code=row.error_code,
            error=row.error,
            error_reason=row.error_reason,
        )
        for row in rows
    )


def _mine(user_id: int, *columns: ColumnElement[Any]) -> Select[Any]:
    """Of the feeds that the person follows and has not paused."""
    return (
        select(*columns)
        .select_from(subscriptions)
        .join(feed_states, feed_states.c.feed_id == subscriptions.c.feed_id)
        .where(subscriptions.c.user_id == user_id, subscriptions.c.paused_at.is_(None))
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _count_new(connection: Connection, user_id: int, since: datetime) -> dict[int, int]:
    """feed → how many entries of it arrived since then.

    Looks at what arrived after the last run that began before: entries have no index by that moment.
    """
    run, began = refresh_runs.c, refresh_runs.c.started_at
    before = select(run.entries_before).where(began <= since).order_by(run.id.desc()).limit(1)
    oldest = select(run.entries_before).order_by(run.id).limit(1)
    first = connection.scalar(before)
    first = connection.scalar(oldest) if first is None else first
    if first is None:
        return {}
    counted = (
        select(entries.c.feed_id, func.count())
        .join(subscriptions, subscriptions.c.feed_id == entries.c.feed_id)
        .where(entries.c.id > first, entries.c.first_seen_at >= since, subscriptions.c.user_id == user_id)
        .group_by(entries.c.feed_id)
    )
    return {row[0]: row[1] for row in connection.execute(counted)}
