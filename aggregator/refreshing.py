"""Use-case: claim the feeds that are due, fetch, parse, sanitize and record them, then link what is new.

Promises: a feed is held by one process at a time; entries, validators and body hash of a feed go into one
transaction; a feed that fails keeps all it had and says why; one feed's failure never stops the others.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from aggregator.domain import (
    ClaimedFeed,
    CleanFeed,
    Fetched,
    NotModified,
    RefreshProgress,
    RefreshReport,
    Validators,
)
from aggregator.errors import FeedError, StorageError
from aggregator.feeds.failing import pause_of_host, retry_after, withdrawn_after
from aggregator.feeds.fetching import Fetcher
from aggregator.feeds.scheduling import (
    after_failure,
    after_success,
    has_held,
    moments,
    seen_moved,
)
from aggregator.storage import feeds, moves, push, recording, runs
from aggregator.storage.feeds import Unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection

    from aggregator.domain import Move, Schedule, SkippedTimes
    from aggregator.feeds.documents import DocumentReader
    from aggregator.policies import FetchLimits, RefreshPolicy
    from aggregator.storage.engine import Database

log = logging.getLogger(__name__)

_BEAT_SECONDS = 0.5
_LOOK_SECONDS = 0.1
_FLUSH_AT = 200
_FRESH = timedelta(minutes=5)
"""A person who asks again and again is not what a publisher has to serve."""
_SKIPPED = timedelta(days=7)
"""What a publisher's wishes may add to the longest interval; what is planned later, a wrong clock planned."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class _Run:
    """What one run holds and has done so far."""

    holder: str
    started_at: datetime
    feeds: int
    not_modified: int = 0
    same_body: int = 0
    updated: int = 0
    failed: int = 0
    new_entries: int = 0
    changed_entries: int = 0
    held: int = 0
    postponed: int = 0
    unchanged: list[Unchanged] = field(default_factory=list)

    @property
    def done(self) -> int:
        return self.not_modified + self.same_body + self.updated + self.failed + self.postponed

    def progress(self, *, finished: bool) -> RefreshProgress:
        return RefreshProgress(
            started_at=self.started_at,
            finished_at=_now() if finished else None,
            feeds=self.feeds,
            done=self.done,
            failed=self.failed,
            new_entries=self.new_entries,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresher:
    """Refreshes one library. `link` links what waits and returns how many links it stored."""

    database: Database
    documents: DocumentReader
    link: Callable[[], int]
    limits: FetchLimits
    policy: RefreshPolicy
    version: str
    pushes: bool = False
    """Whether hubs can reach this library: then it remembers those that feeds announce."""
    complete_texts: Callable[[], int] = lambda: 0
    """What comes before linking, which then knows the fuller texts; it neither fails nor counts."""
    collect_icons: Callable[[], int] = lambda: 0
    """What follows a refresh; it neither fails nor counts."""
    stopping: Event = field(default_factory=Event)
    """Once set, fetches are given up and none begins; the feeds without an outcome are due again at once."""

    def refresh(
        self,
        *,
        everything: bool = False,
        by_hand: bool = False,
        feed_id: int | None = None,
        on_progress: Callable[[RefreshProgress], None] | None = None,
    ) -> RefreshReport:
        """Refresh what is due (or every feed that is followed, or this one alone), then link.

        `by_hand` takes what a person means who asks for news: also what is not due, except what was checked
        in the last five minutes and what waits after a failure.
        Feeds that another process holds are left to it. Raises `StorageError` where nothing can be recorded.
        """
        started = time.monotonic()
        run = asyncio.run(self._run(everything, by_hand, feed_id, on_progress))
        self.documents.rest()
        self.complete_texts()
        links = self.link()
        report = RefreshReport(
            feeds=run.feeds,
            not_modified=run.not_modified,
            same_body=run.same_body,
            updated=run.updated,
            failed=run.failed,
            new_entries=run.new_entries,
            changed_entries=run.changed_entries,
            links=links,
            seconds=round(time.monotonic() - started, 3),
            held=run.held,
            postponed=run.postponed,
        )
        self.collect_icons()
        return report

    async def _run(
        self,
        everything: bool,
        by_hand: bool,
        feed_id: int | None,
        on_progress: Callable[[RefreshProgress], None] | None,
    ) -> _Run:
        now, holder = _now(), f"refresh-{uuid4().hex}"
        since = now - _FRESH if by_hand else None
        with self.database.write() as connection:
            claimed = feeds.claim_due(
                connection,
                holder,
                now=now,
                lease=self.policy.lease,
                everything=everything,
                not_checked_since=since,
                feed_id=feed_id,
                longest_wait=self.policy.max_interval + _SKIPPED,
            )
            held = feeds.count_held(
                connection,
                holder,
                now=now,
                everything=everything,
                not_checked_since=since,
                feed_id=feed_id,
                longest_wait=self.policy.max_interval + _SKIPPED,
            )
            run = _Run(holder=holder, started_at=now, feeds=len(claimed), held=held)
            number = runs.start_run(connection, feeds=len(claimed), now=now) if claimed else 0
        if claimed:
            try:
                await self._refresh_all(run, number, claimed, on_progress)
            finally:
                with suppress(StorageError), self.database.write() as connection:
                    feeds.release_leases(connection, holder)
                    runs.record_progress(connection, number, run.progress(finished=True), now=_now())
        return run

    async def _refresh_all(
        self,
        run: _Run,
        number: int,
        claimed: Sequence[ClaimedFeed],
        on_progress: Callable[[RefreshProgress], None] | None,
    ) -> None:
        """Until all is done, the program is told to stop, or something fails."""
        parts = (self._work(run, claimed), self._beat(run, number, on_progress), self._wait_for_stop())
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._flush(run)

    async def _work(self, run: _Run, claimed: Sequence[ClaimedFeed]) -> None:
        # A feed keeps its place from the fetch to the record, so that few bodies are held at a time; the
        # feeds of one host come one after the other, so that a slow host holds one place.
        places = asyncio.Semaphore(self.limits.concurrency)
        try:
            async with Fetcher(self.limits, version=self.version) as fetcher, asyncio.TaskGroup() as group:
                for queue in _by_host(claimed):
                    group.create_task(self._refresh_in_turn(run, queue, fetcher, places))
        except* StorageError as errors:
            raise errors.exceptions[0] from None

    async def _wait_for_stop(self) -> None:
        while not self.stopping.is_set():  # noqa: ASYNC110 (it is set by another thread)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _beat(
        self, run: _Run, number: int, on_progress: Callable[[RefreshProgress], None] | None
    ) -> None:
        """Tell how far the run is, and keep its leases alive; the next beat makes up for one that fails."""
        renewed, told = time.monotonic(), -1
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            if on_progress is not None:
                on_progress(run.progress(finished=False))
            renew = time.monotonic() - renewed > self.policy.lease.total_seconds() / 4
            if not renew and run.done == told:
                continue
            try:
                await asyncio.to_thread(self._record_beat, run, number, renew)
            except StorageError as error:
                log.warning("refresh: %s", error)
                continue
            told = run.done
            renewed = time.monotonic() if renew else renewed

    def _record_beat(self, run: _Run, number: int, renew: bool) -> None:
        now = _now()
        with self.database.write() as connection:
            runs.record_progress(connection, number, run.progress(finished=False), now=now)
            if renew:
                feeds.renew_leases(connection, run.holder, until=now + self.policy.lease)

    async def _refresh_in_turn(
        self, run: _Run, queue: Sequence[ClaimedFeed], fetcher: Fetcher, places: asyncio.Semaphore
    ) -> None:
        for number, feed in enumerate(queue, start=1):
            async with places:
                if self.stopping.is_set():
                    return
                pause = await self._refresh_one(run, feed, fetcher)
            if pause is not None:
                await asyncio.to_thread(self._postpone, run, feed, queue[number:], pause)
                return

    async def _refresh_one(self, run: _Run, feed: ClaimedFeed, fetcher: Fetcher) -> timedelta | None:
        """How long its host wants to be left alone, if it does."""
        try:
            match outcome := await fetcher.fetch(feed.url, feed.validators):
                case NotModified():
                    run.not_modified += 1
                    await self._unchanged(run, feed, outcome)
                case Fetched() if outcome.body_hash == feed.body_hash:
                    run.same_body += 1
                    await self._unchanged(run, feed, outcome)
                case Fetched():
                    await self._updated(run, feed, outcome)
        except FeedError as error:
            run.failed += 1
            await asyncio.to_thread(self._record_failure, run, feed, error)
            return pause_of_host(error, self.policy)
        return None

    # ── record ───────────────────────────────────────────────────────────────────────────────────

    async def _unchanged(self, run: _Run, feed: ClaimedFeed, outcome: NotModified | Fetched) -> None:
        now = _now()
        checked = Unchanged(
            feed_id=feed.feed_id,
            outcome="not-modified" if isinstance(outcome, NotModified) else "same",
            schedule=self._schedule(now, feed, feed.published, (feed.asked, outcome.max_age), feed.skipped),
            validators=outcome.validators,
            move=seen_moved(feed.move, outcome.url if outcome.moved else None, now),
        )
        run.unchanged.append(checked)
        if len(run.unchanged) >= _FLUSH_AT:
            await self._flush(run)

    async def _flush(self, run: _Run) -> None:
        unchanged, run.unchanged = run.unchanged, []
        if unchanged:
            await asyncio.to_thread(self._record_unchanged, run.holder, unchanged)

    def _record_unchanged(self, holder: str, unchanged: Sequence[Unchanged]) -> None:
        with self.database.write() as connection:
            moved = [c for c in unchanged if c.move and feeds.holds(connection, c.feed_id, holder)]
            feeds.record_unchanged(connection, holder, unchanged)
            for checked in moved:
                _adopt_if_settled(connection, checked.feed_id, checked.move, checked.schedule.checked_at)

    async def _updated(self, run: _Run, feed: ClaimedFeed, outcome: Fetched) -> None:
        document = await self.documents.read(outcome, feed.known_items, now=_now())
        recorded = await asyncio.to_thread(self._record_update, run, feed, outcome, document)
        if recorded is None:
            return
        run.updated += 1
        run.new_entries += recorded.new
        run.changed_entries += recorded.changed

    def _record_update(
        self, run: _Run, feed: ClaimedFeed, outcome: Fetched, document: CleanFeed
    ) -> recording.Recorded | None:
        """None where somebody else has taken the feed over, and records it."""
        now = _now()
        asked = max(filter(None, (document.time_to_live, outcome.max_age)), default=None)
        skipped = document.wishes.skipped
        with self.database.write() as connection:
            if not feeds.holds(connection, feed.feed_id, run.holder):
                return None
            recorded = recording.record_entries(
                connection, feed.feed_id, document.entries, now=now, standing=document.guids
            )
            feeds.record_feed(connection, feed.feed_id, document)
            dates = document.dates or ((now,) if recorded.new else ())
            published = moments(now, (*dates, *feed.published))
            move = seen_moved(feed.move, outcome.url if outcome.moved else None, now)
            feeds.record_success(
                connection,
                feed.feed_id,
                self._schedule(now, feed, published, (asked,), skipped),
                validators=outcome.validators if document.whole else Validators(),
                body_hash=outcome.body_hash,
                known_items=document.item_hashes,
                outcome="new" if recorded.new else "changed",
                move=move,
                published=published,
                asked=asked,
                skipped=skipped,
            )
            if self.pushes:
                _announce(connection, feed, outcome, document)
            _adopt_if_settled(connection, feed.feed_id, move, now)
        return recorded

    def _schedule(
        self,
        now: datetime,
        feed: ClaimedFeed,
        published: Sequence[datetime],
        asked: Sequence[timedelta | None],
        skipped: SkippedTimes | None,
    ) -> Schedule:
        return after_success(
            now,
            published,
            interval=feed.interval,
            asked=asked,
            skipped=skipped,
            pushed=feed.pushed,
            policy=self.policy,
            chance=_chance(),
        )

    def _record_failure(self, run: _Run, feed: ClaimedFeed, error: FeedError) -> None:
        now = _now()
        schedule = after_failure(
            now,
            feed.interval,
            failures=feed.failures,
            retry_after=retry_after(error),
            policy=self.policy,
            chance=_chance(),
        )
        with self.database.write() as connection:
            if feeds.holds(connection, feed.feed_id, run.holder):
                feeds.record_failure(
                    connection, feed.feed_id, schedule, error, gone=withdrawn_after(feed.gone, error, now)
                )

    def _postpone(
        self, run: _Run, feed: ClaimedFeed, others: Sequence[ClaimedFeed], pause: timedelta
    ) -> None:
        host, ids = _host(feed.url), [other.feed_id for other in others]
        with self.database.write() as connection:
            feeds.postpone(connection, run.holder, ids, host=host, until=_now() + pause)
        run.postponed += len(others)
        log.warning("refresh: %s has had enough: its feeds wait %d s", host, pause.total_seconds())


def _adopt_if_settled(connection: Connection, feed_id: int, move: Move | None, now: datetime) -> None:
    if move is not None and has_held(move.times, move.since, now):
        moves.adopt(connection, feed_id, move.url)
        log.info("refresh: feed %d has moved to %s", feed_id, move.url)


def _announce(connection: Connection, feed: ClaimedFeed, outcome: Fetched, document: CleanFeed) -> None:
    hub = outcome.hub_url or document.wishes.hub_url
    topic = outcome.topic_url or document.wishes.topic_url or outcome.url
    push.record_hub(connection, feed.feed_id, hub, topic)


def _host(url: str) -> str:
    """What is no proper address stands alone: it is refused when its turn comes."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return url


def _by_host(claimed: Sequence[ClaimedFeed]) -> Iterable[Sequence[ClaimedFeed]]:
    queues: dict[str, list[ClaimedFeed]] = {}
    for feed in claimed:
        queues.setdefault(_host(feed.url), []).append(feed)
    return queues.values()


def _chance() -> float:
    return random.random()  # noqa: S311 (it spreads feeds in time, it keeps no secret)
