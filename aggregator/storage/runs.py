"""The progress of refresh runs, so that pages see what any process is doing."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from aggregator.domain import RefreshProgress
from aggregator.storage.marking import newest_id
from aggregator.storage.schema import refresh_runs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Select

_SILENCE = timedelta(minutes=2)
_KEPT = timedelta(days=7)


def start_run(connection: Connection, *, feeds: int, now: datetime) -> int:
    connection.execute(delete(refresh_runs).where(refresh_runs.c.started_at < now - _KEPT))
    run = connection.execute(
        insert(refresh_runs)
        .values(
            started_at=now,
            beat_at=now,
            feeds=feeds,
            done=0,
            failed=0,
            new_entries=0,
            entries_before=newest_id(connection),
        )
        .returning(refresh_runs.c.id)
    ).scalar_one()
    return int(run)


def record_progress(connection: Connection, run: int, progress: RefreshProgress, *, now: datetime) -> None:
    connection.execute(
        update(refresh_runs)
        .where(refresh_runs.c.id == run)
        .values(
            done=progress.done,
            failed=progress.failed,
            new_entries=progress.new_entries,
            beat_at=now,
            finished_at=progress.finished_at,
        )
    )


def find_progress(connection: Connection, now: datetime) -> RefreshProgress | None:
    """The newest run. One that has been silent for two minutes died; it is told as finished then."""
    row = connection.execute(_newest()).first()
    if row is None:
        return None
    died = row.finished_at is None and row.beat_at < now - _SILENCE
    return RefreshProgress(
        started_at=row.started_at,
        finished_at=row.beat_at if died else row.finished_at,
        feeds=row.feeds,
        done=row.done,
        failed=row.failed,
        new_entries=row.new_entries,
    )


@cache
def _newest() -> Select[Any]:
    return select(refresh_runs).order_by(refresh_runs.c.id.desc()).limit(1)
