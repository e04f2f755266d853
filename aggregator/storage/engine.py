"""Opening the library's database and its transactions.

Promises: a writer begins IMMEDIATE (a deferred BEGIN that upgrades later fails with "database is locked"),
one writer at a time in this process, readers never wait for it (WAL); an unusable database is a
`StorageError` that names it. Refuses a database whose schema is newer than this program.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from sqlalchemy import create_engine, event, exc, inspect, make_url, text

from aggregator.errors import StorageError
from aggregator.searching.words import fold
from aggregator.storage.copies import copy_sqlite, find_schema, make_private, sqlite_file
from aggregator.storage.pages import note_layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

SCHEMA = "0012"
"""The newest migration; a test holds it equal to the head of the chain."""

_BUSY_SECONDS = 30
_CACHE_KIB = 8000
"""Of each connection. SQLite's own 2,000 do not hold the rows that one search weighs: twice its time."""


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


_ADVICE = "Example: postgresql://user@host/name"
_PASSWORD = re.compile(r"(//[^/@:]*):.*@", re.DOTALL)


def _database_url(text_url: str) -> URL:
    """Accept what people write (`postgres://…`); choose the driver that is installed."""
    shown = _PASSWORD.sub(r"\1:***@", text_url)
    try:
        url = make_url(text_url)
    except (exc.ArgumentError, ValueError):  # whose text may hold the password
        raise StorageError(shown, "not a database address", advice=_ADVICE) from None
    match url.drivername:
        case "postgres" | "postgresql" | "postgresql+psycopg":
            return url.set(drivername="postgresql+psycopg")
        case "sqlite" if url.database and url.database != ":memory:":
            return url
        case "sqlite":
            raise StorageError(shown, "it names no file", advice="Example: sqlite:////home/me/library.sqlite")
    raise StorageError(shown, "only SQLite and PostgreSQL (with psycopg) can hold a library", advice=_ADVICE)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # SQLAlchemy, not the driver, decides when a transaction begins.
    connection.isolation_level = None
    connection.create_function("fold", 1, fold, deterministic=True)  # for `dialects`
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    for pragma in (
        "journal_mode = WAL",
        "foreign_keys = ON",
        "synchronous = NORMAL",
        "temp_store = MEMORY",
        f"cache_size = -{_CACHE_KIB}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _make_engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, pool_size=10, max_overflow=20)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


class Database:
    """One library. `read()` and `write()` give a connection inside a transaction.

    `with database.write() as connection:` commits at the end and rolls back on any exception.
    """

    def __init__(self, url: str) -> None:
        self._url = _database_url(url)
        self._engine = _make_engine(self._url)
        self._writer = threading.Lock()

    @property
    def name(self) -> str:
        """What a message calls it: the file, or the address without its password."""
        sqlite = self._url.get_backend_name() == "sqlite"
        return str(self._url.database) if sqlite else self._url.render_as_string(hide_password=True)

    @classmethod
    def open(cls, url: str) -> Self:
        """Open, creating or upgrading the schema where that is needed."""
        database = cls(url)
        try:
            if database.file is not None and database.file.parent.is_dir():
                make_private(database.file)
            database.migrate()
            database._note_layout()
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._explained(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._writer, self._explained(), self._engine.connect() as plain:
            connection = plain.execution_options(writing=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except exc.DatabaseError as error:
            if not isinstance(error, exc.OperationalError) and type(error) is not exc.DatabaseError:
                raise  # a constraint or a statement of ours: a defect, not a state of the world
            raise _explain(self.name, error) from error

    def schema_version(self) -> str | None:
        """The migration that the database is at; None for an empty one."""
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return version

    def migrate(self) -> tuple[str | None, str]:
        """Bring the schema to this program's. Returns the versions before and after."""
        before = self.schema_version()
        if before == SCHEMA:
            return before, before
        from aggregator.storage import migrations

        if before is not None and before not in migrations.known_versions():
            raise StorageError(
                self.name,
                f"made by a newer version of the program (its schema is {before}, this one knows {SCHEMA})",
                advice="Install the newer version, or choose another library with --library.",
            )
        kept = self._keep_copy(before) if before is not None else None
        with self.write() as connection:
            migrations.upgrade(connection)
        if kept is not None:
            _forget_copies(kept)
        return before, SCHEMA

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for PostgreSQL."""
        return sqlite_file(self._url.render_as_string(hide_password=False))

    def _note_layout(self) -> None:
        """Beside the file, for `salvage`. A library works without it."""
        if self.file is not None:
            with suppress(OSError, sqlite3.Error):
                note_layout(self.file)

    def _keep_copy(self, before: str) -> Path | None:
        """A copy of the SQLite file beside it, to be kept until the next upgrade has succeeded."""
        file = self.file
        if file is None:
            return None
        kept = file.with_name(f"{file.name}.before-{SCHEMA}")
        fresh = kept.with_name(f"{kept.name}.{uuid4().hex}.new")
        copy_sqlite(file, fresh)
        if find_schema(fresh) == before:
            with suppress(FileNotFoundError):  # another process has upgraded it just now
                fresh.replace(kept)
        else:
            fresh.unlink(missing_ok=True)
        return kept


def _forget_copies(kept: Path) -> None:
    name = kept.name.partition(".before-")[0]
    for older in kept.parent.glob(f"{name}.before-*"):
        if older != kept:
            older.unlink(missing_ok=True)


_DAMAGED = "The file is damaged: restore a backup, or save what can be read with `lire-aussi repair`."


def _explain(name: str, error: exc.DatabaseError) -> StorageError:
    reason = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
    reason = reason.partition(" with text ")[0]  # of an article
    for sign, advice in (
        ("readonly", "Give this user the right to write the file and its folder."),
        ("unable to open", "Check that the folder exists and that this user may write in it."),
        ("disk is full", "Free some space; nothing that was stored is lost."),
        ("locked", "Another process holds it; try again when it has finished."),
        (
            "not a database",
            "Restore a backup, save what can be read with `lire-aussi repair`, or choose another --library.",
        ),
        ("malformed", _DAMAGED),
        ("Could not decode to UTF-8", _DAMAGED),
    ):
        if sign in reason:
            return StorageError(name, reason, advice=advice)
    return StorageError(name, reason)
