"""Use-case: fetch the icons of feeds, once for each site, a few at a time.

Promises: a small step after a refresh that neither delays its outcome nor makes it fail. It asks a site for
four documents at most, takes `_STEP` in all, and comes back to a site without an icon after a month. Goes
through the one guarded fetcher; what it fetches is read in a child.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from aggregator.domain import Fetched
from aggregator.errors import FeedError, StorageError, Unreachable
from aggregator.feeds.fetching import Fetcher
from aggregator.steps import run_step
from aggregator.storage import icons

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aggregator.feeds.documents import DocumentReader
    from aggregator.policies import FetchLimits
    from aggregator.storage.engine import Database

log = logging.getLogger(__name__)

_SITES = 8
_STEP = timedelta(seconds=10)
_AGAIN_AFTER = timedelta(days=30)
_LOOKED_AT = 500
_NAMED_TRIES = 2
_CONTENT_TYPE = "image/png"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    page: str
    feed_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IconCollector:
    database: Database
    documents: DocumentReader
    limits: FetchLimits
    version: str
    stopping: Event = field(default_factory=Event)
    """Once set, what is under way is given up, and is wanted again at the next start."""

    def collect(self) -> int:
        """Of up to eight sites, the newest feeds first; how many icons were found."""
        if not self.limits.icons:
            return 0
        try:
            sites = self._claim(datetime.now(UTC))
            if not sites:
                return 0
            found = asyncio.run(self._collect(sites))
            self._record(sites, found)
        except StorageError as error:
            log.warning("icons: %s", error)
            return 0
        return sum(drawn is not None for drawn in found.values())

    def _claim(self, now: datetime) -> Sequence[_Site]:
        """Noted as looked at before they are: two processes never ask one site."""
        with self.database.read() as connection:
            if not icons.list_wanted(connection, now=now, again_after=_AGAIN_AFTER, limit=1):
                return ()
        with self.database.write() as connection:
            wanted = icons.list_wanted(
                connection, now=now, again_after=_AGAIN_AFTER, limit=_LOOKED_AT, hold=True
            )
            sites = _by_site(wanted)[:_SITES]
            icons.note_checked(connection, (feed_id for site in sites for feed_id in site.feed_ids), now)
        return sites

    def _record(self, sites: Iterable[_Site], found: Mapping[str, bytes | None]) -> None:
        """`found` lacks the sites that there was no time for."""
        with self.database.write() as connection:
            for site in sites:
                drawn = found.get(site.page)
                if drawn is not None:
                    icon = icons.Icon(content_type=_CONTENT_TYPE, body=drawn)
                    icons.record_icon(connection, site.feed_ids, icon)
                elif site.page not in found and self.stopping.is_set():
                    icons.note_checked(connection, site.feed_ids, None)

    async def _collect(self, sites: Iterable[_Site]) -> Mapping[str, bytes | None]:
        limits = replace(
            self.limits,
            max_bytes=self.limits.icon_max_bytes,
            timeout=min(self.limits.timeout, _STEP),
            concurrency=min(self.limits.concurrency, _SITES // 2),
        )
        found: dict[str, bytes | None] = {}
        async with Fetcher(limits, version=self.version) as fetcher:
            work = (self._look(fetcher, site.page, found) for site in sites)
            await run_step(work, within=_STEP, stopping=self.stopping)
        return found

    async def _look(self, fetcher: Fetcher, page: str, found: dict[str, bytes | None]) -> None:
        found[page] = await self._find(fetcher, page)

    async def _find(self, fetcher: Fetcher, page: str) -> bytes | None:
        named: tuple[str, ...] = ()
        try:
            usual = urljoin(page, "/favicon.ico")
        except ValueError:
            return None  # no proper address
        try:
            if isinstance(document := await fetcher.fetch(page), Fetched):
                usual = urljoin(document.url, "/favicon.ico")
                named = await self.documents.find_icons(document)
        except Unreachable:
            return None
        except FeedError as error:
            log.debug("icons: %s", error)
        for place in dict.fromkeys((*named[:_NAMED_TRIES], usual)):
            if drawn := await self._draw(fetcher, place):
                return drawn
        return None

    async def _draw(self, fetcher: Fetcher, place: str) -> bytes | None:
        try:
            image = await fetcher.fetch(place)
            return await self.documents.draw_icon(image) if isinstance(image, Fetched) else None
        except FeedError as error:
            log.debug("icons: %s", error)
            return None


def _by_site(wanted: Iterable[icons.WantedIcon]) -> Sequence[_Site]:
    """The feeds of one host show one icon, that of the page of the first."""
    hosts: dict[str, list[icons.WantedIcon]] = {}
    for one in wanted:
        hosts.setdefault(_host(one.page), []).append(one)
    return [_Site(page=some[0].page, feed_ids=tuple(one.feed_id for one in some)) for some in hosts.values()]


def _host(page: str) -> str:
    """What is no proper address stands alone: it is refused when it is fetched."""
    try:
        return urlsplit(page).netloc
    except ValueError:
        return page
