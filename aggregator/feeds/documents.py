"""Foreign bytes are read in a child process that can be stopped.

A hostile document may cost minutes of CPU and hold the interpreter; here it costs its own feed one error.
Children start on first use, are shared by all feeds, and are replaced when one was stopped.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from aggregator.domain import CleanFeed, Fetched
from aggregator.errors import MalformedFeed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from pebble import ProcessFuture

    from aggregator.feeds.discovery import PageFeeds

_T = TypeVar("_T")


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


def _find_icons(page: Fetched) -> tuple[str, ...]:
    """Runs in the child."""
    from aggregator.feeds.icons import find_icons

    return find_icons(page.body, url=page.url, content_type=page.content_type)


def _draw_icon(image: Fetched) -> bytes | None:
    """Runs in the child."""
    from aggregator.feeds.icons import draw_icon

    return draw_icon(image.body)


class DocumentReader:
    """Parses and cleans documents in `workers` children, each with `timeout` to do so."""

    def __init__(self, *, workers: int, timeout: timedelta) -> None:
        self._workers = workers
        self._timeout = timeout
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None

    def _schedule(self, work: Callable[..., _T], *facts: object) -> ProcessFuture[_T]:
        if self._pool is None:
            # A forked child of a threaded server may inherit a held lock; a spawned one starts clean.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPool(max_workers=self._workers, max_tasks=2_000, context=context)
        seconds = self._timeout.total_seconds()
        return self._pool.schedule(work, args=facts, timeout=seconds)

    async def read(self, document: Fetched, known_items: bytes, *, now: datetime) -> CleanFeed:
        """What the document holds beside the items that are known (see `parse_feed`).

        Raises `ParseError`, also for a child that was stopped.
        """
        return await self._outcome(
            document, asyncio.wrap_future(self._schedule(_read, document, known_items, now))
        )

    async def read_page(self, page: Fetched) -> PageFeeds:
        """What it says of feeds. Raises `ParseError` where the child was stopped, and so do the next two."""
        return await self._outcome(page, asyncio.wrap_future(self._schedule(_read_page, page)))

    async def find_icons(self, page: Fetched) -> tuple[str, ...]:
        """The addresses of the icons that the page names, the most suitable first."""
        return await self._outcome(page, asyncio.wrap_future(self._schedule(_find_icons, page)))

    async def draw_icon(self, image: Fetched) -> bytes | None:
        """The image drawn anew as a small PNG; None where it is none that we show."""
        return await self._outcome(image, asyncio.wrap_future(self._schedule(_draw_icon, image)))

    async def _outcome(self, document: Fetched, future: Awaitable[_T]) -> _T:
        try:
            return await future
        except (FutureTimeout, TimeoutError) as error:
            seconds = self._timeout.total_seconds()
            raise MalformedFeed(
                document.url, f"reading it took more than {seconds:g} s and was stopped"
            ).because("stopped", seconds=f"{seconds:g}") from error
        except ProcessExpired as error:
            raise MalformedFeed(document.url, "reading it ended the process that read it") from error
