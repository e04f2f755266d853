"""The icons of feeds, from a real server to a real library."""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Event, Timer
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Raw, Response, Sleep
from library import NOW, a_document, make_library, owner
from pictures import picture

from aggregator.domain import Schedule, Validators
from aggregator.feeds.documents import DocumentReader
from aggregator.icons import IconCollector
from aggregator.policies import FetchLimits
from aggregator.storage import feeds, icons, subscriptions, users

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aggregator.storage.engine import Database

PICTURE = Response(body=picture(), headers={"Content-Type": "text/plain"})
LIMITS = FetchLimits(allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=5))


def page(head: str) -> Response:
    return Response(body=f"<html><head>{head}".encode(), headers={"Content-Type": "text/html"})


NAMED = page('<link rel=icon href="/mark.png">')


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with make_library(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    with DocumentReader(workers=1, timeout=timedelta(seconds=5)) as found:
        yield found


def collector(
    database: Database,
    documents: DocumentReader,
    *,
    limits: FetchLimits = LIMITS,
    stopping: Event | None = None,
) -> IconCollector:
    return IconCollector(
        database=database, documents=documents, limits=limits, version="0", stopping=stopping or Event()
    )


def refreshed(database: Database, url: str, *, site: str | None) -> int:
    """The id of a feed that is followed and was fetched."""
    with database.write() as connection:
        feed_id = feeds.ensure_feed(connection, url, title="A", site_url=site, now=NOW)
        subscriptions.subscribe(connection, owner(database), feed_id, title=None, category=(), now=NOW)
        schedule = Schedule(checked_at=NOW, next_fetch_at=NOW, interval=timedelta(hours=1))
        feeds.record_success(connection, feed_id, schedule, validators=Validators(), body_hash="x")
    return feed_id


def shown(database: Database, *feed_ids: int) -> list[bytes | None]:
    with database.read() as connection:
        reader, digests = users.get_owner(connection).id, icons.icon_digests(connection, feed_ids)
        found = [icons.find_icon(connection, reader, digests.get(feed_id, "")) for feed_id in feed_ids]
    return [icon.body if icon else None for icon in found]


@pytest.mark.parametrize(
    ("routes", "asked"),
    [
        ({"/": NAMED, "/mark.png": PICTURE}, ["/", "/mark.png"]),
        ({"/": NAMED, "/favicon.ico": PICTURE}, ["/", "/mark.png", "/favicon.ico"]),
        ({"/favicon.ico": PICTURE}, ["/", "/favicon.ico"]),
        (
            {"/": page("<link rel=icon href=a><link rel=icon href=b><link rel=icon href=c>")},
            ["/", "/a", "/b", "/favicon.ico"],
        ),
    ],
)
def test_a_site_is_asked_for_its_icon_once(
    database: Database, documents: DocumentReader, routes: dict[str, Response], asked: list[str]
) -> None:
    with FeedServer(routes) as server:
        feed = refreshed(database, server.url("/feed"), site=server.url("/"))
        wanted = int(PICTURE in routes.values())
        assert collector(database, documents).collect() == wanted
        assert collector(database, documents).collect() == 0
        assert server.paths() == asked
    [body] = shown(database, feed)
    assert (body or b"").startswith(b"\x89PNG" if wanted else b"")


def test_the_feeds_of_a_host_share_one_and_equal_ones_are_kept_once(
    database: Database, documents: DocumentReader
) -> None:
    with FeedServer({"/favicon.ico": PICTURE}, addresses=("127.0.0.1", "127.0.0.2")) as server:
        one, two = (refreshed(database, server.url(path), site=None) for path in ("/a", "/b"))
        three = refreshed(database, server.url("/c", "127.0.0.2"), site=None)
        collector(database, documents).collect()
        assert server.paths().count("/favicon.ico") == 2
    with database.read() as connection:
        digests = icons.icon_digests(connection, (one, two, three))
    assert set(digests) == {one, two, three}
    assert len(set(digests.values())) == 1


def test_no_more_than_eight_sites_at_a_time(database: Database, documents: DocumentReader) -> None:
    hosts = tuple(f"127.0.0.{number}" for number in range(1, 12))
    with FeedServer({"/favicon.ico": PICTURE}, addresses=hosts) as server:
        found = [refreshed(database, server.url("/", host), site=None) for host in hosts]
        assert collector(database, documents).collect() == 8
        assert collector(database, documents).collect() == 3
    assert None not in shown(database, *found)


@pytest.mark.parametrize(
    "answer",
    [
        Response(body=b'<svg xmlns="http://www.w3.org/2000/svg"/>', headers={"Content-Type": "image/png"}),
        Response(body=picture() + b" " * 1_000_000),
        Response(status=500),
        Response(status=302, headers={"Location": "http://192.0.2.1/icon.png"}),
        Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort"),
    ],
    ids=["svg", "too large", "error", "refused", "cut off"],
)
def test_what_is_no_icon_is_noted_and_does_no_harm(
    database: Database, documents: DocumentReader, answer: Response | Raw
) -> None:
    with FeedServer({"/": NAMED, "/mark.png": answer}) as server:
        feed = refreshed(database, server.url("/feed"), site=server.url("/"))
        assert collector(database, documents).collect() == 0
        asked = len(server.requests)
        assert collector(database, documents).collect() == 0
        assert len(server.requests) == asked
    assert shown(database, feed) == [None]


def test_nothing_is_asked_where_icons_are_switched_off(database: Database, documents: DocumentReader) -> None:
    off = FetchLimits(allowed_networks=("127.0.0.0/8",), icons=False)
    with FeedServer({"/favicon.ico": PICTURE}) as server:
        refreshed(database, server.url("/feed"), site=None)
        assert collector(database, documents, limits=off).collect() == 0
        assert server.requests == []


def test_what_a_stop_cut_off_is_wanted_again(database: Database, documents: DocumentReader) -> None:
    stopping = Event()
    with FeedServer({"/": Raw(Sleep(30))}) as server:
        feed = refreshed(database, server.url("/"), site=None)
        Timer(0.5, stopping.set).start()
        started = time.monotonic()
        assert collector(database, documents, stopping=stopping).collect() == 0
        assert time.monotonic() - started < 3
        server.routes = {"/favicon.ico": PICTURE}
        assert collector(database, documents).collect() == 1
    assert None not in shown(database, feed)


def test_a_feed_that_fails_or_was_never_fetched_waits(database: Database, documents: DocumentReader) -> None:
    with FeedServer({"/favicon.ico": PICTURE}) as server:
        with database.write() as connection:
            new = feeds.ensure_feed(connection, server.url("/"), title="A", site_url=None, now=NOW)
            feeds.record_feed(connection, new, a_document("A"))
            subscriptions.subscribe(connection, owner(database), new, title=None, category=(), now=NOW)
        assert collector(database, documents).collect() == 0
        assert server.requests == []
