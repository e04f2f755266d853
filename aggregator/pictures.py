"""Use-case: the pictures of articles, fetched and kept for those who read them.

Promises: through the one guarded client, and raster pictures only; a picture takes `timeout` at most, its
turn included; never so many are fetched at a time that the pages have no threads left; what failed is not
asked for again at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from enum import Enum, auto
from threading import BoundedSemaphore, Lock, Thread
from typing import TYPE_CHECKING, Self

from aggregator.domain import Fetched
from aggregator.errors import FetchError
from aggregator.feeds.fetching import Fetcher
from aggregator.feeds.pictures import picture_type
from aggregator.picturefiles import PictureFiles

if TYPE_CHECKING:
    from pathlib import Path

    from aggregator.policies import FetchLimits, PicturePolicy

log = logging.getLogger(__name__)

_ACCEPT = "image/avif, image/webp, image/png, image/jpeg, image/gif;q=0.9, */*;q=0.1"
FAILURE_LASTS_SECONDS = 300
_FAILURES_KEPT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    type: str
    body: bytes


class NoPicture(Enum):
    """Why there is none."""

    UNAVAILABLE = auto()
    BUSY = auto()
    """Too many are being fetched; the next moment it may be there."""


class Pictures:
    """For all threads of one process. It starts when it is first asked, and is to be closed."""

    def __init__(self, folder: Path, policy: PicturePolicy, limits: FetchLimits, *, version: str) -> None:
        self.policy = policy
        self._files = PictureFiles(folder, most_bytes=policy.cache_bytes)
        self._limits = replace(
            limits, max_bytes=policy.max_bytes, timeout=policy.timeout, concurrency=policy.at_once
        )
        self._version = version
        self._slots = BoundedSemaphore(policy.at_once)
        self._failures = _Failures()
        self._starting = Lock()
        self._line: _Line | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.close()

    def get(self, address: str) -> Picture | NoPicture:
        """It blocks until the picture is there, for `timeout` at most."""
        kept = _as_picture(self._files.read(address))
        if kept is not None:
            return kept
        if self._failures.has(address):
            return NoPicture.UNAVAILABLE
        if not self._slots.acquire(blocking=False):
            return NoPicture.BUSY
        try:
            found = _as_picture(self._fetch(address))
        finally:
            self._slots.release()
        if found is None:
            self._failures.add(address)
            return NoPicture.UNAVAILABLE
        self._files.write(address, found.body)
        return found

    def prune(self) -> None:
        self._files.prune(before=time.time() - self.policy.keep.total_seconds())

    def _fetch(self, address: str) -> bytes | None:
        with self._starting:
            if self._line is None:
                self._line = _Line(self._limits, self._version)
        try:
            return self._line.fetch(address, self.policy.timeout.total_seconds())
        except FetchError as error:
            log.debug("pictures: %s", error)
        except (TimeoutError, CancelledError):
            log.debug("pictures: no turn in time, or the end of the program")
        return None


def _as_picture(body: bytes | None) -> Picture | None:
    kind = picture_type(body) if body is not None else None
    return None if body is None or kind is None else Picture(type=kind, body=body)


class _Line:
    """A fetcher in a thread of its own, for those who cannot wait in an event loop."""

    def __init__(self, limits: FetchLimits, version: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="pictures", daemon=True)
        self._thread.start()
        self._fetcher = Fetcher(limits, version=version, accept=_ACCEPT)
        asyncio.run_coroutine_threadsafe(self._fetcher.__aenter__(), self._loop).result()

    def fetch(self, address: str, seconds: float) -> bytes | None:
        """Raises `FetchError`, or `TimeoutError`; then nothing of it goes on."""
        work = asyncio.run_coroutine_threadsafe(self._fetcher.fetch(address), self._loop)
        try:
            outcome = work.result(seconds)
        finally:
            work.cancel()  # nobody waits for it any more
        return outcome.body if isinstance(outcome, Fetched) else None

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await self._fetcher.__aexit__(None, None, None)


class _Failures:
    """The addresses that gave no picture lately. By a clock that nobody sets."""

    def __init__(self) -> None:
        self._since: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def add(self, address: str) -> None:
        with self._lock:
            self._since[address] = time.monotonic()
            self._since.move_to_end(address)
            if len(self._since) > _FAILURES_KEPT:
                self._since.popitem(last=False)

    def has(self, address: str) -> bool:
        with self._lock:
            since = self._since.get(address)
        return since is not None and time.monotonic() - since < FAILURE_LASTS_SECONDS
