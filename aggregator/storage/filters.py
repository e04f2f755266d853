"""The filters of each person, and what they did to entries.

An entry that is hidden is read as well: kept counts need not know of hiding. A filter that is deleted stays
as long as it hides something, so that a hidden entry can always say why.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, insert, select, update

from aggregator.domain import Filter, SavedFilter
from aggregator.errors import NotFound
from aggregator.filtering import MAX_CHARS, Candidate, covers, decide, meets
from aggregator.storage import subscriptions as kept
from aggregator.storage.prepared import USER
from aggregator.storage.schema import categories, entries, feeds, filters, statuses, subscriptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

    from aggregator.domain import CategoryPath, CleanEntry

MAX_FILTERS = 100
"""Of one person: each entry that arrives is held against all of them."""


# ── keep ─────────────────────────────────────────────────────────────────────────────────────────


@cache
def _selection() -> Select[tuple[object, ...]]:
    title = func.coalesce(subscriptions.c.title, feeds.c.title).label("feed_title")
    follows = and_(subscriptions.c.feed_id == filters.c.feed_id, subscriptions.c.user_id == USER)
    hidden = select(func.count()).where(statuses.c.hidden_by == filters.c.id).scalar_subquery()
    return (
        select(filters, categories.c.path, title, hidden.label("hidden"))
        .outerjoin(categories, categories.c.id == filters.c.category_id)
        .outerjoin(feeds, feeds.c.id == filters.c.feed_id)
        .outerjoin(subscriptions, follows)
        .where(filters.c.user_id == USER)
        .order_by(filters.c.id)
    )


@cache
def _working() -> Select[tuple[object, ...]]:
    return _selection().where(filters.c.deleted_at.is_(None))


def _to_filter(row: Row[tuple[object, ...]]) -> SavedFilter:
    facts = row._mapping
    rule = Filter(
        title=facts["title"],
        text=facts["text"],
        author=facts["author"],
        match_all=facts["match_all"],
        action=facts["action"],
        feed_id=facts["feed_id"],
        category=facts["path"],
    )
    return SavedFilter(
        id=facts["id"],
        rule=rule,
        feed_title=facts["feed_title"],
        deleted=facts["deleted_at"] is not None,
        hidden=facts["hidden"],
    )


def list_filters(connection: Connection, user_id: int, *, deleted: bool = False) -> tuple[SavedFilter, ...]:
    """In the order in which they were made; `deleted` adds those that still hide something."""
    found = connection.execute(_selection() if deleted else _working(), {"user_id": user_id})
    return tuple(map(_to_filter, found))


def save_filter(connection: Connection, user_id: int, rule: Filter, *, now: datetime) -> bool:
    """False where the person has `MAX_FILTERS`. Raises `NotFound` for a feed or category they have not."""
    mine = and_(filters.c.user_id == user_id, filters.c.deleted_at.is_(None))
    if (connection.scalar(select(func.count()).where(mine)) or 0) >= MAX_FILTERS:
        return False
    columns = _columns(connection, user_id, rule)
    connection.execute(insert(filters).values(user_id=user_id, created_at=now, **columns))
    return True


def _columns(connection: Connection, user_id: int, rule: Filter) -> dict[str, object]:
    if rule.feed_id is not None:
        kept.get_subscription(connection, user_id, rule.feed_id)
    return {
        "feed_id": rule.feed_id,
        "category_id": _category_id(connection, user_id, rule.category),
        "title": rule.title,
        "text": rule.text,
        "author": rule.author,
        "match_all": rule.match_all,
        "action": rule.action,
    }


def _category_id(connection: Connection, user_id: int, path: CategoryPath | None) -> int | None:
    if path is None:
        return None
    same = and_(categories.c.user_id == user_id, categories.c.path == path)
    found = connection.scalar(select(categories.c.id).where(same))
    if found is None:
        raise NotFound(" › ".join(path), "you have no such category")
    return int(found)


def get_filter(connection: Connection, user_id: int, filter_id: int) -> SavedFilter:
    """One that is not deleted."""
    row = connection.execute(_working().where(filters.c.id == filter_id), {"user_id": user_id}).first()
    if row is None:
        raise NotFound(f"filter {filter_id}", "you have no such filter")
    return _to_filter(row)


def change_filter(
    connection: Connection, user_id: int, filter_id: int, rule: Filter, *, now: datetime
) -> None:
    """What it hid stays hidden, by the rule as it was: that one stays, deleted, to say so."""
    known = get_filter(connection, user_id, filter_id)
    if known.rule == rule:
        return
    columns = _columns(connection, user_id, rule)
    mine = and_(filters.c.id == filter_id, filters.c.user_id == user_id)
    if known.hidden:
        connection.execute(update(filters).where(mine).values(deleted_at=now))
        connection.execute(insert(filters).values(user_id=user_id, created_at=now, **columns))
    else:
        connection.execute(update(filters).where(mine).values(**columns))


def delete_filter(
    connection: Connection, user_id: int, filter_id: int, *, bring_back: bool, now: datetime
) -> None:
    """It does nothing more; what it hid comes back unread, or stays hidden."""
    mine = and_(filters.c.id == filter_id, filters.c.user_id == user_id)
    if connection.scalar(select(filters.c.id).where(mine)) is None:
        raise NotFound(f"filter {filter_id}", "you have no such filter")
    if bring_back:
        _bring_back(connection, user_id, filter_id)
    connection.execute(update(filters).where(mine).values(deleted_at=now))
    hides = exists().where(statuses.c.hidden_by == filters.c.id)
    connection.execute(delete(filters).where(mine, ~hides))


def _bring_back(connection: Connection, user_id: int, filter_id: int) -> None:
    hidden = and_(statuses.c.user_id == user_id, statuses.c.hidden_by == filter_id)
    touched = select(entries.c.feed_id).distinct().join(statuses, statuses.c.entry_id == entries.c.id)
    feed_ids = connection.scalars(touched.where(hidden)).all()
    connection.execute(update(statuses).where(hidden).values(hidden_by=None, read_at=None))
    for feed_id in feed_ids:
        kept.recount_unread(connection, feed_id)


def hidden_by(connection: Connection, user_id: int, entry_ids: Sequence[int]) -> dict[int, SavedFilter]:
    """For each of these entries that is hidden, the filter that did it."""
    rows = connection.execute(
        select(statuses.c.entry_id, statuses.c.hidden_by).where(
            statuses.c.user_id == user_id,
            statuses.c.entry_id.in_(entry_ids),
            statuses.c.hidden_by.is_not(None),
        )
    ).all()
    known = {saved.id: saved for saved in list_filters(connection, user_id, deleted=True)} if rows else {}
    return {row.entry_id: known[row.hidden_by] for row in rows}


# ── apply ────────────────────────────────────────────────────────────────────────────────────────


def apply(
    connection: Connection, feed_id: int, arrived: Sequence[tuple[int, CleanEntry]], *, now: datetime
) -> None:
    """What everybody's filters want done with entries that have just been inserted and counted as unread."""
    has_filters = exists().where(filters.c.user_id == subscriptions.c.user_id, filters.c.deleted_at.is_(None))
    followers = (
        select(subscriptions.c.user_id, categories.c.path)
        .outerjoin(categories, categories.c.id == subscriptions.c.category_id)
        .where(subscriptions.c.feed_id == feed_id, has_filters)
    )
    for user_id, path in connection.execute(followers).all():
        _apply_for(connection, user_id, feed_id, path or (), arrived, now)


def _apply_for(
    connection: Connection,
    user_id: int,
    feed_id: int,
    category: CategoryPath,
    arrived: Sequence[tuple[int, CleanEntry]],
    now: datetime,
) -> None:
    mine = [saved for saved in list_filters(connection, user_id) if covers(saved.rule, feed_id, category)]
    verdicts = {
        entry_id: decide(
            mine,
            Candidate(
                feed_id=feed_id,
                category=category,
                title=entry.title,
                text=entry.text,
                author=entry.author,
            ),
        )
        for entry_id, entry in (arrived if mine else ())
    }
    rows = [
        {
            "user_id": user_id,
            "entry_id": entry_id,
            "read_at": None if verdict.unread else now,
            "starred_at": now if verdict.starred else None,
            "hidden_by": verdict.hidden_by,
        }
        for entry_id, verdict in verdicts.items()
        if verdict.starred or not verdict.unread
    ]
    if rows:
        connection.execute(insert(statuses), rows)
        kept.move_unread(connection, user_id, feed_id, -sum(row["read_at"] is not None for row in rows))


# ── before it is saved ───────────────────────────────────────────────────────────────────────────


def try_filter(
    connection: Connection, user_id: int, rule: Filter, *, last: int = 200
) -> tuple[int, tuple[int, ...]]:
    """How many of the newest entries in its scope were looked at, and the ids of those that it meets."""
    followed = (
        select(subscriptions.c.feed_id, categories.c.path)
        .outerjoin(categories, categories.c.id == subscriptions.c.category_id)
        .where(subscriptions.c.user_id == user_id)
    )
    scope = {
        row.feed_id: row.path or ()
        for row in connection.execute(followed)
        if covers(rule, row.feed_id, row.path or ())
    }
    columns = (
        entries.c.id,
        entries.c.feed_id,
        entries.c.title,
        entries.c.author,
        func.substr(entries.c.text, 1, MAX_CHARS).label("text"),
    )
    query = select(*columns).where(entries.c.feed_id.in_(scope))
    newest = query.order_by(entries.c.published_at.desc(), entries.c.id.desc()).limit(last)
    found = connection.execute(newest).all()
    return len(found), tuple(row.id for row in found if meets(rule, _candidate(row, scope)))


def _candidate(row: Row[int, int, str, str | None, str], scope: dict[int, CategoryPath]) -> Candidate:
    return Candidate(
        feed_id=row.feed_id,
        category=scope[row.feed_id],
        title=row.title,
        text=row.text,
        author=row.author,
    )
