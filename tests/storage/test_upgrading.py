"""R5: a library of every released schema is upgraded, also by a process that is killed on the way."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from alembic import command
from sqlalchemy import text

from aggregator.errors import StorageError
from aggregator.storage import migrations
from aggregator.storage.engine import SCHEMA, Database, sqlite_url

if TYPE_CHECKING:
    from pathlib import Path

RELEASED = sorted(migrations.known_versions() - {SCHEMA})
KEPT = {
    "feeds": "id, url, title, site_url, description, language",
    "entries": "id, feed_id, guid, url, title, author, published_at, first_seen_at, content_hash, text, html",
    "users": "id, name",
    "categories": "id, user_id, path",
    "subscriptions": "user_id, feed_id, category_id, title, created_at, unread",
    "statuses": "user_id, entry_id, read_at, starred_at",
    "feed_states": "feed_id, etag, body_hash, next_fetch_at, failures, error",
}
"""What publishers and readers said, in words that every schema knows."""

FILL = (
    """INSERT INTO feeds (id, url, title, description, language)
       VALUES (1, 'https://a.example/', 'A', '', 'fr')""",
    "INSERT INTO categories (id, user_id, path) VALUES (1, 1, '[\"Presse\"]')",
    """INSERT INTO subscriptions (user_id, feed_id, category_id, created_at, unread)
       VALUES (1, 1, 1, '2026-11-01 00:00:00', 300)""",
    """INSERT INTO feed_states (feed_id, etag, body_hash, next_fetch_at, interval_seconds, failures, error)
       VALUES (1, '"v1"', 'abc', '2026-11-24 00:00:00', 3600, 2, 'a word')""",
    """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
       INSERT INTO entries (id, feed_id, guid, title, published_at, first_seen_at, content_hash, summary,
         text, html)
       SELECT i, 1, 'g' || i, 'Numéro ' || i, '2026-11-01 00:00:00', '2026-11-01 00:00:00', 'h' || i, '',
         'Le texte du numéro ' || i, '<p>Le texte</p>' FROM n""",
    """INSERT INTO statuses (user_id, entry_id, read_at, starred_at)
       SELECT 1, id, NULL, '2026-11-02 00:00:00' FROM entries WHERE id % 7 = 0""",
)


def make_old(path: Path, version: str) -> None:
    with Database(sqlite_url(path)) as database, database.write() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for statement in FILL:
            connection.execute(text(statement))


def facts(path: Path) -> dict[str, list[object]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            name: connection.execute(f"SELECT {columns} FROM {name} ORDER BY 1, 2").fetchall()
            for name, columns in KEPT.items()
        }


def check_whole(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        found = connection.execute("SELECT count(*) FROM entries_fts WHERE entries_fts MATCH '\"numero\"'")
        assert found.fetchone() == (300,)


@pytest.mark.parametrize("version", RELEASED)
def test_an_upgrade_keeps_what_publishers_and_readers_said(version: str, tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    make_old(path, version)
    before = facts(path)
    with Database.open(sqlite_url(path)) as database:
        assert database.schema_version() == SCHEMA
    assert facts(path) == before
    check_whole(path)


def test_the_library_before_an_upgrade_is_kept_until_the_next(tmp_path: Path) -> None:
    path, kept = tmp_path / "library.sqlite", tmp_path / f"library.sqlite.before-{SCHEMA}"
    older = tmp_path / "library.sqlite.before-0000"
    older.write_bytes(b"")
    make_old(path, RELEASED[0])
    before = facts(path)
    Database.open(sqlite_url(path)).close()
    assert facts(kept) == before
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not older.exists()


def test_no_copy_no_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    make_old(path, RELEASED[0])
    (tmp_path / f"library.sqlite.before-{SCHEMA}").mkdir()
    with pytest.raises((StorageError, OSError)):
        Database.open(sqlite_url(path))
    with Database(sqlite_url(path)) as database:
        assert database.schema_version() == RELEASED[0]


UPGRADE = """
import sys
from aggregator.storage.engine import Database
from aggregator.storage import migrations
print("begin", flush=True)
Database.open(sys.argv[1]).close()
"""


def _upgrade(path: Path, *, killed_after: float | None) -> tuple[int, float]:
    process = subprocess.Popen([sys.executable, "-c", UPGRADE, sqlite_url(path)], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        started = time.monotonic()
        if killed_after is not None:
            time.sleep(killed_after)
            process.kill()
        return process.wait(timeout=30), time.monotonic() - started


@pytest.mark.parametrize(
    "version",
    [pytest.param(v, marks=[] if v in (RELEASED[0], RELEASED[-1]) else pytest.mark.slow) for v in RELEASED],
)
def test_an_upgrade_that_is_killed_is_done_by_the_next_start(version: str, tmp_path: Path) -> None:
    old, path = tmp_path / "old.sqlite", tmp_path / "library.sqlite"
    make_old(old, version)
    before = facts(old)
    shutil.copy(old, path)
    _, whole = _upgrade(path, killed_after=None)
    killed, moments = 0, random.Random(5)
    for _ in range(8):
        for stale in tmp_path.glob("library.sqlite*"):
            stale.unlink()
        shutil.copy(old, path)
        status, _ = _upgrade(path, killed_after=moments.uniform(0, whole))
        killed += status == -signal.SIGKILL
        Database.open(sqlite_url(path)).close()
        assert facts(path) == before
        check_whole(path)
        assert not list(tmp_path.glob("library.sqlite.before-*.new"))
    assert killed
