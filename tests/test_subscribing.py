"""Under which address a feed is followed, and found again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response
from library import NOW, make_library, owner

from aggregator.errors import AddressRefused, NotFound
from aggregator.feeds.documents import DocumentReader
from aggregator.policies import FetchLimits
from aggregator.subscribing import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FEED = Response(
    body=b'<rss version="2.0"><channel><title>A</title><item><title>One</title></item></channel></rss>'
)
PAGE = Response(
    body=b'<head><link rel=alternate type="application/rss+xml" href="/announced"></head>',
    headers={"Content-Type": "text/html"},
)


def redirect(status: int, path: str) -> Response:
    return Response(status=status, headers={"Location": path})


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    with DocumentReader(workers=1, timeout=timedelta(seconds=20)) as found:
        yield found


@pytest.fixture
def subscriber(tmp_path: Path, documents: DocumentReader) -> Iterator[Subscriber]:
    limits = FetchLimits(allowed_networks=("127.0.0.0/8",))
    with make_library(tmp_path) as database:
        yield Subscriber(database=database, documents=documents, limits=limits, version="0")


@pytest.mark.parametrize(
    ("routes", "followed"),
    [
        ({"/asked": FEED}, "/asked"),
        ({"/asked": redirect(301, "/end"), "/end": FEED}, "/end"),
        ({"/asked": redirect(301, "/b"), "/b": redirect(308, "/end"), "/end": FEED}, "/end"),
        ({"/asked": redirect(302, "/end"), "/end": FEED}, "/asked"),
        ({"/asked": redirect(303, "/end"), "/end": FEED}, "/asked"),
        ({"/asked": redirect(307, "/end"), "/end": FEED}, "/asked"),
        ({"/asked": redirect(301, "/b"), "/b": redirect(302, "/end"), "/end": FEED}, "/asked"),
        ({"/asked": PAGE, "/announced": FEED}, "/announced"),
        ({"/asked": PAGE, "/announced": redirect(302, "/end"), "/end": FEED}, "/announced"),
        (
            {"/asked": redirect(302, "/b"), "/b": PAGE, "/announced": redirect(301, "/end"), "/end": FEED},
            "/end",
        ),
    ],
)
def test_a_temporary_redirect_is_not_adopted(
    subscriber: Subscriber, routes: dict[str, Response], followed: str
) -> None:
    reader = owner(subscriber.database)
    with FeedServer(routes) as server:
        added = subscriber.add(reader, server.url("/asked"), now=NOW)
        assert added.feed.url == server.url(followed)
        for path in ("/asked", followed):
            assert subscriber.find(reader, server.url(path), now=NOW) == added


def test_an_imported_address_that_redirects_for_a_time_is_added_once(subscriber: Subscriber) -> None:
    reader = owner(subscriber.database)
    with FeedServer({"/asked": redirect(302, "/end"), "/end": FEED}) as server:
        subscriber.add(reader, server.url("/asked"), now=NOW)
        opml = f'<opml><body><outline xmlUrl="{server.url("/asked")}"/></body></opml>'
        report = subscriber.import_opml(reader, opml.encode(), now=NOW)
    assert (len(report.added), len(report.already_there)) == (0, 1)


def test_an_address_is_read_in_one_way(subscriber: Subscriber) -> None:
    reader = owner(subscriber.database)
    opml = b'<opml><body><outline xmlUrl="https://127.0.0.1/feed"/></body></opml>'
    subscriber.import_opml(reader, opml, now=NOW)
    for typed in ("127.0.0.1/feed", " https://127.0.0.1:443/feed ", "feed:https://127.0.0.1/feed"):
        assert subscriber.find(reader, typed, now=NOW).feed.url == "https://127.0.0.1/feed"
    with pytest.raises(AddressRefused):
        subscriber.find(reader, "file:///etc/passwd", now=NOW)


def test_what_is_not_followed_is_not_found(subscriber: Subscriber) -> None:
    with FeedServer({"/a": FEED, "/page": PAGE}) as server:
        for path in ("/a", "/page", "/nothing"):
            with pytest.raises(NotFound, match=path):
                subscriber.find(owner(subscriber.database), server.url(path), now=NOW)
