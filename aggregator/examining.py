"""Use-case: look at an installation and its library, and say what is not as it should be, and what to do.

Nothing is changed: no library is made, no schema upgraded. The guard against forged addresses is tried for
real, on a listener of our own on loopback.
"""

from __future__ import annotations

import asyncio
import platform
import re
import shutil
import socket
import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from importlib import metadata
from typing import TYPE_CHECKING, Literal

from aggregator.errors import AddressRefused, FetchError, SettingsError, StorageError
from aggregator.storage.copies import find_damage, find_orphans, find_schema, sqlite_file
from aggregator.storage.engine import SCHEMA, Database
from aggregator.storage.health import take_pulse
from aggregator.storage.migrations import known_versions
from config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from aggregator.policies import FetchLimits
    from aggregator.program import Place

_MENDED_SQLITE = (3, 51, 3)
_LITTLE, _LEAST = 1_000_000_000, 100_000_000
_REQUIREMENT = re.compile(r"([\w.-]+)[^;]*?>=([\d.]+)")
_PACKAGE = "lire-aussi"
_RELEASED = 2025  # an earlier year is that of a clock that was never set


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`advice` says what to do; empty where nothing is."""

    name: str
    state: Literal["ok", "warning", "problem"]
    said: str
    advice: str = ""


def ok(name: str, said: str) -> Finding:
    return Finding(name=name, state="ok", said=said)


def warning(name: str, said: str, advice: str = "") -> Finding:
    return Finding(name=name, state="warning", said=said, advice=advice)


def problem(name: str, said: str, advice: str = "") -> Finding:
    return Finding(name=name, state="problem", said=said, advice=advice)


def examine(place: Place, *, full: bool, now: datetime) -> tuple[Finding, ...]:
    """Every finding, also the good ones; `full` reads the whole database."""
    found = [*_versions(sqlite3.sqlite_version_info), *_libraries(), *_settings(place), *_guard()]
    file = sqlite_file(place.database_url)
    if file is not None and not file.exists():
        return (*found, warning("library", f"there is none in {place.folder} yet", "Start the program once."))
    checks: list[Callable[[], Iterator[Finding]]] = [
        lambda: _permissions(place.folder),
        lambda: _space(place.folder, file),
        lambda: _integrity(file, full=full),
        lambda: _content(place, file, now),
    ]
    for check in checks:
        found.extend(check())
    return tuple(found)


def _versions(sqlite: tuple[int, ...]) -> Iterator[Finding]:
    yield ok("program", f"{metadata.version(_PACKAGE)}, schema {SCHEMA}")
    yield ok("python", f"{platform.python_version()} on {platform.platform()}")
    shown = ".".join(map(str, sqlite))
    if sqlite >= _MENDED_SQLITE:
        yield ok("sqlite", shown)
    else:
        said = f"{shown} has a rare bug (before 3.51.3) by which a checkpoint can damage a library"
        yield warning("sqlite", said, "Update the system's SQLite when it can be; make backups.")


def _libraries() -> Iterator[Finding]:
    """Our requirements are the oldest versions that are not known to be bad."""
    old = []
    for requirement in metadata.requires(_PACKAGE) or ():
        wanted = _REQUIREMENT.match(requirement)
        if "extra ==" in requirement or wanted is None:
            continue
        name, least = wanted.groups()
        try:
            there = metadata.version(name)
        except metadata.PackageNotFoundError:
            there = "0"
        if _number(there) < _number(least):
            old.append(f"{name} {there} (needs {least})")
    if old:
        yield problem("libraries", ", ".join(sorted(old)), "Install the program anew.")
    else:
        yield ok("libraries", "none of those that are known to be bad")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split(".")[:3])


def _settings(place: Place) -> Iterator[Finding]:
    try:
        settings = Settings.load(place.folder)
    except SettingsError as error:
        yield problem("settings", f"{error.subject}: {error.detail}", error.advice)
        return
    odd = list(_oddities(settings))
    yield from (warning("settings", said, f"Change it in {place.folder / 'settings.toml'}.") for said in odd)
    if not odd:
        yield ok("settings", "they make sense")


def _oddities(settings: Settings) -> Iterator[str]:
    refresh, fetch = settings.refresh, settings.fetch
    if not refresh.min_interval <= refresh.default_interval <= refresh.max_interval:
        yield "refresh: min_interval ≤ default_interval ≤ max_interval does not hold"
    if refresh.lease <= fetch.timeout + refresh.parse_timeout:
        yield "refresh.lease ends before a slow feed is fetched and read"
    if fetch.connect_timeout > fetch.timeout:
        yield "fetch.connect_timeout is longer than fetch.timeout"
    if {"0.0.0.0/0", "::/0"} & set(fetch.allowed_networks):
        yield "fetch.allowed_networks opens every private network to every feed"


def _guard() -> Iterator[Finding]:
    """Ask for a page on this machine, as a feed could: nobody may knock."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        refused = asyncio.run(_is_refused(listener.getsockname()[1]))
        try:
            listener.accept()[0].close()
        except TimeoutError:
            knocked = False
        else:
            knocked = True
    if refused and not knocked:
        yield ok("guard", "an address of this machine is refused")
    else:
        yield problem("guard", "an address of this machine was fetched", "Do not run this installation.")


async def _is_refused(port: int) -> bool:
    from aggregator.feeds.fetching import Fetcher

    async with Fetcher(_closed(port), version="0") as fetcher:
        for host in ("127.0.0.1", "localhost"):
            try:
                await fetcher.fetch(f"http://{host}:{port}/")
            except AddressRefused:
                continue
            except FetchError:
                return False
            return False
    return True


def _closed(port: int) -> FetchLimits:
    from aggregator.policies import FetchLimits

    limits = FetchLimits()
    return replace(limits, allowed_ports=(*limits.allowed_ports, port), timeout=timedelta(seconds=5))


def _permissions(folder: Path) -> Iterator[Finding]:
    open_ = [folder] if folder.stat().st_mode & 0o077 else []
    names = ("library.sqlite*", "settings.toml", "secret.key", "library.lock")
    files = [path for name in names for path in sorted(folder.glob(name)) if path.is_file()]
    open_ += [path for path in files if path.stat().st_mode & 0o077 and folder.stat().st_mode & 0o077]
    if open_:
        said = f"other users of this machine may reach {', '.join(path.name for path in open_)}"
        yield warning("permissions", said, f"chmod -R go= {folder}")
    else:
        yield ok("permissions", f"{folder} is its owner's alone")


def _space(folder: Path, file: Path | None) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    size = file.stat().st_size if file else 0
    said = f"{free / 1e9:.1f} GB free, the library has {size / 1e9:.2f}"
    if free < _LEAST:
        yield problem("disk", said, "Free some space: nothing can be stored soon.")
    elif free < max(_LITTLE, 2 * size):
        yield warning("disk", said, "An upgrade and a backup each need the library's size again.")
    else:
        yield ok("disk", said)


def _integrity(file: Path | None, *, full: bool) -> Iterator[Finding]:
    if file is None:
        yield ok("integrity", "PostgreSQL's own business (see pg_amcheck)")
        return
    damage = find_damage(file, full=full)
    orphans = find_orphans(file) if full and not damage else ()
    for said in damage:
        yield problem("integrity", said, "Stop the server; `lire-aussi repair`, or restore a backup.")
    for said in orphans:
        yield warning("integrity", said, "Stop the server; `lire-aussi repair`.")
    if not damage and not orphans:
        yield ok("integrity", "every row read" if full else "sound on a quick look (--full reads all)")


def _content(place: Place, file: Path | None, now: datetime) -> Iterator[Finding]:
    try:
        with Database(place.database_url) as database:
            schema = find_schema(file) if file else database.schema_version()
            if schema != SCHEMA:
                yield _schema(schema)
                return
            with database.read() as connection:
                pulse = take_pulse(connection, now=now, late=now - timedelta(days=2))
    except StorageError as error:
        yield problem("database", error.detail, error.advice)
        return
    yield ok("schema", SCHEMA)
    yield _clock(pulse.newest, now)
    yield ok("library", f"{pulse.feeds} feeds, {pulse.entries} entries")
    share = f"{pulse.failing} of {pulse.feeds} feeds fail"
    advice = "`lire-aussi feeds` says why." if pulse.failing else ""
    yield warning("feeds", share, advice) if pulse.failing else ok("feeds", "none fails")
    if pulse.overdue:
        said = f"{pulse.overdue} feeds should have been fetched more than two days ago"
        yield warning("refresh", said, "Is the server running?")
    yield ok("links", f"{pulse.pending} entries wait to be linked")
    if pulse.dead_leases:
        yield ok("leases", f"{pulse.dead_leases} of processes that died; they are free for others")


def _schema(schema: str | None) -> Finding:
    if schema in known_versions():
        return warning("schema", f"{schema}, older than {SCHEMA}", "The next start upgrades it.")
    return problem("schema", f"{schema}, which this version does not know", "Install the newer version.")


def _clock(newest: datetime | None, now: datetime) -> Finding:
    if now.year < _RELEASED:
        return problem("clock", f"it says {now:%Y-%m-%d}", "Set the clock.")
    if newest is not None and newest > now + timedelta(minutes=5):
        said = f"it says {now:%Y-%m-%d %H:%M}, but something was stored at {newest:%Y-%m-%d %H:%M} (UTC)"
        return problem("clock", said, "Set the clock; feeds wait until then otherwise.")
    return ok("clock", f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
