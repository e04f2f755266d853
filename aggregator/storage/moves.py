"""A feed that has moved for good takes its new address; where another feed has it, the two become one.

Nothing that a person did is lost: subscriptions, read, starred, verdicts, own titles and categories go over.
An entry that both have (the same guid) is one entry: read or starred if it was so in either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, or_, select, update

from aggregator.storage.dialects import insert_into
from aggregator.storage.schema import (
    entries,
    feed_states,
    feeds,
    filters,
    former_addresses,
    import_outlines,
    pruned_entries,
    retention_rules,
    revisions,
    statuses,
    subscriptions,
    verdicts,
)
from aggregator.storage.subscriptions import recount_unread

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MARKS = ("read_at", "starred_at", "hidden_by")
_STILL_THERE = {"moved_to": None, "moved_since": None, "moved_times": 0}


def adopt(connection: Connection, feed_id: int, url: str) -> int:
    """Give the feed this address. Returns the id under which it lives on: that of another feed, if one has
    the address."""
    other = connection.scalar(select(feeds.c.id).where(feeds.c.url == url, feeds.c.id != feed_id))
    _remember(connection, feed_id, feed_id if other is None else int(other), url)
    if other is not None:
        _merge(connection, feed_id, int(other))
        return int(other)
    connection.execute(update(feeds).where(feeds.c.id == feed_id).values(url=url))
    connection.execute(update(feed_states).where(feed_states.c.feed_id == feed_id).values(**_STILL_THERE))
    return feed_id


def _remember(connection: Connection, feed_id: int, lives_on: int, url: str) -> None:
    """The present address of the feed, and those that it had, lead to the feed that it becomes."""
    old = connection.execute(select(feeds.c.url).where(feeds.c.id == feed_id)).scalar_one()
    if old == url:
        return
    known = former_addresses.c
    connection.execute(update(former_addresses).where(known.feed_id == feed_id).values(feed_id=lives_on))
    row = insert_into(connection, former_addresses).values(url=old, feed_id=lives_on)
    connection.execute(row.on_conflict_do_update(index_elements=[known.url], set_={"feed_id": lives_on}))


def present_addresses(connection: Connection, user_id: int) -> dict[str, str]:
    """Other addresses of the feeds that this person follows → the one in the library.

    Those from which they have moved, unless another feed has such an address now, and those to which they are
    moving. What others follow stays unknown: an address can be a secret.
    """
    known, taken = former_addresses.c, select(feeds.c.url)
    former = select(known.url, feeds.c.url).join(feeds, feeds.c.id == known.feed_id)
    moving = select(feed_states.c.moved_to, feeds.c.url).join(feeds, feeds.c.id == feed_states.c.feed_id)
    found: dict[str, str] = {}
    for query, condition in (
        (former, known.url.not_in(taken)),
        (moving, feed_states.c.moved_to.is_not(None)),
    ):
        own = query.join(subscriptions, subscriptions.c.feed_id == feeds.c.id).where(
            subscriptions.c.user_id == user_id, condition
        )
        found |= {row[0]: row[1] for row in connection.execute(own)}
    return found


def find_moved(connection: Connection, user_id: int, url: str) -> int | None:
    """The feed that this person follows and that had this address, or is moving to it."""
    followed = select(subscriptions.c.feed_id).where(subscriptions.c.user_id == user_id)
    for other, feed_id in (
        (feed_states.c.moved_to, feed_states.c.feed_id),
        (former_addresses.c.url, former_addresses.c.feed_id),
    ):
        found = select(feed_id).where(other == url, feed_id.in_(followed)).order_by(feed_id).limit(1)
        known = connection.scalar(found)
        if known is not None:
            return int(known)
    return None


def _merge(connection: Connection, old: int, new: int) -> None:
    """What hangs on the feed `old` goes to `new`; then it is deleted, and what the machine knew with it."""
    for entry_id, twin_id in _twins(connection, old, new):
        _merge_entry(connection, entry_id, twin_id)
    connection.execute(update(entries).where(entries.c.feed_id == old).values(feed_id=new))
    _merge_subscriptions(connection, old, new)
    _merge_memory(connection, old, new)
    for table in (filters, import_outlines):
        connection.execute(update(table).where(table.c.feed_id == old).values(feed_id=new))
    connection.execute(delete(feeds).where(feeds.c.id == old))
    recount_unread(connection, new)


def _twins(connection: Connection, old: int, new: int) -> list[tuple[int, int]]:
    """(id in `old`, id in `new`) of the entries that both have."""
    twins = entries.alias("twins")
    both = and_(entries.c.feed_id == old, twins.c.feed_id == new, twins.c.guid == entries.c.guid)
    return [(row[0], row[1]) for row in connection.execute(select(entries.c.id, twins.c.id).where(both))]


def _merge_entry(connection: Connection, entry_id: int, twin_id: int) -> None:
    for row in connection.execute(select(statuses).where(statuses.c.entry_id == entry_id)).all():
        merged = insert_into(connection, statuses).values(
            user_id=row.user_id,
            entry_id=twin_id,
            read_at=row.read_at,
            starred_at=row.starred_at,
            hidden_by=row.hidden_by,
        )
        kept = {name: func.coalesce(statuses.c[name], merged.excluded[name]) for name in _MARKS}
        connection.execute(
            merged.on_conflict_do_update(index_elements=[statuses.c.user_id, statuses.c.entry_id], set_=kept)
        )
    _merge_verdicts(connection, entry_id, twin_id)
    connection.execute(update(revisions).where(revisions.c.entry_id == entry_id).values(entry_id=twin_id))
    connection.execute(delete(entries).where(entries.c.id == entry_id))


def _merge_verdicts(connection: Connection, entry_id: int, twin_id: int) -> None:
    ends = verdicts.c.entry_id, verdicts.c.neighbour_id
    for row in connection.execute(select(verdicts).where(or_(*(end == entry_id for end in ends)))).all():
        other = row.neighbour_id if row.entry_id == entry_id else row.entry_id
        if other == twin_id:
            continue
        moved = insert_into(connection, verdicts).values(
            user_id=row.user_id,
            entry_id=min(twin_id, other),
            neighbour_id=max(twin_id, other),
            judged_at=row.judged_at,
        )
        connection.execute(moved.on_conflict_do_nothing())


def _merge_subscriptions(connection: Connection, old: int, new: int) -> None:
    """Who follows one of the two keeps it; who follows both keeps that of the new address, under the title
    and in the category that they gave to either."""
    mine, theirs = subscriptions.c, subscriptions.alias("theirs")
    has_both = exists().where(theirs.c.feed_id == new, theirs.c.user_id == mine.user_id)
    connection.execute(update(subscriptions).where(mine.feed_id == old, ~has_both).values(feed_id=new))
    for row in connection.execute(select(subscriptions).where(mine.feed_id == old)).all():
        connection.execute(
            update(subscriptions)
            .where(mine.feed_id == new, mine.user_id == row.user_id)
            .values(
                title=func.coalesce(mine.title, row.title),
                category_id=func.coalesce(mine.category_id, row.category_id),
                paused_at=mine.paused_at if row.paused_at else None,
                full_text_since=func.coalesce(mine.full_text_since, row.full_text_since),
            )
        )


def _merge_memory(connection: Connection, old: int, new: int) -> None:
    """What was pruned stays pruned, and the rule of the feed that had one holds."""
    for table in (pruned_entries, retention_rules):
        columns = [column for column in table.c if column.name != "feed_id"]
        for row in connection.execute(select(*columns).where(table.c.feed_id == old)).all():
            copied = insert_into(connection, table).values(feed_id=new, **row._mapping)
            connection.execute(copied.on_conflict_do_nothing())
