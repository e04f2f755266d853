"""What the tree beside the lists shows: categories and feeds with their kept counts. Nothing is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from aggregator.domain import Shelf, Spine
from aggregator.storage.dialects import folded
from aggregator.storage.schema import categories, feeds, subscriptions

if TYPE_CHECKING:
    from sqlalchemy import Connection


def list_shelves(connection: Connection, user_id: int) -> tuple[Shelf, ...]:
    """The categories with feeds in them as a person reads them; those without a category last."""
    query = (
        select(
            subscriptions.c.category_id,
            categories.c.path,
            func.sum(subscriptions.c.unread).label("unread"),
            func.count().label("feeds"),
        )
        .select_from(subscriptions)
        .outerjoin(categories, categories.c.id == subscriptions.c.category_id)
        .where(subscriptions.c.user_id == user_id)
        .group_by(subscriptions.c.category_id, categories.c.path)
    )
    found = [
        Shelf(id=row.category_id, path=row.path or (), unread=int(row.unread), feeds=row.feeds)
        for row in connection.execute(query)
    ]
    found.sort(key=lambda shelf: (shelf.id is None, tuple(name.casefold() for name in shelf.path)))
    return tuple(found)


def list_spines(
    connection: Connection, user_id: int, category_id: int | None, *, limit: int
) -> tuple[Spine, ...]:
    """The feeds of a category, by their titles; those with unread entries first where not all have room."""
    title = func.coalesce(subscriptions.c.title, feeds.c.title)
    query = (
        select(subscriptions.c.feed_id, title.label("title"), subscriptions.c.unread)
        .join(feeds, feeds.c.id == subscriptions.c.feed_id)
        .where(
            subscriptions.c.user_id == user_id, subscriptions.c.category_id.is_not_distinct_from(category_id)
        )
        .order_by((subscriptions.c.unread == 0), func.lower(title), subscriptions.c.feed_id)
        .limit(limit)
    )
    found = [
        Spine(feed_id=row.feed_id, title=row.title, unread=row.unread) for row in connection.execute(query)
    ]
    return tuple(sorted(found, key=lambda spine: (spine.title.casefold(), spine.feed_id)))


def list_names(connection: Connection, user_id: int) -> tuple[tuple[int, str], ...]:
    """(feed, title) of all that the person follows, by their titles."""
    title = func.coalesce(subscriptions.c.title, feeds.c.title).label("title")
    query = (
        select(subscriptions.c.feed_id, title)
        .join(feeds, feeds.c.id == subscriptions.c.feed_id)
        .where(subscriptions.c.user_id == user_id)
        .order_by(folded(title.element), subscriptions.c.feed_id)
    )
    return tuple((row.feed_id, row.title) for row in connection.execute(query))


def find_category_of(connection: Connection, user_id: int, feed_id: int) -> int | None:
    found: int | None = connection.scalar(
        select(subscriptions.c.category_id).where(
            subscriptions.c.user_id == user_id, subscriptions.c.feed_id == feed_id
        )
    )
    return found
