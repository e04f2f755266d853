"""Kill the program in the middle of refreshes and linking, again and again; then count what is there.

    python tests/benchmarks/crash.py --kills 200 [--seed 1]

Feeds on the loopback get new entries at every fetch, and the server remembers all that it served. A child
refreshes and links without end; it is killed (SIGKILL, with the processes that read documents for it) at a
random moment, every other time while it links; between kills a person reads and stars. Then a refresh runs
to its end. Half of the kills meet feeds that edit their entries, too; the others do not, so that their links
must be those that a rebuild finds (an edited entry is linked to what is there at its edit, kills or not).
Exit status 1 where an entry is lost, doubled or not as last served, a status changed, links are missing, or
the database is damaged. Leases of the dead are ended at once, as time would.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from feedserver import FeedServer, Request, Response

from aggregator.program import Place, Program
from aggregator.storage import entries, marking
from config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

FEEDS = 6
MOST_ENTRIES = 120
TOPICS = 12
SYLLABLES = ("ka", "lo", "mi", "ru", "ve", "sta", "no", "pel", "dra", "fin", "tor", "bel", "gu", "zan", "qui")


@dataclass
class Publisher:
    """One feed. Its document always holds all that it ever had."""

    name: str
    chance: random.Random
    edits: bool
    entries: dict[str, tuple[str, str]] = field(default_factory=dict)
    version: int = 0

    def __call__(self, request: Request) -> Response:
        if self.chance.random() < 0.5 or not self.entries:
            self._change()
        etag = f'"{self.version}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status=304, headers={"ETag": etag})
        return Response(body=self._document(), headers={"ETag": etag})

    def _change(self) -> None:
        self.version += 1
        if len(self.entries) < MOST_ENTRIES and self.chance.random() < 0.7:
            for _ in range(self.chance.randint(1, 3)):
                number = len(self.entries)
                self.entries[f"{self.name}-{number}"] = (f"{self.name} {number}", self._text())
        elif self.entries and self.edits:
            guid = self.chance.choice(list(self.entries))
            self.entries[guid] = (self.entries[guid][0], self._text())

    def _text(self) -> str:
        words = random.Random(self.chance.randrange(TOPICS))  # a topic has its own words
        own = ["".join(words.choices(SYLLABLES, k=3)).capitalize() for _ in range(25)]
        return " ".join(self.chance.choices(own, k=50)) + f" version {self.version}"

    def _document(self) -> bytes:
        items = "".join(
            f"<item><guid>{guid}</guid><link>https://{self.name}.test/{guid}</link><title>{title}</title>"
            f"<description>{text}</description></item>"
            for guid, (title, text) in reversed(self.entries.items())
        )
        head = f"<title>{self.name}</title><language>fr</language>"
        return f'<rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


@dataclass
class Person:
    """Reads and stars, and remembers it."""

    chance: random.Random
    statuses: dict[int, tuple[bool, bool]] = field(default_factory=dict)

    def visit(self, program: Program) -> None:
        now = datetime.now(UTC)
        with program.database.read() as connection:
            found = entries.list_headlines(connection, program.owner_id, entries.Selection(limit=10_000))
        for headline in self.chance.sample(found, min(3, len(found))):
            read, starred = self.chance.random() < 0.7, self.chance.random() < 0.3
            with program.database.write() as connection:
                marking.set_read(connection, program.owner_id, headline.id, read=read, now=now)
                marking.set_starred(connection, program.owner_id, headline.id, starred=starred, now=now)
            self.statuses[headline.id] = (read, starred)


def open_library(folder: Path) -> Program:
    program = Program(Place(folder=folder), Settings.load(folder))
    program.allow("127.0.0.0/8")
    return program


def refresh_for_ever(folder: Path, *, once: bool) -> None:
    """What the child does, for a minute at most."""
    ended = time.monotonic() + 60
    with open_library(folder) as program:
        program.refresher.refresh(everything=True)
        while not once and time.monotonic() < ended:
            program.refresher.refresh(everything=True)


def start_child(folder: Path, *, once: bool = False) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "--child", str(folder), *(["--once"] if once else [])]
    return subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)


def kill_amid(folder: Path, server: FeedServer, chance: random.Random, *, linking: bool) -> bool:
    """Whether it was linking."""
    before, child = len(server.requests), start_child(folder)
    deadline = time.monotonic() + 50

    def wait_for(true: Callable[[], bool]) -> None:
        while not true():
            if time.monotonic() > deadline or child.poll() is not None:
                raise SystemExit("the child did not refresh")
            time.sleep(0.005)

    try:
        wait_for(lambda: len(server.requests) > before)
        if linking:
            wait_for(lambda: is_linking(folder))
        time.sleep(chance.uniform(0, 0.2 if linking else 2.5))
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(30)
    return is_linking(folder)


def is_linking(folder: Path) -> bool:
    with closing(sqlite3.connect(folder / "library.sqlite", timeout=30)) as connection:
        return connection.execute("SELECT 1 FROM leases WHERE name = 'linking'").fetchone() is not None


def end_leases(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "library.sqlite", timeout=30)) as connection, connection:
        connection.execute("UPDATE feed_states SET lease_holder = NULL, lease_until = NULL")
        connection.execute("DELETE FROM leases")


# ── the comparison ───────────────────────────────────────────────────────────────────────────────


def faults(folder: Path, publishers: list[Publisher], person: Person) -> list[str]:
    """What is wrong, in sentences."""
    with closing(sqlite3.connect(folder / "library.sqlite", timeout=30)) as connection:
        rows = connection.execute("SELECT guid, text, id FROM entries").fetchall()
        integrity = connection.execute("PRAGMA integrity_check").fetchall()
        statuses = connection.execute(
            "SELECT entry_id, read_at IS NOT NULL, starred_at IS NOT NULL FROM statuses"
        ).fetchall()
        unread = connection.execute("SELECT sum(unread) FROM subscriptions").fetchone()[0]
        waiting = connection.execute("SELECT count(*) FROM pending_entries").fetchone()[0]
        unlinked = connection.execute(
            "SELECT count(*) FROM entries WHERE id NOT IN (SELECT entry_id FROM entry_terms)"
        ).fetchone()[0]
        before = links_of(connection)
    served = {guid: text for publisher in publishers for guid, (_, text) in publisher.entries.items()}
    stored = {guid: text for guid, text, _ in rows}
    found = {row[0]: (bool(row[1]), bool(row[2])) for row in statuses}
    nothing = (False, False)
    wrong = {
        "lost": len(served.keys() - stored.keys()),
        "doubled": sum(count - 1 for count in Counter(guid for guid, _, _ in rows).values()),
        "that nobody served": len(stored.keys() - served.keys()),
        "not as last served": sum(stored.get(guid, text) != text for guid, text in served.items()),
        "with another status": sum(found.get(one, nothing) != said for one, said in person.statuses.items())
        + sum(said != nothing for one, said in found.items() if one not in person.statuses),
        "waiting to be linked": waiting,
        "without an analysis": unlinked,
    }
    print(f"{len(served)} entries served, {len(stored)} stored, {len(person.statuses)} touched by a person")
    said = [f"{count} entries {what}" for what, count in wrong.items() if count]
    if unread != len(rows) - sum(read for read, _ in person.statuses.values()):
        said.append("the unread count is wrong")
    if integrity != [("ok",)]:
        said.append(f"the database is damaged: {integrity[0][0]}")
    return said + links_missing(folder, before, edits=publishers[0].edits)


def links_of(connection: sqlite3.Connection) -> set[tuple[int, int]]:
    return set(connection.execute("SELECT entry_id, neighbour_id FROM links"))


def links_missing(folder: Path, before: set[tuple[int, int]], *, edits: bool) -> list[str]:
    """Without edits, a rebuild in the order of arrival finds the same links."""
    with open_library(folder) as program:
        program.linker.relink()
    with closing(sqlite3.connect(folder / "library.sqlite", timeout=30)) as connection:
        after = links_of(connection)
    print(f"{len(before)} links, {len(after)} after a rebuild, {len(before & after)} in both")
    if not before:
        return ["there are no links"]
    return [] if edits or before == after else [f"{len(before ^ after)} links differ from those of a rebuild"]


def run(kills: int, seed: int, *, edits: bool) -> int:
    chance = random.Random(seed)
    publishers = [Publisher(f"feed{n}", random.Random(seed * 100 + n), edits) for n in range(FEEDS)]
    linking = 0
    person, started = Person(random.Random(seed)), time.monotonic()
    with TemporaryDirectory(prefix="lire-aussi-crash-") as name, FeedServer() as server:
        folder = Path(name)
        server.routes |= {f"/{publisher.name}": publisher for publisher in publishers}
        with open_library(folder) as program:
            for publisher in publishers:
                outline = f'<outline xmlUrl="{server.url(f"/{publisher.name}")}"/>'
                opml = f'<opml version="2.0"><body>{outline}</body></opml>'.encode()
                program.subscriber.import_opml(program.owner_id, opml, now=datetime.now(UTC))
        for number in range(1, kills + 1):
            linking += kill_amid(folder, server, chance, linking=number % 2 == 0)
            end_leases(folder)
            with open_library(folder) as program:
                person.visit(program)
            if number % 20 == 0:
                print(f"{number} kills, {len(server.requests)} fetches, {time.monotonic() - started:.0f} s")
                sys.stdout.flush()
        for _ in range(2):  # the second gets what the first one's fetches brought forth
            last = start_child(folder, once=True)
            if last.wait(120):
                raise SystemExit("the last refresh failed")
            for publisher in publishers:
                publisher.chance = _Never()
        said = faults(folder, publishers, person)
    seconds = time.monotonic() - started
    print(f"{kills} kills, {linking} while it linked; {len(server.requests)} fetches; {seconds:.0f} s")
    print("; ".join(said) or "nothing lost, nothing doubled, statuses and links as they were, database whole")
    return 1 if said else 0


class _Never(random.Random):
    """Nothing changes any more."""

    def random(self) -> float:
        return 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        refresh_for_ever(arguments.child, once=arguments.once)
        return 0
    half = arguments.kills // 2
    outcomes = [
        run(kills, arguments.seed, edits=edits)
        for kills, edits in ((arguments.kills - half, False), (half, True))
        if kills
    ]
    return max(outcomes, default=0)


if __name__ == "__main__":
    sys.exit(main())
