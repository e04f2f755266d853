"""Many subscriptions at once: what `ensure_feed` and `subscribe` do one by one, in a few statements.

Promises the same rows as one by one, in the transaction of the caller: feeds and categories that are there
are used, a feed that is followed already keeps its title and category.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import func, insert, select

from aggregator.storage.schema import (
    categories,
    entries,
    feed_states,
    feeds,
    statuses,
    subscriptions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from aggregator.domain import CategoryPath, Outline

_T = TypeVar("_T")

_AT_ONCE = 500
"""SQLite bounds the variables of a statement."""


def list_followed_urls(connection: Connection, user_id: int) -> frozenset[str]:
    """The addresses of the feeds that the person follows."""
    followed = select(feeds.c.url).join(subscriptions).where(subscriptions.c.user_id == user_id)
    return frozenset(connection.scalars(followed))


def subscribe_all(
    connection: Connection, user_id: int, outlines: Sequence[Outline], *, now: datetime
) -> None:
    """Follow the feeds of the outlines, due at once where they are new. No two have the same address.

    An outline's title is the person's own for it (empty is none), and nobody else sees it.
    """
    there = find_feeds(connection, [outline.url for outline in outlines])
    made = _make_feeds(connection, [outline for outline in outlines if outline.url not in there], now)
    ids = there | made
    followed = _followed(connection, user_id, list(there.values()))
    fresh = [outline for outline in outlines if ids[outline.url] not in followed]
    paths = _ensure_categories(connection, user_id, (outline.category for outline in fresh))
    unread = _count_unread(connection, user_id, list(there.values()))
    rows = [
        {
            "user_id": user_id,
            "feed_id": ids[outline.url],
            "category_id": paths[outline.category] if outline.category else None,
            "title": outline.title or None,
            "created_at": now,
            "unread": unread.get(ids[outline.url], 0),
        }
        for outline in fresh
    ]
    if rows:
        connection.execute(insert(subscriptions), rows)


def find_feeds(connection: Connection, urls: Sequence[str]) -> dict[str, int]:
    """url → id"""
    found: dict[str, int] = {}
    for some in _batches(urls):
        rows = connection.execute(select(feeds.c.url, feeds.c.id).where(feeds.c.url.in_(some)))
        found |= {row.url: row.id for row in rows}
    return found


def _make_feeds(connection: Connection, outlines: Sequence[Outline], now: datetime) -> dict[str, int]:
    if not outlines:
        return {}
    rows = [
        {
            "url": outline.url,
            "title": outline.url,
            "site_url": outline.site_url,
            "description": "",
            "language": None,
        }
        for outline in outlines
    ]
    made = connection.execute(insert(feeds).returning(feeds.c.url, feeds.c.id), rows)
    ids = {row.url: row.id for row in made}
    connection.execute(
        insert(feed_states),
        [{"feed_id": i, "next_fetch_at": now, "interval_seconds": 0.0, "failures": 0} for i in ids.values()],
    )
    return ids


def _followed(connection: Connection, user_id: int, feed_ids: Sequence[int]) -> frozenset[int]:
    mine = select(subscriptions.c.feed_id).where(subscriptions.c.user_id == user_id)
    return frozenset(
        feed_id
        for some in _batches(feed_ids)
        for feed_id in connection.scalars(mine.where(subscriptions.c.feed_id.in_(some)))
    )


def _ensure_categories(
    connection: Connection, user_id: int, paths: Iterable[CategoryPath]
) -> dict[CategoryPath, int]:
    mine = select(categories.c.path, categories.c.id).where(categories.c.user_id == user_id)
    ids: dict[CategoryPath, int] = {row.path: row.id for row in connection.execute(mine)}
    missing = [path for path in dict.fromkeys(paths) if path and path not in ids]
    if missing:
        rows = [{"user_id": user_id, "path": path} for path in missing]
        made = connection.execute(insert(categories).returning(categories.c.path, categories.c.id), rows)
        ids |= {row.path: row.id for row in made}
    return ids


def _count_unread(connection: Connection, user_id: int, feed_ids: Sequence[int]) -> dict[int, int]:
    """feed → how many of its entries the person has not read"""
    read = select(statuses.c.entry_id).where(statuses.c.user_id == user_id, statuses.c.read_at.is_not(None))
    counted = (
        select(entries.c.feed_id, func.count().label("unread"))
        .where(entries.c.id.not_in(read))
        .group_by(entries.c.feed_id)
    )
    return {
        row.feed_id: row.unread
        for some in _batches(feed_ids)
        for row in connection.execute(counted.where(entries.c.feed_id.in_(some)))
    }


def _batches(items: Sequence[_T]) -> Iterable[Sequence[_T]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
