"""Filters at work, on SQLite and on PostgreSQL: what arrives is marked, counts stay right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, owner, publish

from aggregator.domain import Filter
from aggregator.errors import NotFound
from aggregator.storage import entries, filters, marking, moves, recording, subscriptions

if TYPE_CHECKING:
    from aggregator.storage.engine import Database

OLD, NEW = "https://old.example/feed", "https://new.example/feed"


def save(database: Database, rule: Filter) -> None:
    with database.write() as connection:
        assert filters.save_filter(connection, owner(database), rule, now=NOW)


def record(database: Database, feed: int, *titles: str) -> None:
    with database.write() as connection:
        recording.record_entries(connection, feed, [an_entry(title) for title in titles], now=NOW)


def listed(database: Database, **selection: bool) -> set[str]:
    with database.read() as connection:
        found = entries.list_headlines(connection, owner(database), entries.Selection(**selection))
    return {headline.title for headline in found}


def unread(database: Database, feed: int) -> int:
    """As it is kept; a count anew must agree."""
    with database.write() as connection:
        kept = subscriptions.get_subscription(connection, owner(database), feed).unread
        subscriptions.recount_unread(connection, feed)
        assert kept == subscriptions.get_subscription(connection, owner(database), feed).unread
    return kept


def test_what_arrives_is_hidden_read_or_starred(database: Database) -> None:
    feed = follow(database, NEW, "A", category=("Presse", "Sport"))
    other = follow(database, OLD, "B")
    record(database, feed, "Coupe zero")
    save(database, Filter(title="coupe", category=("Presse", "Sport")))
    save(database, Filter(title="météo", action="read"))
    save(database, Filter(title="orlov", action="star", feed_id=feed))
    record(database, feed, "Coupe une", "Coupe Orlov", "Meteo", "Rien")
    record(database, other, "Coupe B", "Orlov B")
    assert listed(database) == {"Coupe zero", "Coupe Orlov", "Meteo", "Rien", "Coupe B", "Orlov B"}
    assert listed(database, unread_only=True) == {"Coupe zero", "Coupe Orlov", "Rien", "Coupe B", "Orlov B"}
    assert listed(database, starred_only=True) == {"Coupe Orlov"}
    assert listed(database, hidden_only=True) == {"Coupe une"}
    assert (unread(database, feed), unread(database, other)) == (3, 2)


def test_a_hidden_entry_says_why_even_when_its_filter_is_deleted(database: Database) -> None:
    feed = follow(database, NEW, "A")
    save(database, Filter(title="one"))
    record(database, feed, "One", "Two")
    reader = owner(database)
    with database.write() as connection:
        (saved,) = filters.list_filters(connection, reader)
        assert saved.hidden == 1
        filters.delete_filter(connection, reader, saved.id, bring_back=False, now=NOW)
        assert filters.list_filters(connection, reader) == ()
        (one,) = entries.list_headlines(connection, reader, entries.Selection(hidden_only=True))
        why = filters.hidden_by(connection, reader, [one.id])[one.id]
        assert (why.rule.title, why.deleted) == ("one", True)
    record(database, feed, "One more")
    assert "One more" in listed(database)


def test_deleting_can_bring_everything_back(database: Database) -> None:
    feed = follow(database, NEW, "A")
    save(database, Filter(title="one"))
    record(database, feed, "One", "Two")
    reader = owner(database)
    with database.write() as connection:
        (saved,) = filters.list_filters(connection, reader)
        filters.delete_filter(connection, reader, saved.id, bring_back=True, now=NOW)
        assert filters.list_filters(connection, reader, deleted=True) == ()
    assert listed(database, unread_only=True) == {"One", "Two"}
    assert unread(database, feed) == 2


def test_one_that_is_unread_again_is_hidden_no_more(database: Database) -> None:
    feed = follow(database, NEW, "A")
    save(database, Filter(title="one"))
    record(database, feed, "One")
    reader = owner(database)
    with database.write() as connection:
        (one,) = entries.list_headlines(connection, reader, entries.Selection(hidden_only=True))
        marking.set_read(connection, reader, one.id, read=False, now=NOW)
    assert listed(database) == {"One"}
    assert unread(database, feed) == 1


def test_trying_looks_at_the_newest_of_its_scope(database: Database) -> None:
    feed = follow(database, NEW, "A")
    other = follow(database, OLD, "B")
    found = publish(database, feed, *(an_entry(f"Number {n}", days=n) for n in range(5)))
    publish(database, other, an_entry("Number of another"))
    with database.read() as connection:
        reader = owner(database)
        assert filters.try_filter(connection, reader, Filter(title="number"))[0] == 6
        rule = Filter(title="number", feed_id=feed)
        assert filters.try_filter(connection, reader, rule, last=3) == (3, tuple(found[:3]))
        assert filters.try_filter(connection, reader, Filter(title="none")) == (6, ())


def test_a_filter_follows_its_feed_to_a_new_address(database: Database) -> None:
    old, new = follow(database, OLD, "A"), follow(database, NEW, "A")
    save(database, Filter(title="one", feed_id=old))
    record(database, old, "One")
    record(database, new, "One")
    with database.write() as connection:
        moves.adopt(connection, old, NEW)
        (saved,) = filters.list_filters(connection, owner(database))
    assert (saved.rule.feed_id, saved.hidden) == (new, 1)
    assert unread(database, new) == 0


def test_only_what_is_the_persons_own(database: Database) -> None:
    reader = owner(database)
    with database.write() as connection:
        for rule in (Filter(feed_id=9), Filter(category=("Presse",))):
            with pytest.raises(NotFound):
                filters.save_filter(connection, reader, rule, now=NOW)
        with pytest.raises(NotFound):
            filters.delete_filter(connection, reader, 1, bring_back=True, now=NOW)
