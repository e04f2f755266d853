"""Ten people read while a thousand feeds are refreshed: how long a page takes, and whether one fails.

    python tests/benchmarks/load.py [--entries 30000] [--feeds 1000] [--people 10] [--seconds 60] [--tar-pit]

The real command serves a throw-away library on the loopback; a second process plays the publishers, with
three new entries in each answer. `--tar-pit`: none of them ever answers. Each person opens a page a second,
as people do: lists, feeds, articles, searches; every tenth visit marks an article as read or starred.
"""

from __future__ import annotations

import argparse
import http.cookiejar
import itertools
import multiprocessing
import os
import random
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from feedserver import FeedServer, Request, Response
from library import an_entry, follow, make_library
from webapp import read_token

from aggregator import accounts
from aggregator.program import DATABASE_NAME
from aggregator.storage import recording, subscriptions, users

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from threading import Event

COMMAND = str(Path(sys.executable).with_name("lire-aussi"))
PASSWORD = "a long password"
HOSTS = 100
_SYLLABLES = ["ba", "co", "di", "fu", "ga", "lo", "mi", "nu", "ra", "sel", "ti", "vor", "mon", "tra", "pel"]
VOCABULARY = ["".join(some) for some in itertools.product(_SYLLABLES, repeat=3)]


def prose(number: int, words: int = 150) -> str:
    """Always the same for a number."""
    chance = random.Random(number)
    return " ".join(min(chance.choices(VOCABULARY, k=2)) for _ in range(words)) + " budget."


# ── the publishers ───────────────────────────────────────────────────────────────────────────────


def publish_forever(told: Connection, stop: Event, *, tar_pit: bool) -> None:
    """In a process of its own: feeds on a hundred addresses of the loopback."""
    number = itertools.count(10_000_000)

    def answer(_request: Request) -> Response:
        items = "".join(
            f"<item><guid>{n}</guid><title>{prose(n, 7)}</title><description>{prose(n)}</description></item>"
            for n in (next(number) for _ in range(3))
        )
        document = f"<rss version='2.0'><channel><title>Feed</title>{items}</channel></rss>"
        return Response(body=document.encode(), latency=3600 if tar_pit else 0.05)

    with FeedServer(addresses=[f"127.1.0.{host + 1}" for host in range(HOSTS)]) as server:
        server.routes = _Anything(answer)
        told.send(server.port)
        stop.wait()
        told.send(len(server.requests))


class _Anything(dict[str, object]):
    """One route for all paths."""

    def __init__(self, route: object) -> None:
        super().__init__()
        self._route = route

    def get(self, _path: str, _default: object = None) -> object:
        return self._route


# ── the library ──────────────────────────────────────────────────────────────────────────────────


def fill(folder: Path, port: int, *, feeds: int, count: int, people: int) -> None:
    """Everybody follows all feeds, which are due at once."""
    now = datetime.now(UTC)
    with make_library(folder) as database:
        ids = []
        for number in range(feeds):
            url = f"http://127.1.0.{number % HOSTS + 1}:{port}/{number}"
            ids.append(
                follow(database, url, f"Feed {number}", category=(f"Category {number % 40}",), now=now)
            )
            found = [
                an_entry(
                    prose(place * feeds + number, 7), text=prose(place * feeds + number), days=place, now=now
                )
                for place in range(count // feeds)
            ]
            with database.write() as connection:
                recording.record_entries(connection, ids[-1], found, now=now)
        hashed = accounts.hash_password(PASSWORD)
        with database.write() as connection:
            for person in range(people):
                reader = users.add_user(
                    connection, f"person{person}", role="reader", password_hash=hashed, now=now
                )
                for feed_id in ids:
                    category = (f"Category {feed_id % 40}",)
                    subscriptions.subscribe(
                        connection, reader, feed_id, title=None, category=category, now=now
                    )
    (folder / "library.db").rename(folder / DATABASE_NAME)


# ── the readers ──────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Experience:
    seconds: list[float] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)


class Reader:
    def __init__(self, address: str, name: str, *, feeds: int, count: int) -> None:
        self._address = address
        self._feeds, self._count = feeds, count
        self._chance = random.Random(name)
        jar = http.cookiejar.CookieJar()
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.experience = Experience()
        self._token = read_token(self._open("login"))
        self._open("login", name=name, password=PASSWORD)
        self._token = read_token(self._open("account"))
        for path in ("", "?view=all", "feeds", "feeds/1", "entries/1", "search?q=budget"):
            self._open(path)  # the first time, templates are compiled

    def _open(self, path: str, **fields: str) -> str:
        data = urllib.parse.urlencode(fields | {"csrf_token": self._token}).encode() if fields else None
        with self._browser.open(self._address + path, data, timeout=30) as answer:
            return str(answer.read().decode())

    def read_until(self, end: float) -> None:
        time.sleep(self._chance.random())  # not all at once
        while (began := time.monotonic()) < end:
            path, fields = self._wish()
            try:
                self._open(path, **fields)
            except (urllib.error.URLError, TimeoutError) as error:
                self.experience.errors[f"{path.split('/')[0]} {error}"] += 1
            took = time.monotonic() - began
            self.experience.seconds.append(took)
            self.experience.slowest.append((took, path))
            time.sleep(max(0.0, 1 + self._chance.uniform(-0.5, 0.5) - took))

    def _wish(self) -> tuple[str, dict[str, str]]:
        entry = self._chance.randrange(1, self._count)
        marks = ((f"entries/{entry}/read", {"read": "1"}), (f"entries/{entry}/star", {"starred": "1"}))
        pages = (
            "",
            "?view=all",
            f"feeds/{self._chance.randrange(1, self._feeds)}",
            "search?q=budget",
            "feeds",
        )
        if self._chance.random() < 0.5:
            return self._chance.choice(marks) if self._chance.random() < 0.2 else (f"entries/{entry}", {})
        return self._chance.choice(pages), {}


# ── together ─────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    settings = {
        "LIRE_AUSSI_LIBRARY": str(folder),
        "LIRE_AUSSI_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8",
        "LIRE_AUSSI_FETCH__ICONS": "false",
        "LIRE_AUSSI_REFRESH__EVERY": "1",
        "LIRE_AUSSI_REFRESH__MIN_INTERVAL": "10",
        "LIRE_AUSSI_REFRESH__DEFAULT_INTERVAL": "10",
        "LIRE_AUSSI_REFRESH__MAX_INTERVAL": "20",
    }
    command = [COMMAND, "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().split()[2]
        finally:
            server.terminate()


def report(experiences: list[Experience], fetches: int) -> None:
    seconds = sorted(one for experience in experiences for one in experience.seconds)
    errors = sum((experience.errors for experience in experiences), Counter())
    at = {share: seconds[int(len(seconds) * share)] * 1000 for share in (0.5, 0.95, 0.99)}
    print(f"{len(seconds)} pages, {fetches} fetches meanwhile, {errors.total()} errors")
    print("ms: " + ", ".join(f"p{share * 100:g} {ms:.0f}" for share, ms in at.items()), end="")
    print(f", longest {seconds[-1] * 1000:.0f}")
    slowest = sorted((one for experience in experiences for one in experience.slowest), reverse=True)
    print("slowest: " + ", ".join(f"/{path} {took * 1000:.0f}" for took, path in slowest[:6]))
    for what, times in errors.most_common(5):
        print(f"{times} × {what}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=30_000)
    parser.add_argument("--feeds", type=int, default=1_000)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--tar-pit", action="store_true")
    chosen = parser.parse_args()
    spawned = multiprocessing.get_context("spawn")
    (told, tells), stop = spawned.Pipe(), spawned.Event()
    publishers = spawned.Process(
        target=publish_forever, args=(tells, stop), kwargs={"tar_pit": chosen.tar_pit}, daemon=True
    )
    publishers.start()
    with TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, told.recv(), feeds=chosen.feeds, count=chosen.entries, people=chosen.people)
        with serving(folder) as address, ThreadPoolExecutor(chosen.people) as threads:
            readers = [
                Reader(address, f"person{n}", feeds=chosen.feeds, count=chosen.entries)
                for n in range(chosen.people)
            ]
            end = time.monotonic() + chosen.seconds
            list(threads.map(lambda reader: reader.read_until(end), readers))
        stop.set()
        report([reader.experience for reader in readers], told.recv())


if __name__ == "__main__":
    main()
