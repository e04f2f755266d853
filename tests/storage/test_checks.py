"""Refreshing as one person sees it, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from library import NOW, an_entry, follow, owner, publish

from aggregator.domain import Schedule, Validators
from aggregator.errors import Unreachable
from aggregator.storage import checks, feeds, runs, subscriptions, users

if TYPE_CHECKING:
    from aggregator.domain import RefreshProgress
    from aggregator.storage.engine import Database

MINUTE = timedelta(minutes=1)


def claim(database: Database) -> None:
    """A run begins that takes all feeds."""
    with database.write() as connection:
        claimed = feeds.claim_due(connection, "run", now=NOW, lease=10 * MINUTE, everything=True)
        runs.start_run(connection, feeds=len(claimed), now=NOW)


def check(database: Database, feed: int, *, fails: bool = False) -> None:
    schedule = Schedule(checked_at=NOW + MINUTE, next_fetch_at=NOW + 9 * MINUTE, interval=MINUTE)
    with database.write() as connection:
        if fails:
            feeds.record_failure(connection, feed, schedule, Unreachable("https://a.example/", "no answer"))
        else:
            feeds.record_success(connection, feed, schedule, validators=Validators(), body_hash="x")


def progress(database: Database, user_id: int, *, asked: bool = False) -> RefreshProgress | None:
    with database.read() as connection:
        return checks.find_own_progress(
            connection, user_id, asked_at=NOW if asked else None, now=NOW + 2 * MINUTE
        )


def test_only_the_feeds_of_the_person_count(database: Database) -> None:
    reader = owner(database)
    mine = [follow(database, f"https://{name}.example/", name.upper()) for name in "abc"]
    publish(database, mine[0], an_entry("Old"), now=NOW - MINUTE)
    with database.write() as connection:
        ana = users.add_user(connection, "ana", role="reader", password_hash="x", now=NOW)
        theirs = feeds.ensure_feed(connection, "https://d.example/", title="D", site_url=None, now=NOW)
        subscriptions.subscribe(connection, ana, theirs, title=None, category=(), now=NOW)
    assert progress(database, reader) is None
    claim(database)
    publish(database, mine[0], an_entry("New"), an_entry("Newer"), now=NOW + MINUTE)
    check(database, mine[0])
    check(database, mine[1], fails=True)
    found = progress(database, reader, asked=True)
    assert found is not None
    assert (found.feeds, found.done, found.failed, found.new_entries) == (3, 2, 1, 2)
    assert found.finished_at is None
    found = progress(database, ana)
    assert found is not None
    assert (found.feeds, found.done, found.failed, found.new_entries) == (1, 0, 0, 0)
    check(database, mine[2])
    found = progress(database, reader)
    assert found is not None
    assert found.finished_at == NOW + MINUTE
    with database.read() as connection:
        listed = checks.list_checks(connection, reader, since=NOW, limit=9)
        assert checks.list_checks(connection, ana, since=NOW, limit=9) == ()
    assert [(one.title, one.new, one.failed) for one in listed] == [
        ("A", 2, False),
        ("B", 0, True),
        ("C", 0, False),
    ]
