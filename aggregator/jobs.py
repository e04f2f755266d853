"""When each use-case runs: a refresh every minute, one at a time, and another when somebody asks.

The scheduler goes by the clock on the wall. Where that is set back, what is planned lies far in the future;
a watch that goes by no clock sees it, and plans anew.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from aggregator.errors import AggregatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aggregator.domain import PruneReport, RefreshReport

log = logging.getLogger(__name__)


_LOOK_AFTER = timedelta(minutes=1)
_SLACK = timedelta(minutes=1)


class Jobs:
    """The scheduler of one process. `refresh` takes whether a person asked for it.

    `prune` is called every hour, and knows by itself whether it is time.
    """

    def __init__(
        self,
        refresh: Callable[[bool], RefreshReport],
        every: timedelta,
        *,
        prune: Callable[[], PruneReport | None] | None = None,
        look_after: timedelta = _LOOK_AFTER,
    ) -> None:
        self._refresh = refresh
        self._seen_at: datetime | None = None
        self._prune = prune
        self._look_after = look_after
        self._ended = Event()
        self._watch = Thread(target=self._watch_clock, name="clock-watch", daemon=True)
        # One worker: what is asked for while a refresh runs waits for its end.
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1), "beat": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        self._scheduler.add_job(
            self._run, "interval", args=[False], seconds=every.total_seconds(), id="refresh"
        )
        self._scheduler.add_job(self._beat, "interval", seconds=every.total_seconds(), executor="beat")
        if prune is not None:
            self._scheduler.add_job(self._run_prune, "interval", hours=1, id="prune")

    def __enter__(self) -> Self:
        self._beat()
        self._scheduler.start()
        self._watch.start()
        self.request_refresh(False)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watch.join()
        self._scheduler.shutdown(wait=True)

    def heartbeat(self) -> datetime | None:
        """When the scheduler last showed that it is alive: at least as often as it looks for due feeds."""
        return self._seen_at

    def _beat(self) -> None:
        self._seen_at = datetime.now(UTC)

    def request_refresh(self, by_hand: bool) -> None:
        """Refresh as soon as the present one has ended; returns at once.

        One waits at most: what is asked for before it starts is what it does.
        """
        name = "requested-by-hand" if by_hand else "requested"
        self._scheduler.add_job(
            self._run,
            args=[by_hand],
            id=name,
            replace_existing=True,
            max_instances=2,  # one that runs and one that waits
        )

    def _watch_clock(self) -> None:
        while not self._ended.wait(self._look_after.total_seconds()):
            now = datetime.now(UTC)
            for job in self._scheduler.get_jobs():
                latest = now + getattr(job.trigger, "interval", timedelta(0)) + _SLACK
                if job.next_run_time is not None and job.next_run_time > latest:
                    log.warning("the clock was set back: %s runs now", job.id)
                    self._scheduler.modify_job(job.id, next_run_time=now)

    def _run_prune(self) -> None:
        if self._prune is None:
            return
        try:
            report = self._prune()
        except AggregatorError as error:
            log.error("prune: %s", error)
            return
        if report is not None and report.entries:
            log.info(
                "prune: %d entries of %d feeds, %.1f s", report.entries, len(report.feeds), report.seconds
            )

    def _run(self, by_hand: bool) -> None:
        try:
            report = self._refresh(by_hand)
        except AggregatorError as error:
            log.error("refresh: %s", error)
            return
        if report.feeds or report.links:
            log.info(
                "refresh: %d feeds, %d failed, %d new entries, %d links, %.1f s",
                report.feeds,
                report.failed,
                report.new_entries,
                report.links,
                report.seconds,
            )
