"""What the pages say while feeds are being checked, and afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from library import NOW, an_entry, follow, publish

from aggregator.domain import Schedule, Validators
from aggregator.errors import Unreachable
from aggregator.storage import feeds, runs

if TYPE_CHECKING:
    from webapp import Site


def refresh(site: Site, count: int) -> list[int]:
    """The person asks, and a run takes all that they follow."""
    ids = [follow(site.database, f"https://f{n}.example/", f"F{n}", category=("C",)) for n in range(count)]
    publish(site.database, ids[0], an_entry("Old"))
    site.post("/refresh")
    with site.database.write() as connection:
        feeds.claim_due(connection, "run", now=NOW, lease=timedelta(minutes=9), everything=True)
        runs.start_run(connection, feeds=count, now=NOW)
    return ids


def check(site: Site, feed: int, *, fails: bool = False) -> None:
    schedule = Schedule(checked_at=NOW, next_fetch_at=NOW + timedelta(hours=1), interval=timedelta(hours=1))
    with site.database.write() as connection:
        if fails:
            feeds.record_failure(connection, feed, schedule, Unreachable("https://f.example/", "refused"))
        else:
            feeds.record_success(connection, feed, schedule, validators=Validators(), body_hash="x")


def test_a_refresh_says_how_many_are_left_until_it_is_done(site: Site) -> None:
    ids = refresh(site, 3)
    publish(site.database, ids[0], an_entry("New"))
    check(site, ids[0])
    page = site.get("/", "fr").text
    assert "2 restants" in page
    assert "1 nouveau" in page
    assert 'action="/refresh"' not in page
    assert 'data-events="/checks/events"' in page
    told = site.get("/checks/events", "fr")
    assert told.content_type == "text/event-stream; charset=utf-8"
    assert "2 restants" in told.text
    assert "event: done" not in told.text
    check(site, ids[1], fails=True)
    check(site, ids[2])
    told = site.get("/checks/events")
    assert "event: done" in told.text
    assert "Show 1 new article" in told.text
    page = site.get("/").text
    assert "1 feed failed" in page
    assert 'action="/refresh"' in page
    assert "data-events" not in page


def test_what_was_asked_for_just_now_is_awaited(site: Site) -> None:
    follow(site.database, "https://a.example/", "A")
    site.post("/refresh")
    assert "Checking your feeds" in site.get("/checks/events").text


def test_the_results_name_each_feed(site: Site) -> None:
    ids = refresh(site, 3)
    publish(site.database, ids[0], an_entry("New"))
    check(site, ids[0])
    check(site, ids[1], fails=True)
    page = site.get("/checks").text
    assert '<noscript><meta http-equiv="refresh"' in page
    check(site, ids[2])
    page = site.get("/checks").text
    assert "http-equiv" not in page
    parts = [page.index(words) for words in ("The server cannot be reached.", "New articles", "Nothing new")]
    assert parts == sorted(parts)
    for feed, after, before in ((ids[1], 0, 1), (ids[0], 1, 2)):
        assert f'href="/feeds/{feed}"' in page[parts[after] - 200 : parts[before]]


def test_of_many_results_some_are_shown_and_the_rest_is_counted(site: Site) -> None:
    for feed in refresh(site, 203):
        check(site, feed)
    unchanged = site.get("/checks").text.partition("Nothing new")[2]
    assert "3 more are not shown." in unchanged
    assert unchanged.count('href="/feeds/') == 200


def test_a_category_asks_and_is_shown_again(site: Site) -> None:
    follow(site.database, "https://a.example/", "A", category=("C",))
    assert 'name="category_id" value="1"' in site.get("/categories/1").text
    assert site.post("/refresh", category_id="1").location == "/categories/1"
