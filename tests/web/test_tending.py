"""How a feed is doing, on its page, and what a person can do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from library import NOW, an_entry, follow, owner, publish
from sqlalchemy import select, update

from aggregator.domain import Move, Schedule, Validators, Withdrawn
from aggregator.errors import Gone, Unreachable
from aggregator.storage import feeds, marking, subscriptions
from aggregator.storage.schema import feed_states

if TYPE_CHECKING:
    from webapp import Site

    from aggregator.domain import Subscription

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OLD, NEW = "https://old.example/feed", "https://new.example/feed"


def checked(site: Site, feed: int, **known: Any) -> None:
    """Ten minutes ago; due in three hours."""
    schedule = Schedule(checked_at=NOW - HOUR / 6, next_fetch_at=NOW + 3 * HOUR, interval=3 * HOUR)
    with site.database.write() as connection:
        feeds.record_success(connection, feed, schedule, validators=Validators(), body_hash="x", **known)


def failed(site: Site, feed: int, error: Any, gone: Withdrawn | None = None) -> None:
    schedule = Schedule(checked_at=NOW - HOUR, next_fetch_at=NOW + 3 * HOUR, interval=3 * HOUR)
    with site.database.write() as connection:
        feeds.record_failure(connection, feed, schedule, error, gone=gone)


def known(site: Site, feed: int) -> Subscription:
    with site.database.read() as connection:
        return subscriptions.get_subscription(connection, owner(site.database), feed)


def words(text: str) -> str:
    return " ".join(text.split())


# ── what is shown ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("outcome", "english", "french"),
    [
        ("new", "new articles", "de nouveaux articles"),
        ("changed", "no new article, though", "aucun nouvel article, bien que"),
        ("same", "the same document as before", "le même document qu’avant"),
        ("not-modified", "nothing new, as its server said", "rien de neuf, dit son serveur"),
    ],
)
def test_the_last_check_and_what_it_brought(site: Site, outcome: Any, english: str, french: str) -> None:
    feed = follow(site.database, OLD, "A")
    checked(site, feed, outcome=outcome)
    assert f"10m ago, next in 3h</dd></div> <div><dt>Result</dt><dd>{english}" in words(
        site.get(f"/feeds/{feed}").text
    )
    assert french in site.get(f"/feeds/{feed}", "fr").text


@pytest.mark.parametrize(
    ("gap", "english", "french"),
    [
        (HOUR / 4, "several times an hour", "plusieurs fois par heure"),
        (HOUR, "about every hour", "environ toutes les heures"),
        (3 * HOUR, "about every 3 hours", "environ toutes les 3 heures"),
        (DAY, "about once a day", "environ une fois par jour"),
        (2 * DAY, "about every 2 days", "environ tous les 2 jours"),
        (7 * DAY, "about once a week", "environ une fois par semaine"),
        (61 * DAY, "about every 2 months", "environ tous les 2 mois"),
        (500 * DAY, "once a year or less", "une fois par an ou moins"),
    ],
)
def test_the_rhythm_in_words(site: Site, gap: timedelta, english: str, french: str) -> None:
    feed = follow(site.database, OLD, "A")
    checked(site, feed, published=tuple(NOW - gap * n for n in range(1, 12)))
    assert english in site.get(f"/feeds/{feed}").text
    assert french in site.get(f"/feeds/{feed}", "fr").text


def test_an_error_says_since_when_why_and_what_to_do(site: Site) -> None:
    feed = follow(site.database, OLD, "A")
    failed(site, feed, Unreachable(OLD, "its TLS certificate is not valid: …").because("tls-expired"))
    page = words(site.get(f"/feeds/{feed}").text)
    assert "The reason: its security certificate has expired. Its owner has to renew it" in page
    assert "Since November 24, 2026, 2:00" in page
    assert "son certificat de sécurité a expiré" in site.get(f"/feeds/{feed}", "fr").text


def test_a_feed_that_is_gone_says_so_from_the_first(site: Site) -> None:
    feed = follow(site.database, OLD, "A")
    error = Gone(OLD, "the server answered 410 (Gone)").because("status", status=410)
    failed(site, feed, error, Withdrawn(since=NOW, times=1, stopped_at=None))
    page = site.get(f"/feeds/{feed}").text
    assert "The publisher has removed this feed for good." in page
    assert "It is asked again for two days" in page
    failed(site, feed, error, Withdrawn(since=NOW - 3 * DAY, times=9, stopped_at=NOW))
    page = site.get(f"/feeds/{feed}").text
    assert "it is asked no more" in page
    assert "Next try" not in page


def test_nothing_is_told_of_a_feed_that_was_never_fetched(site: Site) -> None:
    feed = follow(site.database, OLD, "A")
    page = site.get(f"/feeds/{feed}").text
    assert "not fetched yet" in page
    assert "Publishes" not in page


# ── check now ────────────────────────────────────────────────────────────────────────────────────


def test_check_now_makes_the_feed_due(site: Site) -> None:
    feed = follow(site.database, OLD, "A")
    error = Gone(OLD, "the server answered 410 (Gone)")
    failed(site, feed, error, Withdrawn(since=NOW - 3 * DAY, times=9, stopped_at=NOW))
    answer = site.post(f"/feeds/{feed}/check", list="1", order="silent")
    assert answer.location == "/feeds?order=silent"
    assert site.refreshes == [False]
    found = known(site, feed).state
    assert found.next_fetch_at == NOW
    assert found.gone is not None
    assert found.gone.stopped_at is None
    with site.database.write() as connection:
        assert len(feeds.claim_due(connection, "me", now=NOW, lease=HOUR)) == 1


def test_a_feed_is_not_checked_again_and_again(site: Site) -> None:
    feed = follow(site.database, OLD, "A")
    just_now = NOW - timedelta(seconds=20)
    with site.database.write() as connection:
        schedule = Schedule(checked_at=just_now, next_fetch_at=NOW + HOUR, interval=HOUR)
        feeds.record_success(connection, feed, schedule, validators=Validators(), body_hash="x")
    site.post(f"/feeds/{feed}/check")
    assert known(site, feed).state.next_fetch_at == just_now + timedelta(minutes=1)


# ── moved ────────────────────────────────────────────────────────────────────────────────────────


def test_the_new_address_can_be_taken_at_once(site: Site) -> None:
    feed = follow(site.database, OLD, "A")
    checked(site, feed, move=Move(url=NEW, since=NOW, times=1))
    page = site.get(f"/feeds/{feed}").text
    assert NEW in page
    assert "Take the new address now" in page
    answer = site.post(f"/feeds/{feed}/adopt")
    assert answer.headers["Location"] == f"/feeds/{feed}"
    found = known(site, feed)
    assert (found.feed.url, found.state.move) == (NEW, None)
    assert site.post(f"/feeds/{feed}/adopt").status_code == 400


def test_taking_the_address_of_another_feed_makes_the_two_one(site: Site) -> None:
    old, new = follow(site.database, OLD, "Old"), follow(site.database, NEW, "New")
    (starred,) = publish(site.database, old, an_entry("One"))
    with site.database.write() as connection:
        marking.set_starred(connection, owner(site.database), starred, starred=True, now=NOW)
    publish(site.database, new, an_entry("One"), an_entry("Two"))
    checked(site, old, move=Move(url=NEW, since=NOW, times=1))
    answer = site.post(f"/feeds/{old}/adopt")
    assert answer.headers["Location"] == f"/feeds/{new}"
    assert site.get(f"/feeds/{old}").status_code == 404
    assert known(site, new).unread == 2
    assert "One" in site.get("/?view=starred").text


# ── paused ───────────────────────────────────────────────────────────────────────────────────────


def test_pause_and_resume(site: Site) -> None:
    feed = follow(site.database, OLD, "A")
    site.post(f"/feeds/{feed}/pause", paused=1)
    assert known(site, feed).paused_at == NOW
    page = site.get(f"/feeds/{feed}").text
    assert "You paused this feed on November 24, 2026" in page
    assert "Check now" not in page
    assert "paused" in site.get("/feeds").text
    site.post(f"/feeds/{feed}/pause", paused=0)
    assert known(site, feed).paused_at is None
    assert site.refreshes == [False]


def test_a_paused_feed_that_failed_is_no_trouble(site: Site) -> None:
    feed = follow(site.database, OLD, "A")
    failed(site, feed, Unreachable(OLD, "no answer"))
    assert ">In trouble<" in site.get("/feeds").text
    site.post(f"/feeds/{feed}/pause", paused=1)
    assert ">In trouble<" not in site.get("/feeds").text


# ── strangers ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("action", ["check", "adopt", "pause"])
def test_only_who_follows_a_feed_tends_it(site: Site, action: str) -> None:
    with site.database.write() as connection:
        feed = feeds.ensure_feed(connection, OLD, title="A", site_url=None, now=NOW + DAY)
        connection.execute(update(feed_states).values(moved_to=NEW, moved_since=NOW))
    assert site.post(f"/feeds/{feed}/{action}", paused=1).status_code == 404
    assert site.client.post(f"/feeds/{feed}/{action}").status_code == 400
    with site.database.read() as connection:
        due = select(feed_states.c.next_fetch_at, feed_states.c.moved_to)
        assert tuple(connection.execute(due).one()) == (NOW + DAY, NEW)
