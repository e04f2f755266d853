"""The full texts of articles, from a real server to a real library."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Raw, Response, Sleep
from library import make_library, owner
from newspage import BEGINNING, PAGE, STUB, TEASER, TITLE, WALL, html
from sqlalchemy import select, update

from aggregator.completing import Completer, next_try
from aggregator.domain import CleanEntry, SafeHtml
from aggregator.errors import BadStatus, FeedError, NoFullText, NotFound, SiteBusy, Unreachable
from aggregator.feeds.documents import DocumentReader
from aggregator.feeds.manners import Sites, site_of
from aggregator.policies import FetchLimits, RefreshPolicy
from aggregator.refreshing import Refresher
from aggregator.storage import entries, feeds, marking, recording, subscriptions, terms, users, wantedtexts
from aggregator.storage.schema import wanted_texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from feedserver import Route

    from aggregator.domain import Entry
    from aggregator.storage.engine import Database

NOW = datetime.now(UTC)
LIMITS = FetchLimits(allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=1), page_max_bytes=100_000)
FOREVER = timedelta(days=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with make_library(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    with DocumentReader(workers=1, timeout=timedelta(seconds=10)) as found:
        yield found


@pytest.fixture
def completer(database: Database, documents: DocumentReader) -> Completer:
    return Completer(
        database=database, documents=documents, limits=LIMITS, policy=RefreshPolicy(), version="0"
    )


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with FeedServer(addresses=[f"127.0.0.{number}" for number in range(1, 13)]) as running:
        yield running


@pytest.fixture(autouse=True)
def _swept(server: FeedServer) -> None:
    server.routes.clear()
    server.requests.clear()


def follow(database: Database, url: str = "https://fanal.example/feed", *, always: bool = False) -> int:
    reader = owner(database)
    with database.write() as connection:
        feed = feeds.ensure_feed(connection, url, title="Le Fanal", site_url=None, now=NOW - FOREVER)
        subscriptions.subscribe(connection, reader, feed, title=None, category=(), now=NOW)
        wantedtexts.want_always(connection, reader, feed, since=NOW if always else None)
    return feed


def publish(database: Database, feed: int, *urls: str | None, title: str = TITLE) -> list[int]:
    """The ids in the order of the addresses, the first one is the newest."""
    made = [
        CleanEntry(
            guid=f"{number} {url}",
            url=url,
            title=title,
            author=None,
            published_at=NOW - timedelta(hours=number),
            updated_at=None,
            html=SafeHtml(f"<p>{TEASER}</p>"),
            summary="",
            text=TEASER,
            content_hash=f"{number} {url}",
        )
        for number, url in enumerate(urls)
    ]
    with database.write() as connection:
        recording.record_entries(connection, feed, made, now=NOW)
        return [
            h.id for h in entries.list_headlines(connection, owner(database), entries.Selection(feed_id=feed))
        ]


def stored(database: Database, entry_id: int) -> Entry:
    with database.read() as connection:
        return entries.get_entry(connection, owner(database), entry_id)


def is_full(database: Database, *ids: int) -> list[bool]:
    return [stored(database, entry_id).full is not None for entry_id in ids]


# ── because a person asks ────────────────────────────────────────────────────────────────────────


def test_the_full_text_is_fetched_once_and_waits_to_be_linked(
    database: Database, completer: Completer, server: FeedServer
) -> None:
    server.routes["/old"] = Response(status=301, headers={"Location": "/new", "Set-Cookie": "a=1"})
    server.routes["/new"] = html(PAGE)
    (one,) = publish(database, follow(database), server.url("/old"))
    assert completer.complete(owner(database), one, now=NOW)
    entry = stored(database, one)
    assert BEGINNING in entry.text
    assert 'href="' + server.url("/archives/1931.html") in entry.html
    assert entry.full is not None
    assert (entry.full.url, entry.full.feed_text) == (server.url("/new"), TEASER)
    with database.read() as connection:
        assert terms.is_pending(connection, one)
    assert not completer.complete(owner(database), one, now=NOW + timedelta(minutes=4))
    assert server.paths() == ["/old", "/new"]
    assert all("cookie" not in request.headers for request in server.requests)
    assert server.requests[0].headers["accept"].startswith("text/html")
    completer.complete(owner(database), one, now=NOW + timedelta(minutes=6))
    assert len(server.requests) == 4  # who asks again may have it again


PDF = Response(body=b"%PDF-1.7", headers={"Content-Type": "application/pdf"})
SLOW = Raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", Sleep(5))
FAULTS: dict[str, tuple[Route, str, str]] = {
    "paywall": (Response(status=403), "bad-status", "status?status=403"),
    "gone": (Response(status=410), "gone", "status?status=410"),
    "pdf": (PDF, "not-a-page", "page-not-html?type=application%2Fpdf"),
    "huge": (html("<p>" + "word " * 30_000), "too-large", ""),
    "slow": (SLOW, "unreachable", "slow?seconds=1"),
    "private": (
        Response(status=302, headers={"Location": "http://10.0.0.1/"}),
        "address-refused",
        "not-public?address=10.0.0.1",
    ),
    "file": (
        Response(status=302, headers={"Location": "file:///etc/passwd"}),
        "address-refused",
        "no-scheme",
    ),
    "empty": (html("<html><title>Le pont</title></html>"), "no-full-text", "page-empty"),
    "stub": (html(STUB), "no-full-text", "page-no-more"),
    "wall": (html(WALL), "no-full-text", "page-other"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_refused_leaves_what_was_there(
    database: Database, completer: Completer, server: FeedServer, name: str
) -> None:
    server.routes["/a"], code, reason = FAULTS[name]
    (one,) = publish(database, follow(database), server.url("/a"))
    before = stored(database, one)
    with pytest.raises(FeedError) as refused:
        completer.complete(owner(database), one, now=NOW)
    assert (refused.value.code, refused.value.reason) == (code, reason)
    assert stored(database, one) == before
    with pytest.raises(SiteBusy):  # a moment later
        completer.complete(owner(database), one, now=NOW + timedelta(seconds=30))
    assert server.paths() == ["/a"]


def test_only_who_follows_the_feed_may_ask(
    database: Database, completer: Completer, server: FeedServer
) -> None:
    (one,) = publish(database, follow(database), server.url("/a"))
    with database.write() as connection:
        marking.set_starred(connection, owner(database), one, starred=True, now=NOW)
        subscriptions.unsubscribe(connection, owner(database), 1)
        stranger = users.add_user(connection, "ana", role="reader", password_hash="x", now=NOW)
    for person in (owner(database), stranger):
        with pytest.raises(NotFound):
            completer.complete(person, one, now=NOW)
    assert server.requests == []


def test_an_entry_without_a_page_is_refused(database: Database, completer: Completer) -> None:
    (one,) = publish(database, follow(database), None)
    with pytest.raises(NoFullText) as refused:
        completer.complete(owner(database), one, now=NOW)
    assert refused.value.reason == "no-page"


def test_a_site_is_asked_for_one_page_at_a_time_and_left_alone_when_it_says_so() -> None:
    sites = Sites(at_once=2)
    with sites.ask("a", now=NOW), sites.ask("b", now=NOW):
        for site in ("a", "c"):
            with pytest.raises(SiteBusy), sites.ask(site, now=NOW):
                pass
    sites.leave_alone("a", until=NOW + timedelta(minutes=1))
    with pytest.raises(SiteBusy) as busy, sites.ask("a", now=NOW):
        pass
    assert busy.value.reason == "site-tired"
    with sites.ask("a", now=NOW + timedelta(minutes=1)), sites.ask("c", now=NOW):
        pass


def test_what_is_no_proper_address_is_a_site_of_its_own() -> None:
    assert [site_of(url) for url in ("https://A.example:8080/x", "http://[", "x")] == [
        "a.example",
        "http://[",
        "x",
    ]


# ── always ───────────────────────────────────────────────────────────────────────────────────────


def test_new_articles_are_complete_before_they_are_linked(
    database: Database, completer: Completer, server: FeedServer, documents: DocumentReader
) -> None:
    item = (
        "<item><guid>{0}</guid><title>Le pont rouvre</title><link>{1}</link>"
        "<description>{2}</description></item>"
    )
    items = item.format("1", server.url("/1"), TEASER)
    server.routes["/feed"] = lambda _: Response(
        body=f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>".encode()
    )
    server.routes["/1"] = server.routes["/2"] = html(PAGE)
    follow(database, server.url("/feed"), always=True)
    linked: list[list[str]] = []

    def link() -> int:
        with database.read() as connection:
            linked.append([waiting.article.content for waiting in terms.list_pending(connection, 9)])
        return 0

    refresher = Refresher(
        database=database,
        documents=documents,
        link=link,
        limits=LIMITS,
        policy=RefreshPolicy(),
        version="0",
        complete_texts=completer.complete_waiting,
    )
    refresher.refresh(everything=True)
    assert [BEGINNING in text for text in linked[0]] == [True]
    items += item.format("2", server.url("/2"), TEASER)
    refresher.refresh(everything=True)
    refresher.refresh(everything=True)
    assert server.paths().count("/1") == server.paths().count("/2") == 1


def test_a_few_of_each_site_in_turn_the_newest_first(
    database: Database, completer: Completer, server: FeedServer
) -> None:
    pages = [f"/{number}" for number in range(6)]
    server.routes.update(dict.fromkeys(pages, Response(body=PAGE.encode(), latency=0.02)))
    first = [server.url(page, "127.0.0.3") for page in pages]
    feed = follow(database, always=True)
    ids = publish(database, feed, *first, server.url("/0", "127.0.0.2"))
    assert completer.complete_waiting() == 5
    assert [request.path for request in server.requests if request.address == "127.0.0.3"] == pages[:4]
    assert server.busiest["127.0.0.3"] == 1
    assert is_full(database, *ids) == [True] * 4 + [False] * 2 + [True]
    assert completer.complete_waiting() == 2
    assert completer.complete_waiting() == 0


def test_sites_take_turns_and_leave_room_for_who_asks(
    database: Database, completer: Completer, server: FeedServer
) -> None:
    server.routes["/a"] = Response(body=PAGE.encode(), latency=0.05)
    pages = [server.url("/a", f"127.0.0.{number}") for number in range(1, 13)]
    publish(database, follow(database, always=True), *pages)
    server.busiest.clear()
    assert completer.complete_waiting() == 12
    assert server.busiest[""] <= 5  # four, and one of a test before this


def test_what_fails_for_a_while_is_tried_again_and_what_fails_for_good_is_not(
    database: Database, completer: Completer, server: FeedServer
) -> None:
    server.routes["/down"] = Response(status=500)
    down, missing = publish(
        database, follow(database, always=True), server.url("/down"), server.url("/missing", "127.0.0.2")
    )
    for later in (timedelta(0), timedelta(minutes=29), timedelta(minutes=31)):
        wait(database, later)
        completer.complete_waiting()
    assert [server.paths().count(path) for path in ("/down", "/missing")] == [2, 1]
    with database.read() as connection:
        assert wantedtexts.report(connection, 1).failed == 1
    server.routes["/down"] = html(PAGE)
    wait(database, timedelta(hours=4))
    assert completer.complete_waiting() == 1
    assert is_full(database, down, missing) == [True, False]


def wait(database: Database, span: timedelta) -> None:
    """As if so much time had passed since the first try."""
    with database.write() as connection:
        rows = connection.execute(select(wanted_texts.c.entry_id, wanted_texts.c.due_at)).all()
        for row in rows:
            if row.due_at is not None and row.due_at <= datetime.now(UTC) + span:
                mine = wanted_texts.c.entry_id == row.entry_id
                connection.execute(update(wanted_texts).where(mine).values(due_at=NOW))


def test_a_site_that_has_had_enough_is_not_asked_for_the_others(
    database: Database, completer: Completer, server: FeedServer
) -> None:
    server.routes["/0"] = Response(status=429, headers={"Retry-After": "7200"})
    server.routes["/1"] = html(PAGE)
    _, second = publish(database, follow(database, always=True), server.url("/0"), server.url("/1"))
    assert completer.complete_waiting() == 0
    with pytest.raises(SiteBusy):
        completer.complete(owner(database), second, now=datetime.now(UTC))
    assert server.paths() == ["/0"]


def test_one_page_in_two_feeds_is_fetched_once(
    database: Database, completer: Completer, server: FeedServer
) -> None:
    server.routes["/a"] = html(PAGE)
    (one,) = publish(database, follow(database), server.url("/a"))
    (copy,) = publish(database, follow(database, "https://b.example/feed"), server.url("/a"))
    for entry_id in (one, copy):
        completer.complete(owner(database), entry_id, now=NOW)
    assert server.paths() == ["/a"]
    assert stored(database, one).html == stored(database, copy).html
    completer.complete(owner(database), copy, now=NOW + timedelta(minutes=6))  # it is asked for again
    assert server.paths() == ["/a", "/a"]


def test_what_is_under_way_is_given_up_when_the_program_stops(
    database: Database, completer: Completer, server: FeedServer
) -> None:
    stopping = Event()
    server.routes["/a"] = lambda _: stopping.set() or SLOW  # type: ignore[func-returns-value]
    (one,) = publish(database, follow(database, always=True), server.url("/a"))
    patient = replace(completer, limits=replace(LIMITS, timeout=timedelta(seconds=10)), stopping=stopping)
    assert patient.complete_waiting() == 0
    with database.read() as connection:
        assert wantedtexts.find_tried(connection, one) is None
        assert wantedtexts.report(connection, 1).waiting == 1


@pytest.mark.parametrize(
    ("status", "tries", "wait_for"),
    [
        (500, 0, timedelta(minutes=30)),
        (503, 2, timedelta(hours=12)),
        (503, 3, None),
        (429, 0, timedelta(minutes=30)),
        (403, 0, None),
        (404, 0, None),
    ],
)
def test_when_a_page_is_tried_again(status: int, tries: int, wait_for: timedelta | None) -> None:
    error = BadStatus("u", "d")
    error.status = status
    assert next_try(error, tries, NOW) == (NOW + wait_for if wait_for else None)


def test_a_page_is_tried_again_when_its_site_says() -> None:
    error = BadStatus("u", "d")
    error.status, error.retry_after_seconds = 503, 7200
    assert next_try(error, 0, NOW) == NOW + timedelta(hours=2)
    error.retry_after_seconds = 10**6
    assert next_try(error, 0, NOW) == NOW + timedelta(days=1)
    assert next_try(Unreachable("u", "d"), 0, NOW) == NOW + timedelta(minutes=30)
    assert next_try(NoFullText("u", "d"), 0, NOW) is None
