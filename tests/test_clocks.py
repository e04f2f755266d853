"""A clock that jumps by a day or ten years, back or forth: nothing is lost, nothing waits for years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response
from library import NOW, an_entry, follow, make_library, owner, publish
from sqlalchemy import select, update

from aggregator.feeds.documents import DocumentReader
from aggregator.policies import FetchLimits, RefreshPolicy
from aggregator.refreshing import Refresher
from aggregator.storage import entries, feeds, leases
from aggregator.storage.schema import feed_states

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aggregator.storage.engine import Database

TEN_YEARS = timedelta(days=3_652)
RSS = b'<rss version="2.0"><channel><title>A</title><item><title>One</title></item></channel></rss>'


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with make_library(tmp_path) as found:
        yield found


@pytest.mark.parametrize("wrong", [TEN_YEARS, -TEN_YEARS, timedelta(days=30), -timedelta(days=1)])
def test_what_a_wrong_clock_planned_is_due_when_the_clock_is_right(
    database: Database, wrong: timedelta
) -> None:
    with (
        FeedServer({"/a": Response(body=RSS)}) as server,
        DocumentReader(workers=1, timeout=timedelta(seconds=20)) as documents,
    ):
        feed = follow(database, server.url("/a"), "A")
        now = datetime.now(UTC)
        with database.write() as connection:  # as a refresh at that time has left it
            planned = {
                "last_checked_at": now + wrong,
                "next_fetch_at": now + wrong + timedelta(hours=1),
                "lease_until": now + wrong + timedelta(minutes=3),
                "lease_holder": "it was killed",
            }
            connection.execute(update(feed_states).values(**planned))
        refresher = Refresher(
            database=database,
            documents=documents,
            link=lambda: 0,
            limits=FetchLimits(allowed_networks=("127.0.0.0/8",)),
            policy=RefreshPolicy(),
            version="0",
        )
        assert refresher.refresh().new_entries == 1
    with database.read() as connection:
        next_fetch_at = connection.scalar(
            select(feed_states.c.next_fetch_at).where(feed_states.c.feed_id == feed)
        )
    assert next_fetch_at is not None
    assert now < next_fetch_at < now + timedelta(days=2)


def test_what_the_publisher_and_the_policy_may_plan_is_waited_for(database: Database) -> None:
    follow(database, "https://a.example/feed", "A", now=NOW + timedelta(days=5))
    wait = timedelta(days=8)
    with database.write() as connection:
        assert feeds.claim_due(connection, "x", now=NOW, lease=wait, longest_wait=wait) == ()


def test_a_lease_of_a_clock_that_was_ahead_is_free_one_of_today_is_not(database: Database) -> None:
    with database.write() as connection:
        for name, ends in (("linking", TEN_YEARS), ("other", timedelta(minutes=2))):
            assert leases.claim(connection, name, "one", now=NOW, until=NOW + ends)
        assert leases.claim(connection, "linking", "two", now=NOW, until=NOW + timedelta(minutes=2))
        assert not leases.claim(connection, "other", "two", now=NOW, until=NOW + timedelta(minutes=2))


def test_entries_seen_by_a_clock_that_was_behind_keep_their_order_and_none_is_in_the_future(
    database: Database,
) -> None:
    feed = follow(database, "https://a.example/feed", "A")
    (first,) = publish(database, feed, an_entry("Seen ten years ago"), now=NOW - TEN_YEARS)
    (second,) = publish(database, feed, an_entry("Seen today", now=NOW + TEN_YEARS), now=NOW)
    with database.read() as connection:
        found = entries.list_headlines(connection, owner(database), entries.Selection())
    assert [headline.id for headline in found] == [second, first]
    assert [headline.published_at for headline in found] == [NOW, NOW - TEN_YEARS]
