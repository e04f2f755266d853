"""When each use-case runs: a refresh every minute, one at a time, and another when somebody asks."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from aggregator.errors import AggregatorError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from aggregator.domain import RefreshReport

log = logging.getLogger(__name__)


class Jobs:
    """The scheduler of one process. `refresh` takes whether a person asked for it."""

    def __init__(self, refresh: Callable[[bool], RefreshReport], every: timedelta) -> None:
        self._refresh = refresh
        self._seen_at: datetime | None = None
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

    def __enter__(self) -> Self:
        self._beat()
        self._scheduler.start()
        self.request_refresh(False)
        return self

    def __exit__(self, *_: object) -> None:
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
