"""Which entries wait for their full text, and which it was not to be had for.

An entry waits once somebody who follows its feed wants the full text of all that is new there. One that
failed for good stays, with the reason, and waits no more; one that succeeded is forgotten here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update

from aggregator.domain import FullTextReport, WantedText
from aggregator.storage.dialects import insert_into
from aggregator.storage.feedtexts import feed_text
from aggregator.storage.schema import entries, full_texts, subscriptions, wanted_texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from aggregator.errors import FeedError

_MOST_AT_ONCE = 20
"""Of one document: a feed that comes back after a year is not fetched page by page."""
_LONGEST_WAIT = timedelta(days=2)
"""What is planned for later, a wrong clock planned."""
_REPORTED = 50


class Waiting(NamedTuple):
    entry_id: int
    url: str


def want_new(connection: Connection, feed_id: int, ids: Sequence[int], *, now: datetime) -> None:
    """These entries are new, the newest last: the newest wait, if somebody wants full texts of the feed."""
    wanted = exists().where(subscriptions.c.feed_id == feed_id, *_asks())
    if not connection.scalar(select(wanted)):
        return
    newest = list(ids[-_MOST_AT_ONCE:])
    query = select(entries.c.id).where(entries.c.id.in_(newest), entries.c.url.is_not(None))
    rows = [{"entry_id": entry_id, "due_at": now, "tries": 0} for entry_id in connection.scalars(query)]
    if rows:
        connection.execute(insert(wanted_texts), rows)


def _asks() -> tuple[ColumnElement[bool], ...]:
    return subscriptions.c.full_text_since.is_not(None), subscriptions.c.paused_at.is_(None)


def want_always(connection: Connection, user_id: int, feed_id: int, *, since: datetime | None) -> None:
    """From now on, or (None) no more; what waits goes on waiting as long as somebody wants it."""
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.user_id == user_id, subscriptions.c.feed_id == feed_id)
        .values(full_text_since=since)
    )


# ── claim ────────────────────────────────────────────────────────────────────────────────────────


def list_due(connection: Connection, *, now: datetime, limit: int, hold: bool = False) -> tuple[Waiting, ...]:
    """The newest first; `hold` keeps others from claiming them until the end of this transaction."""
    due = or_(wanted_texts.c.due_at <= now, wanted_texts.c.due_at > now + _LONGEST_WAIT)
    query = (
        select(wanted_texts.c.entry_id, entries.c.url)
        .join(entries, entries.c.id == wanted_texts.c.entry_id)
        .where(due, exists().where(subscriptions.c.feed_id == entries.c.feed_id, *_asks()))
        .order_by(wanted_texts.c.entry_id.desc())
        .limit(limit)
    )
    if hold:
        query = query.with_for_update(skip_locked=True, of=wanted_texts)
    return tuple(Waiting(row.entry_id, row.url or "") for row in connection.execute(query))


def put_off(connection: Connection, ids: Sequence[int], *, until: datetime | None) -> None:
    """These few are not due before that moment; None: not by themselves."""
    connection.execute(update(wanted_texts).where(wanted_texts.c.entry_id.in_(ids)).values(due_at=until))


def list_wanted(connection: Connection, ids: Sequence[int]) -> tuple[WantedText, ...]:
    query = (
        select(entries.c.id, entries.c.url, entries.c.title, feed_text(), wanted_texts.c.tries)
        .join(wanted_texts, wanted_texts.c.entry_id == entries.c.id)
        .outerjoin(full_texts, full_texts.c.entry_id == entries.c.id)
        .where(entries.c.id.in_(ids))
        .order_by(entries.c.id.desc())
    )
    return tuple(
        WantedText(entry_id=row.id, url=row.url or "", title=row.title, text=row.text, tries=row.tries)
        for row in connection.execute(query)
    )


# ── what failed ──────────────────────────────────────────────────────────────────────────────────


def find_tried(connection: Connection, entry_id: int) -> datetime | None:
    """When the page was last asked for in vain."""
    return connection.scalar(select(wanted_texts.c.tried_at).where(wanted_texts.c.entry_id == entry_id))


def record_failure(connection: Connection, entry_id: int, error: FeedError, *, now: datetime) -> None:
    """Count it, with its reason; when it is due stays. Does nothing for an entry that is gone."""
    if not connection.scalar(select(exists().where(entries.c.id == entry_id))):
        return
    facts = {
        "tried_at": now,
        "error_code": error.code,
        "error": error.detail,
        "error_reason": error.reason or None,
    }
    row = insert_into(connection, wanted_texts).values(entry_id=entry_id, tries=1, **facts)
    again = {"tries": wanted_texts.c.tries + 1, **facts}
    connection.execute(row.on_conflict_do_update(index_elements=[wanted_texts.c.entry_id], set_=again))


def forget(connection: Connection, entry_id: int) -> None:
    connection.execute(delete(wanted_texts).where(wanted_texts.c.entry_id == entry_id))


def report(connection: Connection, feed_id: int) -> FullTextReport:
    """Of the newest fifty entries of the feed."""
    newest = (
        select(entries.c.id)
        .where(entries.c.feed_id == feed_id)
        .order_by(entries.c.published_at.desc(), entries.c.id.desc())
        .limit(_REPORTED)
        .subquery()
    )
    among = wanted_texts.c.entry_id.in_(select(newest.c.id))
    failed = and_(among, wanted_texts.c.due_at.is_(None))
    full = full_texts.c.entry_id.in_(select(newest.c.id))
    counts = [
        connection.scalar(select(func.count()).where(condition)) or 0
        for condition in (full, and_(among, wanted_texts.c.due_at.is_not(None)), failed)
    ]
    last = connection.execute(
        select(wanted_texts.c.error_code, wanted_texts.c.error_reason)
        .where(among, wanted_texts.c.error_code.is_not(None))
        .order_by(wanted_texts.c.tried_at.desc(), wanted_texts.c.entry_id.desc())
        .limit(1)
    ).first()
    return FullTextReport(
        fetched=int(counts[0]),
        waiting=int(counts[1]),
        failed=int(counts[2]),
        error_code=last.error_code if last else None,
        error_reason=last.error_reason if last else None,
    )
