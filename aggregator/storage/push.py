"""Subscriptions at hubs (WebSub): which hub pushes which feed, until when, and the secrets of both sides."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update

from aggregator.storage.schema import feed_states, push_subscriptions, subscriptions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, RowMapping


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSubscription:
    feed_id: int
    hub_url: str
    topic_url: str
    token: str
    """What makes our callback's address one that nobody guesses."""
    secret: str
    """What the hub signs with; only the hub knows it."""
    asked_at: datetime | None
    until: datetime | None


def record_hub(connection: Connection, feed_id: int, hub_url: str | None, topic_url: str) -> None:
    """The hub that the feed announces now; another hub or topic is a subscription to be asked for anew."""
    mine = push_subscriptions.c.feed_id == feed_id
    known = connection.execute(select(push_subscriptions).where(mine)).first()
    if known is not None and (known.hub_url, known.topic_url) == (hub_url, topic_url):
        return
    if known is not None:
        connection.execute(delete(push_subscriptions).where(mine))
    if hub_url is not None:
        connection.execute(
            insert(push_subscriptions).values(
                feed_id=feed_id,
                hub_url=hub_url,
                topic_url=topic_url,
                token=secrets.token_urlsafe(24),
                secret=secrets.token_urlsafe(32),
            )
        )


def list_wanted(connection: Connection, *, ends_before: datetime) -> tuple[PushSubscription, ...]:
    """Those of followed feeds that are not granted, or not for longer; the longest waiting first."""
    wanted = and_(
        exists().where(
            subscriptions.c.feed_id == push_subscriptions.c.feed_id, subscriptions.c.paused_at.is_(None)
        ),
        or_(push_subscriptions.c.until.is_(None), push_subscriptions.c.until < ends_before),
    )
    oldest = func.coalesce(push_subscriptions.c.asked_at, feed_states.c.last_checked_at)
    rows = connection.execute(
        select(push_subscriptions)
        .join(feed_states, feed_states.c.feed_id == push_subscriptions.c.feed_id)
        .where(wanted)
        .order_by(oldest, push_subscriptions.c.feed_id)
    )
    return tuple(_made(row._mapping) for row in rows)


def find_by_token(connection: Connection, token: str) -> PushSubscription | None:
    row = connection.execute(select(push_subscriptions).where(push_subscriptions.c.token == token)).first()
    return None if row is None else _made(row._mapping)


def _made(facts: RowMapping) -> PushSubscription:
    return PushSubscription(**{name: facts[name] for name in PushSubscription.__dataclass_fields__})


def record_asked(connection: Connection, token: str, *, now: datetime, error: str | None) -> None:
    connection.execute(
        update(push_subscriptions)
        .where(push_subscriptions.c.token == token)
        .values(asked_at=now, error=error)
    )


def record_granted(connection: Connection, token: str, *, until: datetime) -> None:
    connection.execute(
        update(push_subscriptions).where(push_subscriptions.c.token == token).values(until=until, error=None)
    )


def record_denied(connection: Connection, token: str, *, error: str) -> None:
    connection.execute(
        update(push_subscriptions).where(push_subscriptions.c.token == token).values(until=None, error=error)
    )


def is_followed(connection: Connection, feed_id: int) -> bool:
    count = select(func.count()).where(subscriptions.c.feed_id == feed_id)
    return bool(connection.scalar(count))


def poll_again(connection: Connection, feed_id: int, *, by: datetime) -> None:
    """A feed whose hub fell away is due by this moment, however long its hub had made it wait."""
    connection.execute(
        update(feed_states)
        .where(feed_states.c.feed_id == feed_id, feed_states.c.next_fetch_at > by)
        .values(next_fetch_at=by)
    )
