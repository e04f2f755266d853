"""Damaged files: noticed, saved as far as they can be read, and what is lost is named (R9)."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from benchmarks.smash import make, read, smash_all

from aggregator.holding import hold
from aggregator.keeping import Library
from aggregator.program import DATABASE_NAME
from aggregator.repairing import Repair, repair
from aggregator.storage.engine import sqlite_url
from aggregator.storage.pages import layout_file, read_layout

COMMAND = str(Path(sys.executable).with_name("lire-aussi"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / DATABASE_NAME
    make(path, 300)
    return path


@pytest.fixture
def library(sound: Path, tmp_path: Path) -> Path:
    path = tmp_path / DATABASE_NAME
    for source in (sound, layout_file(sound)):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    return path


def mended(path: Path) -> Repair:
    return repair(Library(folder=path.parent, database_url=sqlite_url(path)), now=datetime.now(UTC))


def overwrite(path: Path, page: int, with_: bytes | None = None) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(with_ or random.Random(1).randbytes(4096))


def root(path: Path, table: str) -> int:
    return next(shape.root for shape in read_layout(path) if shape.name == table)


def test_random_smashes_are_noticed_and_what_is_lost_is_told() -> None:
    found = smash_all(6, 300, seed=3)
    # What nobody notices hit room that nothing uses, or the index of the search.
    assert all(one.noticed or not one.lost for one in found)
    assert sum(one.noticed for one in found) >= 5
    assert sum(one.untold for one in found) == 0
    assert sum(one.altered for one in found) == 0
    assert all(sum(one.lost.values()) <= 30 for one in found)


def test_a_lost_first_page_loses_nothing(library: Path, sound: Path) -> None:
    overwrite(library, 1)
    done = mended(library)
    assert done.damage == ("file is not a database",)
    assert done.lost == ()
    assert read(library) == read(sound)


def test_the_leaves_of_a_lost_tree_are_found(library: Path, sound: Path) -> None:
    overwrite(library, root(library, "entries"))
    mended(library)
    assert read(library)["entries"] == read(sound)["entries"]


def test_the_entries_of_a_lost_feed_stay_and_are_followed(library: Path, sound: Path) -> None:
    overwrite(library, root(library, "feeds"), bytes(4096))
    done = mended(library)
    assert any(loss.table == "feeds" for loss in done.lost)
    after, before = read(library), read(sound)
    assert after["entries"] == before["entries"]
    assert after["subscriptions"].keys() == before["subscriptions"].keys()
    assert {dict(row)["title"] for row in after["feeds"].values()} == {f"Lost feed {n}" for n in range(1, 11)}


def test_what_is_only_in_the_log_is_saved_too(library: Path) -> None:
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE entries SET title = 'Edited' WHERE id = 5")
        connection.commit()
        files = {end: library.with_name(library.name + end).read_bytes() for end in ("", "-wal")}
    for end, content in files.items():  # as a process leaves them that is killed
        library.with_name(library.name + end).write_bytes(content)
    page = library.stat().st_size // 4096 - 3
    overwrite(library, page)
    mended(library)
    assert dict(read(library)["entries"][5,])["title"] == "Edited"


def test_a_sound_library_gets_its_counts_and_its_search_again(library: Path, sound: Path) -> None:
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("UPDATE subscriptions SET unread = 999 WHERE feed_id = 1")
        connection.execute("DELETE FROM feed_states WHERE feed_id = 2")
        connection.execute("DELETE FROM pending_entries WHERE entry_id = 3")
        connection.execute("INSERT INTO leases VALUES ('linking', 'dead', '2036-01-01 00:00:00')")
        connection.execute(
            "INSERT INTO statuses (user_id, entry_id, read_at) VALUES (1, 123456, '2026-01-01 00:00:00')"
        )
        connection.execute("INSERT INTO entries_fts(entries_fts) VALUES ('delete-all')")
        connection.commit()
    done = mended(library)
    assert done.kept is None
    assert done.mended == done.mended.__class__(
        orphans=1, unread_counts=1, feeds_without_state=1, entries_never_linked=1, leases=1
    )
    assert read(library) == read(sound)
    with closing(sqlite3.connect(library)) as connection:
        query = "SELECT count(*) FROM entries_fts WHERE entries_fts MATCH '\"texte\"'"
        assert connection.execute(query).fetchone()[0] > 200


def test_the_command_says_what_was_lost_and_keeps_the_damaged_file(library: Path) -> None:
    smashed = library.read_bytes()[:-40_960] + bytes(40_960)
    library.write_bytes(smashed)
    done = run(library.parent, "repair")
    assert done.returncode == 0, done.stderr
    assert "Damaged: " in done.stdout
    assert "Lost: entries: " in done.stdout
    (kept,) = library.parent.glob("replaced-*")
    assert (kept / DATABASE_NAME).read_bytes() == smashed
    assert run(library.parent, "entries").returncode == 0


def test_a_damaged_library_says_so_in_a_sentence(library: Path) -> None:
    overwrite(library, root(library, "entries"), bytes(4096))
    done = run(library.parent, "entries")
    assert (done.returncode, "lire-aussi repair" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_a_library_in_use_is_not_repaired(library: Path) -> None:
    with hold(library.parent):
        assert "another process uses the library" in run(library.parent, "repair").stderr


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LIRE_AUSSI_LIBRARY": str(folder)}
    return subprocess.run([COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=60)
