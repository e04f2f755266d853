"""What the tree beside the lists shows: categories and feeds with their kept counts. Nothing is counted."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, func, select

from aggregator.domain import Shelf, Spine
from aggregator.storage.dialects import folded
from aggregator.storage.prepared import USER
from aggregator.storage.schema import categories, feeds, subscriptions

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select


def list_shelves(connection: Connection, user_id: int) -> tuple[Shelf, ...]:
    """The categories with feeds in them as a person reads them; those without a category last."""
    found = [
        Shelf(id=row.category_id, path=row.path or (), unread=int(row.unread), feeds=row.feeds)
        for row in connection.execute(_shelves(), {"user_id": user_id})
    ]
    found.sort(key=lambda shelf: (shelf.id is None, tuple(name.casefold() for name in shelf.path)))
    return tuple(found)


@cache
def _shelves() -> Select[Any]:
    return (
        select(
            subscriptions.c.category_id,
            categories.c.path,
            func.sum(subscriptions.c.unread).label("unread"),
            func.count().label("feeds"),
        )
        .select_from(subscriptions)
        .outerjoin(categories, categories.c.id == subscriptions.c.category_id)
        .where(subscriptions.c.user_id == USER)
        .group_by(subscriptions.c.category_id, categories.c.path)
    )


def list_spines(
    connection: Connection, user_id: int, category_id: int | None, *, limit: int
) -> tuple[Spine, ...]:
    """The feeds of a category, by their titles; those with unread entries first where not all have room."""
    values = {"user_id": user_id, "category_id": category_id, "most": limit}
    found = [
        Spine(feed_id=row.feed_id, title=row.title, unread=row.unread)
        for row in connection.execute(_spines(), values)
    ]
    return tuple(sorted(found, key=lambda spine: (spine.title.casefold(), spine.feed_id)))


@cache
def _spines() -> Select[Any]:
    title = func.coalesce(subscriptions.c.title, feeds.c.title)
    category = subscriptions.c.category_id.is_not_distinct_from(bindparam("category_id", type_=Integer))
    return (
        select(subscriptions.c.feed_id, title.label("title"), subscriptions.c.unread)
        .join(feeds, feeds.c.id == subscriptions.c.feed_id)
        .where(subscriptions.c.user_id == USER, category)
        .order_by((subscriptions.c.unread == 0), func.lower(title), subscriptions.c.feed_id)
        .limit(bindparam("most", type_=Integer))
    )


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
    found: int | None = connection.scalar(_category_of(), {"user_id": user_id, "feed_id": feed_id})
    return found


@cache
def _category_of() -> Select[Any]:
    this = subscriptions.c.feed_id == bindparam("feed_id", type_=Integer)
    return select(subscriptions.c.category_id).where(subscriptions.c.user_id == USER, this)
