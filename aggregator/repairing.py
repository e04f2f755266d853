"""Use-case: make a library whole again, and say what could not be saved.

Promises: a damaged file is kept; what publishers and readers said is saved row by row; what the machine knows
is built again. Whoever stops it in the middle has the library that was there.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.errors import StorageError
from aggregator.keeping import set_aside
from aggregator.storage import linkstate, terms
from aggregator.storage.copies import find_damage
from aggregator.storage.engine import Database
from aggregator.storage.mending import Mended, mend
from aggregator.storage.pages import layout_file
from aggregator.storage.salvage import Loss, salvage

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from aggregator.keeping import Library


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What was found and done. `losses` are of a damaged file, which is in the folder `kept` now."""

    damage: tuple[str, ...]
    losses: tuple[Loss, ...]
    kept: Path | None
    mended: Mended

    @property
    def lost(self) -> tuple[Loss, ...]:
        """Those of `losses` where something was lost."""
        return tuple(loss for loss in self.losses if loss.rows or loss.ranges or loss.note)


def repair(library: Library, *, now: datetime) -> Repair:
    """The caller holds the library alone. Raises `StorageError` where nothing can be done."""
    file = library.file
    damage = find_damage(file) if file is not None else ()
    losses: tuple[Loss, ...] = ()
    kept = None
    if file is not None and damage:
        losses, kept = _replace(library, file, now)
    with Database.open(library.database_url) as database, database.write() as connection:
        mended = mend(connection, now=now)
        if losses:
            terms.forget_all(connection)
            linkstate.begin_generation(connection, rebuilt_at=now)
    return Repair(damage=damage, losses=losses, kept=kept, mended=mended)


def _replace(library: Library, file: Path, now: datetime) -> tuple[tuple[Loss, ...], Path | None]:
    fresh = file.with_name(f"{file.name}.salvaged")
    ends = ("", "-wal", "-shm", ".layout")
    for end in ends:
        fresh.with_name(fresh.name + end).unlink(missing_ok=True)
    try:
        losses = salvage(file, fresh)
        old = [file.with_name(file.name + end) for end in ends]
        kept = set_aside(library.folder, [path for path in old if path.exists()], now)
        fresh.replace(file)
        layout_file(fresh).unlink(missing_ok=True)
        shutil.rmtree(library.folder / "cache", ignore_errors=True)
    except OSError as error:
        raise StorageError(str(file), f"cannot be repaired ({error.strerror})") from error
    return losses, kept
