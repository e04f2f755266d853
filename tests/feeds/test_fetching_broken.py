"""Fetching over connections that break, stall or cannot be trusted: what the failures say."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from feedserver import FeedServer, Raw, Repeat, Reset, Response, Sleep
from fetches import LOOPBACK, RSS, failing

from aggregator.errors import Unreachable
from aggregator.feeds.fetching import Fetcher
from aggregator.policies import FetchLimits

CERTIFICATE = Path(__file__).parents[1] / "corpus" / "tls" / "localhost.pem"


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
        "from fetches import fetch\n"
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
