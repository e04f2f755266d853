"""The pictures of feeds: which feeds want one, and one copy of each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import exists, insert, or_, select, update

from aggregator.storage.prepared import IDS
from aggregator.storage.schema import entries, feed_states, feeds, icons, statuses, subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Select

_AT_ONCE = 500  # SQLite bounds the variables of a statement


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedIcon:
    feed_id: int
    page: str
    """The feed's site, or the feed itself where it names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Icon:
    content_type: str
    body: bytes


def list_wanted(
    connection: Connection, *, now: datetime, again_after: timedelta, limit: int, hold: bool = False
) -> tuple[WantedIcon, ...]:
    """Healthy, followed feeds without an icon that were not looked at for `again_after`; the newest first.

    `hold` keeps other writers from them until the end of this transaction.
    """
    wanted = _wanted(now, again_after, limit)
    rows = connection.execute(wanted.with_for_update(skip_locked=True, of=feed_states) if hold else wanted)
    return tuple(WantedIcon(feed_id=row.id, page=row.site_url or row.url) for row in rows)


def _wanted(now: datetime, again_after: timedelta, limit: int) -> Select[tuple[int, str | None, str]]:
    checked = feed_states.c.icon_checked_at
    return (
        select(feeds.c.id, feeds.c.site_url, feeds.c.url)
        .join(feed_states, feed_states.c.feed_id == feeds.c.id)
        .where(
            feeds.c.icon_id.is_(None),
            feed_states.c.failures == 0,
            feed_states.c.last_checked_at.is_not(None),
            or_(checked.is_(None), checked <= now - again_after, checked > now),  # or a clock was wrong
            exists().where(subscriptions.c.feed_id == feeds.c.id),
        )
        .order_by(feeds.c.id.desc())
        .limit(limit)
    )


def note_checked(connection: Connection, feed_ids: Iterable[int], checked_at: datetime | None) -> None:
    """They are not wanted again for a while; None: they still are."""
    for some in _pieces(feed_ids):
        connection.execute(
            update(feed_states).where(feed_states.c.feed_id.in_(some)).values(icon_checked_at=checked_at)
        )


def record_icon(connection: Connection, feed_ids: Iterable[int], icon: Icon) -> None:
    """The icon of these feeds from now on."""
    digest = hashlib.sha256(icon.body).hexdigest()[:32]
    known = connection.scalar(select(icons.c.id).where(icons.c.digest == digest))
    if known is None:
        made = insert(icons).values(digest=digest, content_type=icon.content_type, body=icon.body)
        known = connection.execute(made.returning(icons.c.id)).scalar_one()
    for some in _pieces(feed_ids):
        connection.execute(update(feeds).where(feeds.c.id.in_(some)).values(icon_id=known))


def find_icon(connection: Connection, user_id: int, digest: str) -> Icon | None:
    """None also where it is of no feed that this person follows or has starred something of."""
    followed = exists().where(subscriptions.c.feed_id == feeds.c.id, subscriptions.c.user_id == user_id)
    starred = exists().where(
        entries.c.feed_id == feeds.c.id,
        statuses.c.entry_id == entries.c.id,
        statuses.c.user_id == user_id,
        statuses.c.starred_at.is_not(None),
    )
    theirs = exists().where(feeds.c.icon_id == icons.c.id, or_(followed, starred))
    row = connection.execute(
        select(icons.c.content_type, icons.c.body).where(icons.c.digest == digest, theirs)
    ).first()
    return None if row is None else Icon(content_type=row.content_type, body=row.body)


def icon_digests(connection: Connection, feed_ids: Iterable[int]) -> dict[int, str]:
    """feed id → digest of its icon, for those of the feeds that have one."""
    found: dict[int, str] = {}
    for some in _pieces(set(feed_ids)):
        found.update((row.id, row.digest) for row in connection.execute(_digests(), {"ids": some}))
    return found


@cache
def _digests() -> Select[tuple[int, str]]:
    joined = select(feeds.c.id, icons.c.digest).join(icons, icons.c.id == feeds.c.icon_id)
    return joined.where(feeds.c.id.in_(IDS))


def _pieces(feed_ids: Iterable[int]) -> Iterable[Sequence[int]]:
    ids = sorted(feed_ids)
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
