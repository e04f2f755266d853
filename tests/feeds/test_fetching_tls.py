"""Secure connections that fail, each in its own words: real servers with real, wrong certificates."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import warnings
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from feedserver import FeedServer, Response
from fetches import RSS

from aggregator.feeds.tls import explain_certificate, explain_handshake
from web.reasons import ADVICE, REASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime.now(UTC)
FETCH_ALL = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from aggregator.errors import FetchError
from fetches import fetch
for name, url in json.loads(sys.argv[2]).items():
    try:
        fetch(url)
    except FetchError as error:
        print(json.dumps([name, error.code, error.reason, error.detail, error.advice]))
    else:
        print(json.dumps([name, "", "", "", ""]))
"""


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


def old_fashioned(certificate: trustme.LeafCert) -> Callable[[socket.socket], None]:
    """It knows nothing newer than TLS 1.1, and says so, which asyncio's servers do not do."""
    old = context(certificate)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1

    def answer(connection: socket.socket) -> None:
        with suppress(ssl.SSLError):
            old.wrap_socket(connection, server_side=True).close()

    return answer


def in_the_clear(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@contextmanager
def listen(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The URL of a server that answers each connection like that."""

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield f"https://localhost:{listening.getsockname()[1]}/"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def contexts(known: trustme.CA) -> dict[str, ssl.SSLContext]:
    stranger = trustme.CA()
    expired = known.issue_cert("localhost", not_before=NOW - timedelta(9), not_after=NOW - timedelta(2))
    early = known.issue_cert("localhost", not_before=NOW + timedelta(2), not_after=NOW + timedelta(9))
    self_signed = Path(__file__).parents[1] / "corpus" / "tls" / "localhost.pem"
    alone = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    alone.load_cert_chain(self_signed)
    return {
        "good": context(known.issue_cert("localhost")),
        "expired": context(expired),
        "early": context(early),
        "wrong-name": context(known.issue_cert("other.example")),
        "self-signed": alone,
        "stranger": context(stranger.issue_cert("localhost")),
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """server → [code, reason, detail, advice].

    They are told by a process of its own, which trusts one authority: that is settled when it starts.
    """
    known = trustme.CA()
    authority = tmp_path_factory.mktemp("tls") / "authority.pem"
    known.cert_pem.write_to_path(str(authority))
    here = Path(__file__).parent
    with ExitStack() as stack:
        urls = {}
        for name, tls in contexts(known).items():
            server = stack.enter_context(FeedServer({"/": Response(body=RSS)}, tls=tls))
            urls[name] = server.url(address="localhost")
        urls["old"] = stack.enter_context(listen(old_fashioned(known.issue_cert("localhost"))))
        urls["clear"] = stack.enter_context(listen(in_the_clear))
        done = subprocess.run(
            [sys.executable, "-c", FETCH_ALL, json.dumps([str(here), str(here.parent)]), json.dumps(urls)],
            env=os.environ | {"SSL_CERT_FILE": str(authority), "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: facts for name, *facts in lines}


def test_a_proper_certificate(told: dict[str, list[str]]) -> None:
    assert told["good"] == ["", "", "", ""]


@pytest.mark.parametrize(
    ("server", "reason", "words"),
    [
        ("expired", "tls-expired", "certificate has expired"),
        ("early", "tls-not-yet-valid", "not yet valid"),
        ("wrong-name", "tls-wrong-name", "mismatch"),
        ("self-signed", "tls-self-signed", "self-signed certificate"),
        ("stranger", "tls-unknown-issuer", "issuer"),
        ("old", "tls-old", "old and unsafe"),
        ("clear", "tls-clear", "(TLS)"),
    ],
)
def test_each_trouble_has_its_own_words(
    told: dict[str, list[str]], server: str, reason: str, words: str
) -> None:
    code, found, detail, advice = told[server]
    assert (code, found) == ("unreachable", reason)
    assert words in detail.lower() or words in detail
    assert advice


def test_each_reason_has_words_and_what_to_do_on_the_pages(told: dict[str, list[str]]) -> None:
    reasons = {facts[1] for facts in told.values()} - {""}
    assert len(reasons) == 7
    assert reasons <= REASONS.keys() & ADVICE.keys()


def test_what_nobody_foresaw_is_told_too() -> None:
    assert explain_certificate(ValueError("odd")).reason == "tls-certificate"
    assert explain_handshake(OSError(5, "odd")).reason == "tls"
