"""A real PostgreSQL for tests: a server of our own in a temporary folder, reached by a socket, no port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import text

from aggregator.storage.engine import Database

if TYPE_CHECKING:
    from collections.abc import Iterator


def _programs() -> Path:
    """Where `initdb` is; without PostgreSQL the tests fail."""
    found = shutil.which("initdb", path="/usr/bin:/usr/local/bin")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and not debian:
        raise RuntimeError("PostgreSQL is not installed; tests/run installs it")
    return (debian[-1] if debian else Path(str(found))).parent


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


@contextmanager
def serve_postgres() -> Iterator[str]:
    """The address of an empty database."""
    programs, user = _programs(), _server_user()
    folder = Path(tempfile.mkdtemp(prefix="lire-aussi-pg-", dir="/tmp"))
    name = user or pwd.getpwuid(os.geteuid()).pw_name
    if user:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(programs / program), *arguments],
            check=True,
            user=user,
            cwd=folder,
            timeout=60,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", name, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        run(
            "pg_ctl",
            "-D",
            data,
            "-w",
            "-o",
            f"-c listen_addresses='' -k {folder} -F",
            "-l",
            f"{folder}/log",
            "start",
        )
        try:
            yield f"postgresql://{name}@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fresh_library(url: str) -> str:
    """The address of an empty library, the same each time: copied, which takes a fifth of all migrations."""
    _make_pattern(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS library WITH (FORCE)")
        connection.execute("CREATE DATABASE library TEMPLATE pattern")
    return url.replace("/postgres?", "/library?")


@cache
def _make_pattern(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE pattern")
    Database.open(url.replace("/postgres?", "/pattern?")).close()


def emptied(url: str) -> str:
    """The same address; nothing is left in the database."""
    with Database(url) as database, database.write() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return url
