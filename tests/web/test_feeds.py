"""The feeds a person follows: the list, one feed, adding and removing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response
from library import NOW, a_document, an_entry, follow, owner, publish

from aggregator.domain import Schedule, Validators
from aggregator.errors import BadStatus, FeedError, Unreachable
from aggregator.storage import feeds, subscriptions

if TYPE_CHECKING:
    from webapp import Site

RSS = b"""<rss version="2.0"><channel><title>A loopback journal</title>
<item><title>One</title><guid>1</guid></item></channel></rss>"""
PAGE = b"""<html><head><title>Home</title>
<link rel="alternate" type="application/rss+xml" title="News" href="/news">
%s</head><body>Welcome</body></html>"""
SECOND = b'<link rel="alternate" type="application/atom+xml" title="Comments" href="/comments">'
HTML = {"Content-Type": "text/html"}


def checked(site: Site, feed_id: int, error: FeedError | None = None, *, days: float = 0) -> None:
    schedule = Schedule(
        checked_at=NOW - timedelta(days=days, minutes=7),
        next_fetch_at=NOW + timedelta(minutes=23),
        interval=timedelta(hours=1),
    )
    with site.database.write() as connection:
        if error is None:
            feeds.record_success(connection, feed_id, schedule, validators=Validators(), body_hash="x")
        else:
            feeds.record_failure(connection, feed_id, schedule, error)


def shown(page: str) -> list[str]:
    """The names in the list of feeds."""
    table = page[page.index('<table class="feeds">') :] if "<table" in page else ""
    return re.findall(r'<a href="/feeds/\d+">([^<]*)</a>', table)


def test_each_feed_with_its_category_its_figures_and_its_health(site: Site) -> None:
    news = follow(site.database, "https://a.example/", "A News", category=("Presse", "Nationale"))
    follow(site.database, "https://b.example/", "B Loose")
    publish(site.database, news, an_entry("One"), an_entry("Two", days=3), an_entry("Old", days=40))
    checked(site, news)
    page = site.get("/feeds").text
    cells = [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<td.*?</td>", page)]
    assert cells[1:7] == ["Presse › Nationale", "2", "1h ago", "7m ago", "3", "Remove"]
    assert "not fetched yet" in cells
    assert "il y a 7\N{NO-BREAK SPACE}min" in site.get("/feeds", "fr").text


def test_feeds_in_trouble_come_first_and_say_since_when_and_why(site: Site) -> None:
    follow(site.database, "https://a.example/", "A Fine")
    young = follow(site.database, "https://y.example/", "Young trouble")
    old = follow(site.database, "https://o.example/", "Old trouble")
    checked(
        site, young, Unreachable("https://y.example/", "no answer within 30 s").because("slow", seconds=30)
    )
    checked(
        site,
        old,
        BadStatus("https://o.example/", "the server answered 404 (Not Found)").because("status", status=404),
        days=9,
    )
    page = site.get("/feeds").text
    assert shown(page) == ["Old trouble", "Young trouble", "A Fine"]
    assert "The server answers with the error 404." in page
    assert "For 9 days." in page
    assert "Next try in 23m." in page
    french = site.get("/feeds", "fr").text
    assert "La raison\N{NO-BREAK SPACE}: pas de réponse en 30\N{NO-BREAK SPACE}s." in french
    assert "Depuis 9\N{NO-BREAK SPACE}jours." in french


def test_a_thousand_feeds_are_not_one_page(site: Site) -> None:
    for number in range(51):
        follow(site.database, f"https://s{number}.example/", f"Feed {number:03}")
    first, second = site.get("/feeds?order=name").text, site.get("/feeds?order=name&page=2").text
    assert len(shown(first)) == 50
    assert 'href="/feeds?page=2&amp;order=name"' in first
    assert shown(second) == ["Feed 050"]
    assert 'href="/feeds?order=name"' in second
    for odd in ("0", "-5", "x", "99999999999999999999"):
        assert site.get(f"/feeds?page={odd}").status_code == 200
    assert shown(site.get("/feeds?page=99").text) == ["Feed 050"]


def test_finding_and_ordering_feeds(site: Site) -> None:
    echo = follow(site.database, "https://a.example/", "L’Écho", category=("Presse", "Ici"))
    wire = follow(site.database, "https://wire.example/echo", "Wire", category=("Presse",))
    follow(site.database, "https://quiet.example/", "Quiet")
    publish(site.database, echo, an_entry("One", days=2), an_entry("Two", days=3))
    publish(site.database, wire, an_entry("Three", days=1))
    ways = {
        "": ["L’Écho", "Quiet", "Wire"],
        "?order=silent": ["Quiet", "L’Écho", "Wire"],
        "?order=busiest": ["L’Écho", "Wire", "Quiet"],
        "?q=ECHO": ["L’Écho", "Wire"],
        "?q=echo+wire": ["Wire"],
        "?in=1": ["L’Écho"],
        "?in=2": ["L’Écho", "Wire"],
        "?in=none": ["Quiet"],
        "?in=99&order=wrong": ["L’Écho", "Quiet", "Wire"],
        "?q=nowhere": [],
    }
    assert {way: shown(site.get(f"/feeds{way}").text) for way in ways} == ways


def test_one_feed_with_its_entries_and_facts(site: Site) -> None:
    feed = follow(site.database, "https://a.example/feed", "A News", category=("Presse",))
    other = follow(site.database, "https://b.example/feed", "B News")
    publish(site.database, feed, an_entry("Mine"))
    publish(site.database, other, an_entry("Theirs"))
    page = site.get(f"/feeds/{feed}").text
    assert "<h1>A News" in page
    assert "Mine" in page
    assert "Theirs" not in page
    for fact in ("Presse", "https://a.example/feed", "https://site.example/", "not fetched yet"):
        assert fact in page


def test_one_feed_with_its_rhythm_and_its_filters(site: Site) -> None:
    feed = follow(site.database, "https://a.example/feed", "A News", category=("Presse",))
    follow(site.database, "https://b.example/feed", "B News")
    assert "<svg" not in site.get(f"/feeds/{feed}").text
    publish(site.database, feed, *(an_entry(f"N° {n}", days=n % 5) for n in range(12)))
    site.post("/filters", scope='["Presse"]', title="coupe", action="hide")
    site.post("/filters", scope="2", title="monde", action="hide")
    page = site.get(f"/feeds/{feed}", "fr").text
    assert "12 articles en 8 semaines" in page
    assert "au plus 3 par jour (24 nov.)" in page
    assert re.findall(r'href="/filters/(\d+)"', page) == ["1"]
    assert f'href="/filters/new?scope={feed}"' in page


def test_past_the_end_of_a_feed(site: Site) -> None:
    feed = follow(site.database, "https://a.example/feed", "A News")
    publish(site.database, feed, an_entry("One"))
    page = site.get(f"/feeds/{feed}?before=1-1").text
    assert "This is the end of the list." in page
    assert "No article yet." not in page
    assert f'<a class="button" href="/feeds/{feed}">' in page


def test_one_feed_in_trouble_tells_all_it_knows(site: Site) -> None:
    feed = follow(site.database, "https://a.example/feed", "A News")
    for _ in range(3):
        checked(site, feed, BadStatus("https://a.example/feed", "the server answered 503"))
    page = site.get(f"/feeds/{feed}").text
    assert "3 tries failed." in page
    assert "Since November 24, 2026" in page
    assert "https://a.example/feed: the server answered 503" in page


@pytest.mark.parametrize("number", ["1", "2147483648", "9" * 40])
def test_an_unknown_feed_is_not_found(site: Site, number: str) -> None:
    assert site.get(f"/feeds/{number}").status_code == 404
    assert site.post(f"/feeds/{number}/remove").status_code == 404


def test_removing(site: Site) -> None:
    feed = follow(site.database, "https://a.example/feed", "A News")
    answer = site.post(f"/feeds/{feed}/remove")
    assert (answer.status_code, answer.location) == (303, "/feeds")
    page = site.get("/feeds").text
    assert "You no longer follow “A News”." in page
    assert "You follow no feed yet." in page
    assert site.get(f"/feeds/{feed}").status_code == 404


def undo_button(page: str) -> str:
    found = re.search(r'<button type="submit" name="removal" value="([^"]+)">', page)
    assert found is not None
    return found[1]


def test_a_removal_can_be_undone(site: Site) -> None:
    reader = owner(site.database)
    feed = follow(site.database, "https://a.example/feed", "A News", category=("Presse", "Ici"))
    with site.database.write() as connection:
        subscriptions.unsubscribe(connection, reader, feed)
        subscriptions.subscribe(
            connection, reader, feed, title="Mine", category=("Presse", "Là"), now=NOW - timedelta(days=9)
        )
    publish(site.database, feed, an_entry("One"))
    site.post(f"/feeds/{feed}/remove")
    page = site.get("/feeds").text
    assert shown(page) == []
    answer = site.post("/feeds/undo-removal", removal=undo_button(page))
    assert (answer.status_code, answer.location) == (303, "/feeds")
    assert "You follow “Mine” again." in site.get("/feeds").text
    with site.database.read() as connection:
        again = subscriptions.get_subscription(connection, reader, feed)
    assert (again.title, again.category, again.unread) == ("Mine", ("Presse", "Là"), 1)


def test_a_title_of_the_publisher_stays_the_publishers(site: Site) -> None:
    feed = follow(site.database, "https://a.example/feed", "A News")
    site.post(f"/feeds/{feed}/remove")
    site.post("/feeds/undo-removal", removal=undo_button(site.get("/feeds").text))
    with site.database.write() as connection:
        feeds.record_feed(connection, feed, a_document("Renamed"))
    assert "Renamed" in site.get("/feeds").text


def test_a_removal_is_undone_only_as_it_was(site: Site) -> None:
    feed = follow(site.database, "https://a.example/feed", "A News")
    site.post(f"/feeds/{feed}/remove")
    signed = undo_button(site.get("/feeds").text)
    for forged in ("", "x", signed[:-1], "WzEsbnVsbF0" + signed):
        assert site.post("/feeds/undo-removal", removal=forged).status_code == 400
    assert "You follow no feed yet." in site.get("/feeds").text


# ── adding ───────────────────────────────────────────────────────────────────────────────────────


def test_adding_the_address_of_a_feed(site: Site) -> None:
    with FeedServer({"/rss": Response(body=RSS)}) as server:
        answer = site.post("/feeds", url=f"  {server.url('/rss')} ")
    assert (answer.status_code, answer.location) == (303, "/feeds/1")
    assert site.refreshes == [False]
    page = site.get(answer.location).text
    assert "You now follow “A loopback journal”." in page
    assert "<h1>A loopback journal" in page


def test_adding_a_page_that_announces_one_feed(site: Site) -> None:
    routes = {"/": Response(body=PAGE % b"", headers=HTML), "/news": Response(body=RSS)}
    with FeedServer(routes) as server:
        answer = site.post("/feeds", url=server.url("/"))
        assert answer.location == "/feeds/1"
        assert server.url("/news") in site.get(answer.location).text


def test_adding_a_page_that_announces_several_offers_the_choice(site: Site) -> None:
    with FeedServer({"/": Response(body=PAGE % SECOND, headers=HTML)}) as server:
        answer = site.post("/feeds", url=server.url("/"))
        assert answer.status_code == 200
        assert "Which feed?" in answer.text
        offered = re.findall(r'<button type="submit" name="url" value="([^"]+)">', answer.text)
        assert offered == [server.url("/news"), server.url("/comments")]
    assert site.refreshes == []


def test_an_address_that_cannot_be_added_stays_in_the_form(site: Site) -> None:
    with FeedServer() as server:
        typed = server.url("/none")
        answer = site.post("/feeds", url=typed)
    assert answer.status_code == 422
    assert f'value="{typed}"' in answer.text
    assert "The server answers with the error 404." in answer.text
    assert 'role="alert"' in answer.text


def test_a_page_without_a_feed_says_where_one_was_looked_for(site: Site) -> None:
    with FeedServer({"/blog": Response(body=b"<html>Welcome", headers=HTML)}) as server:
        answer = site.post("/feeds", url=server.url("/blog"), language="fr")
    assert answer.status_code == 422
    assert "une page qui n’annonce aucun flux, et il n’y en a pas sous /blog/feed, /feed" in answer.text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Écrivez l’adresse d’un flux"),
        ("ftp://example.com/x", "l’adresse ne commence pas par http:// ou https://"),
        ("http://192.168.1.7/feed", "192.168.1.7 n’est pas sur l’Internet public"),
        ("https://a:b@example.com/", "l’adresse contient un nom d’utilisateur ou un mot de passe"),
        ("http://127.0.0.1:1/", "Le serveur ne répond pas."),
    ],
)
def test_a_bad_address_is_told_in_a_sentence(site: Site, typed: str, sentence: str) -> None:
    answer = site.post("/feeds", url=typed, language="fr")
    assert answer.status_code == 422
    assert sentence in answer.text


def test_adding_what_is_there_already(site: Site) -> None:
    follow(site.database, "https://a.example/feed", "A News")
    answer = site.post("/feeds", url="https://a.example/feed")
    assert answer.status_code == 422
    assert "You follow this feed already." in answer.text
