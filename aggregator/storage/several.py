"""Several subscriptions of a person at once: move, pause, remove, and bring back what was removed.

What is removed is remembered for a day, by the moment at which it went: all that went at one moment comes
back together, in its category, under its own title and paused as it was.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, delete, func, insert, literal, or_, select, update

from aggregator.storage.dialects import insert_into
from aggregator.storage.entries import status_of
from aggregator.storage.schema import entries, removed_subscriptions, statuses, subscriptions
from aggregator.storage.subscriptions import ensure_category

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

    from aggregator.domain import CategoryPath

_REMEMBERED = timedelta(days=1)
_KEPT = ("user_id", "feed_id", "category_id", "title", "created_at", "paused_at", "full_text_since")


def _are(user_id: int, feed_ids: Collection[int]) -> ColumnElement[bool]:
    return and_(subscriptions.c.user_id == user_id, subscriptions.c.feed_id.in_(feed_ids))


def list_followed(connection: Connection, user_id: int, feed_ids: Collection[int]) -> tuple[int, ...]:
    """Those of these feeds that the person follows."""
    return tuple(connection.scalars(select(subscriptions.c.feed_id).where(_are(user_id, feed_ids))))


def move_several(
    connection: Connection, user_id: int, feed_ids: Collection[int], category: CategoryPath
) -> None:
    """Into a category, made where it is new."""
    category_id = ensure_category(connection, user_id, category)
    moved = update(subscriptions).where(_are(user_id, feed_ids)).values(category_id=category_id)
    connection.execute(moved)


def pause_several(
    connection: Connection, user_id: int, feed_ids: Collection[int], *, paused_at: datetime | None
) -> None:
    connection.execute(update(subscriptions).where(_are(user_id, feed_ids)).values(paused_at=paused_at))


def remove_several(connection: Connection, user_id: int, feed_ids: Collection[int], *, now: datetime) -> None:
    """Follow them no more. Their entries and statuses stay."""
    removed = removed_subscriptions.c
    outdated = or_(removed.feed_id.in_(feed_ids), removed.removed_at < now - _REMEMBERED)
    connection.execute(delete(removed_subscriptions).where(removed.user_id == user_id, outdated))
    moment = literal(now, removed.removed_at.type)
    kept = select(*(subscriptions.c[name] for name in _KEPT), moment).where(_are(user_id, feed_ids))
    connection.execute(insert(removed_subscriptions).from_select([*_KEPT, "removed_at"], kept))
    connection.execute(delete(subscriptions).where(_are(user_id, feed_ids)))


def bring_back(
    connection: Connection, user_id: int, *, removed_at: datetime, room: int
) -> tuple[tuple[int, ...], int]:
    """The feeds that are followed again, at most `room`, and how many could not be.

    Those that were added anew meanwhile stay as they are.
    """
    removed = removed_subscriptions.c
    followed = select(subscriptions.c.feed_id).where(subscriptions.c.user_id == user_id)
    same = and_(removed.user_id == user_id, removed.removed_at == removed_at)
    unread = (
        select(func.count())
        .select_from(entries.outerjoin(statuses, status_of(user_id)))
        .where(entries.c.feed_id == removed.feed_id, statuses.c.read_at.is_(None))
        .scalar_subquery()
    )
    kept = select(*(removed[name] for name in _KEPT), unread).where(same, removed.feed_id.not_in(followed))
    again = insert_into(connection, subscriptions).from_select([*_KEPT, "unread"], kept.limit(room))
    back = connection.scalars(again.on_conflict_do_nothing().returning(subscriptions.c.feed_id)).all()
    connection.execute(delete(removed_subscriptions).where(same, removed.feed_id.in_(followed)))
    left = connection.execute(select(func.count()).select_from(removed_subscriptions).where(same))
    return tuple(back), int(left.scalar_one())
