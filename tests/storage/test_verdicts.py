"""Verdicts, copies and threads of two people, on SQLite and on PostgreSQL: each sees only what is theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, link, owner, publish
from sqlalchemy import insert, select

from aggregator.domain import Filter
from aggregator.errors import NotFound
from aggregator.policies import RelatedPolicy
from aggregator.proposing import propose, thread
from aggregator.storage import marking, recording, subscriptions
from aggregator.storage.entries import Selection, get_entry
from aggregator.storage.filters import save_filter
from aggregator.storage.links import list_related
from aggregator.storage.sametexts import (
    list_copies_around,
    read_together,
    unread_copies,
    unread_together,
)
from aggregator.storage.schema import entries as table
from aggregator.storage.schema import users
from aggregator.storage.verdicts import list_seen, list_verdicts, refuse_link, take_back

if TYPE_CHECKING:
    from aggregator.storage.engine import Database


@pytest.fixture
def feeds(database: Database) -> tuple[int, int, int]:
    """The owner follows all three."""
    names = ("a", "b", "c")
    found = [follow(database, f"https://{name}.example/feed", name.upper()) for name in names]
    return found[0], found[1], found[2]


def another(database: Database, *followed: int) -> int:
    """A second person, who follows only these feeds."""
    with database.write() as connection:
        made = connection.execute(insert(users).values(name="other", created_at=NOW).returning(users.c.id))
        reader = int(made.scalar_one())
        for feed in followed:
            subscriptions.subscribe(connection, reader, feed, title=None, category=(), now=NOW)
    return reader


def unread(database: Database, reader: int) -> dict[int, int]:
    with database.read() as connection:
        found = subscriptions.list_subscriptions(connection, reader)
        return {subscription.feed.id: subscription.unread for subscription in found}


# ── verdicts ─────────────────────────────────────────────────────────────────────────────────────


def test_a_verdict_counts_from_both_ends_and_only_for_who_gave_it(
    database: Database, feeds: tuple[int, int, int]
) -> None:
    reader, friend = owner(database), another(database, *feeds)
    (one,), (two,) = (publish(database, feed, an_entry(f"Of {feed}")) for feed in feeds[:2])
    link(database, two, one)
    with database.write() as connection:
        refuse_link(connection, reader, two, one, now=NOW)
        refuse_link(connection, reader, one, two, now=NOW)
        assert list_related(connection, reader, [one, two]) == {}
        assert set(list_related(connection, friend, [one, two])) == {one, two}
        (verdict,) = list_verdicts(connection, reader)
        assert (verdict.one.id, verdict.other.id, verdict.judged_at) == (one, two, NOW)
        assert list_verdicts(connection, friend) == ()
        assert not take_back(connection, friend, one, two)
        assert list_related(connection, reader, [one]) == {}
        assert take_back(connection, reader, two, one)
        assert set(list_related(connection, reader, [one, two])) == {one, two}
        assert list_verdicts(connection, reader) == ()


def test_the_next_best_takes_its_place(database: Database, feeds: tuple[int, int, int]) -> None:
    reader = owner(database)
    others = publish(database, feeds[0], *(an_entry(f"Other {number}") for number in range(5)))
    (entry,) = publish(database, feeds[1], an_entry("This"))
    for number, other in enumerate(others):
        link(database, entry, other, score=0.9 - number / 10)
    with database.write() as connection:
        this = get_entry(connection, reader, entry)

        def shown() -> list[int]:
            proposed = propose(connection, reader, [this], RelatedPolicy())[entry]
            return [other.id for other in proposed.links]

        assert shown() == others[:4]
        refuse_link(connection, reader, entry, others[1], now=NOW)
        assert shown() == [others[0], *others[2:]]


def test_a_verdict_is_only_between_entries_that_the_person_sees(
    database: Database, feeds: tuple[int, int, int]
) -> None:
    (one,), (two,) = (publish(database, feed, an_entry(f"Of {feed}")) for feed in feeds[:2])
    friend = another(database, feeds[0])
    with database.write() as connection:
        for pair in ((one, two), (two, one), (one, one), (one, 999_999)):
            with pytest.raises(NotFound):
                refuse_link(connection, friend, *pair, now=NOW)
        refuse_link(connection, owner(database), one, two, now=NOW)
        subscriptions.unsubscribe(connection, owner(database), feeds[1])
        assert list_verdicts(connection, owner(database)) == ()


def test_titles_are_told_of_what_is_followed_or_starred_alone(
    database: Database, feeds: tuple[int, int, int]
) -> None:
    (one,), (two,), (three,) = (publish(database, feed, an_entry(f"Of {feed}")) for feed in feeds)
    friend = another(database, feeds[0], feeds[1])
    with database.write() as connection:
        marking.set_starred(connection, friend, two, starred=True, now=NOW)
        subscriptions.unsubscribe(connection, friend, feeds[1])
        assert [found.id for found in list_seen(connection, friend, [three, two, one])] == [one, two]


# ── copies ───────────────────────────────────────────────────────────────────────────────────────


def copies(database: Database, feeds: tuple[int, int, int]) -> list[int]:
    """One text in each feed, all linked."""
    found = [
        publish(database, feed, an_entry("La dépêche du jour", days=number / 10))[0]
        for number, feed in enumerate(feeds)
    ]
    for place, one in enumerate(found):
        for other in found[place + 1 :]:
            link(database, other, one, same_text=True)
    return found


def test_copies_are_told_in_feeds_that_are_followed(database: Database, feeds: tuple[int, int, int]) -> None:
    one, two, three = copies(database, feeds)
    friend = another(database, feeds[0], feeds[2])
    with database.read() as connection:
        mine = list_copies_around(connection, owner(database), [one], Selection())
        theirs = list_copies_around(connection, friend, [one], Selection())
    assert {of: [copy.id for copy in those] for of, those in mine.items()} == {
        one: [two, three],
        two: [one, three],
        three: [one, two],
    }
    assert {copy.id for those in theirs.values() for copy in those} == {one, three}
    assert [copy.feed_title for copy in theirs[one]] == ["C"]


def test_a_copy_says_whether_the_list_shows_it(database: Database, feeds: tuple[int, int, int]) -> None:
    one, two, three = copies(database, feeds)
    reader = owner(database)
    with database.write() as connection:
        marking.set_read(connection, reader, two, read=True, now=NOW)
        for selection, listed in (
            (Selection(), {two, three}),
            (Selection(unread_only=True), {three}),
            (Selection(feed_id=feeds[1]), {two}),
            (Selection(starred_only=True), set()),
        ):
            found = list_copies_around(connection, reader, [one], selection)[one]
            assert {copy.id for copy in found if copy.listed} == listed
        assert {copy.id for copy in found if copy.read} == {two}


def test_reading_one_reads_its_copies_and_can_be_undone(
    database: Database, feeds: tuple[int, int, int]
) -> None:
    one, two, three = copies(database, feeds)
    reader, friend = owner(database), another(database, *feeds)
    before = unread(database, friend)
    with database.write() as connection:
        marking.set_read(connection, reader, three, read=True, now=NOW - timedelta(days=1))
        read_together(connection, reader, one, now=NOW)
    assert unread(database, reader) == dict.fromkeys(feeds, 0)
    assert unread(database, friend) == before
    with database.write() as connection:
        unread_copies(connection, reader, one, now=NOW)
        assert get_entry(connection, reader, one).read
        assert not get_entry(connection, reader, two).read
        assert get_entry(connection, reader, three).read  # it was read before
    assert unread(database, reader) == dict(zip(feeds, (0, 1, 0), strict=True))
    with database.write() as connection:
        read_together(connection, reader, two, now=NOW + timedelta(hours=1))
        unread_together(connection, reader, two, now=NOW)
    assert unread(database, reader) == dict(zip(feeds, (0, 1, 0), strict=True))


def test_a_copy_in_a_feed_that_is_not_followed_is_left_alone(
    database: Database, feeds: tuple[int, int, int]
) -> None:
    one, two, _ = copies(database, feeds)
    friend = another(database, feeds[0], feeds[1])
    with database.write() as connection:
        subscriptions.unsubscribe(connection, friend, feeds[1])
        read_together(connection, friend, one, now=NOW)
        subscriptions.subscribe(connection, friend, feeds[1], title=None, category=(), now=NOW)
        assert not get_entry(connection, friend, two).read


# ── threads ──────────────────────────────────────────────────────────────────────────────────────


def test_a_thread_goes_from_the_first_report_to_the_latest(
    database: Database, feeds: tuple[int, int, int]
) -> None:
    days = (4, 3, 2, 1)
    found = [publish(database, feeds[d % 3], an_entry(f"Day {d}", days=d))[0] for d in days]
    for place, one in enumerate(found):
        for other in found[place + 1 :]:
            link(database, other, one, confidence=0.8)
    with database.write() as connection:
        reader = owner(database)
        assert [entry.id for entry in thread(connection, reader, found[2])] == found
        refuse_link(connection, reader, found[2], found[0], now=NOW)
        assert set(found[1:]) <= {entry.id for entry in thread(connection, reader, found[2])}
    friend = another(database, feeds[0], feeds[2])
    with database.read() as connection:
        seen = [entry.id for entry in thread(connection, friend, found[2])]
    assert seen == [entry for entry, day in zip(found, days, strict=True) if day % 3 != 1]


def test_a_thread_does_not_lead_through_a_feed_that_is_not_followed(
    database: Database, feeds: tuple[int, int, int]
) -> None:
    (one,), (hidden,), (far,) = (publish(database, feed, an_entry(f"Of {feed}")) for feed in feeds)
    (near,) = publish(database, feeds[0], an_entry("Near"))
    for a, b in ((hidden, one), (far, hidden), (near, one), (far, near)):
        link(database, a, b)
    friend = another(database, feeds[0], feeds[2])
    with database.read() as connection:
        assert {entry.id for entry in thread(connection, friend, one)} == {one, near}
        assert {entry.id for entry in thread(connection, owner(database), one)} == {one, hidden, near, far}


# ── filters ──────────────────────────────────────────────────────────────────────────────────────


def test_nothing_leads_to_what_a_filter_has_hidden(database: Database, feeds: tuple[int, int, int]) -> None:
    reader, friend = owner(database), another(database, *feeds)
    with database.write() as connection:
        save_filter(connection, reader, Filter(title="hide me"), now=NOW)
        save_filter(connection, reader, Filter(title="starred", action="star"), now=NOW)
    (one,), (hidden, starred), (copy,) = (
        record(database, feeds[0], "One"),
        record(database, feeds[1], "Hide me", "Hide me, starred"),
        record(database, feeds[2], "Hide me too"),
    )
    for other in (hidden, starred):
        link(database, other, one, confidence=0.9)
    link(database, starred, hidden, confidence=0.9)
    link(database, copy, one, same_text=True)
    with database.read() as connection:
        for person, seen in ((reader, {starred}), (friend, {hidden, starred, copy})):
            assert {other.id for other in list_related(connection, person, [one])[one]} == seen
            assert {entry.id for entry in thread(connection, person, one)} == {one, *seen}
            copies = list_copies_around(connection, person, [one], Selection())
            assert {other.id for other in copies.get(one, ())} == seen & {copy}


def record(database: Database, feed: int, *titles: str) -> list[int]:
    """Hidden ones are in no list: the ids by title."""
    with database.write() as connection:
        recording.record_entries(connection, feed, [an_entry(title) for title in titles], now=NOW)
        rows = connection.execute(select(table.c.title, table.c.id).where(table.c.feed_id == feed))
        ids = {row.title: row.id for row in rows}
    return [ids[title] for title in titles]
