"""Fetching from those who mean harm: forged addresses, lying DNS, broken HTTP. All stays on the loopback."""

from __future__ import annotations

import asyncio
import base64
import errno
import gzip
import json
import multiprocessing
import re
import socket
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from feedserver import FeedServer, Raw, Repeat, Reset, Response, Sleep, Step
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.domain import Fetched, NotModified, Validators
from aggregator.errors import BadStatus, FetchError, Gone
from aggregator.feeds.fetching import Fetcher
from aggregator.policies import FetchLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

CORPUS = Path(__file__).parents[1] / "corpus"
RSS = b"<rss version='2.0'><channel><title>News</title></channel></rss>"
PUBLIC = {"93.184.216.34", "93.184.216.35", "2606:2800:220:1:248:1893:25c8:1946"}

Row = dict[str, Any]


def no_names(_host: str, _port: int) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


def read_rows(path: str) -> list[Row]:
    return [json.loads(line) for line in (CORPUS / path).read_text("utf-8").splitlines()]


# ── forged addresses ─────────────────────────────────────────────────────────────────────────────


class SealedLoop(asyncio.SelectorEventLoop):
    """An event loop that no packet leaves: it notes who was to be connected to.

    93.184.216.34 is our own server, nobody else answers.
    """

    port = 0

    def __init__(self) -> None:
        super().__init__()
        self.reached: list[str] = []

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        self.reached.append(address[0])
        if address[0] != "93.184.216.34":
            raise ConnectionRefusedError(errno.ECONNREFUSED, "sealed")
        await super().sock_connect(sock, ("127.0.0.1", self.port))


class FakeDns:
    """Answers in turn as the row says; the last one stays. Names that it does not know lead inside."""

    def __init__(self, row: Row) -> None:
        self._answers = {name: list(answers) for name, answers in row.get("dns", {}).items()}
        self._inside = row["class"].startswith("name")

    def __call__(self, host: str, _port: int) -> Sequence[str]:
        answers = self._answers.get(host)
        if answers is None:
            if self._inside:
                return ["127.0.0.1"]
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        found: list[str] = answers.pop(0) if len(answers) > 1 else answers[0]
        return found


def public_routes(rows: Sequence[Row]) -> dict[str, Response]:
    routes = {f"/chain/{n}": Response(status=302, headers={"Location": f"/chain/{n - 1}"}) for n in range(51)}
    routes["/loop"] = Response(status=302, headers={"Location": "/loop"})
    routes["/meta-refresh"] = Response(body=b'<meta http-equiv="refresh" content="0;url=http://127.0.0.1/">')
    routes |= dict.fromkeys(("/feed.xml", "/reuse", "/"), Response(body=RSS))
    for row in rows:
        if "/redir?" in row["url"]:
            target = row.get("redirect", "http://public.test/feed.xml")
            path = row["url"].removeprefix("http://public.test")
            routes[path] = Response(status=302, headers={"Location": target})
    return routes


async def attack(row: Row, loop: SealedLoop) -> Fetched | NotModified | FetchError:
    loop.reached.clear()
    outcome: Fetched | NotModified | FetchError
    async with Fetcher(
        FetchLimits(timeout=timedelta(seconds=5)), version="1", lookup=FakeDns(row)
    ) as fetcher:
        for _ in range(2):  # once more, for names that change their mind
            try:
                outcome = await fetcher.fetch(row["url"])
            except FetchError as error:
                outcome = error
    return outcome


def test_no_forged_address_is_connected_to() -> None:
    rows = read_rows("ssrf/urls.jsonl")
    wrong: list[tuple[str, str, list[str], object]] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SealedLoop)
        loop.port = server.port
        for row in rows:
            outcome = await attack(row, loop)
            if not as_expected(row, outcome, loop.reached):
                wrong.append((row["id"], row["url"], list(loop.reached), outcome))

    with (
        FeedServer(public_routes(rows)) as server,
        asyncio.Runner(loop_factory=SealedLoop) as runner,
    ):
        runner.run(run())
    assert len(rows) > 1300
    assert wrong == []


def as_expected(row: Row, outcome: object, reached: Sequence[str]) -> bool:
    if not set(reached) <= PUBLIC:
        return False
    if row["expect"] == "allow":
        return isinstance(outcome, Fetched) or "2606:2800:220:1:248:1893:25c8:1946" in reached
    if row["class"] in ("meta-refresh", "keepalive-reuse", "dns-rebind"):
        return True  # the public page is fetched; what it points to, or where its name moved, is not
    return isinstance(outcome, FetchError) and ("redir" in row["class"] or not reached)


@pytest.mark.parametrize("answers", [["10.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["fe80::1%eth0"], []])
def test_every_answer_of_a_look_up_must_pass(answers: list[str]) -> None:
    row = {"url": "http://site.test/", "class": "dns", "dns": {"site.test": [answers]}}
    with asyncio.Runner(loop_factory=SealedLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SealedLoop)
        outcome = runner.run(attack(row, loop))
        assert isinstance(outcome, FetchError)
        assert outcome.subject == "http://site.test/"
        assert loop.reached == []


def test_the_port_is_judged_with_the_address() -> None:
    """A network is allowed, so a name may have any port; where it leads outside, it may not."""
    limits = FetchLimits(allowed_networks=("10.0.0.0/8",))

    async def run() -> None:
        async with Fetcher(limits, version="1", lookup=lambda _host, _port: ["93.184.216.34"]) as fetcher:
            with pytest.raises(FetchError, match="port 9000"):
                await fetcher.fetch("http://site.test:9000/")

    with asyncio.Runner(loop_factory=SealedLoop) as runner:
        runner.run(run())


@settings(max_examples=200)
@given(st.text() | st.text().map("http://{}".format) | st.text().map("http://site.test/{}".format))
def test_any_text_ends_in_a_fetch_error(text: str) -> None:
    async def run() -> None:
        async with Fetcher(FetchLimits(), version="1", lookup=no_names) as fetcher:
            with pytest.raises(FetchError):
                await fetcher.fetch(text, Validators(etag=text, last_modified=text))

    with asyncio.Runner(loop_factory=SealedLoop) as runner:
        runner.run(run())


# ── broken HTTP ──────────────────────────────────────────────────────────────────────────────────

LIMITS = FetchLimits(
    allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=10), max_bytes=1_000_000, concurrency=8
)
# Whether a body is a feed is the parser's question.
WHOLE_BODIES = {"html-error-200", "binary-200"}
# aiohttp may find the bytes after it before it hands the 304 over; nothing is lost either way.
EITHER = {"304-with-body"}


def steps(script: list[Row]) -> list[Step]:
    return [step for row in script for step in read_step(row)]


def read_step(row: Row) -> list[Step]:
    match row:
        case {"t": str(text)}:
            return [text.encode("latin-1")]
        case {"b64": str(text)}:
            return [base64.b64decode(text)]
        case {"sleep": seconds}:
            return [Sleep(seconds)]
        case {"repeat": list(script), "n": times}:
            return [Repeat(steps(script), None if times < 0 else times)]
        case {"rst": _}:
            return [Reset()]
    return []  # "close": every script ends with it


def is_slow(row: Row) -> bool:
    return "sleep" in str(row["steps"]) or "'n': -1" in str(row["steps"])


def verdict(row: Row, outcome: Fetched | NotModified | FetchError) -> bool:
    if row["class"] in WHOLE_BODIES:
        return isinstance(outcome, Fetched)
    if row["class"] in EITHER:
        return isinstance(outcome, NotModified | FetchError)
    match row["expect"]:
        case "ok" | "redirect":
            return isinstance(outcome, Fetched) and b"<rss" in outcome.body
        case "error":
            return isinstance(outcome, FetchError)
        case "backoff":
            return isinstance(outcome, BadStatus)
        case "gone":
            return isinstance(outcome, Gone)
        case "notmod":
            return isinstance(outcome, NotModified)
    return True


def run_oddities(rows: Sequence[Row], limits: FetchLimits) -> list[str]:
    """The ids of those that did not end as expected."""
    hosts = [f"127.0.0.{number + 1}" for number in range(len(rows))]

    async def outcome(fetcher: Fetcher, row: Row, url: str) -> Fetched | NotModified | FetchError:
        validators = Validators(etag='"old"') if row["expect"] == "notmod" else Validators()
        try:
            return await fetcher.fetch(url, validators)
        except FetchError as error:
            return error

    async def run(server: FeedServer) -> list[Fetched | NotModified | FetchError]:
        urls = [server.url(f"/{row['id']}", host) for row, host in zip(rows, hosts, strict=True)]
        async with Fetcher(limits, version="1", lookup=no_names) as fetcher:
            asked = (outcome(fetcher, row, url) for row, url in zip(rows, urls, strict=True))
            return await asyncio.gather(*asked)

    routes: dict[str, Response | Raw] = {f"/{row['id']}": Raw(*steps(row["steps"])) for row in rows}
    routes |= {"/ok": Response(body=RSS), "/self": Response(status=302, headers={"Location": "/self"})}
    with FeedServer(routes, addresses=hosts) as server:
        outcomes = asyncio.run(run(server))
    return [
        f"{row['id']} {row['class']}: {found}"
        for row, found in zip(rows, outcomes, strict=True)
        if not verdict(row, found)
    ]


def test_oddities_end_as_they_should() -> None:
    assert run_oddities([row for row in read_rows("http/oddities.jsonl") if not is_slow(row)], LIMITS) == []


def test_slow_and_endless_oddities_end_with_the_time() -> None:
    rows = [row for row in read_rows("http/oddities.jsonl") if is_slow(row)]
    assert rows
    assert run_oddities(rows, replace(LIMITS, timeout=timedelta(seconds=1))) == []


HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
BOMB = gzip.compress(b"<rss>" + b" " * 50_000_000)


def endless(start: str, part: str) -> list[Row]:
    return [{"t": f"{HEAD}\r\n{start}"}, {"repeat": [{"t": part}], "n": -1}]


def made(kind: str, steps: list[Row], expect: str = "error") -> Row:
    return {"id": f"made-{kind}", "class": kind, "steps": steps, "expect": expect}


FEED = {"t": RSS.decode()}
# The oddities that are too large to be kept.
MADE = (
    made("endless-body", endless("<rss>", " " * 65_536)),
    made(
        "endless-valid-items", endless("<rss version='2.0'><channel>", "<item><guid>x</guid></item>" * 1_000)
    ),
    made("huge-header", [{"t": f"HTTP/1.1 200 OK\r\nX: {'a' * 2_000_000}\r\n\r\n"}, FEED]),
    made("many-headers", [{"t": HEAD + "".join(f"X{n}: y\r\n" for n in range(10_000)) + "\r\n"}, FEED]),
    made("cookies", [{"t": HEAD + f"Set-Cookie: c={'x' * 4_000}\r\n" * 200 + "\r\n"}, FEED], "any"),
    made(
        "long-redirect", [{"t": f"HTTP/1.1 302 x\r\nContent-Length: 0\r\nLocation: /{'a' * 100_000}\r\n\r\n"}]
    ),
    made(
        "gzip-bomb",
        [
            {"t": f"{HEAD}Content-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n"},
            {"b64": base64.b64encode(BOMB).decode()},
        ],
    ),
)


def test_large_oddities_are_bounded() -> None:
    assert run_oddities(MADE, replace(LIMITS, timeout=timedelta(seconds=3))) == []


@pytest.mark.slow
def test_each_oddity_is_bounded_in_time() -> None:
    """With the limits of a library as it is installed: 30 s, 10 MB."""
    limits = replace(FetchLimits(), allowed_networks=("127.0.0.0/8",), concurrency=200)
    rows = read_rows("http/oddities.jsonl")
    assert run_oddities([row for row in rows if not is_slow(row)], limits) == []
    started = time.monotonic()
    wrong = run_oddities([row for row in rows if is_slow(row)], limits)
    assert time.monotonic() - started < 31 + 5  # the server takes its time, too
    assert wrong == []


def fetch_alone(url: str, seconds: float) -> int:
    """By how many bytes a process grew at most that does nothing but fetch; in a process of its own."""
    limits = FetchLimits(allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=seconds))

    def highest() -> int:
        found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    async def run(address: str) -> None:
        async with Fetcher(limits, version="1", lookup=no_names) as fetcher:
            with suppress(FetchError):
                await fetcher.fetch(address)

    asyncio.run(run("http://127.0.0.1:1/"))  # what it takes in any case
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): the peak begins anew
    before = highest()
    asyncio.run(run(url))
    return highest() - before


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_oddity_is_bounded_in_memory(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [*read_rows("http/oddities.jsonl"), *MADE]
    routes: dict[str, Response | Raw] = {f"/{row['id']}": Raw(*steps(row["steps"])) for row in rows}
    routes |= {"/ok": Response(body=RSS), "/self": Response(status=302, headers={"Location": "/self"})}
    spawned = multiprocessing.get_context("spawn")
    with FeedServer(routes) as server, ProcessPoolExecutor(1, mp_context=spawned) as child:
        grown = {
            row["id"]: child.submit(fetch_alone, server.url(f"/{row['id']}"), 2).result() for row in rows
        }
    largest = sorted(grown, key=lambda number: -grown[number])[:3]
    told = ", ".join(f"{one} {grown[one] / 1e6:.1f} MB" for one in largest)
    with capsys.disabled():
        print(f"\n{len(rows)} oddities, the largest: {told}")
    # A document of 10 MB, and a little room to grow.
    assert {one: size for one, size in grown.items() if size > 13_000_000} == {}


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"Set-Cookie: a=" + b"x" * 4000 + b"\r\n", id="large cookies"),
        pytest.param(b'ETag: "' + b"e" * 10_000 + b'"\r\n', id="large ETag"),
        pytest.param(b"Content-Type: " + b"a" * 50_000 + b"\r\n", id="large Content-Type"),
    ],
)
def test_large_headers_are_not_kept(head: bytes) -> None:
    answer = Raw(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + RSS)

    async def run(server: FeedServer) -> Fetched | NotModified:
        async with Fetcher(LIMITS, version="1") as fetcher:
            return await fetcher.fetch(server.url())

    with FeedServer({"/": answer}) as server:
        found = asyncio.run(run(server))
    assert isinstance(found, Fetched)
    assert found.validators == Validators()
    assert len(found.content_type) < 300
