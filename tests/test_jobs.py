"""When refreshes run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from aggregator.domain import RefreshReport
from aggregator.jobs import Jobs

NOTHING = RefreshReport(
    feeds=0,
    not_modified=0,
    same_body=0,
    updated=0,
    failed=0,
    new_entries=0,
    changed_entries=0,
    links=0,
    seconds=0.0,
)


@dataclass
class Refreshes:
    """Stands for the refresher: each refresh lasts until `go_on` is set."""

    started: list[bool] = field(default_factory=list)
    go_on: Event = field(default_factory=Event)

    def __call__(self, everything: bool) -> RefreshReport:
        self.started.append(everything)
        assert self.go_on.wait(10)
        return NOTHING

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + 10
        while len(self.started) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.started) == count


@pytest.mark.parametrize("everything", [False, True])
def test_what_is_asked_for_during_a_refresh_follows_it_once(everything: bool) -> None:
    refreshes = Refreshes()
    with Jobs(refreshes, timedelta(hours=1)) as jobs:
        refreshes.wait_for(1)
        jobs.request_refresh(everything)
        time.sleep(0.2)
        refreshes.go_on.set()
        refreshes.wait_for(2)
        refreshes.go_on.clear()
        jobs.request_refresh(everything)
        refreshes.wait_for(3)
        for _ in range(3):  # while the requested one runs
            jobs.request_refresh(everything)
            time.sleep(0.1)
        refreshes.go_on.set()
        refreshes.wait_for(4)
        time.sleep(0.3)
    assert refreshes.started == [False, everything, everything, everything]


def test_the_scheduler_shows_life_while_a_refresh_lasts() -> None:
    refreshes = Refreshes()
    jobs = Jobs(refreshes, timedelta(seconds=0.2))
    assert jobs.heartbeat() is None
    with jobs:
        refreshes.wait_for(1)
        first = jobs.heartbeat()
        assert first is not None
        time.sleep(1)
        later = jobs.heartbeat()
        assert later is not None
        assert later > first
        refreshes.go_on.set()


def test_after_the_clock_was_set_back_a_refresh_still_comes() -> None:
    refreshes = Refreshes()
    refreshes.go_on.set()
    with Jobs(refreshes, timedelta(hours=1), look_after=timedelta(seconds=0.1)) as jobs:
        refreshes.wait_for(1)
        time.sleep(0.3)
        assert len(refreshes.started) == 1
        # What the plan of a moment ago looks like to a clock that was set back by a year.
        jobs._scheduler.modify_job("refresh", next_run_time=datetime.now(UTC) + timedelta(days=365))
        refreshes.wait_for(2)
        time.sleep(0.3)
    assert refreshes.started == [False, False]


def test_pruning_is_a_job_of_its_own() -> None:
    refreshes, pruned = Refreshes(), Event()
    refreshes.go_on.set()

    def prune() -> None:
        pruned.set()

    with Jobs(refreshes, timedelta(hours=1), prune=prune) as jobs:
        jobs._scheduler.modify_job("prune", next_run_time=datetime.now(UTC))
        assert pruned.wait(10)
