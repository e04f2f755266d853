"""Foreign bytes are read in a child process that can be stopped.

A hostile document may cost minutes of CPU and hold the interpreter; here it costs its own feed one error.
Children start on first use, are shared by all feeds, end after much work, and are replaced when one was
stopped. Each may grow by `MAX_GROWTH_BYTES` of addresses above what its libraries take (on Linux; elsewhere
only time is bounded).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from aggregator.domain import CleanFeed, Fetched, Outline, PageText
from aggregator.errors import MalformedFeed, OpmlError, reason_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from pebble import ProcessFuture

    from aggregator.feeds.discovery import PageFeeds

_T = TypeVar("_T")

MAX_GROWTH_BYTES = 512_000_000
"""Of a child's address space. Documents end at 10 MB, and the trees of honest ones stay far below."""

_MUCH = 200
"""Documents after which children have grown, and to start new ones is little beside what was done."""

_OUT_OF_MEMORY = 71
"""The exit code of a child that says why it ended."""

_TOO_MUCH = "took too much memory and was stopped"
_SPLIT_IT = "If it is an honest list of feeds, split it into smaller files and import them one by one."


def _prepare(growth_bytes: int) -> None:
    """Runs in a new child: libraries first, so that the limit counts what documents take."""
    import resource

    import aggregator.feeds.parsing
    import aggregator.feeds.sanitizing  # noqa: F401

    statm = Path("/proc/self/statm")
    if statm.exists():
        taken = int(statm.read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = taken + growth_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))


def _bounded(work: Callable[..., _T], *facts: object) -> _T:
    """Runs in the child, which ends when out of memory: near its limit it would fail the next document."""
    try:
        return work(*facts)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)


def _read(document: Fetched, known_items: bytes, now: datetime) -> CleanFeed:
    """Runs in the child."""
    from aggregator.feeds.parsing import parse_feed
    from aggregator.feeds.sanitizing import clean_entries

    parsed = parse_feed(
        document.body,
        url=document.url,
        content_type=document.content_type,
        now=now,
        known_items=known_items,
    )
    return clean_entries(parsed)


def _read_page(page: Fetched) -> PageFeeds:
    """Runs in the child."""
    from aggregator.feeds.discovery import read_page

    return read_page(page.body, url=page.url, content_type=page.content_type)


def _read_opml(data: bytes) -> tuple[Outline, ...]:
    """Runs in the child."""
    from aggregator.feeds.opml import parse_opml

    return parse_opml(data)


def _read_text(page: Fetched) -> PageText:
    """Runs in the child."""
    from aggregator.feeds.fulltext import read_text  # dear to import, and seldom needed

    return read_text(page.body, url=page.url, content_type=page.content_type)


def _find_icons(page: Fetched) -> tuple[str, ...]:
    """Runs in the child."""
    from aggregator.feeds.icons import find_icons

    return find_icons(page.body, url=page.url, content_type=page.content_type)


def _draw_icon(image: Fetched) -> bytes | None:
    """Runs in the child."""
    from aggregator.feeds.icons import draw_icon

    return draw_icon(image.body)


class _StoppedError(Exception):
    """A child gave no outcome: why, in `words` and as the `reason` of an error."""

    def __init__(self, words: str, reason: str) -> None:
        super().__init__(words)
        self.words = words
        self.reason = reason


class DocumentReader:
    """Parses and cleans documents in `workers` children, each with `timeout` and `growth_bytes` to do so."""

    def __init__(self, *, workers: int, timeout: timedelta, growth_bytes: int = MAX_GROWTH_BYTES) -> None:
        self._growth_bytes = growth_bytes
        self._workers = workers
        self._timeout = timeout
        self._pool: ProcessPool | None = None
        self._read_since_start = 0
        self._starting = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None

    def rest(self) -> None:
        """Nothing is to be read for a while: children that have read much end, and give their memory back.

        Not to be called while something is read.
        """
        if self._read_since_start >= _MUCH:
            self.__exit__()

    def _schedule(self, work: Callable[..., _T], *facts: object) -> ProcessFuture[_T]:
        with self._starting:  # threads of pages share the reader
            pool = self._pool = self._pool or self._start()
            self._read_since_start += 1
        seconds = self._timeout.total_seconds()
        return pool.schedule(_bounded, args=(work, *facts), timeout=seconds)

    def _start(self) -> ProcessPool:
        self._read_since_start = 0
        return ProcessPool(
            max_workers=self._workers,
            max_tasks=2_000,
            initializer=_prepare,
            initargs=(self._growth_bytes,),
            # A forked child of a threaded server may inherit a held lock; a spawned one starts clean.
            context=multiprocessing.get_context("spawn"),
        )

    async def read(self, document: Fetched, known_items: bytes, *, now: datetime) -> CleanFeed:
        """What the document holds beside the items that are known (see `parse_feed`).

        Raises `ParseError`, also for a child that was stopped.
        """
        return await self._outcome(
            document, asyncio.wrap_future(self._schedule(_read, document, known_items, now))
        )

    async def read_page(self, page: Fetched) -> PageFeeds:
        """What it says of feeds. Raises `ParseError` where the child was stopped; so do icons."""
        return await self._outcome(page, asyncio.wrap_future(self._schedule(_read_page, page)))

    async def read_opml(self, data: bytes) -> tuple[Outline, ...]:
        """The outlines of a file (see `parse_opml`). Raises `OpmlError`, also where the child was stopped."""
        try:
            return await self._unless_stopped(asyncio.wrap_future(self._schedule(_read_opml, data)))
        except _StoppedError as stopped:
            error = OpmlError("", f"Reading the file {stopped.words}", advice=_SPLIT_IT)
            raise error.because(stopped.reason) from stopped.__cause__

    async def read_text(self, page: Fetched) -> PageText:
        """The text of the article that the page holds; empty where none is found."""
        return await self._outcome(page, asyncio.wrap_future(self._schedule(_read_text, page)))

    async def find_icons(self, page: Fetched) -> tuple[str, ...]:
        """The addresses of the icons that the page names, the most suitable first."""
        return await self._outcome(page, asyncio.wrap_future(self._schedule(_find_icons, page)))

    async def draw_icon(self, image: Fetched) -> bytes | None:
        """The image drawn anew as a small PNG; None where it is none that we show."""
        return await self._outcome(image, asyncio.wrap_future(self._schedule(_draw_icon, image)))

    async def _outcome(self, document: Fetched, future: Awaitable[_T]) -> _T:
        try:
            return await self._unless_stopped(future)
        except _StoppedError as stopped:
            detail = f"reading it {stopped.words}"
            raise MalformedFeed(document.url, detail).because(stopped.reason) from stopped.__cause__

    async def _unless_stopped(self, future: Awaitable[_T]) -> _T:
        try:
            return await future
        except (FutureTimeout, TimeoutError) as error:
            seconds = self._timeout.total_seconds()
            words = f"took more than {seconds:g} s and was stopped"
            raise _StoppedError(words, reason_of("stopped", seconds=f"{seconds:g}")) from error
        except ProcessExpired as error:
            if error.exitcode == _OUT_OF_MEMORY:
                raise _StoppedError(_TOO_MUCH, reason_of("too-much-memory")) from error
            raise _StoppedError("ended the process that read it", reason_of("process-ended")) from error
        except MemoryError as error:  # the child's, while it took the document or sent the outcome
            raise _StoppedError(_TOO_MUCH, reason_of("too-much-memory")) from error
