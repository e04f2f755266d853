"""Use-case: the full text of an article that its feed cuts short, from the article's page.

Promises: a page is fetched because a person asked for it, or follows its feed and wants all of them; by the
one guarded fetcher, without cookies, one page of a site at a time. A text that is no more than the feed's, or
is another one, is refused in words, and what was there stays. What one person asked for is there for all who
follow the feed, as every text is.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING

from aggregator.domain import Fetched, PageText, WantedText
from aggregator.errors import (
    BadStatus,
    FeedError,
    NoFullText,
    NotAPage,
    NotFound,
    SiteBusy,
    StorageError,
    Unreachable,
)
from aggregator.feeds.failing import pause_of_host, retry_after
from aggregator.feeds.fetching import ACCEPT_PAGES, Fetcher
from aggregator.feeds.manners import Sites, site_of
from aggregator.steps import run_step
from aggregator.storage import fulltexts, wantedtexts
from aggregator.storage.entries import get_entry
from aggregator.wholeness import find_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aggregator.domain import Entry
    from aggregator.feeds.documents import DocumentReader
    from aggregator.policies import FetchLimits, RefreshPolicy
    from aggregator.storage.engine import Database
    from aggregator.storage.wantedtexts import Waiting

log = logging.getLogger(__name__)

_PATIENCE = timedelta(seconds=15)
"""For one page: a person waits for it."""
_STEP = timedelta(seconds=20)
"""For all that is fetched after a refresh; linking waits for it."""
_AT_ONCE, _OF_ONE_SITE, _LOOKED_AT = 20, 4, 200
_SITES_BESIDE = 4
"""Fewer than `Sites` lets be asked at a time: who asks by hand comes in between."""
_HELD = timedelta(minutes=10)
"""How long what was claimed is left to who claimed it."""
_SOON = timedelta(minutes=1)
_FRESH = timedelta(minutes=5)
_SAME_PAGE = timedelta(days=1)
"""So long, another entry of the same page takes the text that was fetched for the first."""
_PAUSES = (timedelta(minutes=30), timedelta(hours=3), timedelta(hours=12))
"""Between tries by itself; after the last of them it is given up."""
_LONGEST_PAUSE = timedelta(days=1)
"""Whatever a server asks for: what is planned for much later passes for the work of a wrong clock."""
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_FAULTS = {
    "page-empty": "no article was found on the page",
    "page-no-more": "the page has no more than the feed",
    "page-other": "the page holds another text",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completer:
    database: Database
    documents: DocumentReader
    limits: FetchLimits
    policy: RefreshPolicy
    version: str
    sites: Sites = field(default_factory=Sites)
    stopping: Event = field(default_factory=Event)
    """Once set, what is under way is given up, and comes back at the next start."""

    # ── because a person asks ────────────────────────────────────────────────────────────────────

    def complete(self, user_id: int, entry_id: int, *, now: datetime) -> bool:
        """Fetch the full text of an entry of a feed that this person follows. False where nothing is new.

        Raises `NotFound`, or a `FeedError` that says why there is none to be had; what was there then stays.
        """
        with self.database.read() as connection:
            entry = get_entry(connection, user_id, entry_id)
            tried_at = wantedtexts.find_tried(connection, entry_id)
        if not entry.followed:
            raise NotFound(f"entry {entry_id}", "you do not follow its feed")
        if entry.full is not None and _is_recent(entry.full.fetched_at, now, _FRESH):
            return False
        wanted = _wanted(entry)
        if _is_recent(tried_at, now, _SOON):
            raise SiteBusy(wanted.url, "it was asked for it a moment ago").because("site-asked")
        try:
            with self.sites.ask(site_of(wanted.url), now=now):
                page = asyncio.run(self._find_alone(wanted, now, anew=entry.full is not None))
        except SiteBusy:
            raise
        except FeedError as error:
            self._record_failure(wanted, error, now)
            raise
        return self._record(wanted, page, now)

    async def _find_alone(self, wanted: WantedText, now: datetime, *, anew: bool) -> PageText:
        async with self._fetcher() as fetcher:
            return await self._find(fetcher, wanted, now, anew=anew)

    # ── because everything of a feed is wanted ───────────────────────────────────────────────────

    def complete_waiting(self) -> int:
        """Fetch up to twenty of the full texts that wait, the newest first; how many were found."""
        try:
            wanted = self._claim(datetime.now(UTC))
            return asyncio.run(self._complete(wanted)) if wanted else 0
        except StorageError as error:
            log.warning("full texts: %s", error)
            return 0

    def _claim(self, now: datetime) -> Sequence[WantedText]:
        with self.database.read() as connection:
            if not wantedtexts.list_due(connection, now=now, limit=1):
                return ()
        with self.database.write() as connection:
            ids = _choose(wantedtexts.list_due(connection, now=now, limit=_LOOKED_AT, hold=True))
            wantedtexts.put_off(connection, ids, until=now + _HELD)
            return wantedtexts.list_wanted(connection, ids)

    async def _complete(self, wanted: Iterable[WantedText]) -> int:
        """Sites beside each other, the pages of each in turn, until all is done or the time is over."""
        found: list[int] = []
        async with self._fetcher() as fetcher:
            places = asyncio.Semaphore(_SITES_BESIDE)
            work = (self._complete_site(fetcher, some, found, places) for some in _by_site(wanted))
            await run_step(work, within=_STEP, stopping=self.stopping)
        return len(found)

    async def _complete_site(
        self, fetcher: Fetcher, wanted: Sequence[WantedText], found: list[int], places: asyncio.Semaphore
    ) -> None:
        """One page after the other; what is left of them when the site has had enough comes back later."""
        site = site_of(wanted[0].url)
        try:
            async with places:
                with self.sites.ask(site, now=datetime.now(UTC)):
                    for one in wanted:
                        if self.sites.wants_peace(site, now=datetime.now(UTC)):
                            break
                        if await self._complete_one(fetcher, one):
                            found.append(one.entry_id)
        except SiteBusy as error:
            log.debug("full texts: %s", error)

    async def _complete_one(self, fetcher: Fetcher, wanted: WantedText) -> bool:
        now = datetime.now(UTC)
        try:
            page = await self._find(fetcher, wanted, now)
        except FeedError as error:
            log.debug("full texts: %s", error)
            await asyncio.to_thread(self._record_failure, wanted, error, now, again=True)
            return False
        return await asyncio.to_thread(self._record, wanted, page, now)

    # ── a page ───────────────────────────────────────────────────────────────────────────────────

    def _fetcher(self) -> Fetcher:
        limits = replace(
            self.limits,
            max_bytes=self.limits.page_max_bytes,
            timeout=min(self.limits.timeout, _PATIENCE),
            concurrency=min(self.limits.concurrency, _AT_ONCE),
        )
        return Fetcher(limits, version=self.version, accept=ACCEPT_PAGES, pages_only=True)

    async def _find(
        self, fetcher: Fetcher, wanted: WantedText, now: datetime, *, anew: bool = False
    ) -> PageText:
        """`anew`: whatever was found for another entry."""
        page = None if anew else await asyncio.to_thread(self._find_fetched, wanted, now)
        if page is None:
            page = await self._read(fetcher, wanted.url)
        fault = find_fault(
            title=wanted.title, feed_text=wanted.text, page_title=page.title, page_text=page.text
        )
        if fault is not None:
            raise NoFullText(wanted.url, _FAULTS[fault]).because(fault)
        return page

    async def _read(self, fetcher: Fetcher, url: str) -> PageText:
        document = await fetcher.fetch(url)
        if not isinstance(document, Fetched):
            raise NotAPage(url, "the server says that nothing has changed").because("unasked-304")
        return await self.documents.read_text(document)

    def _find_fetched(self, wanted: WantedText, now: datetime) -> PageText | None:
        with self.database.read() as connection:
            return fulltexts.find_fetched(connection, wanted, since=now - _SAME_PAGE)

    def _record(self, wanted: WantedText, page: PageText, now: datetime) -> bool:
        with self.database.write() as connection:
            return fulltexts.record_full_text(connection, wanted.entry_id, page, now=now)

    def _record_failure(
        self, wanted: WantedText, error: FeedError, now: datetime, *, again: bool = False
    ) -> None:
        """`again`: it is tried again by itself, where that may help."""
        pause = pause_of_host(error, self.policy)
        if pause is not None:
            self.sites.leave_alone(site_of(wanted.url), until=now + pause)
        with self.database.write() as connection:
            wantedtexts.record_failure(connection, wanted.entry_id, error, now=now)
            if again:
                due_at = next_try(error, wanted.tries, now)
                wantedtexts.put_off(connection, [wanted.entry_id], until=due_at)


def next_try(error: FeedError, tries: int, now: datetime) -> datetime | None:
    """None where time mends nothing, or enough was tried; `tries` failed before this one."""
    passing = isinstance(error, Unreachable) or (
        isinstance(error, BadStatus) and (error.status >= 500 or error.status in _PASSING)
    )
    if not passing or tries >= len(_PAUSES):
        return None
    return now + min(max(_PAUSES[tries], retry_after(error) or timedelta(0)), _LONGEST_PAUSE)


def _is_recent(moment: datetime | None, now: datetime, span: timedelta) -> bool:
    return moment is not None and now - span < moment <= now


def _wanted(entry: Entry) -> WantedText:
    if entry.url is None:
        raise NoFullText(f"entry {entry.id}", "its feed names no page").because("no-page")
    text = entry.full.feed_text if entry.full else entry.text
    return WantedText(entry_id=entry.id, url=entry.url, title=entry.title, text=text)


def _choose(waiting: Iterable[Waiting]) -> list[int]:
    """A few of each site, the newest first."""
    chosen: list[int] = []
    sites: dict[str, int] = {}
    for entry_id, url in waiting:
        site = site_of(url)
        sites[site] = sites.get(site, 0) + 1
        if sites[site] <= _OF_ONE_SITE and len(chosen) < _AT_ONCE:
            chosen.append(entry_id)
    return chosen


def _by_site(wanted: Iterable[WantedText]) -> Iterable[Sequence[WantedText]]:
    sites: dict[str, list[WantedText]] = {}
    for one in wanted:
        sites.setdefault(site_of(one.url), []).append(one)
    return sites.values()
