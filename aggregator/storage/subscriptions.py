"""What a person follows: subscriptions, their categories and their kept unread counts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, insert, select, update

from aggregator.domain import CategoryPath, FetchState, Subscription
from aggregator.errors import NotFound
from aggregator.storage.feeds import feed_columns, to_feed, to_gone, to_move
from aggregator.storage.prepared import IDS, USER
from aggregator.storage.schema import (
    categories,
    entries,
    feed_states,
    feeds,
    push_subscriptions,
    statuses,
    subscriptions,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

STATE_COLUMNS = (
    feed_states.c.last_checked_at,
    feed_states.c.next_fetch_at,
    feed_states.c.failures,
    feed_states.c.failing_since,
    feed_states.c.error_code,
    feed_states.c.error,
    feed_states.c.error_reason,
    feed_states.c.outcome,
    feed_states.c.changed_at,
    feed_states.c.published,
    feed_states.c.gone_at,
    feed_states.c.gone_since,
    feed_states.c.gone_times,
    feed_states.c.moved_to,
    feed_states.c.moved_since,
    feed_states.c.moved_times,
    push_subscriptions.c.until,
)


def subscribe(
    connection: Connection,
    user_id: int,
    feed_id: int,
    *,
    title: str | None,
    category: CategoryPath,
    now: datetime,
) -> bool:
    """Follow the feed; False where it is followed already (nothing changes then)."""
    if find_subscription(connection, user_id, feed_id) is not None:
        return False
    connection.execute(
        insert(subscriptions).values(
            user_id=user_id,
            feed_id=feed_id,
            category_id=ensure_category(connection, user_id, category),
            title=title,
            created_at=now,
            unread=_count_unread(connection, user_id, feed_id),
        )
    )
    return True


def set_paused(connection: Connection, user_id: int, feed_id: int, *, paused_at: datetime | None) -> None:
    """A feed that everybody has paused who follows it is not fetched."""
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.user_id == user_id, subscriptions.c.feed_id == feed_id)
        .values(paused_at=paused_at)
    )


def arrange(
    connection: Connection, user_id: int, feed_id: int, *, title: str | None, category: CategoryPath
) -> None:
    """Give it a title of the person's own (None: the feed's) and put it into a category, made where it is
    new."""
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.user_id == user_id, subscriptions.c.feed_id == feed_id)
        .values(title=title, category_id=ensure_category(connection, user_id, category))
    )


def unsubscribe(connection: Connection, user_id: int, feed_id: int) -> None:
    """Follow it no more. Its entries and their statuses stay: following again brings both back."""
    connection.execute(
        delete(subscriptions).where(subscriptions.c.user_id == user_id, subscriptions.c.feed_id == feed_id)
    )


def follow_instead(connection: Connection, user_id: int, old: int, new: int) -> None:
    """Let the feed `new`, which the person has just come to follow, take place and settings of `old`."""
    own = subscriptions.c
    settings = select(own.title, own.category_id, own.paused_at, own.full_text_since)
    kept = connection.execute(settings.where(own.user_id == user_id, own.feed_id == old)).one()
    connection.execute(
        update(subscriptions).where(own.user_id == user_id, own.feed_id == new).values(**kept._mapping)
    )
    unsubscribe(connection, user_id, old)


def ensure_category(connection: Connection, user_id: int, path: CategoryPath) -> int | None:
    """Its id; None for the empty path. It is made where it is new."""
    if not path:
        return None
    same = and_(categories.c.user_id == user_id, categories.c.path == path)
    known = connection.scalar(select(categories.c.id).where(same))
    if known is None:
        known = connection.execute(
            insert(categories).values(user_id=user_id, path=path).returning(categories.c.id)
        ).scalar_one()
    return int(known)


def _count_unread(connection: Connection, user_id: int, feed_id: int) -> int:
    read = select(statuses.c.entry_id).where(statuses.c.user_id == user_id, statuses.c.read_at.is_not(None))
    count = select(func.count()).where(entries.c.feed_id == feed_id, entries.c.id.not_in(read))
    return int(connection.execute(count).scalar_one())


@cache
def _selection() -> Select[tuple[object, ...]]:
    return (
        select(
            *feed_columns(),
            subscriptions.c.title,
            subscriptions.c.unread,
            subscriptions.c.paused_at,
            subscriptions.c.full_text_since,
            categories.c.path,
            *STATE_COLUMNS,
        )
        .join(feeds, feeds.c.id == subscriptions.c.feed_id)
        .join(feed_states, feed_states.c.feed_id == feeds.c.id)
        .outerjoin(categories, categories.c.id == subscriptions.c.category_id)
        .outerjoin(push_subscriptions, push_subscriptions.c.feed_id == feeds.c.id)
        .where(subscriptions.c.user_id == USER)
    )


@cache
def _one_of() -> Select[tuple[object, ...]]:
    return _selection().where(subscriptions.c.feed_id.in_(IDS))


def _to_subscription(row: Row[tuple[object, ...]]) -> Subscription:
    feed = to_feed(row)
    facts = row._mapping
    return Subscription(
        feed=feed,
        title=facts["title"] or feed.title,
        category=facts["path"] or (),
        unread=facts["unread"],
        state=to_state(row),
        paused_at=facts["paused_at"],
        full_text_since=facts["full_text_since"],
    )


def to_state(row: Row[tuple[object, ...]]) -> FetchState:
    """Of a row with `STATE_COLUMNS`."""
    facts = row._mapping
    return FetchState(
        last_checked_at=facts["last_checked_at"],
        next_fetch_at=facts["next_fetch_at"],
        failures=facts["failures"],
        failing_since=facts["failing_since"],
        error_code=facts["error_code"],
        error=facts["error"],
        error_reason=facts["error_reason"],
        outcome=facts["outcome"],
        changed_at=facts["changed_at"],
        published=facts["published"],
        gone=to_gone(row),
        move=to_move(row),
        pushed_until=facts["until"],
    )


def list_subscriptions(connection: Connection, user_id: int) -> tuple[Subscription, ...]:
    """By category, then by title, as a person reads them."""
    found = [_to_subscription(row) for row in connection.execute(_selection(), {"user_id": user_id})]
    found.sort(key=lambda s: (tuple(name.casefold() for name in s.category), s.title.casefold(), s.feed.id))
    return tuple(found)


def list_categories(connection: Connection, user_id: int) -> tuple[CategoryPath, ...]:
    """Those with feeds in them, as a person reads them."""
    paths = connection.scalars(_used_categories(), {"user_id": user_id})
    return tuple(sorted(paths, key=lambda path: tuple(name.casefold() for name in path)))


@cache
def _used_categories() -> Select[CategoryPath]:
    used = select(subscriptions.c.category_id).where(subscriptions.c.user_id == USER)
    return select(categories.c.path).where(categories.c.id.in_(used))


def find_subscription(connection: Connection, user_id: int, feed_id: int) -> Subscription | None:
    return list_by_feed(connection, user_id, [feed_id]).get(feed_id)


def list_by_feed(connection: Connection, user_id: int, feed_ids: Collection[int]) -> dict[int, Subscription]:
    found = connection.execute(_one_of(), {"user_id": user_id, "ids": list(feed_ids)})
    return {one.feed.id: one for one in map(_to_subscription, found)}


def get_subscription(connection: Connection, user_id: int, feed_id: int) -> Subscription:
    found = find_subscription(connection, user_id, feed_id)
    if found is None:
        raise NotFound(f"feed {feed_id}", "you follow no such feed", advice="`lire-aussi feeds` lists them.")
    return found


def find_by_url(connection: Connection, user_id: int, url: str) -> Subscription | None:
    row = connection.execute(_selection().where(feeds.c.url == url), {"user_id": user_id}).first()
    return None if row is None else _to_subscription(row)


def recount_unread(connection: Connection, feed_id: int) -> None:
    """Count anew for everybody who follows the feed."""
    readers = connection.scalars(select(subscriptions.c.user_id).where(subscriptions.c.feed_id == feed_id))
    for user_id in readers.all():
        connection.execute(
            update(subscriptions)
            .where(subscriptions.c.user_id == user_id, subscriptions.c.feed_id == feed_id)
            .values(unread=_count_unread(connection, user_id, feed_id))
        )


def add_unread(connection: Connection, feed_id: int, count: int) -> None:
    """`count` new entries of the feed: unread for everybody who follows it."""
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.feed_id == feed_id)
        .values(unread=subscriptions.c.unread + count)
    )


def move_unread(connection: Connection, user_id: int, feed_id: int, change: int) -> None:
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.user_id == user_id, subscriptions.c.feed_id == feed_id)
        .values(unread=subscriptions.c.unread + change)
    )
