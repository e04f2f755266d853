"""The list of the feeds that a person follows: found, ordered and cut into pages by the database.

And the rhythm of one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sqlalchemy import Integer, Text, and_, bindparam, case, func, or_, select

from aggregator.domain import ListedFeed
from aggregator.storage.dialects import folded, occurs_in, shifted_day
from aggregator.storage.prepared import USER
from aggregator.storage.schema import entries, feed_states, feeds, subscriptions
from aggregator.storage.subscriptions import list_by_feed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select

Order = Literal["trouble", "name", "silent", "busiest"]

LATELY = timedelta(weeks=4)
"""Over which it is counted how busy a feed is."""

_NAME = func.coalesce(subscriptions.c.title, feeds.c.title)
_TROUBLED = and_(
    subscriptions.c.paused_at.is_(None),  # one that is paused bothers nobody
    or_(feed_states.c.failures > 0, feed_states.c.moved_to.is_not(None)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSelection:
    """Which feeds the list shows. Each of the words is part of the name or of the address."""

    words: tuple[str, ...] = ()
    category_ids: tuple[int | None, ...] | None = None
    """None among them: the feeds without a category. None: all feeds."""


class _Shape(NamedTuple):
    """A selection without its values: statements are built once for each."""

    words: int
    categories: bool
    loose: bool


def _shape(selection: FeedSelection) -> _Shape:
    ids = selection.category_ids
    return _Shape(
        words=len(selection.words), categories=ids is not None, loose=ids is not None and None in ids
    )


def _values(user_id: int, selection: FeedSelection) -> dict[str, object]:
    words = {f"word_{place}": word for place, word in enumerate(selection.words)}
    named = [one for one in selection.category_ids or () if one is not None]
    return {"user_id": user_id, "category_ids": named, **words}


def count_feeds(connection: Connection, user_id: int, selection: FeedSelection) -> int:
    return int(connection.scalar(_count(_shape(selection)), _values(user_id, selection)) or 0)


def list_feed_ids(connection: Connection, user_id: int, selection: FeedSelection) -> tuple[int, ...]:
    query = _among(select(subscriptions.c.feed_id), _shape(selection))
    return tuple(connection.scalars(query, _values(user_id, selection)))


def list_feeds(
    connection: Connection,
    user_id: int,
    selection: FeedSelection,
    *,
    order: Order,
    now: datetime,
    limit: int,
    offset: int,
) -> tuple[ListedFeed, ...]:
    values = _values(user_id, selection) | {"since": now - LATELY, "most": limit, "start": offset}
    found = connection.execute(_list(_shape(selection), order), values).all()
    known = list_by_feed(connection, user_id, [row.feed_id for row in found])
    return tuple(
        ListedFeed(
            subscription=known[row.feed_id],
            in_trouble=bool(row.troubled),
            newest_at=row.newest_at,
            lately=row.lately,
        )
        for row in found
    )


@cache
def _count(shape: _Shape) -> Select[Any]:
    return _among(select(func.count()), shape)


@cache
def _list(shape: _Shape, order: Order) -> Select[Any]:
    columns = (subscriptions.c.feed_id, _TROUBLED.label("troubled"), _newest(), _lately())
    query = _among(select(*columns), shape)
    query = query.order_by(*_order(order), folded(_NAME), subscriptions.c.feed_id)
    return query.limit(bindparam("most", type_=Integer)).offset(bindparam("start", type_=Integer))


def _among(query: Select[Any], shape: _Shape) -> Select[Any]:
    return (
        query.select_from(subscriptions)
        .join(feeds, feeds.c.id == subscriptions.c.feed_id)
        .join(feed_states, feed_states.c.feed_id == subscriptions.c.feed_id)
        .where(subscriptions.c.user_id == USER, *_conditions(shape))
    )


def _conditions(shape: _Shape) -> Iterator[ColumnElement[bool]]:
    for place in range(shape.words):
        word = bindparam(f"word_{place}", type_=Text)
        yield or_(occurs_in(word, _NAME), occurs_in(word, feeds.c.url))
    if shape.categories:
        named = subscriptions.c.category_id.in_(bindparam("category_ids", type_=Integer, expanding=True))
        yield or_(named, subscriptions.c.category_id.is_(None)) if shape.loose else named


def _order(order: Order) -> tuple[ColumnElement[Any], ...]:
    match order:
        case "trouble":
            states = feed_states.c
            since = func.coalesce(states.failing_since, states.moved_since, states.next_fetch_at)
            return case((_TROUBLED, 0), else_=1), case((_TROUBLED, since))
        case "silent":
            return (_newest().asc().nulls_first(),)
        case "busiest":
            return (_lately().desc(),)
        case "name":
            return ()


def _of_feed(query: Select[Any]) -> ScalarSelect[Any]:
    return query.where(entries.c.feed_id == subscriptions.c.feed_id).scalar_subquery()


def _newest() -> ColumnElement[datetime | None]:
    return _of_feed(select(func.max(entries.c.published_at))).label("newest_at")


def _lately() -> ColumnElement[int]:
    since = bindparam("since", type_=entries.c.published_at.type)
    return _of_feed(select(func.count()).where(entries.c.published_at > since)).label("lately")


# ── the rhythm of one ────────────────────────────────────────────────────────────────────────────


def count_by_day(
    connection: Connection, feed_id: int, *, since: datetime, offset: timedelta
) -> dict[date, int]:
    """Entries of the feed by the day of their publication, where it is `offset` later than UTC."""
    seconds = int(offset / timedelta(seconds=1))
    day = shifted_day(entries.c.published_at, seconds).label("day")
    published = select(day, func.count().label("entries")).where(
        entries.c.feed_id == feed_id, entries.c.published_at > since
    )
    return {row.day: row.entries for row in connection.execute(published.group_by("day"))}
