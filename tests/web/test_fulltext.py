"""The full text of an article on its page, and the choice on the page of its feed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response
from library import NOW, an_entry, follow, owner, publish
from newspage import BEGINNING, PAGE, TEASER, TITLE, html

from aggregator.domain import PageText, SafeHtml
from aggregator.errors import BadStatus, FeedError, Gone, NoFullText, NotAPage, TooLarge, Unreachable
from aggregator.storage import fulltexts, subscriptions, users, wantedtexts
from web.fulltext import page_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webapp import Site

WHOLE = "Kervadec mended the bridge in the harbour. " * 40


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with FeedServer({"/pont": html(PAGE), "/paid": Response(status=402)}) as running:
        yield running


@pytest.fixture
def feed(site: Site) -> int:
    return follow(site.database, "https://fanal.example/feed", "Le Fanal", language="fr")


def article(site: Site, feed: int, url: str | None, text: str = TEASER) -> int:
    return publish(site.database, feed, an_entry(TITLE, url=url, text=text))[0]


def complete(site: Site, entry_id: int) -> None:
    page = PageText(
        url="https://www.fanal.example/pont", title="", html=SafeHtml(f"<p>{WHOLE}</p>"), text=WHOLE
    )
    with site.database.write() as connection:
        fulltexts.record_full_text(connection, entry_id, page, now=NOW - timedelta(hours=2))


def plain(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_full_text_is_read_on_demand_and_the_feeds_own_is_a_click_away(
    site: Site, feed: int, server: FeedServer
) -> None:
    entry = article(site, feed, server.url("/pont"))
    path = f"/entries/{entry}"
    assert "Read the full text" in site.get(path).text
    assert "Lire le texte entier" in site.get(path, "fr").text
    answer = site.post(f"{path}/full-text", **{"in": "feed-1", "keep": "unread"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}?keep=unread&in=feed-1")
    assert site.refreshes == [False]  # which links it
    page = site.get(path).text
    assert BEGINNING in page
    assert 'loading="lazy"' in page
    assert "The full text, from 127.0.0.1" in page
    assert "Read the full text" not in page
    own = site.get(f"{path}?text=feed&in=feed-1").text
    assert BEGINNING not in own
    assert "This is what the feed sent. Read the full text" in plain(own)
    assert f'href="{path}?in=feed-1"' in own


def test_a_text_that_seems_whole_has_the_button_among_the_tools_alone(site: Site, feed: int) -> None:
    entry = article(site, feed, "https://fanal.example/pont", text="word " * 200)
    page = site.get(f"/entries/{entry}").text
    assert "Read the full text" not in page
    assert 'data-key="f">Full text</button>' in page


def test_an_entry_without_a_page_has_no_button(site: Site, feed: int) -> None:
    page = site.get(f"/entries/{article(site, feed, None)}").text
    assert "full-text" not in page


def test_why_there_is_none_is_said(site: Site, feed: int, server: FeedServer) -> None:
    entry = article(site, feed, server.url("/paid"))
    site.post(f"/entries/{entry}/full-text", language="fr")
    assert site.refreshes == []
    page = site.get(f"/entries/{entry}", "fr").text
    assert "peut-être faut-il s’abonner" in page
    assert TEASER in page


def status(kind: type[BadStatus], number: int) -> FeedError:
    return kind("u", "d").because("status", status=number)


SENTENCES: list[tuple[FeedError, str]] = [
    (status(BadStatus, 403), "perhaps one has to subscribe"),
    (status(BadStatus, 404), "is gone."),
    (status(Gone, 410), "is gone."),
    (status(BadStatus, 500), "does not give the page. The reason: the error 500."),
    (NotAPage("u", "d").because("page-not-html", type="application/pdf"), "a file (application/pdf)"),
    (TooLarge("u", "d"), "The page is too large."),
    (Unreachable("u", "d").because("slow", seconds="15"), "no answer within 15 s"),
    (NoFullText("u", "d").because("page-other"), "the page holds another text"),
    (FeedError("u", "d"), "The full text could not be had."),
]


def test_reasons_in_words(site: Site) -> None:
    with site.app.test_request_context():
        for error, sentence in SENTENCES:
            assert sentence in page_sentence(error.code, error.reason)


def test_that_it_was_edited_since_is_said(site: Site, feed: int) -> None:
    entry = article(site, feed, "https://fanal.example/pont")
    complete(site, entry)
    assert "edited the article since" not in site.get(f"/entries/{entry}").text
    article(site, feed, "https://fanal.example/pont", text="The bridge is open again.")
    page = site.get(f"/entries/{entry}").text
    assert WHOLE.strip() in page
    assert "edited the article since" in page
    assert "Fetch it again" in page
    versions = plain(site.get(f"/entries/{entry}/versions").text)
    assert "The bridge is open again." in versions
    assert "Kervadec" not in versions


def test_who_does_not_follow_the_feed_cannot_ask(site: Site, feed: int, server: FeedServer) -> None:
    entry = article(site, feed, server.url("/pont"))
    with site.database.write() as connection:
        subscriptions.unsubscribe(connection, owner(site.database), feed)
    server.requests.clear()
    assert site.post(f"/entries/{entry}/full-text").status_code == 404
    assert site.post(f"/feeds/{feed}/full-text", always="1").status_code == 404
    assert server.requests == []


def test_a_person_asks_so_often_and_no_more(site: Site, feed: int) -> None:
    entry = article(site, feed, None)
    form = {"csrf_token": site.token()}
    answers = [site.client.post(f"/entries/{entry}/full-text", data=form).status_code for _ in range(61)]
    assert answers == [303] * 60 + [429]


def test_always_is_a_choice_on_the_page_of_the_feed(site: Site, feed: int) -> None:
    path = f"/feeds/{feed}"
    assert "Always fetch the full text" in site.get(path).text
    assert site.post(f"{path}/full-text", always="1").headers["Location"] == path
    with site.database.read() as connection:
        kept = subscriptions.get_subscription(connection, owner(site.database), feed)
    assert kept.full_text_since == NOW
    full, failed, _ = publish(
        site.database,
        feed,
        *(an_entry(title, url=f"https://fanal.example/{title}") for title in ("One", "Two", "Three")),
    )
    complete(site, full)
    with site.database.write() as connection:
        wantedtexts.record_failure(connection, failed, status(BadStatus, 403), now=NOW)
        wantedtexts.put_off(connection, [failed], until=None)
    page = plain(site.get(path).text)
    assert "1 with their full text, 1 waiting, 1 without. The last failure: The site does not show" in page
    assert "Texte entier, toujours" in plain(site.get(path, "fr").text)
    site.post(f"{path}/full-text", always="0")
    assert "Always fetch the full text" in site.get(path).text
    assert site.post(f"{path}/full-text", always="x").status_code == 400


def test_the_wish_is_a_persons_own(site: Site, feed: int) -> None:
    with site.database.write() as connection:
        ana = users.add_user(connection, "ana", role="reader", password_hash="x", now=NOW)
        subscriptions.subscribe(connection, ana, feed, title=None, category=(), now=NOW)
        wantedtexts.want_always(connection, owner(site.database), feed, since=NOW)
    with site.database.read() as connection:
        assert subscriptions.get_subscription(connection, ana, feed).full_text_since is None
