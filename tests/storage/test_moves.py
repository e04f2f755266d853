"""Two feeds that become one, on SQLite and on PostgreSQL: nobody's data is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, owner, publish
from sqlalchemy import insert, select

from aggregator.errors import NotFound
from aggregator.storage import entries, feeds, marking, moves, subscriptions
from aggregator.storage.schema import pruned_entries, revisions, users
from aggregator.storage.users import add_user
from aggregator.storage.verdicts import list_verdicts, refuse_link

if TYPE_CHECKING:
    from aggregator.storage.engine import Database

OLD, NEW = "https://old.example/feed", "https://new.example/feed"


def shown(database: Database, feed: int) -> dict[str, tuple[bool, bool]]:
    """title → (read, starred)"""
    with database.read() as connection:
        found = entries.list_headlines(connection, owner(database), entries.Selection(feed_id=feed))
    return {headline.title: (headline.read, headline.starred) for headline in found}


def adopt(database: Database, feed: int) -> int:
    with database.write() as connection:
        return moves.adopt(connection, feed, NEW)


def test_a_new_address_that_nobody_has(database: Database) -> None:
    feed = follow(database, OLD, "A")
    publish(database, feed, an_entry("One"))
    assert adopt(database, feed) == feed
    with database.read() as connection:
        found = subscriptions.get_subscription(connection, owner(database), feed)
    assert (found.feed.url, found.unread) == (NEW, 1)
    assert adopt(database, feed) == feed  # twice does no harm


def test_what_a_person_did_with_either_feed_is_kept(database: Database) -> None:
    reader = owner(database)
    old = follow(database, OLD, "Old", category=("Presse",))
    new = follow(database, NEW, "New")
    names = ("Read in old", "Starred in old", "Read in new", "Untouched")
    theirs = dict(zip(names, publish(database, old, *(an_entry(name) for name in names)), strict=True))
    ours = dict(zip(names, publish(database, new, *(an_entry(name) for name in names)), strict=True))
    (alone,) = publish(database, old, an_entry("Only in old"))
    publish(database, new, an_entry("Only in new"))
    with database.write() as connection:
        marking.set_read(connection, reader, theirs["Read in old"], read=True, now=NOW)
        marking.set_starred(connection, reader, theirs["Starred in old"], starred=True, now=NOW)
        marking.set_read(connection, reader, ours["Starred in old"], read=True, now=NOW)
        marking.set_read(connection, reader, ours["Read in new"], read=True, now=NOW)
        marking.set_starred(connection, reader, alone, starred=True, now=NOW)
        connection.execute(
            insert(revisions).values(entry_id=theirs["Untouched"], replaced_at=NOW, title="Before", html="")
        )
        for feed in (old, new):
            connection.execute(
                insert(pruned_entries).values(feed_id=feed, guid="both", content_hash="x", pruned_at=NOW)
            )
        connection.execute(
            insert(pruned_entries).values(feed_id=old, guid="old", content_hash="x", pruned_at=NOW)
        )
    assert adopt(database, old) == new
    assert shown(database, new) == {
        "Read in old": (True, False),
        "Starred in old": (True, True),
        "Read in new": (True, False),
        "Untouched": (False, False),
        "Only in old": (False, True),
        "Only in new": (False, False),
    }
    with database.read() as connection:
        found = subscriptions.get_subscription(connection, reader, new)
        assert (found.category, found.unread) == (("Presse",), 3)
        with pytest.raises(NotFound):
            subscriptions.get_subscription(connection, reader, old)
        assert connection.scalars(select(revisions.c.entry_id)).all() == [ours["Untouched"]]
        pruned = select(pruned_entries.c.guid).where(pruned_entries.c.feed_id == new)
        assert sorted(connection.scalars(pruned)) == ["both", "old"]


def test_who_follows_the_old_feed_alone_follows_the_new_one(database: Database) -> None:
    old, reader = follow(database, OLD, "Old"), owner(database)
    with database.write() as connection:
        other = connection.execute(
            insert(users).values(name="other", created_at=NOW).returning(users.c.id)
        ).scalar_one()
        new = feeds.ensure_feed(connection, NEW, title="New", site_url=None, now=NOW)
        subscriptions.subscribe(connection, other, new, title=None, category=(), now=NOW)
        subscriptions.subscribe(connection, other, old, title="Mine", category=(), now=NOW)
        subscriptions.set_paused(connection, other, new, paused_at=NOW)
    publish(database, old, an_entry("One"))
    assert adopt(database, old) == new
    assert shown(database, new) == {"One": (False, False)}
    with database.read() as connection:
        first = subscriptions.get_subscription(connection, reader, new)
        second = subscriptions.get_subscription(connection, other, new)
    assert (first.unread, second.unread) == (1, 1)
    assert (second.title, second.paused_at) == ("Mine", None)


def test_what_was_judged_unrelated_stays_so(database: Database) -> None:
    old, new, reader = follow(database, OLD, "Old"), follow(database, NEW, "New"), owner(database)
    one, two = publish(database, old, an_entry("One"), an_entry("Two"))
    (twin,) = publish(database, new, an_entry("One"))
    with database.write() as connection:
        for other in (two, twin):
            refuse_link(connection, reader, one, other, now=NOW)
    adopt(database, old)
    with database.read() as connection:
        pairs = [(found.one.id, found.other.id) for found in list_verdicts(connection, reader)]
    assert pairs == [(two, twin)]


def test_two_ids_that_are_both_paused_stay_so(database: Database) -> None:
    old, new, reader = follow(database, OLD, "Old"), follow(database, NEW, "New"), owner(database)
    with database.write() as connection:
        for feed in (old, new):
            subscriptions.set_paused(connection, reader, feed, paused_at=NOW)
    adopt(database, old)
    with database.read() as connection:
        assert subscriptions.get_subscription(connection, reader, new).paused_at == NOW


def test_the_old_address_leads_to_the_feed_from_now_on(database: Database) -> None:
    reader = owner(database)
    first, second = follow(database, "https://first.example/", "A"), follow(database, OLD, "B")
    with database.write() as connection:
        moves.adopt(connection, first, OLD)  # the two become one
        moves.adopt(connection, second, NEW)
    with database.read() as connection:
        assert moves.present_addresses(connection, reader) == {"https://first.example/": NEW, OLD: NEW}
        assert moves.find_moved(connection, reader, "https://first.example/") == second


def test_the_address_of_a_feed_is_told_only_to_those_who_follow_it(database: Database) -> None:
    adopt(database, follow(database, OLD, "A"))
    with database.write() as connection:
        stranger = add_user(connection, "ana", role="reader", password_hash="x", now=NOW)
        assert moves.present_addresses(connection, stranger) == {}


def test_an_address_that_another_feed_took_is_its_own(database: Database) -> None:
    feed = follow(database, OLD, "A")
    adopt(database, feed)
    follow(database, OLD, "B")
    with database.read() as connection:
        assert moves.present_addresses(connection, owner(database)) == {}
