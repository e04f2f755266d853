"""Feeds as the publisher gives them and as the machine fetches them: claim, record, progress.

A failed or interrupted write leaves the old validators: entries, validators and body hash go into the one
transaction that the caller opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, exists, func, insert, literal, or_, select, update

from aggregator.domain import (
    ClaimedFeed,
    CleanFeed,
    Feed,
    Move,
    Outcome,
    Schedule,
    SkippedTimes,
    Validators,
    Withdrawn,
)
from aggregator.storage.schema import feed_states, feeds, push_subscriptions, subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Row

    from aggregator.errors import FeedError

_LONGEST_LEASE = timedelta(days=1)
_NO_VALIDATORS = Validators()
_WEEK = 7


def to_feed(row: Row[tuple[object, ...]]) -> Feed:
    """From a row with the columns `feed_columns()`."""
    facts = row._mapping
    return Feed(
        id=facts["feed_id"],
        url=facts["feed_url"],
        title=facts["feed_title"],
        site_url=facts["site_url"],
        description=facts["description"],
        language=facts["language"],
    )


def feed_columns() -> tuple[ColumnElement[Any], ...]:
    return (
        feeds.c.id.label("feed_id"),
        feeds.c.url.label("feed_url"),
        feeds.c.title.label("feed_title"),
        feeds.c.site_url,
        feeds.c.description,
        feeds.c.language,
    )


def ensure_feed(connection: Connection, url: str, *, title: str, site_url: str | None, now: datetime) -> int:
    """The id of the feed with this address, made and due at once where it is new."""
    known = connection.scalar(select(feeds.c.id).where(feeds.c.url == url))
    if known is not None:
        return int(known)
    made = connection.execute(
        insert(feeds)
        .values(url=url, title=title or url, site_url=site_url, description="", language=None)
        .returning(feeds.c.id)
    ).scalar_one()
    connection.execute(
        insert(feed_states).values(feed_id=made, next_fetch_at=now, interval_seconds=0.0, failures=0)
    )
    return int(made)


# ── claim ────────────────────────────────────────────────────────────────────────────────────────


def claim_due(
    connection: Connection,
    holder: str,
    *,
    now: datetime,
    lease: timedelta,
    everything: bool = False,
    not_checked_since: datetime | None = None,
    feed_id: int | None = None,
    longest_wait: timedelta | None = None,
) -> tuple[ClaimedFeed, ...]:
    """Take every followed feed that is due (or `everything`, or this one) and that nobody else holds.

    `not_checked_since` adds the healthy ones that were last checked before that moment; one that fails waits
    until it is due, as its publisher may have asked. What is planned for later than the `longest_wait` was
    planned while the clock was ahead; it is due.
    """
    free = or_(
        feed_states.c.lease_until.is_(None),
        feed_states.c.lease_until <= now,
        feed_states.c.lease_until > now + _LONGEST_LEASE,  # of a clock that was ahead
    )
    rows = connection.execute(
        select(feed_states, feeds.c.url, (push_subscriptions.c.until > now).label("pushed"))
        .join(feeds, feeds.c.id == feed_states.c.feed_id)
        .outerjoin(push_subscriptions, push_subscriptions.c.feed_id == feed_states.c.feed_id)
        .where(free, *_wanted(now, everything, not_checked_since, feed_id, longest_wait))
        .order_by(feed_states.c.next_fetch_at, feed_states.c.feed_id)
        .with_for_update(skip_locked=True, of=feed_states)
    ).all()
    return _hold(connection, rows, holder, now=now, until=now + lease)


def count_held(
    connection: Connection,
    holder: str,
    *,
    now: datetime,
    everything: bool = False,
    not_checked_since: datetime | None = None,
    feed_id: int | None = None,
    longest_wait: timedelta | None = None,
) -> int:
    """How many of the feeds that `claim_due` would take are with another holder."""
    held = and_(
        feed_states.c.lease_until > now,
        feed_states.c.lease_until <= now + _LONGEST_LEASE,
        feed_states.c.lease_holder != holder,
    )
    wanted = _wanted(now, everything, not_checked_since, feed_id, longest_wait)
    count = select(func.count()).select_from(feed_states).where(held, *wanted)
    return int(connection.execute(count).scalar_one())


def _wanted(
    now: datetime,
    everything: bool,
    not_checked_since: datetime | None,
    feed_id: int | None,
    longest_wait: timedelta | None,
) -> Iterable[ColumnElement[bool]]:
    yield exists().where(
        subscriptions.c.feed_id == feed_states.c.feed_id, subscriptions.c.paused_at.is_(None)
    )
    due = feed_states.c.next_fetch_at <= now
    if longest_wait is not None:
        due = or_(due, feed_states.c.next_fetch_at > now + longest_wait)
    if feed_id is not None:
        yield feed_states.c.feed_id == feed_id
        return
    yield feed_states.c.gone_at.is_(None)
    if not_checked_since is not None:
        stale = and_(feed_states.c.failures == 0, feed_states.c.last_checked_at < not_checked_since)
        yield or_(due, stale)
    elif not everything:
        yield due


def _hold(
    connection: Connection,
    rows: Sequence[Row[tuple[object, ...]]],
    holder: str,
    *,
    now: datetime,
    until: datetime,
) -> tuple[ClaimedFeed, ...]:
    ids = [row.feed_id for row in rows]
    for start in range(0, len(ids), 500):  # SQLite bounds the variables of a statement
        connection.execute(
            update(feed_states)
            .where(feed_states.c.feed_id.in_(ids[start : start + 500]))
            .values(lease_holder=holder, lease_until=until)
        )
    return tuple(
        ClaimedFeed(
            feed_id=row.feed_id,
            url=row.url,
            validators=_NO_VALIDATORS
            if wants_it_whole(row.feed_id, row.last_checked_at, now)
            else Validators(etag=row.etag, last_modified=row.last_modified),
            body_hash=row.body_hash,
            known_items=row.known_items or b"",
            failures=row.failures,
            interval=timedelta(seconds=row.interval_seconds),
            published=row.published,
            asked=None if row.asked_seconds is None else timedelta(seconds=row.asked_seconds),
            skipped=row.skipped,
            move=to_move(row),
            gone=to_gone(row),
            pushed=bool(row.pushed),
        )
        for row in rows
    )


def to_move(row: Row[Any]) -> Move | None:
    facts = row._mapping
    if facts["moved_to"] is None or facts["moved_since"] is None:
        return None
    return Move(url=facts["moved_to"], since=facts["moved_since"], times=facts["moved_times"])


def to_gone(row: Row[Any]) -> Withdrawn | None:
    facts = row._mapping
    if facts["gone_since"] is None:
        return None
    return Withdrawn(since=facts["gone_since"], times=facts["gone_times"], stopped_at=facts["gone_at"])


def wants_it_whole(feed_id: int, last_checked_at: datetime | None, now: datetime) -> bool:
    """The first check of a feed in each of its weeks asks for the whole document: some servers answer 304 for
    ever, whatever is new."""
    if last_checked_at is None:
        return True
    return (now.toordinal() + feed_id) // _WEEK != (last_checked_at.toordinal() + feed_id) // _WEEK


def renew_leases(connection: Connection, holder: str, *, until: datetime) -> None:
    connection.execute(
        update(feed_states).where(feed_states.c.lease_holder == holder).values(lease_until=until)
    )


def release_leases(connection: Connection, holder: str) -> None:
    connection.execute(
        update(feed_states)
        .where(feed_states.c.lease_holder == holder)
        .values(lease_holder=None, lease_until=None)
    )


def holds(connection: Connection, feed_id: int, holder: str) -> bool:
    """Whether the claim still stands, until the end of this transaction.

    A result of a lost claim must not be recorded. The row stays locked: nobody can claim the feed between
    this look and the record.
    """
    state = select(feed_states.c.lease_holder).where(feed_states.c.feed_id == feed_id)
    return connection.scalar(state.with_for_update()) == holder


# ── record ───────────────────────────────────────────────────────────────────────────────────────


def record_success(
    connection: Connection,
    feed_id: int,
    schedule: Schedule,
    *,
    validators: Validators,
    body_hash: str,
    known_items: bytes = b"",
    outcome: Outcome = "changed",
    move: Move | None = None,
    published: tuple[datetime, ...] = (),
    asked: timedelta | None = None,
    skipped: SkippedTimes | None = None,
) -> None:
    """The document was read, and what it holds is recorded in the same transaction."""
    news = {"changed_at": schedule.checked_at} if outcome == "new" else {}
    connection.execute(
        update(feed_states)
        .where(feed_states.c.feed_id == feed_id)
        .values(
            etag=validators.etag,
            last_modified=validators.last_modified,
            body_hash=body_hash,
            known_items=known_items,
            asked_seconds=None if asked is None else asked.total_seconds(),
            skipped=skipped,
            published=published,
            outcome=outcome,
            **news,
            **_moved(move),
            **_HEALTHY,
            **_scheduled(schedule),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """A check that brought the document that is stored."""

    feed_id: int
    outcome: Outcome
    schedule: Schedule
    validators: Validators
    move: Move | None


def record_unchanged(connection: Connection, holder: str, unchanged: Sequence[Unchanged]) -> None:
    """Feeds whose document is the one that is stored; claims that were lost in the meantime are left out."""
    statement = (
        update(feed_states)
        .where(feed_states.c.feed_id == bindparam("checked_id"), feed_states.c.lease_holder == holder)
        .values(etag=bindparam("new_etag"), last_modified=bindparam("new_modified"), **_HEALTHY)
    )
    rows = [
        {
            "checked_id": checked.feed_id,
            "new_etag": checked.validators.etag,
            "new_modified": checked.validators.last_modified,
            "outcome": checked.outcome,
            **_moved(checked.move),
            **_scheduled(checked.schedule),
        }
        for checked in unchanged
    ]
    if rows:
        connection.execute(statement, rows)


def record_failure(
    connection: Connection,
    feed_id: int,
    schedule: Schedule,
    error: FeedError,
    *,
    gone: Withdrawn | None = None,
) -> None:
    """Count the failure and keep everything else, the validators above all."""
    connection.execute(
        update(feed_states)
        .where(feed_states.c.feed_id == feed_id)
        .values(
            failures=feed_states.c.failures + 1,
            failing_since=func.coalesce(
                feed_states.c.failing_since, literal(schedule.checked_at, feed_states.c.failing_since.type)
            ),
            error_code=error.code,
            error=str(error),
            error_reason=error.reason or None,
            outcome="failed",
            gone_since=gone.since if gone else None,
            gone_times=gone.times if gone else 0,
            gone_at=gone.stopped_at if gone else None,
            **_scheduled(schedule),
        )
    )


_HEALTHY = {
    "failures": 0,
    "failing_since": None,
    "error_code": None,
    "error": None,
    "error_reason": None,
    "gone_since": None,
    "gone_times": 0,
    "gone_at": None,
}


def _moved(move: Move | None) -> dict[str, object]:
    return {
        "moved_to": move.url if move else None,
        "moved_since": move.since if move else None,
        "moved_times": move.times if move else 0,
    }


def _scheduled(schedule: Schedule) -> dict[str, object]:
    return {
        "last_checked_at": schedule.checked_at,
        "next_fetch_at": schedule.next_fetch_at,
        "interval_seconds": schedule.interval.total_seconds(),
        "lease_holder": None,
        "lease_until": None,
    }


def postpone(
    connection: Connection, holder: str, feed_ids: Sequence[int], *, host: str, until: datetime
) -> None:
    """A host has had enough of us: these claims are given back, and no feed of `host` (a name,
    perhaps with a port) is due before `until`."""
    for start in range(0, len(feed_ids), 500):
        some = feed_ids[start : start + 500]
        connection.execute(
            update(feed_states)
            .where(feed_states.c.feed_id.in_(some), feed_states.c.lease_holder == holder)
            .values(lease_holder=None, lease_until=None)
        )
    origins = (feeds.c.url.startswith(f"{scheme}://{host}/", autoescape=True) for scheme in ("http", "https"))
    there = select(feeds.c.id).where(or_(*origins))
    connection.execute(
        update(feed_states)
        .where(feed_states.c.feed_id.in_(there), feed_states.c.next_fetch_at < until)
        .values(next_fetch_at=until)
    )


def hurry(
    connection: Connection, feed_id: int, *, now: datetime, pause: timedelta, revive: bool = True
) -> bool:
    """Make the feed due, `pause` after its last check at the earliest; `revive` one that is gone.

    False where it was due as early already.
    """
    mine = feed_states.c.feed_id == feed_id
    checked_at = connection.scalar(select(feed_states.c.last_checked_at).where(mine))
    due = max(now, checked_at + pause) if checked_at and checked_at <= now else now
    if revive:
        connection.execute(update(feed_states).where(mine).values(gone_at=None))
    done = connection.execute(
        update(feed_states).where(mine, feed_states.c.next_fetch_at > due).values(next_fetch_at=due)
    )
    return done.rowcount > 0


def record_feed(connection: Connection, feed_id: int, document: CleanFeed) -> None:
    """What the document says of its feed; what it does not say stays."""
    connection.execute(
        update(feeds)
        .where(feeds.c.id == feed_id)
        .values(
            title=case((literal(document.title) != "", document.title), else_=feeds.c.title),
            site_url=func.coalesce(document.site_url, feeds.c.site_url),
            description=document.description,
            language=func.coalesce(document.language, feeds.c.language),
        )
    )
