"""The storage suite, on SQLite and on PostgreSQL."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from string import ascii_letters
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from library import NOW, a_link, an_entry, analysed, follow, link, owner, publish, stored_terms, total_unread
from postgres import emptied
from sqlalchemy import text

from aggregator.domain import Schedule, Validators
from aggregator.errors import BadStatus, NotFound, StorageError
from aggregator.feeds.addresses import LONGEST_KEPT
from aggregator.feeds.parsing import parse_feed
from aggregator.feeds.sanitizing import clean_entries
from aggregator.storage import (
    choices,
    entries,
    feeds,
    icons,
    leases,
    links,
    linkstate,
    marking,
    recording,
    subscriptions,
    terms,
    tree,
)
from aggregator.storage.engine import SCHEMA, Database, sqlite_url
from aggregator.storage.migrations import known_versions
from aggregator.storage.schema import metadata

if TYPE_CHECKING:
    from pathlib import Path

LEASE = timedelta(minutes=3)


def test_the_schema_is_the_newest_migration(database: Database) -> None:
    assert known_versions() >= {SCHEMA}
    assert database.schema_version() == SCHEMA
    with database.read() as connection:
        ours = [
            change
            for change in compare_metadata(MigrationContext.configure(connection), metadata)
            if "entries_fts" not in str(change) and "search_vector" not in str(change)
        ]
        if connection.dialect.name == "sqlite":  # what a key of an added column does is not read back
            ours = [change for change in ours if "hidden_by" not in str(change)]
            keys = connection.execute(text("PRAGMA foreign_key_list(statuses)")).mappings()
            assert ("hidden_by", "filters", "SET NULL") in [
                (key["from"], key["table"], key["on_delete"]) for key in keys
            ]
    assert ours == []


def test_a_newer_schema_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="newer version"):
        database.migrate()


def test_what_the_publisher_repeats_is_stored_once(database: Database) -> None:
    feed = follow(database, "https://a.example/feed", "A")
    publish(database, feed, an_entry("One"), an_entry("Two"))
    publish(database, feed, an_entry("One"), an_entry("Two"))
    with database.read() as connection:
        shown = entries.list_headlines(connection, owner(database), entries.Selection())
    assert sorted(headline.title for headline in shown) == ["One", "Two"]


def test_unread_counts_follow_what_a_person_does(database: Database) -> None:
    reader, feed = owner(database), follow(database, "https://a.example/feed", "A")
    one, two = sorted(publish(database, feed, an_entry("One"), an_entry("Two")))
    (late,) = publish(database, feed, an_entry("Late"))

    def unread() -> int:
        with database.read() as connection:
            return total_unread(connection, reader)

    assert unread() == 3
    with database.write() as connection:
        marking.set_read(connection, reader, one, read=True, now=NOW)
        marking.set_read(connection, reader, one, read=True, now=NOW)
    assert unread() == 2
    with database.write() as connection:
        assert marking.mark_all_read(connection, reader, now=NOW, up_to=two) == 1
        assert not entries.get_entry(connection, reader, late).read
    assert unread() == 1
    with database.write() as connection:
        marking.set_read(connection, reader, two, read=False, now=NOW)
    assert unread() == 2
    with database.write() as connection:
        assert marking.mark_all_read(connection, reader, now=NOW, up_to=late) == 2
    assert unread() == 0


def test_following_again_brings_entries_and_statuses_back(database: Database) -> None:
    reader, url = owner(database), "https://a.example/feed"
    feed = follow(database, url, "A")
    one, _ = publish(database, feed, an_entry("One"), an_entry("Two"))
    with database.write() as connection:
        marking.set_read(connection, reader, one, read=True, now=NOW)
        subscriptions.unsubscribe(connection, reader, feed)
    with database.read() as connection, pytest.raises(NotFound):
        entries.get_entry(connection, reader, one)
    follow(database, url, "A")
    with database.read() as connection:
        assert entries.get_entry(connection, reader, one).read
        assert total_unread(connection, reader) == 1


def test_a_claimed_feed_is_nobody_elses_until_its_lease_ends(database: Database) -> None:
    follow(database, "https://a.example/feed", "A")
    with database.write() as connection:
        assert len(feeds.claim_due(connection, "me", now=NOW, lease=LEASE)) == 1
        assert feeds.claim_due(connection, "you", now=NOW, lease=LEASE, everything=True) == ()
        assert len(feeds.claim_due(connection, "you", now=NOW + 2 * LEASE, lease=LEASE)) == 1


def test_a_star_keeps_an_entry_in_sight_when_its_feed_is_followed_no_more(database: Database) -> None:
    reader = owner(database)
    feed, other = (follow(database, f"https://{name}.example/feed", name) for name in "ab")
    starred, plain = publish(database, feed, an_entry("Starred"), an_entry("Plain"))
    (kept,) = publish(database, other, an_entry("Kept"))
    with database.write() as connection:
        marking.set_starred(connection, reader, starred, starred=True, now=NOW)
        subscriptions.unsubscribe(connection, reader, feed)

    def listed(selection: entries.Selection) -> list[int]:
        with database.read() as connection:
            return [headline.id for headline in entries.list_headlines(connection, reader, selection)]

    assert listed(entries.Selection(starred_only=True)) == [starred]
    assert listed(entries.Selection()) == listed(entries.Selection(unread_only=True)) == [kept]
    with database.write() as connection:
        shown = entries.get_entry(connection, reader, starred)
        assert (shown.followed, shown.feed_title) == (False, "a")
        assert entries.get_entry(connection, reader, kept).followed
        with pytest.raises(NotFound):
            entries.get_entry(connection, reader, plain)
        marking.set_read(connection, reader, starred, read=True, now=NOW)
        assert total_unread(connection, reader) == 1
        marking.set_starred(connection, reader, starred, starred=False, now=NOW)
        with pytest.raises(NotFound):
            entries.get_entry(connection, reader, starred)


def test_asked_for_by_hand_come_those_not_checked_lately_and_never_those_that_fail(
    database: Database,
) -> None:
    due, stale, fresh, failing, failing_and_due = (
        follow(database, f"https://{name}.example/feed", name) for name in "abcde"
    )
    soon, long = timedelta(minutes=1), timedelta(minutes=10)
    error = BadStatus("https://a.example/feed", "it answered 503")

    def schedule(checked: timedelta, *, wait: timedelta) -> Schedule:
        return Schedule(checked_at=NOW - checked, next_fetch_at=NOW + wait, interval=LEASE)

    with database.write() as connection:
        for feed, told in (
            (due, schedule(soon, wait=-soon)),
            (stale, schedule(long, wait=long)),
            (fresh, schedule(soon, wait=long)),
        ):
            feeds.record_success(connection, feed, told, validators=Validators(), body_hash="h")
        feeds.record_failure(connection, failing, schedule(long, wait=long), error)
        feeds.record_failure(connection, failing_and_due, schedule(long, wait=-soon), error)
        since = NOW - timedelta(minutes=5)
        claimed = feeds.claim_due(connection, "me", now=NOW, lease=LEASE, not_checked_since=since)
    assert sorted(feed.feed_id for feed in claimed) == [due, stale, failing_and_due]


def test_nobody_claims_a_feed_while_its_outcome_is_recorded(server: str) -> None:
    later = NOW + 2 * LEASE
    with Database.open(emptied(server)) as mine, Database.open(server) as yours:
        feed = follow(mine, "https://a.example/feed", "A")
        with mine.write() as connection:
            feeds.claim_due(connection, "me", now=NOW, lease=LEASE)
        with mine.write() as here, yours.write() as there:
            assert feeds.holds(here, feed, "me")
            assert feeds.claim_due(there, "you", now=later, lease=LEASE) == ()
        with yours.write() as connection:
            assert len(feeds.claim_due(connection, "you", now=later, lease=LEASE)) == 1
            assert not feeds.holds(connection, feed, "me")


def test_a_failure_keeps_the_validators(database: Database) -> None:
    feed = follow(database, "https://a.example/feed", "A")
    later = Schedule(checked_at=NOW, next_fetch_at=NOW, interval=LEASE)
    with database.write() as connection:
        feeds.record_success(connection, feed, later, validators=Validators(etag='"1"'), body_hash="h")
        feeds.record_failure(connection, feed, later, BadStatus("https://a.example/feed", "it answered 500"))
        (claimed,) = feeds.claim_due(connection, "me", now=NOW, lease=LEASE)
    assert (claimed.validators.etag, claimed.body_hash, claimed.failures) == ('"1"', "h", 1)


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    feed = follow(database, "https://a.example/feed", "A")

    def fail_in_the_middle() -> None:
        with database.write() as connection:
            recording.record_entries(connection, feed, [an_entry("One")], now=NOW)
            raise RuntimeError("power failure")

    with pytest.raises(RuntimeError, match="power"):
        fail_in_the_middle()
    with database.read() as connection:
        assert entries.list_headlines(connection, owner(database), entries.Selection()) == ()


def test_a_link_is_read_from_both_ends(database: Database) -> None:
    feed, reader = follow(database, "https://a.example/feed", "A"), owner(database)
    one, two, _ = publish(database, feed, an_entry("One"), an_entry("Two"), an_entry("Three"))
    link(database, two, one, why=("Orlov",))
    with database.read() as connection:
        related = links.list_related(connection, reader, [one, two])
    assert {of: [other.id for other in others] for of, others in related.items()} == {one: [two], two: [one]}
    assert related[one][0].why == ("Orlov",)


def test_the_language_of_a_link_is_told_where_it_is_another(database: Database) -> None:
    feed, reader = follow(database, "https://a.example/feed", "A"), owner(database)
    one, two, three = publish(database, feed, an_entry("One"), an_entry("Two"), an_entry("Three"))
    for arrival, (entry_id, language) in enumerate(((one, "fr"), (two, "en"), (three, "fr")), 1):
        analysed(database, entry_id, arrival=arrival, language=language)
    for other in (two, three):
        link(database, other, one)
    with database.read() as connection:
        related = links.list_related(connection, reader, [one])[one]
    assert {other.id: other.foreign_language for other in related} == {two: "en", three: None}


def test_what_is_linked_waits_no_more_and_arrives_in_order(database: Database) -> None:
    feed = follow(database, "https://a.example/feed", "A")
    one, two = publish(database, feed, an_entry("One"), an_entry("Two"))
    with database.read() as connection:
        assert sorted(found.article.id for found in terms.list_pending(connection, 10)) == sorted([one, two])
    analysed(database, two, arrival=1)
    analysed(database, one, arrival=2)
    with database.read() as connection:
        assert terms.list_pending(connection, 10) == ()
        assert [entry.stored.entry_id for entry in terms.list_indexed(connection, 0, 10)] == [two, one]
        assert [entry.arrival for entry in terms.list_indexed(connection, 1, 10)] == [2]
        assert terms.get_holding(connection)[:2] == (2, one + two)


def test_the_analysis_of_an_edited_entry_is_dropped_and_it_waits_again(database: Database) -> None:
    feed = follow(database, "https://a.example/feed", "A")
    one, two = publish(database, feed, an_entry("One"), an_entry("Two"))
    for arrival, entry_id in ((1, one), (2, two)):
        analysed(database, entry_id, arrival=arrival)
    link(database, two, one)
    publish(database, feed, an_entry("One", text="Quite another text."))
    with database.read() as connection:
        assert [found.article.id for found in terms.list_pending(connection, 10)] == [one]
        assert terms.list_arrivals(connection) == [(2, two)]
        assert links.list_related(connection, owner(database), [one, two]) == {}


def test_an_entry_that_was_edited_while_it_was_linked_waits_on(database: Database) -> None:
    feed = follow(database, "https://a.example/feed", "A")
    one, two = publish(database, feed, an_entry("One"), an_entry("Two"))
    with database.read() as connection:
        read = {found.article.id: found.version for found in terms.list_pending(connection, 10)}
    publish(database, feed, an_entry("One", text="Quite another text."))
    analysis = [(number, stored_terms(entry_id)) for number, entry_id in enumerate((one, two), 1)]
    with database.write() as connection:
        assert terms.record_linked(connection, analysis, [a_link(two, one)], read) == 0
        assert [found.article.id for found in terms.list_pending(connection, 10)] == [one]
        assert terms.list_arrivals(connection) == [(2, two)]


def test_all_is_forgotten_and_waits_in_the_order_it_had(database: Database) -> None:
    feed = follow(database, "https://a.example/feed", "A")
    one, two, three = publish(database, feed, an_entry("One"), an_entry("Two"), an_entry("Three"))
    for arrival, entry_id in enumerate((two, three), 1):
        analysed(database, entry_id, arrival=arrival)
    link(database, two, one)
    with database.write() as connection:
        terms.forget_all(connection)
        assert [found.article.id for found in terms.list_pending(connection, 10)] == [two, three, one]
        assert terms.get_holding(connection) == (0, 0, 0)
        assert links.list_related(connection, owner(database), [one, two]) == {}


def test_a_choice_is_kept_and_taken_back(database: Database) -> None:
    with database.write() as connection:
        choices.set_choices(connection, {"related.strictness": "0.4", "related.recency": "2"})
        choices.set_choices(connection, {"related.strictness": "0.6", "related.recency": None})
    with database.read() as connection:
        assert choices.list_choices(connection) == {"related.strictness": "0.6"}


def test_the_state_of_linking_begins_anew_with_a_generation(database: Database) -> None:
    with database.write() as connection:
        first = linkstate.begin_generation(connection, rebuilt_at=None)
        linkstate.record_run(connection, 20, 0.5, last_arrival=20, idf_articles=18, now=NOW)
        linkstate.record_run(connection, 20, 0.5, last_arrival=40, idf_articles=38, now=NOW)
        state = linkstate.find_state(connection)
        second = linkstate.begin_generation(connection, rebuilt_at=NOW)
        fresh = linkstate.find_state(connection)
    assert state is not None
    assert (state.generation, state.articles, state.idf_articles) == (first, 40, 38)
    assert state.cpu_ms_per_article == 25
    assert fresh is not None
    assert (fresh.generation, fresh.articles, fresh.rebuilt_at) == (second, 0, NOW)
    assert first != second


def test_a_named_lease_has_one_holder(database: Database) -> None:
    with database.write() as connection:
        assert leases.claim(connection, "linking", "me", now=NOW, until=NOW + LEASE)
        assert not leases.claim(connection, "linking", "you", now=NOW, until=NOW + LEASE)
        leases.release(connection, "linking", "me")
        assert leases.claim(connection, "linking", "you", now=NOW, until=NOW + LEASE)


def test_a_naive_moment_is_refused(database: Database) -> None:
    naive = datetime.now(UTC).replace(tzinfo=None)
    with pytest.raises(Exception, match="naive"), database.write() as connection:
        leases.claim(connection, "linking", "me", now=naive, until=naive)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(StorageError, match="not a database"):
        Database.open(sqlite_url(path))


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("nonsense", "nonsense: not a database address"),
        ("postgresql://me:hunter2@host:port/name", r"postgresql://me:\*\*\*@host:port/name: not a database"),
        ("mysql://me:hunter2@host/name", r"mysql://me:\*\*\*@host/name: only SQLite and PostgreSQL"),
        ("mysql://me:hun@ter2/@host/name", r"mysql://me:\*\*\*@host/name: only SQLite and PostgreSQL"),
        ("postgresql+psycopg2://me@host/name", "only SQLite and PostgreSQL"),
        ("sqlite+aiosqlite:///library.sqlite", "only SQLite and PostgreSQL"),
        ("sqlite://", "it names no file"),
        ("sqlite:///:memory:", "it names no file"),
    ],
)
def test_an_address_that_leads_to_no_library_is_named(address: str, reason: str) -> None:
    with pytest.raises(StorageError, match=reason) as refused:
        Database(address)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_password_of_an_address_is_not_shown(scheme: str) -> None:
    with Database(f"{scheme}://me:hunter2@host/name") as database:
        assert database.name == "postgresql+psycopg://me:***@host/name"


def test_icons_are_kept_once_and_looked_for_again_after_a_month(database: Database) -> None:
    month = timedelta(days=30)
    one, two = (follow(database, f"https://{name}.example/feed", name) for name in "ab")
    schedule = Schedule(checked_at=NOW, next_fetch_at=NOW, interval=timedelta(hours=1))
    picture = icons.Icon(content_type="image/png", body=b"\x89PNG\0")
    reader = owner(database)

    def wanted(now: datetime) -> list[int]:
        with database.write() as connection:
            found = icons.list_wanted(connection, now=now, again_after=month, limit=9, hold=True)
        return [icon.feed_id for icon in found]

    assert wanted(NOW) == []
    with database.write() as connection:
        for feed_id in (one, two):
            feeds.record_success(connection, feed_id, schedule, validators=Validators(), body_hash="x")
    assert wanted(NOW) == [two, one]
    with database.write() as connection:
        icons.note_checked(connection, (one, two), NOW)
        icons.record_icon(connection, [two], picture)
    assert wanted(NOW) == []
    assert wanted(NOW + month) == [one]
    with database.write() as connection:
        icons.record_icon(connection, [one], picture)
    with database.read() as connection:
        digests = icons.icon_digests(connection, range(1000))
        assert digests[one] == digests[two]
        assert icons.find_icon(connection, reader, digests[one]) == picture
        assert icons.find_icon(connection, reader, "none") is None
        assert icons.find_icon(connection, reader + 1, digests[one]) is None


def test_the_longest_addresses_that_a_feed_may_give_can_be_kept(database: Database) -> None:
    """Without rhyme, so that no database can shorten them; what is longer is left out."""
    feed_id = follow(database, "https://a.example/", "A")
    noise = random.Random(1).choices(ascii_letters, k=9_000)
    found = []
    for length in (LONGEST_KEPT, LONGEST_KEPT + 1, 9_000):
        link = f"https://a.example/{''.join(noise)}"[:length]
        item = f"<item><guid>{link}</guid><link>{link}</link><title>{length}</title></item>"
        document = f"<rss version='2.0'><channel><title>A</title>{item}</channel></rss>".encode()
        found += clean_entries(
            parse_feed(document, url="https://a.example/", content_type="", now=NOW)
        ).entries
    assert [len(entry.url or "") for entry in found] == [LONGEST_KEPT, 0, 0]
    assert len(publish(database, feed_id, *found)) == 3


# ── places ───────────────────────────────────────────────────────────────────────────────────────


def test_neighbours_of_an_entry_in_a_category(database: Database) -> None:
    press = follow(database, "https://a.example/", "A", category=("Press",))
    other = follow(database, "https://b.example/", "B")
    five = publish(database, press, *(an_entry(f"E{n}", days=n) for n in range(5)))
    publish(database, other, an_entry("Elsewhere", days=2.5))
    reader = owner(database)
    with database.read() as connection:
        (shelf, bare) = tree.list_shelves(connection, reader)
        assert (shelf.path, shelf.unread, shelf.feeds, bare.id, bare.unread) == (("Press",), 5, 1, None, 1)
        middle = (NOW - timedelta(days=2, hours=1), five[2])
        where = entries.Selection(category_ids=(shelf.id or 0,), limit=1)
        older = entries.list_headlines(connection, reader, replace(where, before=middle))
        newer = entries.list_headlines(connection, reader, replace(where, after=middle))
        assert [older[0].id, newer[0].id] == [five[3], five[1]]
        assert tree.find_category_of(connection, reader, press) == shelf.id
        (spine,) = tree.list_spines(connection, reader, None, limit=5)
        assert (spine.feed_id, spine.title, spine.unread) == (other, "B", 1)


def test_what_was_marked_in_one_go_is_unmarked_alone(database: Database) -> None:
    feed = follow(database, "https://a.example/", "A", category=("Press",))
    other = follow(database, "https://b.example/", "B")
    one, two = publish(database, feed, an_entry("One"), an_entry("Two", days=1))
    (away,) = publish(database, other, an_entry("Away"))
    reader, later = owner(database), NOW + timedelta(minutes=1, microseconds=7)
    with database.write() as connection:
        marking.set_read(connection, reader, one, read=True, now=NOW)
        press = tree.find_category_of(connection, reader, feed) or 0
        everything = marking.newest_id(connection)
        marked = marking.mark_all_read(connection, reader, now=later, up_to=everything, category_ids=(press,))
        assert marked == 1
        assert [h.id for h in entries.list_read(connection, reader, before=None, limit=9)] == [two, one]
        assert entries.list_read(connection, reader, before=(later, two), limit=9)[0].id == one
        assert marking.unmark(connection, reader, read_at=later) == 1
        unread = entries.list_headlines(connection, reader, entries.Selection(unread_only=True))
        assert {h.id for h in unread} == {two, away}
        lately = entries.Selection(unread_only=True, read_since=NOW - timedelta(hours=1))
        assert {h.id for h in entries.list_headlines(connection, reader, lately)} == {one, two, away}
        assert total_unread(connection, reader) == 2
