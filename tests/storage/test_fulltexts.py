"""Full texts in the library, on both databases: beside what the feed says, through its edits, to the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, analysed, follow, link, owner, publish, stored_terms
from postgres import fresh_library
from sqlalchemy import func, select

from aggregator.domain import PageText, SafeHtml, WantedText
from aggregator.errors import Unreachable
from aggregator.searching.language import parse_query
from aggregator.storage import (
    edits,
    entries,
    links,
    moves,
    recording,
    retention,
    search,
    subscriptions,
    terms,
    wantedtexts,
)
from aggregator.storage.engine import Database
from aggregator.storage.fulltexts import find_fetched, record_full_text
from aggregator.storage.schema import full_texts, wanted_texts

if TYPE_CHECKING:
    from sqlalchemy import Table

    from aggregator.domain import CleanEntry, Entry

URL = "https://a.example/feed"
WORDS = "The bridge has been mended by Kervadec and her engineers, cable by cable, through the winter. "
PAGE = PageText(
    url="https://a.example/one?page", title="One", html=SafeHtml(f"<p>{WORDS * 5}</p>"), text=WORDS * 5
)


def teaser(title: str = "One", text: str = "The bridge is open.", **more: object) -> CleanEntry:
    return an_entry(title, text=text, url=f"https://a.example/{title}", **more)  # type: ignore[arg-type]


@pytest.fixture
def feed(database: Database) -> int:
    return follow(database, URL, "A")


on_one_database = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""Where nothing depends on which it is."""


def complete(database: Database, entry_id: int, page: PageText = PAGE) -> bool:
    with database.write() as connection:
        return record_full_text(connection, entry_id, page, now=NOW)


def stored(database: Database, entry_id: int) -> Entry:
    with database.read() as connection:
        return entries.get_entry(connection, owner(database), entry_id)


def found(database: Database, words: str) -> int:
    with database.read() as connection:
        return search.search_entries(connection, owner(database), parse_query(words), now=NOW).total


def count(database: Database, table: Table) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_the_full_text_is_read_searched_and_linked_and_the_feeds_own_is_kept(
    database: Database, feed: int
) -> None:
    one, two = publish(database, feed, teaser(), teaser("Two", days=1))
    for arrival, entry_id in enumerate((two, one), 1):
        analysed(database, entry_id, arrival=arrival)
    link(database, one, two)
    assert complete(database, one)
    entry = stored(database, one)
    assert (entry.html, entry.text, entry.summary) == (PAGE.html, PAGE.text, "The bridge is open.")
    assert entry.full is not None
    assert (entry.full.url, entry.full.fetched_at) == (PAGE.url, NOW)
    assert entry.full.feed_text == "The bridge is open."
    assert found(database, "Kervadec") == 1
    with database.read() as connection:
        assert [(w.article.id, w.article.content) for w in terms.list_pending(connection, 9)] == [
            (one, PAGE.text)
        ]
        assert terms.get_article(connection, one).content == PAGE.text
        assert links.list_related(connection, owner(database), [one, two]) == {}
    assert not complete(database, one)  # there already
    assert stored(database, one).full == entry.full


def test_a_full_text_that_comes_while_its_entry_is_linked_waits_on(database: Database, feed: int) -> None:
    (one,) = publish(database, feed, teaser())
    with database.read() as connection:
        read = {waiting.article.id: waiting.version for waiting in terms.list_pending(connection, 9)}
    complete(database, one)
    with database.write() as connection:
        terms.record_linked(connection, [(1, stored_terms(one))], [], read)
        assert terms.is_pending(connection, one)
        assert terms.list_arrivals(connection) == []


def test_an_edit_of_the_feed_leaves_the_full_text_and_says_so(database: Database, feed: int) -> None:
    (one,) = publish(database, feed, teaser())
    complete(database, one)
    publish(
        database,
        feed,
        replace(teaser(text="The bridge is open again."), title="One!"),
        now=NOW + timedelta(1),
    )
    entry = stored(database, one)
    assert (entry.title, entry.text, entry.summary) == ("One!", PAGE.text, "The bridge is open again.")
    assert entry.full is not None
    assert entry.full.feed_text == "The bridge is open again."
    assert entry.changed_at == NOW + timedelta(1)
    with database.read() as connection:
        assert [r.html for r in edits.list_revisions(connection, one)] == ["<p>The bridge is open.</p>"]
    publish(database, feed, replace(teaser(text="The bridge is open again."), title="One!"))
    assert stored(database, one).full == entry.full


@on_one_database
def test_a_feed_that_comes_to_say_more_is_believed_and_the_page_is_kept(
    database: Database, feed: int
) -> None:
    (one,) = publish(database, feed, teaser())
    complete(database, one)
    publish(database, feed, teaser(text=WORDS * 9))
    entry = stored(database, one)
    assert (entry.text, entry.full) == (WORDS * 9, None)
    with database.read() as connection:
        assert [r.html for r in edits.list_revisions(connection, one)] == [PAGE.html]


@on_one_database
def test_an_entry_under_a_new_guid_is_known_by_what_its_feed_said(database: Database, feed: int) -> None:
    old = replace(teaser(), guid="old", published_at=NOW - timedelta(days=3))
    (one,) = publish(database, feed, old)
    complete(database, one)
    renamed = replace(old, guid="new", published_at=NOW, content_hash="another")
    with database.write() as connection:
        made = recording.record_entries(connection, feed, [renamed], now=NOW, standing=frozenset({"new"}))
    assert made.new == 0


@on_one_database
def test_it_goes_with_its_entry(database: Database, feed: int) -> None:
    one, two = publish(database, feed, teaser(), teaser("Two"))
    complete(database, one)
    with database.write() as connection:
        wantedtexts.record_failure(connection, two, Unreachable("u", "d"), now=NOW)
        retention.remove_entries(connection, feed, [one, two], now=NOW)
        assert not record_full_text(connection, one, PAGE, now=NOW)
        wantedtexts.record_failure(connection, one, Unreachable("u", "d"), now=NOW)
    assert count(database, full_texts) == count(database, wanted_texts) == 0
    assert found(database, "Kervadec") == 0


@on_one_database
def test_the_text_of_one_page_serves_its_other_entries(database: Database, feed: int) -> None:
    other = follow(database, "https://b.example/feed", "B")
    (one,) = publish(database, feed, teaser())
    (copy,) = publish(database, other, teaser())
    complete(database, one)
    with database.read() as connection:
        taken = find_fetched(connection, wanted(copy), since=NOW - timedelta(hours=1))
        assert taken == replace(PAGE, title="One")
        assert find_fetched(connection, wanted(one), since=NOW - timedelta(hours=1)) is None
        assert find_fetched(connection, wanted(copy), since=NOW + timedelta(hours=1)) is None


def wanted(entry_id: int) -> WantedText:
    return WantedText(entry_id=entry_id, url="https://a.example/One", title="One", text="")


# ── always ───────────────────────────────────────────────────────────────────────────────────────


def always(database: Database, feed: int, *, on: bool = True) -> None:
    with database.write() as connection:
        wantedtexts.want_always(connection, owner(database), feed, since=NOW if on else None)


def due(database: Database, now: timedelta = timedelta(0)) -> list[int]:
    with database.write() as connection:
        waiting = wantedtexts.list_due(connection, now=NOW + now, limit=100, hold=True)
    return [one.entry_id for one in waiting]


def test_what_is_new_waits_once_somebody_wants_it_always(database: Database, feed: int) -> None:
    publish(database, feed, teaser("Before"))
    always(database, feed)
    (one,) = publish(database, feed, teaser())
    publish(database, feed, teaser(), an_entry("Without a page"))
    assert due(database) == [one]
    complete(database, one)
    assert due(database) == []
    publish(database, feed, teaser(text="The bridge is open again."))
    assert due(database) == []  # not fetched again by itself


@on_one_database
def test_of_a_large_document_only_the_newest_wait(database: Database, feed: int) -> None:
    always(database, feed)
    ids = publish(database, feed, *(teaser(f"n{number}", days=number) for number in range(50)))
    assert due(database) == sorted(ids, reverse=True)[:20] == ids[:20]


@on_one_database
def test_nothing_waits_for_who_wants_it_no_more_or_has_paused(database: Database, feed: int) -> None:
    always(database, feed)
    (one,) = publish(database, feed, teaser())
    always(database, feed, on=False)
    assert due(database) == []
    always(database, feed)
    assert due(database) == [one]
    with database.write() as connection:
        subscriptions.set_paused(connection, owner(database), feed, paused_at=NOW)
    assert due(database) == []
    publish(database, feed, teaser("Two"))
    assert count(database, wanted_texts) == 1


def test_failures_are_counted_and_told(database: Database, feed: int) -> None:
    always(database, feed)
    one, two, three = publish(database, feed, teaser(), teaser("Two"), teaser("Three"))
    complete(database, one)
    with database.write() as connection:
        for _ in range(2):
            error = Unreachable("u", "no answer").because("slow", seconds="15")
            wantedtexts.record_failure(connection, two, error, now=NOW)
        wantedtexts.put_off(connection, [two], until=None)
        assert wantedtexts.find_tried(connection, two) == NOW
        assert [one.tries for one in wantedtexts.list_wanted(connection, [two, three])] == [2, 0]
        told = wantedtexts.report(connection, feed)
    assert (told.fetched, told.waiting, told.failed) == (1, 1, 1)
    assert (told.error_code, told.error_reason) == ("unreachable", "slow?seconds=15")
    assert due(database) == [three]


@on_one_database
def test_what_a_wrong_clock_planned_is_due(database: Database, feed: int) -> None:
    always(database, feed)
    (one,) = publish(database, feed, teaser())
    with database.write() as connection:
        wantedtexts.put_off(connection, [one], until=NOW + timedelta(hours=12))
    assert due(database) == []
    assert due(database, -timedelta(days=30)) == due(database, timedelta(hours=13)) == [one]


@on_one_database
def test_a_feed_that_joins_another_keeps_the_wish(database: Database, feed: int) -> None:
    follow(database, "https://new.example/feed", "New")
    always(database, feed)
    with database.write() as connection:
        joined = moves.adopt(connection, feed, "https://new.example/feed")
        kept = subscriptions.get_subscription(connection, owner(database), joined)
    assert kept.full_text_since == NOW


def test_an_edit_waits_for_another_process_that_records_the_text_of_the_page(server: str) -> None:
    url = fresh_library(server)
    with Database.open(url) as one, Database.open(url) as other, ThreadPoolExecutor(1) as pool:
        feed = follow(one, URL, "A")
        (entry_id,) = publish(one, feed, teaser())
        with one.write() as connection:
            record_full_text(connection, entry_id, PAGE, now=NOW)
            edit = pool.submit(publish, other, feed, teaser(text=WORDS * 9))
            with pytest.raises(TimeoutError):
                edit.result(0.3)
        edit.result(10)
        entry = stored(one, entry_id)
    assert (entry.full, entry.text) == (None, WORDS * 9)  # which says more than the page did
