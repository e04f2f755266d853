"""Use-cases: follow a feed or follow it no more, bring feeds in from an OPML file and out again.

Promises: every outline of an import is accounted for (added, already there, refused with its reason);
importing the same file twice adds nothing; an address that is a page leads to the feeds it announces.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.domain import Fetched, ImportReport, Outline, Subscription
from aggregator.errors import (
    FeedError,
    FetchError,
    NotAFeed,
    NotFound,
    ParseError,
    SubscriptionError,
    Unreachable,
)
from aggregator.feeds import opml
from aggregator.feeds.accounting import account, keepable
from aggregator.feeds.addresses import normalize_url
from aggregator.feeds.discovery import merge
from aggregator.feeds.fetching import Fetcher
from aggregator.feeds.sites import FoundFeed, feeds_of_site, page_of_handle, usual_addresses
from aggregator.storage import importjobs, imports, moves, several, subscriptions
from aggregator.storage.feeds import ensure_feed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from aggregator.domain import CategoryPath
    from aggregator.feeds.documents import DocumentReader
    from aggregator.policies import FetchLimits
    from aggregator.storage.engine import Database

_MOST_TRIES = 5
"""After the page itself, where it says nothing of feeds."""


class SeveralFeeds(SubscriptionError):
    """The page offers several feeds; `found` says which, the person chooses."""

    code = "several-feeds"
    found: tuple[FoundFeed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """What a person may do with their list of feeds."""

    database: Database
    documents: DocumentReader
    limits: FetchLimits
    version: str

    def add(self, user_id: int, url: str, *, now: datetime, category: CategoryPath = ()) -> Subscription:
        """Follow the feed at this address, or the one that the page at this address announces.

        The feed is due at once; the next refresh brings its entries. Raises `FeedError` where nothing can be
        fetched or read there, `SeveralFeeds` where a choice is needed, `SubscriptionError` where it is
        followed already.
        """
        address = _address(url)
        with self.database.read() as connection:
            _refuse_known(connection, user_id, address)
        found, title = asyncio.run(self._find(address, now))
        with self.database.write() as connection:
            _refuse_known(connection, user_id, found)
            feed_id = ensure_feed(connection, found, title=title, site_url=None, now=now)
            subscriptions.subscribe(connection, user_id, feed_id, title=None, category=category, now=now)
            return subscriptions.get_subscription(connection, user_id, feed_id)

    async def _find(self, url: str, now: datetime) -> tuple[str, str]:
        """(address, title) of the feed that is there or announced there.

        Where it moved for good, the new address; behind a temporary redirect, the one that was asked for
        (RFC 9110, 15.4).
        """
        async with Fetcher(self.limits, version=self.version) as fetcher:
            try:
                page = await _fetch(fetcher, url)
            except FetchError:
                announced = feeds_of_site(url)  # some sites show their pages to no program, but their feeds
                if not announced:
                    raise
                return await self._only(fetcher, url, announced, now)
            try:
                return _lasting(url, page), await self._title(page, now)
            except NotAFeed:
                said = await self.documents.read_page(page)
                if not said.is_page:
                    raise
            announced = merge(said.announced, feeds_of_site(url))
            if announced:
                return await self._only(fetcher, url, announced, now)
            return await self._try(fetcher, page.url, said.linked, now)

    async def _only(
        self, fetcher: Fetcher, url: str, announced: tuple[FoundFeed, ...], now: datetime
    ) -> tuple[str, str]:
        """The one feed that is announced; where there are several, a person chooses."""
        if len(announced) > 1:
            raise _choice(url, announced)
        document = await _fetch(fetcher, announced[0].url)
        return _lasting(announced[0].url, document), await self._title(document, now)

    async def _try(
        self, fetcher: Fetcher, page: str, linked: tuple[FoundFeed, ...], now: datetime
    ) -> tuple[str, str]:
        """The page announces nothing: what its links seem to lead to, then the usual places of its host.

        At most `_MOST_TRIES` requests, in the time of one fetch; the first feed is taken.
        """
        if len(linked) > 1:
            raise _choice(page, linked)
        places = (*(feed.url for feed in linked), *usual_addresses(page))
        tried: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.timeout.total_seconds()):
                for place in tuple(dict.fromkeys(places))[:_MOST_TRIES]:
                    tried.append(place)
                    try:
                        document = await _fetch(fetcher, place)
                        return _lasting(place, document), await self._title(document, now)
                    except Unreachable:
                        break  # so will be the others
                    except (FetchError, ParseError):
                        continue
        raise _nothing(page, tried)

    async def _title(self, document: Fetched, now: datetime) -> str:
        return (await self.documents.read(document, b"", now=now)).title

    def remove(self, user_id: int, feed_id: int, *, now: datetime) -> Subscription:
        """Follow it no more. Its entries stay in the library and come back if it is followed again."""
        with self.database.write() as connection:
            gone = subscriptions.get_subscription(connection, user_id, feed_id)
            several.remove_several(connection, user_id, [feed_id], now=now)
        return gone

    def find(self, user_id: int, url: str, *, now: datetime) -> Subscription:
        """The subscription that `add` would make of this address, or made of it (`NotFound` otherwise)."""
        address = _address(url)
        found = self._followed(user_id, address) or self._moved(user_id, address)
        if found is None:
            with suppress(FeedError, SubscriptionError):
                moved_to, _ = asyncio.run(self._find(address, now))
                found = self._followed(user_id, moved_to)
        if found is None:
            raise NotFound(
                url, "you follow no feed with this address", advice="`lire-aussi feeds` lists them."
            )
        return found

    def _followed(self, user_id: int, url: str) -> Subscription | None:
        with self.database.read() as connection:
            return subscriptions.find_by_url(connection, user_id, url)

    def _moved(self, user_id: int, url: str) -> Subscription | None:
        """The feed that answers from this address now, though it is followed under its old one."""
        with self.database.read() as connection:
            feed_id = moves.find_moved(connection, user_id, url)
            if feed_id is None:
                return None
            return subscriptions.find_subscription(connection, user_id, feed_id)

    def preview_import(self, user_id: int, data: bytes) -> ImportReport:
        """What an import of this file would do. Raises `OpmlError` where it cannot be read."""
        outlines = self._outlines(data)
        with self.database.read() as connection:
            return self._sorted(connection, user_id, outlines, None)

    def draft_import(self, user_id: int, data: bytes, *, most: int, now: datetime) -> int:
        """The same, kept as a job that `carry_out` imports. Whoever follows `most` feeds gets no more."""
        outlines = self._outlines(data)
        with self.database.write() as connection:
            report = self._sorted(connection, user_id, outlines, most)
            return importjobs.keep_draft(connection, user_id, report, now=now)

    def import_as_job(self, user_id: int, data: bytes, *, most: int, now: datetime) -> tuple[int, int]:
        """Import at once what a draft would; the id of the job, and how many feeds were added."""
        outlines = self._outlines(data)
        with self.database.write() as connection:
            report = self._sorted(connection, user_id, outlines, most)
            imports.subscribe_all(connection, user_id, report.added, now=now)
            return importjobs.keep_done(connection, user_id, report, now=now), len(report.added)

    def carry_out(
        self, user_id: int, job_id: int, *, left_out: Collection[int], most: int, now: datetime
    ) -> int:
        """Import what a draft would add but for the outlines with these ids; how many feeds were added.

        They are judged anew, as feeds may have been added since. What was carried out stays as it is.
        """
        with self.database.write() as connection:
            chosen = importjobs.take_chosen(connection, user_id, job_id, left_out=left_out, now=now)
            report = self._sorted(connection, user_id, chosen, most)
            imports.subscribe_all(connection, user_id, report.added, now=now)
            importjobs.record(connection, user_id, job_id, report)
        return len(report.added)

    def import_opml(self, user_id: int, data: bytes, *, now: datetime) -> ImportReport:
        """Follow every feed of the file; they are due at once. One bad outline stops nothing."""
        return self.import_outlines(user_id, self._outlines(data), now=now)

    def import_outlines(
        self, user_id: int, outlines: Iterable[Outline], *, now: datetime, most: int | None = None
    ) -> ImportReport:
        """The same with outlines that were read already; without `most`, as many as there are."""
        with self.database.write() as connection:
            report = self._sorted(connection, user_id, outlines, most)
            imports.subscribe_all(connection, user_id, report.added, now=now)
        return report

    def _outlines(self, data: bytes) -> tuple[Outline, ...]:
        if len(data) > opml.MAX_BYTES:  # it need not travel to be refused
            return opml.parse_opml(data)
        return asyncio.run(self.documents.read_opml(data))

    def _sorted(
        self, connection: Connection, user_id: int, outlines: Iterable[Outline], most: int | None
    ) -> ImportReport:
        followed = imports.list_followed_urls(connection, user_id)
        moved = moves.present_addresses(connection, user_id)
        return account(outlines, followed, self.limits, moved=moved, most=most)

    def export_opml(self, user_id: int, *, now: datetime) -> bytes:
        with self.database.read() as connection:
            followed = subscriptions.list_subscriptions(connection, user_id)
        outlines = (
            Outline(url=s.feed.url, title=s.title, site_url=s.feed.site_url, category=s.category)
            for s in followed
        )
        return opml.write_opml(outlines, title="Lire aussi", created_at=now)


def _address(typed: str) -> str:
    """What a person typed as an address; raise `AddressRefused` for what is none."""
    text = typed.strip()
    text = page_of_handle(text) or text
    web = text if "://" in text or text[:5].lower() == "feed:" else f"https://{text}"
    return keepable(normalize_url(web))


def _lasting(asked: str, document: Fetched) -> str:
    return keepable(normalize_url(document.url if document.moved else asked))


async def _fetch(fetcher: Fetcher, url: str) -> Fetched:
    document = await fetcher.fetch(url)
    if not isinstance(document, Fetched):
        raise NotAFeed(url, "the server sent no document")
    return document


def _nothing(page: str, tried: Iterable[str]) -> NotAFeed:
    places = ", ".join(urlsplit(place).path for place in tried)
    return NotAFeed(
        page,
        f"it is a page that announces no feed, and none was found at {places}",
        advice="Look for the address of its RSS feed.",
    ).because("page-without-feed", places=places)


def _choice(url: str, announced: tuple[FoundFeed, ...]) -> SeveralFeeds:
    error = SeveralFeeds(
        url, f"this page offers {len(announced)} feeds", advice="Add one of these addresses:"
    )
    error.found = announced
    return error


def _refuse_known(connection: Connection, user_id: int, url: str) -> None:
    known = subscriptions.find_by_url(connection, user_id, url)
    if known is not None:
        raise SubscriptionError(url, f"you follow this feed already, as “{known.title}”")
