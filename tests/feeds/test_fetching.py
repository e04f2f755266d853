"""Fetching from a real server on the loopback: what comes back, what is asked for, what failures say."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
import pytest
from feedserver import FeedServer, Raw, Repeat, Request, Reset, Response, Sleep

from aggregator.domain import Fetched, NotModified, Validators
from aggregator.errors import AddressRefused, BadStatus, FetchError, Gone, TooLarge, Unreachable
from aggregator.feeds.fetching import Fetcher
from aggregator.policies import FetchLimits

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPBACK = FetchLimits(allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=5))
RSS = b"<rss version='2.0'><channel><title>News</title></channel></rss>"
CERTIFICATE = Path(__file__).parents[1] / "corpus" / "tls" / "localhost.pem"
HOSTS = tuple(f"127.0.0.{number}" for number in range(1, 9))


def fetch(
    url: str, validators: Validators | None = None, limits: FetchLimits = LOOPBACK
) -> Fetched | NotModified:
    async def run() -> Fetched | NotModified:
        async with Fetcher(limits, version="1.2") as fetcher:
            return await fetcher.fetch(url, validators or Validators())

    return asyncio.run(run())


def fetch_all(urls: list[str], limits: FetchLimits = LOOPBACK) -> list[Fetched | NotModified | BaseException]:
    """All at once, by one fetcher."""

    async def run() -> list[Fetched | NotModified | BaseException]:
        async with Fetcher(limits, version="1.2") as fetcher:
            return await asyncio.gather(*map(fetcher.fetch, urls), return_exceptions=True)

    return asyncio.run(run())


def document(url: str, validators: Validators | None = None, limits: FetchLimits = LOOPBACK) -> Fetched:
    found = fetch(url, validators, limits)
    assert isinstance(found, Fetched)
    return found


def failing(kind: type[FetchError], url: str, limits: FetchLimits = LOOPBACK) -> FetchError:
    with pytest.raises(kind) as caught:
        fetch(url, limits=limits)
    assert type(caught.value) is kind
    assert caught.value.subject == url
    return caught.value


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
    assert again == NotModified(validators=first.validators, max_age=None)
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
        validators=Validators(etag='"two"', last_modified="x"), max_age=timedelta(minutes=1)
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


# ── redirects ────────────────────────────────────────────────────────────────────────────────────


def redirect(location: str, status: int = 302) -> Response:
    return Response(status=status, headers={"Location": location})


def test_a_chain_of_redirects_is_followed() -> None:
    routes = {f"/{n}": redirect(f"/{n + 1}", status) for n, status in enumerate((301, 302, 303, 307, 308))}
    with FeedServer({**routes, "/5": Response(body=RSS)}) as server:
        found = document(server.url("/0"))
        assert found.url == server.url("/5")
    assert found.body == RSS


def test_one_redirect_too_many() -> None:
    routes = {f"/{n}": redirect(f"/{n + 1}") for n in range(9)}
    with FeedServer(routes) as server:
        error = failing(BadStatus, server.url("/0"))
    assert "more than 5" in error.detail
    assert server.paths() == [f"/{n}" for n in range(6)]


def test_a_redirect_in_a_circle() -> None:
    with FeedServer({"/a": redirect("/b"), "/b": redirect("/a#again")}) as server:
        error = failing(BadStatus, server.url("/a"))
    assert "circle" in error.detail
    assert server.paths() == ["/a", "/b"]


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
def test_a_redirect_to_nowhere(headers: dict[str, str]) -> None:
    with FeedServer({"/": Response(status=301, headers=headers)}) as server:
        error = failing(BadStatus, server.url())
    assert isinstance(error, BadStatus)
    assert error.status == 301
    assert "without saying where" in error.detail


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "javascript:alert(1)", "http://u:p@127.0.0.1/", "//["]
)
def test_a_redirect_to_what_is_no_web_address(location: str) -> None:
    with FeedServer({"/": redirect(location)}) as server:
        assert "redirects to" in failing(AddressRefused, server.url()).detail


def test_a_redirect_into_a_network_that_is_not_allowed() -> None:
    with FeedServer({"/": redirect("http://10.0.0.1/secret")}) as server:
        error = failing(AddressRefused, server.url())
    assert "redirected to http://10.0.0.1/secret" in error.detail
    assert "10.0.0.1 is in a private network" in error.detail
    assert "fetch.allowed_networks" in error.advice


def test_validators_are_not_shown_to_another_origin() -> None:
    with FeedServer(addresses=HOSTS[:2]) as server:
        server.routes = {
            "/": redirect("/here"),
            "/here": redirect(server.url("/there", HOSTS[1])),
            "/there": Response(body=RSS),
        }
        fetch(server.url(), Validators(etag='"one"', last_modified="x"))
    asked = {request.path: "if-none-match" in request.headers for request in server.requests}
    assert asked == {"/": True, "/here": True, "/there": False}


def test_a_latin1_location_is_followed_byte_for_byte() -> None:
    with FeedServer({"/": redirect("/café"), "/caf%E9": Response(body=RSS)}) as server:
        assert document(server.url()).body == RSS


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


# ── broken connections ───────────────────────────────────────────────────────────────────────────

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Raw(), "closed the connection before it answered"),
        (Raw(Reset()), "closed the connection"),
        (Raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "not proper HTTP"),
        (Raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n"), "not proper HTTP"),
        (Raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n"), "not proper HTTP"),
        (Raw(HEAD + b"Content-Length: 1000\r\n\r\n" + RSS), "broke off"),
        (Raw(HEAD + b"Content-Length: 1000\r\n\r\n" + RSS, Sleep(0.1), Reset()), "broke off"),
        (Raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3f\r\n" + RSS), "broke off"),
        (Raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", Sleep(0.1), b"zz\r\n" + RSS), "broke off"),
        (Raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", Sleep(0.1), b"zz\r\n"), "broke off"),
        (Response(body=gzip.compress(RSS)[:-9], headers={"Content-Encoding": "gzip"}), "gzip data end early"),
        (Response(body=RSS, headers={"Content-Encoding": "br"}), "brotli data are damaged"),
        (Response(body=RSS, headers={"Content-Encoding": "lzma"}), "not asked for"),
    ],
)
def test_a_broken_answer_is_never_taken_for_a_document(answer: Raw | Response, words: str) -> None:
    with FeedServer({"/": answer}) as server:
        started = time.monotonic()
        assert words in failing(Unreachable, server.url()).detail
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "answer",
    [
        Response(latency=30),
        Raw(b"HTTP/1.1 200 OK\r\n", Repeat([b"X: y\r\n", Sleep(0.05)])),
        Raw(HEAD + b"Content-Length: 1000\r\n\r\n", Repeat([b" ", Sleep(0.05)])),
        Raw(Repeat([b"HTTP/1.1 102 Processing\r\n\r\n", Sleep(0.01)])),
    ],
    ids=["silence", "slow headers", "slow body", "never an answer"],
)
def test_a_slow_answer_ends_with_the_time(answer: Raw | Response) -> None:
    with FeedServer({"/": answer}) as server:
        started = time.monotonic()
        error = failing(Unreachable, server.url(), replace(LOOPBACK, timeout=timedelta(seconds=0.5)))
    assert error.detail == "no answer within 0.5 s"
    assert time.monotonic() - started < 2


def test_the_time_is_for_all_redirects_together() -> None:
    with FeedServer({f"/{n}": redirect(f"/{n + 1}") for n in range(9)}, latency=0.2) as server:
        error = failing(Unreachable, server.url("/0"), replace(LOOPBACK, timeout=timedelta(seconds=0.5)))
    assert "no answer within 0.5 s" in error.detail
    assert len(server.requests) == 3


def test_nobody_listens() -> None:
    with FeedServer() as server:
        url = server.url()
    assert failing(Unreachable, url).detail == "connection refused"


@pytest.mark.parametrize(
    ("code", "words"),
    [(socket.EAI_NONAME, "was not found"), (socket.EAI_AGAIN, "could not be looked up just now")],
)
def test_a_name_without_an_address(code: int, words: str) -> None:
    def lookup(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(code, "as the system says it")

    async def run() -> None:
        async with Fetcher(FetchLimits(), version="1.2", lookup=lookup) as fetcher:
            await fetcher.fetch("http://feeds.example/")

    with pytest.raises(Unreachable, match=f"the name feeds.example {words}"):
        asyncio.run(run())


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────────


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def test_a_certificate_that_nobody_vouches_for() -> None:
    with FeedServer({"/": Response(body=RSS)}, tls=tls()) as server:
        error = failing(Unreachable, server.url())
    assert "TLS certificate is not valid: self-signed certificate" in error.detail


def test_no_tls_where_tls_should_be() -> None:
    def answer_in_the_clear(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer_in_the_clear, args=(listening,), daemon=True).start()
        error = failing(Unreachable, f"https://127.0.0.1:{listening.getsockname()[1]}/")
    assert "(TLS)" in error.detail


def test_a_trusted_certificate_is_for_its_name_only() -> None:
    """In a process of its own: which authorities are trusted is settled when it starts."""
    program = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from test_fetching import fetch\n"
        "print(fetch(sys.argv[3]).body)\n"
        "print(fetch(sys.argv[4]).body)\n"
    )
    here = Path(__file__).parent
    with FeedServer({"/": Response(body=RSS)}, tls=tls()) as server:
        urls = server.url(address="localhost"), server.url()
        done = subprocess.run(
            [sys.executable, "-c", program, here, here.parent, *urls],
            env=os.environ | {"SSL_CERT_FILE": str(CERTIFICATE), "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert repr(RSS) in done.stdout
    assert "TLS certificate is not valid: " in done.stderr.splitlines()[-1]


# ── who may be asked ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_not_fetched_from_by_default(host: str) -> None:
    with FeedServer({"/": Response(body=RSS)}) as server:
        url = server.url(address=host)
        limits = FetchLimits(allowed_ports=(server.port,))
        assert "127.0.0.1 is this machine itself" in failing(AddressRefused, url, limits).detail
    assert server.requests == []


def test_a_host_is_allowed_by_its_name() -> None:
    with FeedServer({"/": Response(body=RSS)}) as server:
        limits = replace(LOOPBACK, allowed_networks=("localhost",))
        assert document(server.url(address="localhost"), limits=limits).body == RSS
        failing(AddressRefused, server.url(), limits)


# ── politeness ───────────────────────────────────────────────────────────────────────────────────


def test_one_request_at_a_time_to_a_host_and_several_hosts_at_once() -> None:
    with FeedServer({"/": Response(body=RSS)}, addresses=HOSTS, latency=0.05) as server:
        found = fetch_all([server.url(address=host) for host in HOSTS for _ in range(4)])
    assert all(isinstance(outcome, Fetched) for outcome in found)
    assert {server.busiest[host] for host in HOSTS} == {1}
    assert server.busiest[""] > len(HOSTS) / 2


def test_no_more_hosts_at_once_than_allowed() -> None:
    with FeedServer({"/": Response(body=RSS)}, addresses=HOSTS, latency=0.05) as server:
        fetch_all([server.url(address=host) for host in HOSTS], replace(LOOPBACK, concurrency=3))
    assert server.busiest[""] == 3


def test_the_turn_in_the_queue_is_not_counted() -> None:
    with FeedServer({"/": Response(body=RSS)}, latency=0.2) as server:
        found = fetch_all([server.url()] * 6, replace(LOOPBACK, timeout=timedelta(seconds=0.6)))
    assert all(isinstance(outcome, Fetched) for outcome in found)


def test_a_connection_is_kept_while_somebody_waits_for_the_host_and_no_longer() -> None:
    with FeedServer({"/": Response(body=RSS)}) as server:
        fetch_all([server.url()] * 4)
    *_, second, third, last = server.requests
    assert second.connection == third.connection == last.connection
    assert second.headers.get("connection") is None
    assert last.headers["connection"] == "close"


def test_one_failure_does_not_touch_the_others() -> None:
    with FeedServer({"/": Response(body=RSS), "/broken": Raw(b"garbage")}) as server:
        found = fetch_all([server.url("/broken"), server.url(), "http://10.0.0.1/", server.url()])
    assert [type(outcome) for outcome in found] == [Unreachable, Fetched, AddressRefused, Fetched]


def test_a_cancelled_fetch_gives_its_turn_back() -> None:
    async def run(server: FeedServer) -> Fetched | NotModified:
        async with Fetcher(LOOPBACK, version="1.2") as fetcher:
            slow = asyncio.create_task(fetcher.fetch(server.url("/slow")))
            await asyncio.sleep(0.1)
            slow.cancel()
            return await fetcher.fetch(server.url())

    with FeedServer({"/": Response(body=RSS), "/slow": Response(latency=30)}) as server:
        assert isinstance(asyncio.run(run(server)), Fetched)
