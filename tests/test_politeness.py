"""What a server says of itself, and what a refresh makes of it: too much, moved, gone, not now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from feedserver import FeedServer, Request, Response
from library import follow, make_library, owner
from sqlalchemy import select, update

from aggregator.feeds.documents import DocumentReader
from aggregator.policies import FetchLimits, RefreshPolicy
from aggregator.refreshing import Refresher
from aggregator.storage import feeds, subscriptions
from aggregator.storage.schema import feed_states
from aggregator.subscribing import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aggregator.domain import Subscription
    from aggregator.storage.engine import Database

HERE, THERE = "127.0.0.1", "127.0.0.2"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = FetchLimits(allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=5))
HOUR = timedelta(hours=1)


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
        policy=RefreshPolicy(),
        version="0",
    )


def rss(head: str = "") -> bytes:
    items = "".join(f"<item><guid>{n}</guid><title>{n}</title></item>" for n in range(2))
    return f'<rss version="2.0"><channel><title>Journal</title>{head}{items}</channel></rss>'.encode()


def subscription(database: Database, feed: int) -> Subscription:
    with database.read() as connection:
        return subscriptions.get_subscription(connection, owner(database), feed)


def wait(database: Database, feed: int) -> timedelta:
    """From now to the next fetch."""
    return subscription(database, feed).state.next_fetch_at - datetime.now(UTC)


def change(database: Database, feed: int, **values: Any) -> None:
    with database.write() as connection:
        connection.execute(update(feed_states).where(feed_states.c.feed_id == feed).values(**values))


# ── too much, not now ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "headers"), [(429, {}), (429, {"Retry-After": "7200"}), (503, {"Retry-After": "7200"})]
)
def test_a_host_that_has_had_enough_is_left_alone_with_all_its_feeds(
    database: Database, refresher: Refresher, status: int, headers: dict[str, str]
) -> None:
    with FeedServer(addresses=(HERE, THERE)) as server:
        server.routes = {f"/{n}": Response(status=status, headers=headers) for n in range(8)}
        server.routes["/other"] = Response(body=rss())
        tired = [follow(database, server.url(f"/{n}"), str(n), now=LONG_AGO) for n in range(8)]
        other = follow(database, server.url("/other", THERE), "other", now=LONG_AGO)
        report = refresher.refresh(everything=True)
        again = refresher.refresh()
    assert (report.feeds, report.failed, report.postponed, report.updated) == (9, 1, 7, 1)
    assert again.feeds == 0
    assert sum(request.address == HERE for request in server.requests) == 1
    states = [subscription(database, feed).state for feed in tired]
    assert sorted(state.failures for state in states) == [0] * 7 + [1]
    least = 2 * HOUR if headers else timedelta(minutes=15)
    assert min(wait(database, feed) for feed in tired) > least - timedelta(minutes=2)
    assert subscription(database, other).state.failures == 0


def test_a_feed_that_is_down_does_not_keep_its_neighbours_away(
    database: Database, refresher: Refresher
) -> None:
    with FeedServer({"/a": Response(status=503), "/b": Response(body=rss())}) as server:
        for path in ("/a", "/b"):
            follow(database, server.url(path), path)
        report = refresher.refresh(everything=True)
    assert (report.failed, report.updated, report.postponed) == (1, 1, 0)


def test_any_failing_answer_may_say_when_to_come_back(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/": Response(status=500, headers={"Retry-After": "18000"})}) as server:
        feed = follow(database, server.url(), "A")
        refresher.refresh(everything=True)
    assert wait(database, feed) > 4.9 * HOUR


# ── what a document asks for ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("head", "headers"),
    [("<ttl>600</ttl>", {}), ("", {"Cache-Control": "public, max-age=36000"})],
)
def test_what_a_document_asked_for_holds_when_it_has_not_changed(
    database: Database, refresher: Refresher, head: str, headers: dict[str, str]
) -> None:
    def answer(request: Request) -> Response:
        if request.headers.get("if-none-match"):
            return Response(status=304)
        return Response(body=rss(head), headers={"ETag": '"1"', **headers})

    with FeedServer({"/": answer}) as server:
        feed = follow(database, server.url(), "A")
        refresher.refresh(everything=True)
        assert wait(database, feed) > 9 * HOUR
        assert refresher.refresh(everything=True).not_modified == 1
    assert wait(database, feed) > 9 * HOUR


def test_skipped_hours_hold_when_the_document_has_not_changed(
    database: Database, refresher: Refresher
) -> None:
    soon = {(datetime.now(UTC) + n * HOUR).hour for n in range(6)}
    hours = "".join(f"<hour>{hour}</hour>" for hour in soon)
    with FeedServer({"/": Response(body=rss(f"<skipHours>{hours}</skipHours>"))}) as server:
        feed = follow(database, server.url(), "A")
        refresher.refresh(everything=True)
        first = subscription(database, feed).state.next_fetch_at
        assert refresher.refresh(everything=True).same_body == 1
    second = subscription(database, feed).state.next_fetch_at
    assert soon.isdisjoint({first.hour, second.hour})


# ── moved ────────────────────────────────────────────────────────────────────────────────────────


def moved(location: str, status: int = 301) -> Response:
    return Response(status=status, headers={"Location": location})


def with_etag(request: Request) -> Response:
    if request.headers.get("if-none-match") == '"1"':
        return Response(status=304)
    return Response(body=rss(), headers={"ETag": '"1"'})


@pytest.mark.parametrize("target", [with_etag, Response(body=rss())])
@pytest.mark.parametrize("status", [301, 308])
def test_a_new_address_is_taken_over_once_it_has_held(
    database: Database, refresher: Refresher, target: Any, status: int
) -> None:
    with FeedServer({"/old": moved("/new", status), "/new": target}) as server:
        feed = follow(database, server.url("/old"), "A")
        for _ in range(4):  # often, and within moments
            refresher.refresh(everything=True)
        found = subscription(database, feed)
        assert found.feed.url == server.url("/old")
        assert found.state.move is not None
        assert (found.state.move.url, found.state.move.times) == (server.url("/new"), 4)
        change(database, feed, moved_since=datetime.now(UTC) - timedelta(days=2))
        refresher.refresh(everything=True)
        found = subscription(database, feed)
        assert (found.feed.url, found.state.move, found.state.failures) == (server.url("/new"), None, 0)
        server.requests.clear()
        refresher.refresh(everything=True)
    assert server.paths() == ["/new"]


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_redirect_changes_nothing_and_ends_the_tale_of_a_move(
    database: Database, refresher: Refresher, status: int
) -> None:
    with FeedServer({"/old": moved("/new"), "/new": Response(body=rss())}) as server:
        feed = follow(database, server.url("/old"), "A")
        refresher.refresh(everything=True)
        assert subscription(database, feed).state.move is not None
        server.routes["/old"] = moved("/new", status)
        refresher.refresh(everything=True)
        found = subscription(database, feed)
    assert (found.state.move, found.feed.url) == (None, server.url("/old"))


def test_a_move_to_an_error_is_no_move(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/old": moved("/login"), "/login": Response(body=b"<html>Pay</html>")}) as server:
        feed = follow(database, server.url("/old"), "A")
        refresher.refresh(everything=True)
    found = subscription(database, feed)
    assert (found.state.move, found.state.failures) == (None, 1)


def test_a_moved_feed_is_found_under_both_addresses(
    database: Database, refresher: Refresher, documents: DocumentReader
) -> None:
    subscriber = Subscriber(database=database, documents=documents, limits=LIMITS, version="0")
    with FeedServer({"/old": moved("/new"), "/new": Response(body=rss())}) as server:
        feed = follow(database, server.url("/old"), "A")
        refresher.refresh(everything=True)
        server.requests.clear()
        for path in ("/old", "/new"):
            found = subscriber.find(owner(database), server.url(path), now=datetime.now(UTC))
            assert found.feed.id == feed
    assert server.paths() == []


# ── gone ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_that_is_gone_is_given_up_in_the_end_and_can_be_asked_again(
    database: Database, refresher: Refresher
) -> None:
    with FeedServer({"/": Response(status=410)}) as server:
        feed = follow(database, server.url(), "A")
        for _ in range(3):
            refresher.refresh(everything=True)
        gone = subscription(database, feed).state.gone
        assert gone is not None
        assert (gone.times, gone.stopped_at) == (3, None)
        change(database, feed, gone_since=datetime.now(UTC) - timedelta(days=2))
        refresher.refresh(everything=True)
        gone = subscription(database, feed).state.gone
        assert gone is not None
        assert gone.stopped_at is not None
        change(database, feed, next_fetch_at=LONG_AGO)
        assert refresher.refresh().feeds == 0
        assert refresher.refresh(everything=True).feeds == 0
        server.routes["/"] = Response(body=rss())
        with database.write() as connection:
            now = datetime.now(UTC)
            feeds.hurry(connection, feed, now=now, pause=timedelta(0))
        assert refresher.refresh().new_entries == 2
    assert subscription(database, feed).state.gone is None


def test_a_row_of_410s_ends_with_another_answer(database: Database, refresher: Refresher) -> None:
    with FeedServer({"/": Response(status=410)}) as server:
        feed = follow(database, server.url(), "A")
        refresher.refresh(everything=True)
        server.routes["/"] = Response(status=500)
        refresher.refresh(everything=True)
    found = subscription(database, feed).state
    assert (found.gone, found.failures) == (None, 2)


# ── paused ───────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_that_is_paused_by_all_who_follow_it_is_not_fetched(
    database: Database, refresher: Refresher
) -> None:
    with FeedServer({"/": Response(body=rss())}) as server:
        feed, reader = follow(database, server.url(), "A"), owner(database)
        with database.write() as connection:
            subscriptions.set_paused(connection, reader, feed, paused_at=LONG_AGO)
        assert refresher.refresh(everything=True).feeds == 0
        assert refresher.refresh(feed_id=feed).feeds == 0
        with database.write() as connection:
            subscriptions.set_paused(connection, reader, feed, paused_at=None)
        assert refresher.refresh(everything=True).new_entries == 2


# ── what came ────────────────────────────────────────────────────────────────────────────────────


def test_each_check_says_what_it_brought(database: Database, refresher: Refresher) -> None:
    answers = [
        ("new", Response(body=rss(), headers={"ETag": '"1"'})),
        ("same", Response(body=rss(), headers={"ETag": '"1"'})),
        ("not-modified", Response(status=304)),
        ("changed", Response(body=rss("<description>More</description>"))),
        ("failed", Response(status=500)),
    ]
    with FeedServer({"/": Response()}) as server:
        feed = follow(database, server.url(), "A")
        for outcome, answer in answers:
            server.routes["/"] = answer
            refresher.refresh(everything=True)
            assert subscription(database, feed).state.outcome == outcome
    with database.read() as connection:
        changed = connection.scalar(select(feed_states.c.changed_at).where(feed_states.c.feed_id == feed))
    assert changed is not None
