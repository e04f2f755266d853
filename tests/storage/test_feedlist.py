"""The list of feeds in both databases: found and ordered whatever their accents, removed and brought back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from library import NOW, an_entry, follow, owner, publish

from aggregator.domain import Schedule
from aggregator.errors import Unreachable
from aggregator.storage import feeds, marking, several, subscriptions, users
from aggregator.storage.feedlist import FeedSelection, count_by_day, count_feeds, list_feed_ids, list_feeds

if TYPE_CHECKING:
    from aggregator.storage.engine import Database
    from aggregator.storage.feedlist import Order


def names(database: Database, order: Order, limit: int = 10, offset: int = 0) -> list[str]:
    with database.read() as connection:
        found = list_feeds(
            connection,
            owner(database),
            FeedSelection(),
            order=order,
            now=NOW,
            limit=limit,
            offset=offset,
        )
    return [listed.subscription.title for listed in found]


def test_orders_and_pages(database: Database) -> None:
    ids = {
        name: follow(database, f"https://{n}.example/", name) for n, name in enumerate(("ab", "Écho", "Zoé"))
    }
    publish(database, ids["Zoé"], an_entry("One", days=1), an_entry("Two", days=30))
    publish(database, ids["ab"], an_entry("Three", days=5), an_entry("Four", days=6))
    schedule = Schedule(checked_at=NOW, next_fetch_at=NOW, interval=timedelta(hours=1))
    with database.write() as connection:
        feeds.record_failure(connection, ids["Zoé"], schedule, Unreachable("u", "no answer"))
    assert names(database, "name") == ["ab", "Écho", "Zoé"]
    assert names(database, "trouble") == ["Zoé", "ab", "Écho"]
    assert names(database, "silent") == ["Écho", "ab", "Zoé"]
    assert names(database, "busiest") == ["ab", "Zoé", "Écho"]
    assert names(database, "name", limit=1, offset=1) == ["Écho"]


def test_found_by_name_and_address_whatever_the_accents(database: Database) -> None:
    reader = owner(database)
    one = follow(database, "https://one.example/été", "Journal d’ÉVÉNEMENTS 100 %")
    two = follow(database, "https://two.example/", "Other")
    with database.write() as connection:
        subscriptions.arrange(connection, reader, two, title="Événement", category=())

    def found(*words: str) -> tuple[int, ...]:
        with database.read() as connection:
            return list_feed_ids(connection, reader, FeedSelection(words=words))

    assert set(found("evenement")) == {one, two}
    assert found("ÉTÉ") == (one,)
    assert found("Other") == ()  # it has another name here
    assert found("100", "%") == (one,)
    assert found("_") == ()


def test_others_feeds_are_not_listed(database: Database) -> None:
    follow(database, "https://one.example/", "One")
    with database.write() as connection:
        friend = users.add_user(connection, "friend", role="reader", password_hash="", now=NOW)
    with database.read() as connection:
        assert count_feeds(connection, friend, FeedSelection()) == 0
        assert several.list_followed(connection, friend, [1]) == ()


def test_what_was_removed_at_one_moment_comes_back(database: Database) -> None:
    reader = owner(database)
    one = follow(database, "https://one.example/", "One", category=("Presse",))
    two = follow(database, "https://two.example/", "Two")
    ids = publish(database, one, an_entry("A"), an_entry("B"))
    with database.write() as connection:
        marking.set_read(connection, reader, ids[0], read=True, now=NOW)
        several.pause_several(connection, reader, [one], paused_at=NOW)
        before = subscriptions.get_subscription(connection, reader, one)
        several.remove_several(connection, reader, [one], now=NOW)
        several.remove_several(connection, reader, [two], now=NOW + timedelta(minutes=1))
        assert several.bring_back(connection, reader, removed_at=NOW, room=0) == ((), 1)
        assert several.bring_back(connection, reader, removed_at=NOW, room=9) == ((one,), 0)
        assert subscriptions.list_subscriptions(connection, reader) == (before,)
        assert several.bring_back(connection, reader, removed_at=NOW, room=9) == ((), 0)


def test_days_are_those_of_the_place(database: Database) -> None:
    feed = follow(database, "https://one.example/", "One")
    publish(database, feed, an_entry("Today"), an_entry("Night", days=14.5 / 24), an_entry("Old", days=9))
    since = NOW - timedelta(days=8)
    with database.read() as connection:
        here = count_by_day(connection, feed, since=since, offset=timedelta(0))
        there = count_by_day(connection, feed, since=since, offset=timedelta(hours=1))
    today = NOW.date()
    assert here == {today: 1, today - timedelta(days=1): 1}
    assert there == {today: 2}
