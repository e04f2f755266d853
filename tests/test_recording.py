"""A refresh over a real library and a server on loopback: what is recorded, and what never is."""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Request, Response
from library import make_library, owner, total_unread
from sqlalchemy import event, select, text, update

from aggregator.errors import StorageError
from aggregator.feeds.documents import DocumentReader
from aggregator.policies import FetchLimits, RefreshPolicy
from aggregator.refreshing import Refresher
from aggregator.storage import entries, feeds, marking, subscriptions
from aggregator.storage.schema import feed_states

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from feedserver import Answer

    from aggregator.domain import FetchState, Headline
    from aggregator.storage.engine import Database

LIMITS = FetchLimits(allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=5))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with make_library(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    with DocumentReader(workers=1, timeout=timedelta(seconds=10)) as reader:
        yield reader


@pytest.fixture
def refresher(database: Database, documents: DocumentReader) -> Refresher:
    return Refresher(
        database=database,
        documents=documents,
        link=lambda: 0,
        limits=LIMITS,
        policy=RefreshPolicy(lease=timedelta(seconds=1)),
        version="0",
    )


def follow(database: Database, *urls: str) -> list[int]:
    """Feeds that are due since 2020."""
    reader, now = owner(database), datetime(2020, 1, 1, tzinfo=UTC)
    with database.write() as connection:
        numbers = [feeds.ensure_feed(connection, url, title=url, site_url=None, now=now) for url in urls]
        for number in numbers:
            subscriptions.subscribe(connection, reader, number, title=None, category=(), now=now)
    return numbers


def rss(*titles: str, text: str = "Text") -> bytes:
    items = "".join(
        f"<item><guid>{title}</guid><title>{title}</title><description>{text} of {title}</description></item>"
        for title in titles
    )
    return f'<rss version="2.0"><channel><title>Journal</title>{items}</channel></rss>'.encode()


def with_etag(body: bytes, etag: str = '"1"') -> Callable[[Request], Answer]:
    """A server that knows conditional requests."""

    def answer(request: Request) -> Answer:
        if request.headers.get("if-none-match") == etag:
            return Response(status=304, headers={"ETag": etag})
        return Response(body=body, headers={"ETag": etag})

    return answer


def stored(database: Database) -> list[str]:
    with database.read() as connection:
        found = entries.list_headlines(connection, owner(database), entries.Selection())
    return sorted(headline.title for headline in found)


def headline(database: Database, title: str) -> Headline:
    with database.read() as connection:
        found = entries.list_headlines(connection, owner(database), entries.Selection())
    return next(headline for headline in found if headline.title == title)


def state(database: Database, feed: int) -> FetchState:
    with database.read() as connection:
        return subscriptions.get_subscription(connection, owner(database), feed).state


def known(database: Database, feed: int) -> tuple[str | None, str | None, str | None]:
    """ETag, Last-Modified and body hash."""
    columns = feed_states.c.etag, feed_states.c.last_modified, feed_states.c.body_hash
    with database.read() as connection:
        etag, modified, body = connection.execute(select(*columns).where(feed_states.c.feed_id == feed)).one()
    return etag, modified, body


# ── a refused write loses nothing ────────────────────────────────────────────────────────────────

REFUSED_WRITES = {
    "the entry": "BEFORE INSERT ON entries",
    "what waits to be linked": "BEFORE INSERT ON pending_entries",
    "the unread count": "BEFORE UPDATE ON subscriptions",
    "the feed": "BEFORE UPDATE ON feeds",
    "the validators": "BEFORE UPDATE OF etag ON feed_states",
}


@pytest.mark.parametrize("moment", REFUSED_WRITES.values(), ids=REFUSED_WRITES)
def test_a_refused_write_leaves_the_validators_and_the_next_refresh_brings_the_entries(
    database: Database, refresher: Refresher, moment: str
) -> None:
    with FeedServer({"/a": with_etag(rss("One"))}) as server:
        (feed,) = follow(database, server.url("/a"))
        refresher.refresh()
        before = known(database, feed)
        server.routes["/a"] = with_etag(rss("One", "Two"), etag='"2"')
        with database.write() as connection:  # a statement within it that fails as a damaged file does
            connection.execute(
                text(f"CREATE TRIGGER refuse {moment} BEGIN INSERT INTO nowhere VALUES (1); END")
            )
        with pytest.raises(StorageError):
            refresher.refresh(everything=True)
        assert known(database, feed) == before
        assert before[0] == '"1"'
        assert stored(database) == ["One"]
        with database.write() as connection:
            connection.execute(text("DROP TRIGGER refuse"))
        report = refresher.refresh(everything=True)
    assert (report.updated, report.new_entries) == (1, 1)
    assert stored(database) == ["One", "Two"]
    assert known(database, feed)[0] == '"2"'
    with database.read() as connection:
        assert total_unread(connection, owner(database)) == 2


def test_a_library_locked_by_another_program_loses_nothing(
    database: Database, refresher: Refresher, tmp_path: Path
) -> None:
    database.close()  # connections that are opened from here on do not wait half a minute
    event.listen(database._engine, "connect", lambda made, _: made.execute("PRAGMA busy_timeout = 50"))
    locker = sqlite3.connect(tmp_path / "library.db", isolation_level=None, check_same_thread=False)

    def lock_and_answer(request: Request) -> Answer:
        locker.execute("BEGIN IMMEDIATE")
        return with_etag(rss("One"))(request)

    with FeedServer({"/a": lock_and_answer}) as server:
        (feed,) = follow(database, server.url("/a"))
        with pytest.raises(StorageError, match="locked"):
            refresher.refresh()
        locker.execute("ROLLBACK")
        locker.close()
        assert known(database, feed) == (None, None, None)
        assert stored(database) == []
        server.routes["/a"] = with_etag(rss("One"))
        time.sleep(1.1)  # its lease could not be given back and ends by itself
        assert refresher.refresh().new_entries == 1
    assert stored(database) == ["One"]


# ── what the publisher answers ───────────────────────────────────────────────────────────────────


def test_a_304_is_no_failure_and_brings_nothing(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/a": with_etag(rss("One"))}) as server:
        (feed,) = follow(database, server.url("/a"))
        refresher.refresh()
        before = known(database, feed)
        report = refresher.refresh(everything=True)
        assert server.requests[-1].headers["if-none-match"] == '"1"'
    assert (report.feeds, report.not_modified, report.failed, report.new_entries) == (1, 1, 0, 0)
    assert known(database, feed) == before
    assert state(database, feed).failures == 0


def test_the_same_body_is_not_read_again(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/a": Response(body=rss("One"))}) as server:
        follow(database, server.url("/a"))
        refresher.refresh()
        report = refresher.refresh(everything=True)
    assert (report.same_body, report.updated, report.changed_entries) == (1, 0, 0)


def test_a_changed_entry_is_changed_in_place_and_stays_read(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/a": Response(body=rss("One", "Two"))}) as server:
        follow(database, server.url("/a"))
        refresher.refresh()
        one = headline(database, "One")
        with database.write() as connection:
            marking.set_read(connection, owner(database), one.id, read=True, now=one.published_at)
        server.routes["/a"] = Response(body=rss("One", "Two", text="A correction"))
        report = refresher.refresh(everything=True)
    assert (report.new_entries, report.changed_entries) == (0, 2)
    again = headline(database, "One")
    assert (again.id, again.excerpt, again.read) == (one.id, "A correction of One", True)
    assert again.published_at == one.published_at


def test_what_left_the_document_stays_in_the_library(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/a": Response(body=rss("One"))}) as server:
        follow(database, server.url("/a"))
        refresher.refresh()
        server.routes["/a"] = Response(body=rss("Two"))
        refresher.refresh(everything=True)
    assert stored(database) == ["One", "Two"]


# ── what fails ───────────────────────────────────────────────────────────────────────────────────


def test_a_failure_is_told_and_counted_and_waits_longer_each_time(
    database: Database, refresher: Refresher
) -> None:
    with FeedServer({"/a": with_etag(rss("One"))}) as server:
        (feed,) = follow(database, server.url("/a"))
        refresher.refresh()
        before = known(database, feed)
        server.routes["/a"] = Response(status=500)
        waits = []
        for count in (1, 2, 3):
            assert refresher.refresh(everything=True).failed == 1
            failing = state(database, feed)
            assert failing.failures == count
            assert failing.last_checked_at is not None
            waits.append(failing.next_fetch_at - failing.last_checked_at)
        assert waits == sorted(waits)
        assert waits[2] > 2 * waits[0]
        assert failing.error_code == "bad-status"
        assert "500" in (failing.error or "")
        assert known(database, feed) == before
        assert refresher.refresh().feeds == 0
        server.routes["/a"] = with_etag(rss("One"))
        assert refresher.refresh(everything=True).not_modified == 1
    well = state(database, feed)
    assert (well.failures, well.failing_since, well.error) == (0, None, None)
    assert stored(database) == ["One"]


def test_a_publisher_that_asks_to_come_back_later_is_obeyed(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/a": Response(status=503, headers={"Retry-After": "36000"})}) as server:
        (feed,) = follow(database, server.url("/a"))
        refresher.refresh()
    failing = state(database, feed)
    assert failing.last_checked_at is not None
    assert failing.next_fetch_at - failing.last_checked_at >= timedelta(hours=9)


def test_one_feed_that_fails_does_not_stop_the_others(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/bad": Response(body=b"no feed"), "/good": Response(body=rss("One"))}) as server:
        follow(database, server.url("/bad"), server.url("/none"), server.url("/good"))
        report = refresher.refresh()
    assert (report.feeds, report.failed, report.updated, report.new_entries) == (3, 2, 1, 1)


# ── manners ──────────────────────────────────────────────────────────────────────────────────────


def test_the_feeds_of_one_host_come_one_after_the_other(database: Database, refresher: Refresher) -> None:
    routes = {f"/{name}": Response(body=rss(name), latency=0.1) for name in "abc"}
    here, there = "127.0.0.1", "127.0.0.2"
    with FeedServer(routes, addresses=(here, there)) as server:
        follow(database, *(server.url(path, address) for path in routes for address in (here, there)))
        report = refresher.refresh()
        assert (server.busiest[here], server.busiest[there]) == (1, 1)
        assert server.busiest[""] == 2
    assert (report.feeds, report.updated) == (6, 6)


def test_a_feed_that_another_process_holds_is_left_to_it(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/a": Response(body=rss("One"))}) as server:
        (feed,) = follow(database, server.url("/a"))
        refresher.refresh()
        now = state(database, feed).last_checked_at
        assert now is not None
        with database.write() as connection:
            lease = timedelta(hours=1)
            feeds.claim_due(connection, "somebody", now=now, lease=lease, everything=True)
        assert refresher.refresh(everything=True).feeds == 0
        assert len(server.requests) == 1


def test_a_feed_that_was_removed_is_fetched_no_more(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/a": Response(body=rss("One"))}) as server:
        (feed,) = follow(database, server.url("/a"))
        with database.write() as connection:
            subscriptions.unsubscribe(connection, owner(database), feed)
        assert refresher.refresh(everything=True).feeds == 0
        assert server.requests == []


def test_asking_again_at_once_fetches_nothing_again(database: Database, refresher: Refresher) -> None:
    routes = {"/a": Response(body=rss("One")), "/b": Response(status=503)}
    with FeedServer(routes) as server:
        good, _ = follow(database, server.url("/a"), server.url("/b"))
        assert refresher.refresh(by_hand=True).feeds == 2
        assert refresher.refresh(by_hand=True).feeds == 0
        checked = state(database, good).last_checked_at
        assert checked is not None
        old = checked - timedelta(minutes=6)
        with database.write() as connection:
            connection.execute(update(feed_states).values(last_checked_at=old))
        assert refresher.refresh().feeds == 0
        assert refresher.refresh(by_hand=True).same_body == 1
        assert server.paths() == ["/a", "/b", "/a"]
