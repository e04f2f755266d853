"""Use-case: copy a library aside while it is used, and put such a copy back.

Promises: a backup is whole and verified, or it is not there; nothing is ever overwritten; what a restore
replaces is kept beside it. A backup is a folder, for its owner alone: the database, the list of feeds (OPML),
the starred entries (JSON), the settings, and the key that signs sessions.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, BinaryIO

from aggregator.errors import StorageError
from aggregator.storage.copies import (
    copy_sqlite,
    dump_postgres,
    find_damage,
    find_schema,
    restore_postgres,
    sqlite_file,
)
from aggregator.storage.migrations import known_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

SQLITE_COPY = "library.sqlite"
POSTGRES_COPY = "library.dump"
MANIFEST = "backup.json"
BESIDE = ("settings.toml", "aliases.txt", "secret.key")
_NAME = re.compile(r"lire-aussi-[0-9]{8}T[0-9]{6}Z(-[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What is backed up and restored: a folder, and where its database is."""

    folder: Path
    database_url: str

    @property
    def file(self) -> Path | None:
        return sqlite_file(self.database_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself. `files` gives the sha256 of each."""

    made_at: str
    library: str
    version: str
    files: dict[str, str]


def make_backup(
    library: Library, into: Path, exports: Mapping[str, bytes], *, version: str, now: datetime
) -> Path:
    """The new backup's folder in `into`. Nobody has to stop. Raises `StorageError`, and leaves nothing."""
    target = _free_name(into, now)
    part = target.with_name(f"{target.name}.part")
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.mkdir(mode=0o700)
        _fill(library, part, exports)
        files = {path.name: _digest(path) for path in sorted(part.iterdir())}
        made_at = now.isoformat(timespec="seconds")
        manifest = Manifest(made_at=made_at, library=str(library.folder), version=version, files=files)
        _write(part / MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
        part.rename(target)
    except OSError as error:
        raise StorageError(str(into), f"the backup cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _free_name(into: Path, now: datetime) -> Path:
    first = into / f"lire-aussi-{now:%Y%m%dT%H%M%SZ}"
    names = [first, *(first.with_name(f"{first.name}-{count}") for count in range(2, 100))]
    for name in names:
        if not name.exists() and not name.with_name(f"{name.name}.part").exists():
            return name
    raise StorageError(str(first), "a backup of this second is there already")


def _fill(library: Library, part: Path, exports: Mapping[str, bytes]) -> None:
    if library.file is None:
        dump_postgres(library.database_url, part / POSTGRES_COPY)
    else:
        copy_sqlite(library.file, part / SQLITE_COPY)
        _verify(part / SQLITE_COPY)
    for name, content in exports.items():
        _write(part / name, content)
    for name in BESIDE:
        with suppress(FileNotFoundError):
            _write(part / name, (library.folder / name).read_bytes())


def _verify(copy: Path) -> None:
    damage = find_damage(copy)
    if damage:
        advice = "The library itself is damaged: `lire-aussi repair` saves what can be read."
        raise StorageError(str(copy), f"the copy is not whole ({damage[0]})", advice=advice)


def _create(path: Path) -> BinaryIO:
    """A new file, for its owner alone."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


def _write(path: Path, content: bytes) -> None:
    with _create(path) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_older(library: Library, into: Path, keep: int) -> tuple[Path, ...]:
    """Remove all but the newest `keep` backups of this library; whatever else is in the folder stays."""
    own = [path for path in sorted(into.iterdir()) if _is_own(path, library)]
    old = tuple(own[: max(len(own) - keep, 0)])
    for path in old:
        shutil.rmtree(path)
    return old


def _is_own(path: Path, library: Library) -> bool:
    if not _NAME.fullmatch(path.name) or path.is_symlink():
        return False
    try:
        return read_manifest(path).library == str(library.folder)
    except StorageError:
        return False


def read_manifest(backup: Path) -> Manifest:
    try:
        facts = json.loads((backup / MANIFEST).read_bytes())
        return Manifest(**facts)
    except (OSError, ValueError, TypeError) as error:
        advice = "Name the folder that `lire-aussi backup` printed."
        raise StorageError(str(backup), "this is no backup", advice=advice) from error


# ── restore ──────────────────────────────────────────────────────────────────────────────────────


def restore(library: Library, backup: Path, *, force: bool, now: datetime) -> Path | None:
    """Put the backup in the library's place; the folder where the replaced library is kept, if there was one.

    The caller holds the library alone. Refuses what is not whole, a newer schema, and, without `force`, to
    replace a library. Stopped at any moment, the old or the new library is there, and the old one is kept.
    """
    manifest = read_manifest(backup)
    _check_files(backup, manifest)
    if library.file is None:
        _restore_postgres(library, backup, manifest, force=force)
        return None
    _check_copy(backup, manifest)
    if library.file.exists() and not force:
        advice = "Add --force: the library that is there is then kept in a folder beside it."
        raise StorageError(str(library.file), "there is a library already", advice=advice)
    try:
        return _replace(library, library.file, backup, manifest, now)
    except OSError as error:
        raise StorageError(str(library.folder), f"cannot be restored ({error.strerror})") from error


def _check_files(backup: Path, manifest: Manifest) -> None:
    for name, digest in manifest.files.items():
        try:
            same = os.sep not in name and _digest(backup / name) == digest
        except OSError:
            same = False
        if not same:
            raise StorageError(str(backup / name), "missing, or not what was backed up")


def _check_copy(backup: Path, manifest: Manifest) -> None:
    if SQLITE_COPY not in manifest.files:
        advice = "Restore it with --database and the address of a PostgreSQL database."
        raise StorageError(str(backup), "it holds a PostgreSQL database", advice=advice)
    schema = find_schema(backup / SQLITE_COPY)
    if schema not in known_versions():
        raise StorageError(
            str(backup),
            f"made by a newer version of the program ({manifest.version}, schema {schema})",
            advice="Install that version, then restore.",
        )


def _restore_postgres(library: Library, backup: Path, manifest: Manifest, *, force: bool) -> None:
    if POSTGRES_COPY not in manifest.files:
        raise StorageError(str(backup), "it holds an SQLite library", advice="Restore it without --database.")
    if not force:
        advice = "Add --force; back up what is there first, nothing of it is kept."
        raise StorageError(str(backup), "it replaces everything in the database", advice=advice)
    restore_postgres(library.database_url, backup / POSTGRES_COPY)
    for name in BESIDE:
        if name in manifest.files:
            _copy(backup / name, library.folder / f"{name}.new").replace(library.folder / name)


def _replace(library: Library, file: Path, backup: Path, manifest: Manifest, now: datetime) -> Path | None:
    names = {SQLITE_COPY: file, **{name: library.folder / name for name in BESIDE}}
    fresh = {
        target: _copy(backup / name, target.with_name(f"{target.name}.new"))
        for name, target in names.items()
        if name in manifest.files
    }
    old = [*names.values(), *(file.with_name(file.name + end) for end in ("-wal", "-shm", ".layout"))]
    aside = set_aside(library.folder, [path for path in old if path.exists()], now)
    for target, path in fresh.items():
        path.replace(target)
    shutil.rmtree(library.folder / "cache", ignore_errors=True)
    return aside


def _copy(source: Path, target: Path) -> Path:
    target.unlink(missing_ok=True)
    with source.open("rb") as read, _create(target) as written:
        shutil.copyfileobj(read, written, 1 << 20)
        written.flush()
        os.fsync(written.fileno())
    return target


def set_aside(folder: Path, files: Sequence[Path], now: datetime) -> Path | None:
    """Move the files into a new folder of their own; None where there are none."""
    if not files:
        return None
    aside = folder / f"replaced-{now:%Y%m%dT%H%M%S.%fZ}"
    aside.mkdir(mode=0o700)
    for path in files:
        path.rename(aside / path.name)
    return aside
