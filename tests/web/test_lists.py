"""The lists of entries: what is in them, in which order, and what may be done with all of them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, owner, publish, total_unread

from aggregator.domain import Schedule, Validators
from aggregator.errors import FeedError, Unreachable
from aggregator.storage import feeds, runs

if TYPE_CHECKING:
    from webapp import Site


def titles(page: str) -> list[str]:
    return re.findall(r'<span class="words"><a href="/entries/\d+[^"]*">([^<]*)</a>', page)


def unread(site: Site) -> int:
    reader = owner(site.database)
    with site.database.read() as connection:
        return total_unread(connection, reader)


def check(site: Site, feed: int, error: FeedError | None = None) -> None:
    schedule = Schedule(checked_at=NOW, next_fetch_at=NOW, interval=timedelta(hours=1))
    with site.database.write() as connection:
        if error:
            feeds.record_failure(connection, feed, schedule, error)
        else:
            feeds.record_success(connection, feed, schedule, validators=Validators(), body_hash="x")


@pytest.fixture
def feed(site: Site) -> int:
    return follow(site.database, "https://journal.example/feed", "Le Journal")


def test_unread_newest_first_under_the_headings_of_their_days(site: Site, feed: int) -> None:
    publish(site.database, feed, an_entry("Older", days=30), an_entry("Today"), an_entry("Yesterday", days=1))
    page = site.get("/").text
    assert titles(page) == ["Today", "Yesterday", "Older"]
    assert re.findall(r"<h2>([^<]*)</h2>", page) == ["Today", "Yesterday", "Sunday, October 25"]
    assert "Le Journal" in page


def test_days_and_ages_in_french(site: Site, feed: int) -> None:
    publish(site.database, feed, an_entry("A"), an_entry("B", days=1), an_entry("C", days=700))
    page = site.get("/", "fr").text
    assert re.findall(r"<h2>([^<]*)</h2>", page) == ["Aujourd’hui", "Hier", "Mardi 24 décembre 2024"]
    assert "il y a 1\N{NO-BREAK SPACE}h" in page


def test_unread_leaves_out_what_was_read_and_all_does_not(site: Site, feed: int) -> None:
    first, _ = publish(site.database, feed, an_entry("One"), an_entry("Two", days=1))
    site.post(f"/entries/{first}/read", read="1")
    assert titles(site.get("/").text) == ["Two"]
    assert titles(site.get("/?view=all").text) == ["One", "Two"]


def test_starred(site: Site, feed: int) -> None:
    _, second = publish(site.database, feed, an_entry("One"), an_entry("Two", days=1))
    site.post(f"/entries/{second}/star", starred="1")
    page = site.get("/?view=starred").text
    assert titles(page) == ["Two"]
    assert "★" in page


def test_titles_in_another_language_than_the_page_say_so(site: Site) -> None:
    french = follow(site.database, "https://fr.example/", "Le Journal", language="fr")
    english = follow(site.database, "https://en.example/", "The Paper", language="en")
    unknown = follow(site.database, "https://any.example/", "Any")
    for feed, title in ((french, "La nuit"), (english, "The night"), (unknown, "???")):
        publish(site.database, feed, an_entry(title))

    def marked(path: str, language: str) -> list[tuple[str, str]]:
        pattern = r'<span class="words"(?: lang="(..)")?><a href="[^"]+">([^<]+)</a>'
        return sorted(re.findall(pattern, site.get(path, language).text))

    assert marked("/", "en") == [("", "???"), ("", "The night"), ("fr", "La nuit")]
    assert marked("/", "fr") == [("", "???"), ("", "La nuit"), ("en", "The night")]
    assert marked("/search?q=text+feed:journal", "en") == [("fr", "La nuit")]
    assert marked(f"/feeds/{french}", "en") == [("fr", "La nuit")]


def test_an_unknown_view_is_the_unread_one(site: Site, feed: int) -> None:
    publish(site.database, feed, an_entry("One"))
    assert titles(site.get("/?view=nonsense").text) == ["One"]


@pytest.mark.parametrize("view", ["unread", "all"])
def test_older_pages_go_on_where_the_last_one_ended(site: Site, feed: int, view: str) -> None:
    written = [f"Entry {number}" for number in range(120)]
    # Ten at one moment each, so that pages end among equals.
    publish(site.database, feed, *(an_entry(title, days=i // 10) for i, title in enumerate(written)))
    seen: list[str] = []
    address: str | None = f"/?view={view}"
    while address:
        page = site.get(address).text
        seen += titles(page)
        older = re.search(r'<p class="more"><a href="([^"]+)"', page)
        address = older[1].replace("&amp;", "&") if older else None
    assert len(seen) == 120
    assert set(seen) == set(written)


def test_what_arrives_while_paging_moves_nothing(site: Site, feed: int) -> None:
    publish(site.database, feed, *(an_entry(f"Entry {number}", days=number) for number in range(60)))
    older = re.search(r'<p class="more"><a href="([^"]+)"', site.get("/").text)
    assert older is not None
    publish(site.database, feed, an_entry("Breaking"))
    assert titles(site.get(older[1]).text) == [f"Entry {number}" for number in range(50, 60)]


@pytest.mark.parametrize("mark", ["", "x", "1", "1-2-3", f"{10**18 - 1}-1", f"-{10**17}-1", "²-²", "%00"])
def test_a_mark_without_meaning_is_the_first_page(site: Site, feed: int, mark: str) -> None:
    publish(site.database, feed, an_entry("One"))
    answer = site.get(f"/?before={mark}")
    assert answer.status_code == 200
    assert titles(answer.text) == ["One"]


def test_an_entry_without_title_shows_its_first_words(site: Site, feed: int) -> None:
    publish(site.database, feed, an_entry("", text="A snail ate all the basil."))
    assert titles(site.get("/").text) == ["A snail ate all the basil."]


# ── mark all read ────────────────────────────────────────────────────────────────────────────────


def read_all_fields(page: str) -> dict[str, str]:
    form = re.search(r'<form method="post" action="/read-all">(.*?)</form>', page, re.DOTALL)
    assert form is not None
    return dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[1]))


def test_marking_all_leaves_what_arrived_after_the_page_was_shown(site: Site, feed: int) -> None:
    publish(site.database, feed, an_entry("Seen"), an_entry("Also seen", days=3))
    fields = read_all_fields(site.get("/").text)
    publish(site.database, feed, an_entry("Late"))
    answer = site.client.post("/read-all", data=fields)
    assert (answer.status_code, answer.location) == (303, "/")
    page = site.get("/").text
    assert titles(page) == ["Late"]
    assert "2 articles marked as read." in page


def test_marking_all_of_one_feed_leaves_the_others(site: Site, feed: int) -> None:
    other = follow(site.database, "https://other.example/feed", "Other")
    publish(site.database, feed, an_entry("Mine"))
    publish(site.database, other, an_entry("Theirs"))
    fields = read_all_fields(site.get(f"/feeds/{feed}").text)
    answer = site.client.post("/read-all", data=fields)
    assert (answer.status_code, answer.location) == (303, f"/feeds/{feed}")
    assert titles(site.get("/").text) == ["Theirs"]


@pytest.mark.parametrize("up_to", [None, "", "x", "-1", "1e3", "99999999999999", "²"])
def test_marking_all_needs_to_know_up_to_where(site: Site, feed: int, up_to: str | None) -> None:
    publish(site.database, feed, an_entry("One"))
    fields = {} if up_to is None else {"up_to": up_to}
    assert site.post("/read-all", **fields).status_code == 400
    assert unread(site) == 1


# ── empty ────────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_library_welcomes(site: Site) -> None:
    page = site.get("/").text
    assert "<h1>Welcome</h1>" in page
    for way in ('action="/feeds"', 'href="/import"', 'action="/starter"', "lire-aussi demo"):
        assert way in page


def test_the_starter_list_is_ticked_in_the_language_of_the_reader(site: Site) -> None:
    for language, other in (("fr", "en"), ("en", "fr")):
        page = site.get("/", language).text
        fieldsets = dict(re.findall(r'<fieldset lang="(..)">(.*?)</fieldset>', page, re.DOTALL))
        assert "checked" in fieldsets[language]
        assert "checked" not in fieldsets[other]
        assert page.index(f'<fieldset lang="{language}">') < page.index(f'<fieldset lang="{other}">')


def test_taking_some_of_the_starter_list(site: Site) -> None:
    offered = re.findall(r'name="feed" value="([^"]+)"', site.get("/").text)
    answer = site.post("/starter", feed=[offered[0], offered[2], "https://not.on.the.list.example/"])
    assert (answer.status_code, answer.location) == (303, "/")
    page = site.get("/feeds").text
    assert "You now follow 2 feeds." in page
    assert "not.on.the.list" not in page
    assert site.refreshes == [False]


def test_taking_none_of_the_starter_list_says_so(site: Site) -> None:
    site.post("/starter")
    assert "Tick at least one feed." in site.get("/").text
    assert site.refreshes == []


def test_all_read(site: Site, feed: int) -> None:
    (only,) = publish(site.database, feed, an_entry("One"))
    site.post(f"/entries/{only}/read", read="1")
    assert "All is read." in site.get("/").text
    assert "Tout est lu." in site.get("/", "fr").text


def test_no_star_yet(site: Site, feed: int) -> None:
    assert "No star yet." in site.get("/?view=starred").text


@pytest.mark.parametrize("path", ["/", "/?view=all"])
def test_feeds_that_were_not_fetched_yet(site: Site, feed: int, path: str) -> None:
    assert "Your feeds are being fetched." in site.get(path).text
    page = site.get(path, "fr").text
    assert "Vos flux sont en cours de récupération." in page
    assert "Tout est lu." not in page


@pytest.mark.parametrize("path", ["/", "/?view=all"])
def test_feeds_that_were_fetched_and_hold_nothing(site: Site, feed: int, path: str) -> None:
    check(site, feed)
    assert "No article yet." in site.get(path).text
    with site.database.write() as connection:
        feeds.claim_due(connection, "run", now=NOW, lease=timedelta(minutes=9), everything=True)
        runs.start_run(connection, feeds=1, now=NOW)
    assert "Your feeds are being fetched." in site.get(path).text


@pytest.mark.parametrize("path", ["/", "/?view=all"])
def test_feeds_that_all_fail(site: Site, feed: int, path: str) -> None:
    check(site, feed, Unreachable("https://journal.example/feed", "no answer within 30 s"))
    page = site.get(path).text
    assert "None of your feeds can be fetched." in page
    assert '<a class="button" href="/feeds">' in page
    assert "All is read." not in page
    check(site, follow(site.database, "https://other.example/feed", "Other"))
    assert "None of your feeds can be fetched." not in site.get(path).text


def test_past_the_end(site: Site, feed: int) -> None:
    publish(site.database, feed, an_entry("One"))
    assert "This is the end of the list." in site.get("/?before=0-1").text


# ── refresh ──────────────────────────────────────────────────────────────────────────────────────


def test_refresh_asks_by_hand_and_returns(site: Site, feed: int) -> None:
    answer = site.post("/refresh")
    assert (answer.status_code, answer.location) == (303, "/")
    assert site.refreshes == [True]
    assert "except those that fail or were checked minutes ago" in site.get("/").text
