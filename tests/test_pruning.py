"""Retention, on SQLite and PostgreSQL: what goes, what stays, and that nothing comes back as new."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, analysed, follow, link, owner, publish, total_unread
from sqlalchemy import func, select, text

from aggregator.domain import RetentionRule
from aggregator.linking import Linker
from aggregator.policies import RelatedPolicy, RetentionPolicy
from aggregator.pruning import Pruner, is_due, limits_of, trusted_time
from aggregator.storage import entries, links, marking, recording, retention, subscriptions
from aggregator.storage.schema import entry_terms, pruned_entries, revisions, statuses

if TYPE_CHECKING:
    from aggregator.domain import CleanEntry, PruneReport
    from aggregator.storage.engine import Database

ALL_GOES = RetentionPolicy(keep_days=30, keep_unread=False)
LATER = NOW + timedelta(days=40)


@pytest.fixture
def feed(database: Database) -> int:
    return follow(database, "https://a.example/feed", "A")


def prune(
    database: Database, policy: RetentionPolicy, *, days: float = 40, dry_run: bool = False
) -> PruneReport:
    pruner = Pruner(database=database, policy=policy)
    return pruner.prune(now=NOW + timedelta(days=days), dry_run=dry_run)


def titles(database: Database) -> list[str]:
    with database.read() as connection:
        found = entries.list_headlines(connection, owner(database), entries.Selection(limit=5_000))
    return sorted(headline.title for headline in found)


def unread(database: Database) -> int:
    with database.read() as connection:
        return total_unread(connection, owner(database))


def read_all(database: Database) -> None:
    with database.write() as connection:
        marking.mark_all_read(connection, owner(database), now=NOW, up_to=10**6)


def count(database: Database, table: str) -> int:
    with database.read() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def again(database: Database, feed: int, *found: CleanEntry, standing: bool = True) -> recording.Recorded:
    """The document, as a refresh records it."""
    guids = frozenset(entry.guid for entry in found) if standing else frozenset({"other"})
    with database.write() as connection:
        return recording.record_entries(connection, feed, found, now=LATER, standing=guids)


# ── what goes, what stays ────────────────────────────────────────────────────────────────────────


def test_without_a_rule_everything_is_kept(database: Database, feed: int) -> None:
    publish(database, feed, an_entry("One", days=4_000))
    read_all(database)
    assert prune(database, RetentionPolicy(), days=36_500).entries == 0
    assert titles(database) == ["One"]


def test_what_arrived_long_ago_goes_however_old_it_is(database: Database, feed: int) -> None:
    publish(database, feed, an_entry("Old"))
    publish(database, feed, an_entry("From an archive", days=4_000), now=NOW + timedelta(days=30))
    read_all(database)
    report = prune(database, ALL_GOES)
    assert [(gone.title, gone.entries) for gone in report.feeds] == [("A", 1)]
    assert titles(database) == ["From an archive"]


def test_the_newest_stay(database: Database, feed: int) -> None:
    publish(database, feed, *(an_entry(f"T{n}", days=n) for n in range(9)))
    other = follow(database, "https://b.example/feed", "B")
    publish(database, other, an_entry("Other", days=100))
    read_all(database)
    assert prune(database, RetentionPolicy(keep_entries=3)).entries == 6
    assert titles(database) == ["Other", "T0", "T1", "T2"]
    assert prune(database, RetentionPolicy(keep_entries=3)).entries == 0


def test_starred_and_unread_stay_as_asked(database: Database, feed: int) -> None:
    ids = publish(database, feed, an_entry("Read"), an_entry("Unread"), an_entry("Starred"), an_entry("Both"))
    with database.write() as connection:
        for entry_id in (ids[0], ids[2]):
            marking.set_read(connection, owner(database), entry_id, read=True, now=NOW)
        for entry_id in (ids[2], ids[3]):
            marking.set_starred(connection, owner(database), entry_id, starred=True, now=NOW)
    prune(database, RetentionPolicy(keep_days=30))
    assert (titles(database), unread(database)) == (["Both", "Starred", "Unread"], 2)
    prune(database, ALL_GOES)
    assert (titles(database), unread(database)) == (["Both", "Starred"], 1)


def test_what_is_starred_stays_though_its_feed_is_followed_no_more(database: Database, feed: int) -> None:
    starred, _ = publish(database, feed, an_entry("Starred"), an_entry("Not"))
    with database.write() as connection:
        marking.set_starred(connection, owner(database), starred, starred=True, now=NOW)
        subscriptions.unsubscribe(connection, owner(database), feed)
    assert prune(database, RetentionPolicy(keep_days=30)).entries == 1
    with database.read() as connection:
        assert entries.get_entry(connection, owner(database), starred).title == "Starred"


def test_the_rule_of_a_feed_wins(database: Database, feed: int) -> None:
    other = follow(database, "https://b.example/feed", "B")
    publish(database, feed, an_entry("A1"), an_entry("A2"))
    publish(database, other, an_entry("B1"))
    read_all(database)
    with database.write() as connection:
        retention.set_rule(connection, feed, RetentionRule(keep_days=0))
    assert prune(database, ALL_GOES, dry_run=True).entries == 1
    assert titles(database) == ["A1", "A2", "B1"]
    assert prune(database, ALL_GOES).entries == 1
    with database.write() as connection:
        retention.set_rule(connection, feed, RetentionRule(keep_entries=1))
        retention.set_rule(connection, other, RetentionRule())
        assert retention.list_rules(connection) == {feed: RetentionRule(keep_entries=1)}
    assert prune(database, RetentionPolicy()).entries == 1
    assert titles(database) == ["A1"]


# ── nothing comes back ───────────────────────────────────────────────────────────────────────────


def test_what_was_pruned_is_not_new_again(database: Database, feed: int) -> None:
    found = [an_entry(f"T{n}", text=f"Text {n}", url=f"https://a.example/{n}") for n in range(4)]
    publish(database, feed, *found)
    read_all(database)
    assert prune(database, ALL_GOES).entries == 4
    assert again(database, feed, *found) == (0, 0)
    edited = dataclasses.replace(an_entry("Edited", text="Other"), guid="T0")
    renamed = dataclasses.replace(found[1], guid="another guid")
    assert again(database, feed, edited, renamed, *found[2:]) == (0, 0)
    assert again(database, feed, an_entry("New"), *found) == (1, 0)
    assert (titles(database), unread(database)) == (["New"], 1)


def test_what_stands_in_the_document_is_remembered_for_good_what_left_it_for_a_year(
    database: Database, feed: int
) -> None:
    stays, leaves = an_entry("Stays"), an_entry("Leaves")
    publish(database, feed, stays, leaves)
    read_all(database)
    prune(database, ALL_GOES)
    years_later = LATER + timedelta(days=800)
    guids = frozenset({"Stays", "New"})
    with database.write() as connection:
        recording.record_entries(connection, feed, [an_entry("New")], now=years_later, standing=guids)
        assert list(connection.scalars(select(pruned_entries.c.guid))) == ["Stays"]


def test_all_that_hangs_on_an_entry_goes_with_it(database: Database, feed: int) -> None:
    one, two = publish(database, feed, an_entry("One"), an_entry("Two"))
    publish(database, feed, dataclasses.replace(an_entry("One, edited"), guid="One"))
    analysed(database, one, arrival=1)
    analysed(database, two, arrival=2)
    link(database, two, one)
    with database.write() as connection:
        marking.set_read(connection, owner(database), one, read=True, now=NOW)
    assert prune(database, RetentionPolicy(keep_days=30)).entries == 1
    with database.read() as connection:
        assert links.list_related(connection, owner(database), [two]) == {}
        for table in (revisions, statuses):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
        assert list(connection.scalars(select(entry_terms.c.entry_id))) == [two]


def test_large_feeds_are_pruned_in_small_steps_and_can_be_stopped(database: Database, feed: int) -> None:
    publish(database, feed, *(an_entry(f"T{n}", days=n / 100) for n in range(1_000)))
    stopped = Pruner(database=database, policy=ALL_GOES)
    stopped.stopping.set()
    assert stopped.prune(now=LATER).entries == 0
    assert prune(database, ALL_GOES).entries == 1_000
    assert (count(database, "entries"), count(database, "pruned_entries"), unread(database)) == (0, 1_000, 0)


def test_linking_goes_on_after_entries_were_pruned(database: Database, feed: int) -> None:
    story = "Orlov, le président russe, arrive à Pyongyang où Kim prépare le traité militaire et la parade."
    other = follow(database, "https://b.example/feed", "B")
    linker = Linker(database, RelatedPolicy(min_confidence=0.05, min_cosine_young=0))
    publish(database, feed, an_entry("Orlov à Pyongyang", text=story))
    linker.link_pending()
    read_all(database)
    prune(database, ALL_GOES)
    publish(database, other, an_entry("Orlov chez Kim", text=story), now=LATER)
    linker.link_pending()
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(entry_terms)) == 1
    assert count(database, "links") == 0


# ── when, and by which clock ─────────────────────────────────────────────────────────────────────


def test_it_runs_once_a_day_also_after_the_clock_was_set_back() -> None:
    policy = RetentionPolicy()
    assert is_due(NOW, None, policy)
    assert not is_due(NOW, NOW - timedelta(hours=23), policy)
    assert is_due(NOW, NOW - timedelta(hours=24), policy)
    assert is_due(NOW, NOW + timedelta(days=3_650), policy)


def test_a_clock_that_jumps_ahead_is_trusted_step_by_step() -> None:
    assert trusted_time(NOW, None) == NOW
    assert trusted_time(NOW, NOW - timedelta(days=1)) == NOW
    assert trusted_time(NOW + timedelta(days=3_650), NOW) == NOW + timedelta(days=2)
    assert trusted_time(NOW, NOW + timedelta(days=9)) == NOW


def test_a_clock_ten_years_ahead_removes_nothing_at_once(database: Database, feed: int) -> None:
    publish(database, feed, an_entry("One"))
    read_all(database)
    pruner = Pruner(database=database, policy=RetentionPolicy(keep_days=30))
    assert pruner.prune_if_due(now=NOW) is not None
    for days in range(3_650, 3_655):
        report = pruner.prune_if_due(now=NOW + timedelta(days=days))
        assert report is not None
        assert report.entries == 0
    assert pruner.prune_if_due(now=NOW + timedelta(days=3_654, hours=1)) is None
    report = pruner.prune_if_due(now=NOW + timedelta(days=1))
    assert report is not None
    assert titles(database) == ["One"]


def test_a_rule_that_says_nothing_follows_the_settings() -> None:
    policy = RetentionPolicy(keep_days=7, keep_entries=100)
    limits = limits_of(RetentionRule(), policy, NOW)
    assert (limits.before, limits.newest) == (NOW - timedelta(days=7), 100)
    limits = limits_of(RetentionRule(keep_days=0, keep_entries=5), policy, NOW)
    assert (limits.before, limits.newest) == (None, 5)
