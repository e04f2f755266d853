"""Backup and restore, as a person runs them, and row by row."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from library import NOW, an_entry, follow, link, owner, publish
from postgres import serve_postgres

from aggregator.holding import hold
from aggregator.program import DATABASE_NAME
from aggregator.storage.engine import Database, sqlite_url
from aggregator.storage.marking import set_starred
from aggregator.storage.schema import metadata

COMMAND = str(Path(sys.executable).with_name("lire-aussi"))


def run(library: Path, *arguments: str, status: int = 0, database: str | None = None) -> str:
    environment = os.environ | {"LIRE_AUSSI_LIBRARY": str(library)}
    if database:
        environment["LIRE_AUSSI_DATABASE"] = database
    done = subprocess.run([COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout.strip() if status == 0 else done.stderr


def fill(database: Database) -> None:
    feed = follow(database, "https://journal.example/feed", "Le Journal", category=("Presse",))
    ids = publish(database, feed, *(an_entry(f"Numéro {n}", days=n) for n in range(40)))
    link(database, ids[1], ids[0], why=("Orlov",))
    with database.write() as connection:
        set_starred(connection, owner(database), ids[3], starred=True, now=NOW)


def rows(url: str) -> dict[str, list[object]]:
    with Database(url) as database, database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in metadata.sorted_tables
        }


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir(mode=0o700)
    with Database.open(sqlite_url(folder / DATABASE_NAME)) as database:
        fill(database)
    (folder / "settings.toml").write_text('log_level = "WARNING"\n')
    (folder / "secret.key").write_bytes(b"k" * 32)
    return folder


def url(library: Path) -> str:
    return sqlite_url(library / DATABASE_NAME)


def test_what_is_restored_equals_what_was_backed_up(library: Path, tmp_path: Path) -> None:
    before = rows(url(library))
    with hold(library):  # a server is no hindrance
        made = Path(run(library, "backup", str(tmp_path / "kept")))
    other = tmp_path / "other"
    run(other, "restore", str(made))
    assert rows(url(other)) == before
    assert (other / "secret.key").read_bytes() == b"k" * 32
    assert (other / "settings.toml").read_text() == 'log_level = "WARNING"\n'
    assert run(other, "entries") == run(library, "entries")


def test_a_backup_is_for_its_owner_alone(library: Path) -> None:
    made = Path(run(library, "backup"))
    assert made.parent == library / "backups"
    assert made.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in made.iterdir()} == {0o600}
    names = {path.name for path in made.iterdir()}
    assert names == {
        *("backup.json", "feeds.opml", "library.sqlite", "secret.key", "settings.toml", "starred.json")
    }
    assert [entry["title"] for entry in json.loads((made / "starred.json").read_bytes())] == ["Numéro 3"]
    assert b"https://journal.example/feed" in (made / "feeds.opml").read_bytes()


def test_keep_removes_older_backups_of_its_own_only(library: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    foreign = kept / "lire-aussi-20200101T000000Z"
    foreign.mkdir(parents=True)
    made = [run(library, "backup", str(kept), "--keep", "2") for _ in range(3)]
    assert sorted(map(str, kept.iterdir())) == sorted([str(foreign), *made[1:]])


def test_a_restore_waits_for_nobody_and_replaces_only_when_told(library: Path, tmp_path: Path) -> None:
    made = run(library, "backup")
    with hold(library):
        assert "another process uses the library" in run(library, "restore", made, "--force", status=1)
    assert "there is a library already" in run(library, "restore", made, status=1)
    with closing(sqlite3.connect(library / DATABASE_NAME)) as connection:
        connection.execute("DELETE FROM entries WHERE title = 'Numéro 7'")
        connection.commit()
    run(library, "restore", made, "--force")
    assert "Numéro 7" in run(library, "entries")
    aside = next(library.glob("replaced-*"))
    with closing(sqlite3.connect(aside / DATABASE_NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (39,)


def test_a_library_under_restore_is_not_used(library: Path) -> None:
    with hold(library, alone=True):
        assert "being restored or repaired" in run(library, "feeds", status=1)


def test_what_is_no_backup_or_not_whole_is_refused(library: Path, tmp_path: Path) -> None:
    made = Path(run(library, "backup"))
    assert "this is no backup" in run(library, "restore", str(tmp_path), "--force", status=1)
    broken = tmp_path / made.name
    shutil.copytree(made, broken)
    data = bytearray((broken / "library.sqlite").read_bytes())
    data[-100] ^= 1
    (broken / "library.sqlite").write_bytes(data)
    before = rows(url(library))
    assert "not what was backed up" in run(library, "restore", str(broken), "--force", status=1)
    assert rows(url(library)) == before


def test_a_newer_schema_is_refused(library: Path, tmp_path: Path) -> None:
    made = Path(run(library, "backup"))
    with closing(sqlite3.connect(made / "library.sqlite")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    manifest = json.loads((made / "backup.json").read_bytes())
    manifest["files"]["library.sqlite"] = hashlib.sha256((made / "library.sqlite").read_bytes()).hexdigest()
    (made / "backup.json").write_text(json.dumps(manifest))
    assert "newer version" in run(library, "restore", str(made), "--force", status=1)


def test_a_damaged_library_makes_no_backup(library: Path, tmp_path: Path) -> None:
    with (library / DATABASE_NAME).open("r+b") as file:
        file.seek(4096 * 10)
        file.write(os.urandom(4096 * 30))
    assert "lire-aussi repair" in run(library, "backup", str(tmp_path / "kept"), status=1)
    assert not list((tmp_path / "kept").glob("*"))


def test_postgresql_is_copied_by_its_own_tools(tmp_path: Path) -> None:
    with serve_postgres() as address:
        with Database.open(address) as database:
            fill(database)
        before = rows(address)
        made = run(tmp_path, "backup", database=address)
        run(tmp_path, "remove", "https://journal.example/feed", database=address)
        assert "--force" in run(tmp_path, "restore", made, database=address, status=1)
        run(tmp_path, "restore", made, "--force", database=address)
        assert rows(address) == before
