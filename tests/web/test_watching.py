"""/health and /metrics: what machines are told, and which."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, owner, publish
from prometheus_client.parser import text_string_to_metric_families

from aggregator.domain import RefreshProgress, Schedule, Validators
from aggregator.errors import Unreachable
from aggregator.storage import feeds, runs, subscriptions
from web.services import EXTENSION

if TYPE_CHECKING:
    from pathlib import Path

    from webapp import Site

MINUTE = timedelta(minutes=1)


def serve(site: Site, **changes: object) -> None:
    site.app.extensions[EXTENSION] = replace(site.app.extensions[EXTENSION], **changes)


def ran(site: Site, feeds: int, failed: int, new: int) -> None:
    ended = NOW - MINUTE
    progress = RefreshProgress(
        started_at=ended - timedelta(seconds=12),
        finished_at=ended,
        feeds=feeds,
        done=feeds,
        failed=failed,
        new_entries=new,
    )
    with site.database.write() as connection:
        run = runs.start_run(connection, feeds=feeds, now=progress.started_at)
        runs.record_progress(connection, run, progress, now=ended)


def spoil(folder: Path) -> None:
    with sqlite3.connect(folder / "library.db") as connection:
        connection.execute("DROP TABLE users")
    connection.close()


def test_health(site: Site, tmp_path: Path) -> None:
    ran(site, 3, 1, 20)
    serve(site, heartbeat=lambda: NOW - MINUTE)
    answer = site.get("/health")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok",
        "database": "ok",
        "scheduler": "ok",
        "last_refresh": {
            "started_at": "2026-11-24T14:58:48+00:00",
            "finished_at": "2026-11-24T14:59:00+00:00",
            "feeds": 3,
            "failed": 1,
            "new_entries": 20,
        },
    }
    spoil(tmp_path)
    answer = site.get("/health")
    assert (answer.status_code, answer.json) == (
        503,
        {"status": "error", "database": "error", "scheduler": "ok"},
    )


@pytest.mark.parametrize(("silence", "status"), [(MINUTE, 200), (5 * MINUTE, 503)])
def test_a_scheduler_that_shows_no_life_is_an_error(site: Site, silence: timedelta, status: int) -> None:
    serve(site, heartbeat=lambda: NOW - silence)
    assert site.get("/health").status_code == status


def test_a_process_without_a_scheduler_is_well(site: Site) -> None:
    answer = site.get("/health")
    assert (answer.status_code, answer.json["scheduler"]) == (200, "none")
    assert answer.json["last_refresh"] is None


def measured(site: Site) -> dict[tuple[str, ...], float]:
    answer = site.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_metrics_count_what_is_there(site: Site) -> None:
    well, ill, gone, paused, _waiting = (
        follow(site.database, f"https://secret-{name}.example/", f"Title {name}") for name in "abcde"
    )
    publish(site.database, well, an_entry("One"), an_entry("Two"))
    schedule = Schedule(checked_at=NOW, next_fetch_at=NOW + MINUTE, interval=MINUTE)
    with site.database.write() as connection:
        for feed in (well, gone, paused):
            feeds.record_success(connection, feed, schedule, validators=Validators(), body_hash="x")
        error = Unreachable("https://secret-b.example/", "no answer").because("slow", seconds=30)
        feeds.record_failure(connection, ill, schedule, error)
        subscriptions.set_paused(connection, owner(site.database), paused, paused_at=NOW)
    ran(site, 4, 1, 2)
    found = measured(site)
    assert found["lire_aussi_feeds", "healthy"] == 2
    assert found["lire_aussi_feeds", "failing"] == 1
    assert found["lire_aussi_feeds", "paused"] == 1
    assert found["lire_aussi_feeds", "waiting"] == 1
    assert found["lire_aussi_feeds_error", "unreachable"] == 1
    assert found["lire_aussi_feeds_last_outcome", "failed"] == 1
    assert found["lire_aussi_entries",] == 2
    assert found["lire_aussi_entries_pending",] == 2
    assert found["lire_aussi_feeds_due",] == 1
    assert found["lire_aussi_refresh_duration_seconds",] == 12
    assert found["lire_aussi_refresh_new_entries",] == 2
    assert "secret" not in site.get("/metrics").text
    assert "Title" not in site.get("/metrics").text


def test_an_empty_library_has_metrics_too(site: Site) -> None:
    assert measured(site)["lire_aussi_feeds", "healthy"] == 0


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_nobody_but_this_machine_may_watch(site: Site, path: str) -> None:
    def status(address: str, **headers: str) -> int:
        answer = site.client.get(path, environ_base={"REMOTE_ADDR": address}, headers=headers)
        return answer.status_code

    assert status("127.0.0.1") == status("::1") == status("::ffff:127.0.0.1") == 200
    assert status("192.0.2.7") == status("fe80::1%eth0") == status("") == 404
    assert status("127.0.0.1", **{"X-Forwarded-For": "127.0.0.1"}) == 404
    serve(site, watchers=(ip_network("192.0.2.0/24"),))
    assert status("192.0.2.7") == 200
    assert status("198.51.100.7") == 404
