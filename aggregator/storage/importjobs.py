"""Imports as jobs: what a person looked at to import, what became of each outline, how far fetching is.

Promises: a job is shown to its person alone (`NotFound` for others); how far it is, is read from the feeds
themselves, so that it survives everything; the last few jobs are kept, for a month.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, func, insert, select, update

from aggregator.domain import ImportedOutline, ImportJob, Outline
from aggregator.errors import NotFound
from aggregator.storage.imports import find_feeds
from aggregator.storage.schema import (
    feed_states,
    import_jobs,
    import_outlines,
    push_subscriptions,
    subscriptions,
)
from aggregator.storage.subscriptions import STATE_COLUMNS, to_state

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from aggregator.domain import ImportOutcome, ImportReport

_KEPT = timedelta(days=30)
_MOST = 10
_LINE = tuple(column for column in import_outlines.c if column.name != "outcome")
"""What is shown of an outline; feeds have an outcome of their own."""


def keep_draft(connection: Connection, user_id: int, report: ImportReport, *, now: datetime) -> int:
    """What was only looked at; the id of the new job."""
    job_id = _make_job(connection, user_id, now=now, imported_at=None)
    _add(connection, job_id, report, "new")
    return job_id


def keep_done(connection: Connection, user_id: int, report: ImportReport, *, now: datetime) -> int:
    """What was imported; the id of the new job."""
    job_id = _make_job(connection, user_id, now=now, imported_at=now)
    _add(connection, job_id, report, "added")
    return job_id


def _make_job(connection: Connection, user_id: int, *, now: datetime, imported_at: datetime | None) -> int:
    _prune(connection, user_id, now)
    facts = {"user_id": user_id, "created_at": now, "imported_at": imported_at}
    return int(connection.execute(insert(import_jobs).values(facts).returning(import_jobs.c.id)).scalar_one())


def _prune(connection: Connection, user_id: int, now: datetime) -> None:
    mine = import_jobs.c.user_id == user_id
    last = select(import_jobs.c.id).where(mine).order_by(import_jobs.c.id.desc()).limit(_MOST - 1)
    kept = and_(import_jobs.c.id.in_(last), import_jobs.c.created_at > now - _KEPT)
    connection.execute(delete(import_jobs).where(mine, ~kept))


def _add(connection: Connection, job_id: int, report: ImportReport, outcome: ImportOutcome) -> None:
    """The outlines of the report; those that are added have this outcome, and a feed where one is there."""
    feeds = find_feeds(connection, [outline.url for outline in report.added]) if outcome == "added" else {}
    rows = [
        *(_row(job_id, outcome, outline, feeds.get(outline.url)) for outline in report.added),
        *(_row(job_id, "there", outline) for outline in report.already_there),
        *(
            _row(job_id, "refused", Outline(url=one.url, title=one.title))
            | {"reason": one.reason, "code": one.code}
            for one in report.refused
        ),
    ]
    if rows:
        connection.execute(insert(import_outlines), rows)


def _row(
    job_id: int, outcome: ImportOutcome, outline: Outline, feed_id: int | None = None
) -> dict[str, object]:
    return {
        "job_id": job_id,
        "outcome": outcome,
        "url": outline.url,
        "title": outline.title,
        "site_url": outline.site_url,
        "category": outline.category,
        "feed_id": feed_id,
        "reason": "",
        "code": "",
    }


def take_chosen(
    connection: Connection, user_id: int, job_id: int, *, left_out: Collection[int], now: datetime
) -> tuple[Outline, ...]:
    """What a draft would add, but for the outlines with these ids, which say so from now on.

    The job is carried out from now on; the caller records how.
    """
    job = get_job(connection, user_id, job_id)
    new = list_outlines(connection, user_id, job_id, "new", limit=job.new)
    gone = frozenset(left_out)
    chosen = [outline for outline in new if outline.id not in gone]
    lines = import_outlines.c
    connection.execute(
        update(import_jobs)
        .where(import_jobs.c.id == job_id, import_jobs.c.imported_at.is_(None))
        .values(imported_at=now)
    )
    for start in range(0, len(chosen), 500):  # SQLite bounds the variables of a statement
        ids = [outline.id for outline in chosen[start : start + 500]]
        connection.execute(delete(import_outlines).where(lines.job_id == job_id, lines.id.in_(ids)))
    rest = update(import_outlines).where(lines.job_id == job_id, lines.outcome == "new")
    connection.execute(rest.values(outcome="left"))
    return tuple(
        Outline(url=one.url, title=one.title, site_url=one.site_url, category=one.category) for one in chosen
    )


def record(connection: Connection, user_id: int, job_id: int, report: ImportReport) -> None:
    """What became of the outlines that were chosen."""
    get_job(connection, user_id, job_id)
    _add(connection, job_id, report, "added")


def replace_outline(
    connection: Connection,
    user_id: int,
    job_id: int,
    outline_id: int,
    *,
    outcome: ImportOutcome,
    url: str,
    feed_id: int | None,
) -> None:
    """The person gave the outline another address, or tried again."""
    get_outline(connection, user_id, job_id, outline_id)
    changed = {"outcome": outcome, "url": url, "feed_id": feed_id, "reason": "", "code": ""}
    connection.execute(update(import_outlines).where(import_outlines.c.id == outline_id).values(**changed))


# ── read ─────────────────────────────────────────────────────────────────────────────────────────


def list_jobs(connection: Connection, user_id: int) -> tuple[ImportJob, ...]:
    """The newest first."""
    mine = select(import_jobs).where(import_jobs.c.user_id == user_id)
    rows = connection.execute(mine.order_by(import_jobs.c.id.desc())).all()
    return tuple(_to_job(connection, row) for row in rows)


def get_job(connection: Connection, user_id: int, job_id: int) -> ImportJob:
    mine = select(import_jobs).where(import_jobs.c.user_id == user_id, import_jobs.c.id == job_id)
    row = connection.execute(mine).first()
    if row is None:
        raise NotFound(f"import {job_id}", "you have no such import")
    return _to_job(connection, row)


def _to_job(connection: Connection, row: Row[Any]) -> ImportJob:
    lines, facts = import_outlines.c, row._mapping
    counts = select(lines.outcome, func.count()).where(lines.job_id == facts["id"]).group_by(lines.outcome)
    sums = {row[0]: row[1] for row in connection.execute(counts)}
    state = feed_states.c
    fetched = func.sum(case((state.last_checked_at.is_not(None), 1), else_=0))
    failing = func.sum(case((state.failures > 0, 1), else_=0))
    told = connection.execute(
        select(func.count(), func.coalesce(fetched, 0), func.coalesce(failing, 0))
        .select_from(import_outlines)
        .join(feed_states, state.feed_id == lines.feed_id)
        .join(subscriptions, subscriptions.c.feed_id == lines.feed_id)
        .where(
            lines.job_id == facts["id"],
            lines.outcome == "added",
            subscriptions.c.user_id == facts["user_id"],
        )
    ).one()
    return ImportJob(
        id=facts["id"],
        created_at=facts["created_at"],
        imported_at=facts["imported_at"],
        **sums,
        feeds=told[0],
        fetched=told[1],
        failing=told[2],
    )


def list_outlines(
    connection: Connection, user_id: int, job_id: int, outcome: ImportOutcome, *, limit: int
) -> tuple[ImportedOutline, ...]:
    """In the order of the file."""
    get_job(connection, user_id, job_id)
    lines = import_outlines.c
    found = select(*_LINE).where(lines.job_id == job_id, lines.outcome == outcome)
    return tuple(_to_outline(row) for row in connection.execute(found.order_by(lines.id).limit(limit)))


def get_outline(connection: Connection, user_id: int, job_id: int, outline_id: int) -> ImportedOutline:
    get_job(connection, user_id, job_id)
    lines = import_outlines.c
    mine = select(*_LINE).where(lines.job_id == job_id, lines.id == outline_id)
    row = connection.execute(mine).first()
    if row is None:
        raise NotFound(f"outline {outline_id}", "this import has no such outline")
    return _to_outline(row)


def list_failing(
    connection: Connection, user_id: int, job_id: int, *, limit: int
) -> tuple[ImportedOutline, ...]:
    """Those that were added and cannot be fetched, with the state of their feeds."""
    get_job(connection, user_id, job_id)
    lines = import_outlines.c
    rows = connection.execute(
        select(*_LINE, *STATE_COLUMNS)
        .join(feed_states, feed_states.c.feed_id == lines.feed_id)
        .join(subscriptions, subscriptions.c.feed_id == lines.feed_id)
        .outerjoin(push_subscriptions, push_subscriptions.c.feed_id == lines.feed_id)
        .where(
            lines.job_id == job_id,
            lines.outcome == "added",
            feed_states.c.failures > 0,
            subscriptions.c.user_id == user_id,
        )
        .order_by(lines.id)
        .limit(limit)
    )
    return tuple(_to_outline(row, with_state=True) for row in rows)


def _to_outline(row: Any, *, with_state: bool = False) -> ImportedOutline:
    facts = row._mapping
    return ImportedOutline(
        id=facts["id"],
        url=facts["url"],
        title=facts["title"],
        category=facts["category"],
        site_url=facts["site_url"],
        feed_id=facts["feed_id"],
        reason=facts["reason"],
        code=facts["code"],
        state=to_state(row) if with_state else None,
    )
