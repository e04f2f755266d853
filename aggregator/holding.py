"""Who holds a library: any number of processes that use it, or one that replaces it.

The lock is a file in the library's folder, held by the system: it is free as soon as its process is dead.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aggregator.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_NAME = "library.lock"


@contextmanager
def hold(folder: Path, *, alone: bool = False) -> Iterator[None]:
    """Use the library, beside others; `alone` refuses while anybody else uses it."""
    path = folder / LOCK_NAME
    try:
        lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        advice = "Check that the folder exists and that this user may write in it."
        raise StorageError(str(path), f"cannot be opened ({error.strerror})", advice=advice) from error
    try:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _held(folder, alone=alone) from error
        yield
    finally:
        os.close(lock)


def _held(folder: Path, *, alone: bool) -> StorageError:
    if alone:
        advice = "Stop the server (and every other command on this library) first."
        return StorageError(str(folder), "another process uses the library", advice=advice)
    return StorageError(
        str(folder), "the library is being restored or repaired", advice="Try again when that has ended."
    )
