"""A refresh with a real library and a real server: what it records, and what it keeps while it lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response
from library import follow, make_library, owner
from sqlalchemy import text

from aggregator.feeds.documents import DocumentReader
from aggregator.policies import FetchLimits, RefreshPolicy
from aggregator.refreshing import Refresher
from aggregator.storage import entries, feeds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aggregator.domain import RefreshProgress
    from aggregator.storage.engine import Database

RSS = b'<rss version="2.0"><channel><title>A</title><item><title>One</title></item></channel></rss>'
LEASE = timedelta(seconds=2)
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with make_library(tmp_path) as found:
        yield found


@pytest.fixture
def refresher(database: Database) -> Iterator[Refresher]:
    with DocumentReader(workers=1, timeout=timedelta(seconds=20)) as documents:
        yield Refresher(
            database=database,
            documents=documents,
            link=lambda: 0,
            limits=FetchLimits(allowed_networks=("127.0.0.0/8",)),
            policy=RefreshPolicy(lease=LEASE),
            version="0",
        )


def titles(database: Database) -> list[str]:
    with database.read() as connection:
        found = entries.list_headlines(connection, owner(database), entries.Selection())
    return [headline.title for headline in found]


def claim(database: Database, *, now: datetime) -> int:
    """How many feeds another process gets."""
    with database.write() as connection:
        return len(feeds.claim_due(connection, "another", now=now, lease=LEASE, everything=True))


def test_leases_outlive_a_beat_that_could_not_be_recorded(database: Database, refresher: Refresher) -> None:
    beats = 0
    taken = []

    def disturb(_progress: RefreshProgress) -> None:
        nonlocal beats
        beats += 1
        if beats in (1, 3):
            old, new = ("refresh_runs", "away") if beats == 1 else ("away", "refresh_runs")
            with database.write() as connection:
                connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        taken.append(claim(database, now=datetime.now(UTC)))

    with FeedServer({"/a": Response(body=RSS, latency=4.0)}) as server:
        follow(database, server.url("/a"), "A")
        report = refresher.refresh(everything=True, on_progress=disturb)
    assert beats >= 6
    assert set(taken) == {0}
    assert (report.updated, titles(database)) == (1, ["One"])


def test_a_feed_that_another_process_took_over_is_left_to_it(
    database: Database, refresher: Refresher
) -> None:
    def take_over(_progress: RefreshProgress) -> None:
        claim(database, now=datetime.now(UTC) + timedelta(hours=1))

    with FeedServer({"/a": Response(body=RSS, latency=1.5)}) as server:
        follow(database, server.url("/a"), "A")
        report = refresher.refresh(everything=True, on_progress=take_over)
    assert (report.feeds, report.updated, report.new_entries) == (1, 0, 0)
    assert titles(database) == []


def test_a_refresh_that_is_told_to_stop_gives_its_fetches_up(
    database: Database, refresher: Refresher
) -> None:
    slow = Response(body=RSS, latency=30.0)
    with FeedServer({"/a": slow, "/b": slow, "/c": Response(body=RSS)}, addresses=HOSTS) as server:
        for path, host in zip(("/a", "/b", "/c"), HOSTS, strict=True):
            follow(database, server.url(path, host), path)
        report = refresher.refresh(everything=True, on_progress=lambda _: refresher.stopping.set())
    assert report.seconds < 10
    assert (report.feeds, report.failed) == (3, 0)
    assert claim(database, now=datetime.now(UTC)) == 3
