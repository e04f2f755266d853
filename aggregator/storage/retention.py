"""What is kept of each feed, and the removal of what is not.

Promises: what anybody starred stays, whatever a rule says, also what was starred a moment ago; statuses,
links, analysis and earlier texts go with an entry, unread counts with them, in one transaction; the guid
stays behind, so that the entry is not new where its document still holds it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, and_, bindparam, delete, exists, func, insert, or_, select, update

from aggregator.domain import RetentionRule
from aggregator.storage.dialects import insert_into
from aggregator.storage.schema import (
    entries,
    feed_states,
    feeds,
    pruned_entries,
    retention_rules,
    retention_state,
    statuses,
    subscriptions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

NO_RULE = RetentionRule()


# ── rules ────────────────────────────────────────────────────────────────────────────────────────


def find_rule(connection: Connection, feed_id: int) -> RetentionRule:
    row = connection.execute(_rule_of(), {"feed_id": feed_id}).first()
    return NO_RULE if row is None else _to_rule(row)


@cache
def _rule_of() -> Select[Any]:
    return select(retention_rules).where(retention_rules.c.feed_id == bindparam("feed_id", type_=Integer))


def _to_rule(row: Row[Any]) -> RetentionRule:
    return RetentionRule(keep_days=row.keep_days, keep_entries=row.keep_entries)


def list_rules(connection: Connection) -> dict[int, RetentionRule]:
    """By feed; feeds without a rule are left out."""
    return {row.feed_id: _to_rule(row) for row in connection.execute(select(retention_rules))}


def set_rule(connection: Connection, feed_id: int, rule: RetentionRule) -> None:
    connection.execute(delete(retention_rules).where(retention_rules.c.feed_id == feed_id))
    if rule != NO_RULE:
        values = {"keep_days": rule.keep_days, "keep_entries": rule.keep_entries}
        connection.execute(insert(retention_rules).values(feed_id=feed_id, **values))


def list_feeds(connection: Connection) -> list[tuple[int, str]]:
    """(id, title) of every feed of the library, followed or not."""
    query = select(feeds.c.id, feeds.c.title).order_by(feeds.c.id)
    return [(row.id, row.title) for row in connection.execute(query)]


# ── what may go ──────────────────────────────────────────────────────────────────────────────────


def count_surplus(
    connection: Connection, feed_id: int, *, before: datetime | None, newest: int | None, keep_unread: bool
) -> int:
    """How many entries arrived before that moment, or are older than the `newest` so many, and may go."""
    surplus = _surplus(connection, feed_id, before, newest, keep_unread)
    if surplus is None:
        return 0
    return int(connection.scalar(select(func.count()).select_from(entries).where(*surplus)) or 0)


def prune(
    connection: Connection,
    feed_id: int,
    *,
    before: datetime | None,
    newest: int | None,
    keep_unread: bool,
    limit: int,
    now: datetime,
) -> int:
    """Remove up to `limit` of these entries, the oldest first. Returns how many."""
    # A refresh that records this feed waits, and what it recorded is seen.
    connection.execute(
        select(feed_states.c.feed_id).where(feed_states.c.feed_id == feed_id).with_for_update()
    )
    surplus = _surplus(connection, feed_id, before, newest, keep_unread)
    if surplus is None:
        return 0
    query = select(entries.c.id).where(*surplus).order_by(entries.c.published_at, entries.c.id)
    ids = sorted(connection.scalars(query.limit(limit)))
    if ids:
        remove_entries(connection, feed_id, ids, now=now)
    return len(ids)


def remove_entries(connection: Connection, feed_id: int, ids: Sequence[int], *, now: datetime) -> None:
    """These entries of the feed, at most a few hundred, with all that hangs on them."""
    these = and_(entries.c.feed_id == feed_id, entries.c.id.in_(ids))
    columns = entries.c.guid, entries.c.content_hash
    rows = connection.execute(select(*columns).where(these).order_by(entries.c.id).with_for_update()).all()
    remembered = [
        {"feed_id": feed_id, "guid": row.guid, "content_hash": row.content_hash, "pruned_at": now}
        for row in rows
    ]
    if not remembered:
        return
    connection.execute(insert_into(connection, pruned_entries).on_conflict_do_nothing(), remembered)
    connection.execute(delete(entries).where(these))
    connection.execute(
        update(subscriptions).where(subscriptions.c.feed_id == feed_id).values(unread=_unread_count())
    )


def _surplus(
    connection: Connection, feed_id: int, before: datetime | None, newest: int | None, keep_unread: bool
) -> list[ColumnElement[bool]] | None:
    rules: list[ColumnElement[bool]] = []
    if before is not None:
        rules.append(entries.c.first_seen_at < before)
    if newest is not None and (mark := _last_kept(connection, feed_id, newest)) is not None:
        published_at, entry_id = mark
        same = and_(entries.c.published_at == published_at, entries.c.id < entry_id)
        rules.append(or_(entries.c.published_at < published_at, same))
    if not rules:
        return None
    starred = exists().where(statuses.c.entry_id == entries.c.id, statuses.c.starred_at.is_not(None))
    found = [entries.c.feed_id == feed_id, or_(*rules), ~starred]
    return [*found, ~_is_unread()] if keep_unread else found


def _last_kept(connection: Connection, feed_id: int, newest: int) -> tuple[datetime, int] | None:
    """Place in the order of the feed; None where it has no more than that."""
    query = select(entries.c.published_at, entries.c.id).where(entries.c.feed_id == feed_id)
    ordered = query.order_by(entries.c.published_at.desc(), entries.c.id.desc())
    row = connection.execute(ordered.offset(newest - 1).limit(1)).first()
    return None if row is None else (row.published_at, row.id)


def _is_unread() -> ColumnElement[bool]:
    """By somebody who follows the feed."""
    read = exists().where(
        statuses.c.entry_id == entries.c.id,
        statuses.c.user_id == subscriptions.c.user_id,
        statuses.c.read_at.is_not(None),
    )
    return exists().where(
        subscriptions.c.feed_id == entries.c.feed_id, ~read.correlate(entries, subscriptions)
    )


def _unread_count() -> ColumnElement[int]:
    own = and_(statuses.c.entry_id == entries.c.id, statuses.c.user_id == subscriptions.c.user_id)
    return (
        select(func.count())
        .select_from(entries.outerjoin(statuses, own))
        .where(entries.c.feed_id == subscriptions.c.feed_id, statuses.c.read_at.is_(None))
        .correlate(subscriptions)
        .scalar_subquery()
    )


# ── when it ran ──────────────────────────────────────────────────────────────────────────────────


def find_run(connection: Connection) -> tuple[datetime, datetime] | None:
    """When retention last ran by itself, and what it took for the time then."""
    row = connection.execute(select(retention_state)).one_or_none()
    return None if row is None else (row.ran_at, row.trusted_at)


def record_run(connection: Connection, *, ran_at: datetime, trusted_at: datetime) -> None:
    connection.execute(delete(retention_state))
    connection.execute(insert(retention_state).values(id=1, ran_at=ran_at, trusted_at=trusted_at))
