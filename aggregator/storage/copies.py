"""Whole copies of a library's database, taken while others write, and how far a file can be trusted.

SQLite copies itself (`VACUUM INTO`: one moment of the library, no free pages); PostgreSQL is copied and put
back by its own tools. A copy is readable by its owner alone and never replaces a file.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from aggregator.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOM = "Free some space, or name another folder."


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite address; None for PostgreSQL."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def make_private(path: Path) -> None:
    """Make an empty file for its owner alone; does nothing where one is. SQLite gives its `-wal` the same."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StorageError(str(path), f"cannot be made ({error.strerror})") from error


def copy_sqlite(source: Path, target: Path) -> None:
    """One moment of the library, whole, in a new file; what cannot be finished leaves no file."""
    if target.exists():
        raise StorageError(str(target), "is there already", advice="A copy replaces nothing.")
    make_private(target)
    try:
        with closing(sqlite3.connect(source, timeout=30, isolation_level=None)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
        with target.open("rb") as written:
            os.fsync(written.fileno())
    except (sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise StorageError(str(source), f"cannot be copied ({error})", advice=_ROOM) from error


def find_schema(path: Path) -> str | None:
    """The schema of an SQLite file that nobody writes to; None where it holds no library."""
    try:
        with closing(_opened(path)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None


def find_damage(path: Path, *, full: bool = True) -> tuple[str, ...]:
    """What is wrong in the file, at most ten lines; `full` compares indexes with tables, and reads all."""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            check = "integrity_check" if full else "quick_check"
            rows = [str(row[0]) for row in connection.execute(f"PRAGMA {check}(10)")]
            if full and rows == ["ok"]:
                rows = _torn_texts(connection)
    except sqlite3.Error as error:
        return (str(error),)
    return tuple(row for row in rows if row != "ok")


def find_orphans(path: Path) -> tuple[str, ...]:
    """Rows without the row that they refer to, at most ten lines; mended without a loss."""
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        rows = connection.execute("PRAGMA foreign_key_check").fetchmany(10)
    return tuple(f"{table}: row {rowid} refers to nothing in {parent}" for table, rowid, parent, _ in rows)


def is_text(raw: bytes) -> bool:
    """Nothing that we store holds a NUL: where one is, a page was wiped."""
    if b"\0" in raw:
        return False
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _torn_texts(connection: sqlite3.Connection) -> list[str]:
    """SQLite looks at the shape of rows only."""
    broken: list[bool] = []

    def note(raw: bytes) -> None:
        if not is_text(raw):
            broken.append(True)

    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'entries\\_fts%' ESCAPE '\\'"
    )
    tables = [row[0] for row in connection.execute(query)]
    connection.text_factory = note
    found = []
    for table in tables:
        for rowid, *_ in connection.execute(f'SELECT rowid, * FROM "{table}"'):  # noqa: S608 - our own names
            if broken:
                found.append(f"{table}: row {rowid} holds what is no text")
                broken.clear()
            if len(found) == 10:
                return found
    return found


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────


def dump_postgres(url: str, target: Path) -> None:
    make_private(target)
    try:
        _run(url, "pg_dump", ["--format=custom", "--no-owner", f"--file={target}"])
    except StorageError:
        target.unlink(missing_ok=True)
        raise


def restore_postgres(url: str, dump: Path) -> None:
    """Put the dump in the place of what the database holds, in one transaction."""
    options = ["--clean", "--if-exists", "--no-owner", "--single-transaction"]
    _run(url, "pg_restore", [*options, str(dump)])


def _run(url: str, program: str, options: Sequence[str]) -> None:
    """The password goes by the environment: everybody sees the arguments of a process."""
    found = shutil.which(program)
    if found is None:
        advice = "Install PostgreSQL's client programs (Debian: postgresql-client)."
        raise StorageError(program, "is not on this machine", advice=advice)
    address = make_url(url).set(drivername="postgresql")
    environment = dict(os.environ)
    if address.password:
        environment["PGPASSWORD"] = str(address.password)
    bare = address._replace(password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 - the address is the operator's own
        [found, f"--dbname={bare}", *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise StorageError(make_url(url).render_as_string(hide_password=True), reason)
