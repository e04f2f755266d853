"""Pictures in a folder that can be dropped at any time, under the digests of their addresses.

Promises: what is read was written whole; all together never take much more than `most_bytes`. A disk that is
full or broken costs the copy, not the picture.
"""

from __future__ import annotations

import hashlib
import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

_LEFT = 0.9
"""Of `most_bytes`, after room was made: it is not made again for each picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    path: Path
    used_at: float
    size: int


class PictureFiles:
    """The time of a file is when it was last read or written, in seconds since 1970."""

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._bytes: int | None = None  # counted when it is first needed

    def read(self, address: str) -> bytes | None:
        path = self._path(address)
        try:
            body = path.read_bytes()
            os.utime(path)  # `touch` would make it anew, empty, where it was just removed
        except OSError:
            return None
        return body

    def write(self, address: str, body: bytes) -> None:
        if len(body) > self._most_bytes * _LEFT:
            return
        try:
            self._write(self._path(address), body)
        except OSError as error:
            log.warning("a picture cannot be kept: %s", error.strerror)
            return
        self._count(len(body))

    def prune(self, *, before: float) -> None:
        """Remove what was not used since then, and what is too much."""
        kept = []
        for file in self._list():
            if file.used_at < before:
                file.path.unlink(missing_ok=True)
            else:
                kept.append(file)
        self._make_room(kept)

    def _write(self, path: Path, body: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What a dead process leaves of it ages like all the rest.
        with NamedTemporaryFile(dir=self._folder, delete=False) as file:
            file.write(body)
        Path(file.name).replace(path)

    def _count(self, written: int) -> None:
        with self._lock:
            if self._bytes is not None:
                self._bytes += written
            if self._bytes is not None and self._bytes <= self._most_bytes:
                return
        self._make_room(self._list())

    def _make_room(self, kept: Sequence[_Kept]) -> None:
        """The last used stay."""
        left = sum(file.size for file in kept)
        if left > self._most_bytes:
            for file in sorted(kept, key=lambda file: file.used_at):
                if left <= self._most_bytes * _LEFT:
                    break
                file.path.unlink(missing_ok=True)
                left -= file.size
        with self._lock:
            self._bytes = left

    def _list(self) -> Sequence[_Kept]:
        found = []
        with suppress(FileNotFoundError, NotADirectoryError):
            for path in self._folder.iterdir():
                with suppress(FileNotFoundError):  # another process was quicker
                    facts = path.stat()
                    found.append(_Kept(path=path, used_at=facts.st_mtime, size=facts.st_size))
        return found

    def _path(self, address: str) -> Path:
        return self._folder / hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
