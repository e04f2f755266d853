"""R6: how long a backup and a restore take, and that the restored library equals the one that was there.

python tests/benchmarks/backup.py [ENTRIES=20000]
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from aggregator.keeping import Library, make_backup, restore
from aggregator.storage.engine import Database, sqlite_url

WORDS = [f"mot{number}" for number in range(20_000)]
BATCH = 5_000


def fill(path: Path, count: int) -> None:
    """Entries of 60 to 400 words, in 1,000 feeds; a seventh is starred."""
    Database.open(sqlite_url(path)).close()
    chance = random.Random(6)
    moment = "2026-11-01 00:00:00.000000"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        feeds = [(number, f"https://feed{number}.example/", f"Feed {number}") for number in range(1, 1001)]
        connection.executemany("INSERT INTO feeds (id, url, title, description) VALUES (?, ?, ?, '')", feeds)
        for start in range(0, count, BATCH):
            texts = [
                " ".join(chance.choices(WORDS, k=chance.randint(60, 400))) for _ in range(BATCH // 10)
            ] * 10
            ids = range(start + 1, min(start + BATCH, count) + 1)
            connection.executemany(
                "INSERT INTO entries (id, feed_id, guid, title, published_at, first_seen_at, content_hash,"
                " summary, text, html) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
                [
                    (n, n % 1000 + 1, f"g{n}", text[:60], moment, moment, f"h{n}", text, f"<p>{text}</p>")
                    for n, text in zip(ids, texts, strict=False)
                ],
            )
            connection.commit()
        connection.execute(
            "INSERT INTO statuses SELECT 1, id, NULL, ? FROM entries WHERE id % 7 = 0", (moment,)
        )
        connection.commit()


def digest(path: Path) -> dict[str, str]:
    """Of the rows of each table, in order."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'entries_fts%'"
        ).fetchall()
        found = {}
        for (name,) in names:
            seen = hashlib.sha256()
            for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY rowid'):
                seen.update(repr(row).encode())
            found[name] = seen.hexdigest()
        return found


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with TemporaryDirectory() as folder:
        first, second = (
            Library(folder=place, database_url=sqlite_url(place / "library.sqlite"))
            for place in (Path(folder) / "a", Path(folder) / "b")
        )
        first.folder.mkdir()
        second.folder.mkdir()
        assert first.file is not None
        assert second.file is not None
        fill(first.file, count)
        now = datetime.now(UTC)
        began = time.perf_counter()
        made = make_backup(first, Path(folder) / "backups", {}, version="0", now=now)
        backed_up = time.perf_counter()
        restore(second, made, force=False, now=now)
        restored = time.perf_counter()
        equal = digest(first.file) == digest(second.file)
        size = first.file.stat().st_size / 1e6
    print(
        f"{count} entries, {size:.0f} MB: backup {backed_up - began:.1f} s, "
        f"restore {restored - backed_up:.1f} s, {'equal' if equal else 'NOT EQUAL'}"
    )
    if not equal:
        sys.exit(1)


if __name__ == "__main__":
    main()
