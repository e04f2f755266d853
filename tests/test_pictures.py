"""Pictures are fetched once, kept for a while, and never at the expense of the pages."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Repeat, Response, Sleep
from feedserver import Raw as Bytes
from fetches import LOOPBACK
from pictures import picture

from aggregator.picturefiles import PictureFiles
from aggregator.pictures import NoPicture, Picture, Pictures
from aggregator.policies import PicturePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLICY = PicturePolicy(timeout=timedelta(seconds=0.5), max_bytes=100_000, at_once=2)
PNG = Picture(type="image/png", body=picture())


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer({"/1.png": Response(body=PNG.body)}) as started:
        yield started


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[Pictures]:
    with Pictures(tmp_path, POLICY, LOOPBACK, version="0") as made:
        yield made


def test_a_picture_is_fetched_once(server: FeedServer, pictures: Pictures) -> None:
    address = server.url("/1.png")
    assert [pictures.get(address) for _ in range(3)] == [PNG] * 3
    (request,) = server.requests
    assert request.headers["accept"].startswith("image/")
    assert not {"cookie", "referer", "authorization"} & set(request.headers)


@pytest.mark.parametrize(
    "answer",
    [
        Response(body=b"<svg onload='alert(1)'/>", headers={"Content-Type": "image/png"}),
        Response(body=b"<script>alert(1)</script>", headers={"Content-Type": "image/gif"}),
        Response(status=404, body=PNG.body),
        Response(status=302, headers={"Location": "http://10.0.0.1/1.png"}),
        Response(status=302, headers={"Location": "file:///etc/passwd"}),
        Response(body=PNG.body + bytes(100_000)),
        Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + PNG.body[:40]),
    ],
    ids=["svg", "html", "404", "private", "file", "large", "torn"],
)
def test_nothing_else_is_given_nor_asked_for_again(
    server: FeedServer, pictures: Pictures, answer: Response
) -> None:
    server.routes["/x"] = answer
    for _ in range(2):
        assert pictures.get(server.url("/x")) == NoPicture.UNAVAILABLE
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "address", ["http://127.0.0.2:22/1.png", "javascript:1", "http://[", "", "http://0x7f.1/"]
)
def test_the_guard_holds(pictures: Pictures, address: str) -> None:
    assert pictures.get(address) == NoPicture.UNAVAILABLE


def test_a_slow_server_costs_its_own_pictures(server: FeedServer, pictures: Pictures) -> None:
    server.routes["/slow"] = Bytes(b"HTTP/1.1 200 OK\r\n\r\n", Repeat([b"\x89", Sleep(0.05)]))
    started = time.monotonic()
    with ThreadPoolExecutor(6) as people:  # one host: they would wait for each other
        told = list(people.map(lambda n: pictures.get(server.url(f"/slow?{n}")), range(6)))
    assert time.monotonic() - started < 1.5
    assert set(told) <= {NoPicture.UNAVAILABLE, NoPicture.BUSY}
    assert told.count(NoPicture.BUSY) >= 2
    assert pictures.get(server.url("/1.png")) == PNG


def test_it_ends_amid_a_fetch(server: FeedServer, tmp_path: Path) -> None:
    gate = threading.Event()
    server.routes["/never"] = Response(gate=gate)
    pictures = Pictures(tmp_path, replace(POLICY, timeout=timedelta(seconds=30)), LOOPBACK, version="0")
    with ThreadPoolExecutor(1) as people:
        told = people.submit(pictures.get, server.url("/never"))
        while not server.requests:
            time.sleep(0.01)
        pictures.__exit__()
        assert told.result(5) == NoPicture.UNAVAILABLE
    gate.set()


# ── the folder ───────────────────────────────────────────────────────────────────────────────────


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_the_folder_never_takes_much_more_than_it_may(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path, most_bytes=1_000)
    for number in range(50):
        files.write(str(number), bytes(100))
        assert size(tmp_path) <= 1_000
        assert files.read("0") is not None or number > 9
    files.write("huge", bytes(1_001))
    assert files.read("huge") is None
    assert files.read("49") == bytes(100)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_what_was_not_shown_for_long_goes(tmp_path: Path) -> None:
    files = PictureFiles(tmp_path, most_bytes=1_000)
    for name in ("old", "used"):
        files.write(name, b"x")
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    assert files.read("used") == b"x"
    files.prune(before=2)
    assert (files.read("old"), files.read("used")) == (None, b"x")


def test_a_folder_that_cannot_be_written_costs_the_copy(server: FeedServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with Pictures(tmp_path / "file", POLICY, LOOPBACK, version="0") as pictures:
        assert pictures.get(server.url("/1.png")) == PNG
        pictures.prune()
