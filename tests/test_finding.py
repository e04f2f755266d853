"""What `add` finds for the address of a page: what it announces, links to, or has in a usual place."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Raw, Response, Sleep
from library import NOW, make_library, owner

from aggregator.errors import BadStatus, NotAFeed, Unreachable
from aggregator.feeds.documents import DocumentReader
from aggregator.policies import FetchLimits
from aggregator.subscribing import SeveralFeeds, Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FEED = Response(
    body=b'<rss version="2.0"><channel><title>A</title><item><title>One</title></item></channel></rss>'
)


def page(html: str) -> Response:
    return Response(body=f"<html><body>{html}".encode(), headers={"Content-Type": "text/html"})


EMPTY = page("Welcome")


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    with DocumentReader(workers=1, timeout=timedelta(seconds=2)) as found:
        yield found


@pytest.fixture
def subscriber(tmp_path: Path, documents: DocumentReader) -> Iterator[Subscriber]:
    limits = FetchLimits(allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=3))
    with make_library(tmp_path) as database:
        yield Subscriber(database=database, documents=documents, limits=limits, version="0")


def add(subscriber: Subscriber, url: str) -> str:
    return subscriber.add(owner(subscriber.database), url, now=NOW).feed.url


@pytest.mark.parametrize(
    ("asked", "routes", "found"),
    [
        ("/", {"/": page('<a href="/en/rss/">Flux RSS</a>'), "/en/rss/": FEED}, "/en/rss/"),
        ("/", {"/": page('<a href="about">x</a> <a href="blog.atom"><img alt>')}, "/blog.atom"),
        ("/", {"/": page('<a href="/rss">RSS</a>'), "/rss": EMPTY, "/atom.xml": FEED}, "/atom.xml"),
        ("/", {"/": EMPTY, "/feed": FEED}, "/feed"),
        ("/", {"/": EMPTY, "/feed": EMPTY, "/index.xml": FEED}, "/index.xml"),
        ("/carnet/", {"/carnet/": EMPTY, "/feed": FEED, "/carnet/feed": FEED}, "/carnet/feed"),
        ("/@some_one", {"/@some_one": EMPTY, "/@some_one.rss": FEED}, "/@some_one.rss"),
    ],
)
def test_a_page_that_announces_nothing(
    subscriber: Subscriber, asked: str, routes: dict[str, Response], found: str
) -> None:
    with FeedServer({found: FEED, **routes}) as server:
        assert add(subscriber, server.url(asked)) == server.url(found)
        assert len(server.requests) <= 6


def test_what_is_announced_is_enough(subscriber: Subscriber) -> None:
    announced = '<link rel=alternate type="application/rss+xml" href="/news"><a href="/rss.xml">RSS</a>'
    with FeedServer({"/": page(announced), "/news": FEED, "/rss.xml": FEED}) as server:
        assert add(subscriber, server.url("/")) == server.url("/news")
        assert server.paths() == ["/", "/news"]


def test_a_feed_is_never_replaced(subscriber: Subscriber) -> None:
    with FeedServer({"/@some_one": FEED}) as server:
        assert add(subscriber, server.url("/@some_one")) == server.url("/@some_one")
        assert server.paths() == ["/@some_one"]


def test_several_links_are_offered_by_name_those_of_comments_last(subscriber: Subscriber) -> None:
    links = """<a href="/comments/feed">Comments</a> <a href="/rss/une.xml">À la <b>une</b></a>
      <a href="/rss/monde.xml" title="x">Monde &amp; co</a> <a href="/rss/une.xml">again</a>
      <a href="https://feedly.com/i/subscription/feed/x">Feedly</a>
      <a href="https://other.example/feed">A friend</a> <a href="/feedback">Write to us</a>"""
    with FeedServer({"/": page(links)}) as server:
        with pytest.raises(SeveralFeeds) as refused:
            add(subscriber, server.url("/"))
        assert [(feed.url, feed.title) for feed in refused.value.found] == [
            (server.url("/rss/une.xml"), "À la une"),
            (server.url("/rss/monde.xml"), "Monde & co"),
            (server.url("/comments/feed"), "Comments"),
        ]
        assert server.paths() == ["/"]


def test_where_nothing_is_found_it_says_what_was_tried(subscriber: Subscriber) -> None:
    with FeedServer({"/": EMPTY}) as server:
        with pytest.raises(NotAFeed) as refused:
            add(subscriber, server.url("/"))
        assert len(server.requests) == 6
    for path in server.paths()[1:]:
        assert path in str(refused.value)


def test_a_server_that_stops_answering_is_asked_for_as_long_as_one_fetch(subscriber: Subscriber) -> None:
    routes = {"/": EMPTY, "/feed": Raw(Sleep(30)), "/rss.xml": FEED}
    with FeedServer(routes) as server:
        started = time.monotonic()
        with pytest.raises(NotAFeed):
            add(subscriber, server.url("/"))
        assert time.monotonic() - started < 5
        assert "/rss.xml" not in server.paths()


def test_nothing_is_guessed_where_there_is_no_page(subscriber: Subscriber) -> None:
    with FeedServer({"/text": Response(body=b"words", headers={"Content-Type": "text/plain"})}) as server:
        with pytest.raises(NotAFeed):
            add(subscriber, server.url("/text"))
        with pytest.raises(BadStatus):
            add(subscriber, server.url("/missing"))
        assert server.paths() == ["/text", "/missing"]
    with pytest.raises(Unreachable):
        add(subscriber, server.url("/"))


@pytest.mark.parametrize("piece", ["<a ", "<a href='rss' ", "<a>rss", "<!", "<a rss='", "&#"])
def test_a_hostile_page_costs_its_own_time_only(subscriber: Subscriber, piece: str) -> None:
    with FeedServer({"/": page(piece * 100_000)}) as server:
        started = time.monotonic()
        with pytest.raises(NotAFeed):
            add(subscriber, server.url("/"))
        assert time.monotonic() - started < 10
