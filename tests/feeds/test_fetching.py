"""Fetching from a real server on the loopback: what comes back, what is asked for, how much of it."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import brotli
import pytest
from feedserver import FeedServer, Raw, Repeat, Request, Response
from fetches import LOOPBACK, RSS, document, failing, fetch, fetch_all

from aggregator.domain import Fetched, NotModified, Validators
from aggregator.errors import BadStatus, Gone, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def conditional(request: Request) -> Response:
    if request.headers.get("if-none-match") == '"one"':
        return Response(status=304)
    return Response(body=RSS, headers={"ETag": '"one"', "Last-Modified": "Tue, 01 Jan 2030 00:00:00 GMT"})


# ── what comes back ──────────────────────────────────────────────────────────────────────────────


def test_a_document() -> None:
    headers = {"Content-Type": "application/rss+xml; charset=utf-8", "Cache-Control": "public, max-age=600"}
    with FeedServer({"/feed": Response(body=RSS, headers=headers)}) as server:
        found = document(f"  {server.url('/feed')}#top ")
        assert found.url == server.url("/feed")
    assert found.body == RSS
    assert found.body_hash == hashlib.sha256(RSS).hexdigest()
    assert found.content_type == "application/rss+xml; charset=utf-8"
    assert found.validators == Validators()
    assert found.max_age == timedelta(minutes=10)


def test_an_empty_document_is_one() -> None:
    with FeedServer({"/": Response()}) as server:
        assert document(server.url()).body == b""


def test_what_has_not_changed_is_not_sent_again() -> None:
    with FeedServer({"/": conditional}) as server:
        first = document(server.url())
        assert first.validators.etag == '"one"'
        again = fetch(server.url(), first.validators)
    assert again == NotModified(validators=first.validators, max_age=None, url=server.url())
    assert server.requests[1].headers["if-none-match"] == '"one"'
    assert server.requests[1].headers["if-modified-since"] == "Tue, 01 Jan 2030 00:00:00 GMT"


def test_last_modified_alone_is_enough() -> None:
    def route(request: Request) -> Response:
        return Response(status=304 if request.headers.get("if-modified-since") == "yesterday" else 200)

    with FeedServer({"/": route}) as server:
        assert isinstance(fetch(server.url(), Validators(last_modified="yesterday")), NotModified)


def test_a_304_brings_new_validators_and_freshness() -> None:
    answer = Response(status=304, headers={"ETag": '"two"', "Cache-Control": "max-age=60"})
    with FeedServer({"/": answer}) as server:
        found = fetch(server.url(), Validators(etag='"one"', last_modified="x"))
    assert found == NotModified(
        validators=Validators(etag='"two"', last_modified="x"),
        max_age=timedelta(minutes=1),
        url=server.url(),
    )


def test_a_304_that_nobody_asked_for_is_an_error() -> None:
    with FeedServer({"/": Response(status=304)}) as server:
        error = failing(BadStatus, server.url())
    assert isinstance(error, BadStatus)
    assert error.status == 304


@pytest.mark.parametrize(
    ("coding", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)]
)
def test_encoded_documents(coding: str, encode: Callable[[bytes], bytes]) -> None:
    answer = Response(body=encode(RSS), headers={"Content-Encoding": coding})
    with FeedServer({"/": answer}) as server:
        assert document(server.url()).body == RSS
    assert coding in server.requests[0].headers["accept-encoding"]


def test_we_say_who_we_are() -> None:
    with FeedServer({"/": Response()}) as server:
        fetch(server.url())
        fetch(server.url(), limits=replace(LOOPBACK, contact=" https://reader.example/about\n"))
    agents = [request.headers["user-agent"] for request in server.requests]
    assert agents == ["Lire-aussi/1.2", "Lire-aussi/1.2 (+https://reader.example/about)"]
    assert "application/atom+xml" in server.requests[0].headers["accept"]


def test_nothing_is_taken_from_the_environment_or_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with FeedServer({"/": Response(headers={"Set-Cookie": "a=b"})}) as server:
        assert all(isinstance(found, Fetched) for found in fetch_all([server.url()] * 2))
    for request in server.requests:
        assert not {"cookie", "authorization", "proxy-authorization"} & request.headers.keys()


# ── statuses ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", [204, 206, 300, 401, 403, 404, 500, 520, 999])
def test_other_statuses_are_errors(status: int) -> None:
    with FeedServer({"/": Response(status=status, body=b"" if status == 204 else RSS)}) as server:
        error = failing(BadStatus, server.url())
    assert isinstance(error, BadStatus)
    assert error.status == status
    assert str(status) in error.detail
    assert error.retry_after_seconds is None


def test_gone() -> None:
    with FeedServer({"/": Response(status=410)}) as server:
        error = failing(Gone, server.url())
    assert isinstance(error, Gone)
    assert error.status == 410


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_says_when_to_come_back(status: int) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    routes = {
        "/seconds": Response(status=status, headers={"Retry-After": "120"}),
        "/date": Response(status=status, headers={"Retry-After": moment}),
    }
    with FeedServer(routes) as server:
        seconds, date = (failing(BadStatus, server.url(path)) for path in routes)
    assert isinstance(seconds, BadStatus)
    assert isinstance(date, BadStatus)
    assert seconds.retry_after_seconds == 120
    assert date.retry_after_seconds == pytest.approx(3600, abs=5)


# ── size ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_large_body_is_not_even_begun() -> None:
    with FeedServer({"/": Response(body=bytes(50_000_000))}) as server:
        assert "10,000,000 bytes" in failing(TooLarge, server.url()).detail


def test_a_body_of_unknown_length_is_cut() -> None:
    endless = Raw(b"HTTP/1.1 200 OK\r\n\r\n", Repeat([bytes(100_000)]))
    with FeedServer({"/": endless}) as server:
        failing(TooLarge, server.url())


@pytest.mark.parametrize(("coding", "encode"), [("gzip", gzip.compress), ("br", brotli.compress)])
def test_a_bomb_is_defused(coding: str, encode: Callable[[bytes], bytes]) -> None:
    bomb = encode(bytes(12_000_000))
    with FeedServer({"/": Response(body=bomb, headers={"Content-Encoding": coding})}) as server:
        failing(TooLarge, server.url())


def test_the_limit_itself_is_allowed() -> None:
    limits = replace(LOOPBACK, max_bytes=1000)
    with FeedServer({"/1000": Response(body=bytes(1000)), "/1001": Response(body=bytes(1001))}) as server:
        assert len(document(server.url("/1000"), limits=limits).body) == 1000
        failing(TooLarge, server.url("/1001"), limits)
