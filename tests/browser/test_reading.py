"""The main flows as a person does them, with JavaScript and without."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from feedserver import FeedServer, Response
from library import NOW, an_entry, follow, link, publish
from newspage import BEGINNING, PAGE, TEASER, TITLE, html
from pictures import picture

from aggregator.domain import Schedule, Validators
from aggregator.storage import feeds

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page
    from webapp import Site

NEWSPAPER = {"/pont": html(PAGE), "/ville/img/pont.jpg": Response(body=picture())}
OPML = """<opml version="2.0"><body><outline text="Presse">
<outline text="One" xmlUrl="https://one.example/rss"/></outline>
<outline text="Bad" xmlUrl="file:///etc/passwd"/></body></opml>"""


@pytest.fixture
def entries(site: Site) -> list[int]:
    """Two that are linked, one that is not."""
    journal = follow(site.database, "https://journal.example/feed", "Le Journal", category=("Presse",))
    other = follow(site.database, "https://other.example/feed", "The Other")
    (old,) = publish(
        site.database, other, an_entry("The first report", days=3, text="Orlov meets Kim. " * 60)
    )
    new, alone = publish(
        site.database,
        journal,
        an_entry("What came of it", text="Orlov left. " * 60),
        an_entry("A snail", days=1),
    )
    link(site.database, new, old, why=("Orlov", "Kim"))
    return [new, alone, old]


def rows(page: Page) -> list[str]:
    return page.locator(".row a").all_inner_texts()


def test_from_the_list_to_an_article_to_what_to_read_with_it(page: Page, entries: list[int]) -> None:
    page.goto("/")
    assert rows(page) == ["What came of it", "A snail", "The first report"]
    page.get_by_role("link", name="What came of it").click()
    assert page.get_by_role("heading", level=1).inner_text() == "What came of it"
    there = page.locator("#lire-aussi")
    assert "In common: Orlov, Kim" in there.inner_text()
    there.get_by_role("link", name="The first report").click()
    assert page.get_by_role("heading", level=1).inner_text() == "The first report"
    assert page.locator("#lire-aussi").get_by_role("link", name="What came of it").is_visible()


def test_star(page: Page, entries: list[int]) -> None:
    page.goto(f"/entries/{entries[0]}")
    page.get_by_role("button", name="Star").click()
    page.get_by_role("button", name="Star", pressed=True).wait_for()
    page.get_by_role("link", name="Starred").click()
    assert rows(page) == ["What came of it"]


def test_the_full_text_and_what_the_feed_sent(page: Page, site: Site) -> None:
    with FeedServer(NEWSPAPER) as server:
        feed = follow(site.database, server.url("/feed"), "Le Fanal")
        (entry,) = publish(site.database, feed, an_entry(TITLE, text=TEASER, url=server.url("/pont")))
        page.goto(f"/entries/{entry}")
        page.get_by_role("button", name="Read the full text").click()
        page.get_by_text("The full text, from 127.0.0.1").wait_for()
        assert BEGINNING in page.locator(".text").inner_text()
        page.get_by_role("link", name="Feed’s text").click()
        page.get_by_text("This is what the feed sent.").wait_for()
        assert BEGINNING not in page.locator(".text").inner_text()
        page.get_by_role("link", name="Read the full text").click()
        page.get_by_text("The full text, from 127.0.0.1").wait_for()


@pytest.mark.slow
def test_the_full_text_by_keys(scripted_page: Page, site: Site) -> None:
    with FeedServer(NEWSPAPER, latency=0.2) as server:
        feed = follow(site.database, server.url("/feed"), "Le Fanal")
        (entry,) = publish(site.database, feed, an_entry(TITLE, text=TEASER, url=server.url("/pont")))
        scripted_page.goto(f"/entries/{entry}")
        scripted_page.keyboard.press("f")
        for words in (
            "Le texte entier, pris sur",
            "Voici ce que le flux a envoyé",
            "Le texte entier, pris sur",
        ):
            scripted_page.keyboard.press("f")
            scripted_page.get_by_text(words).wait_for()
            assert Axe().run(scripted_page).violations_count == 0
        assert server.paths().count("/pont") == 1


def test_mark_all_read(page: Page, site: Site, entries: list[int]) -> None:
    page.goto("/")
    publish(site.database, 1, an_entry("Late"))
    page.get_by_role("button", name="Mark all as read").click()
    page.get_by_text("3 articles marked as read.").wait_for()
    assert rows(page) == ["Late"]


def test_search(page: Page, entries: list[int]) -> None:
    page.goto("/feeds")
    box = page.get_by_role("searchbox", name="Search your articles")
    box.fill("snail")
    box.press("Enter")
    page.get_by_text("1 article", exact=True).wait_for()
    assert rows(page) == ["A snail"]
    assert box.input_value() == "snail"


def test_import_after_a_look(page: Page, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "feeds.opml"
    file.write_text(OPML)
    page.goto("/")
    page.get_by_role("link", name="Import an OPML file").click()
    page.get_by_label("OPML file").set_input_files(file)
    page.get_by_role("button", name="Look first").click()
    page.get_by_role("button", name="Add these feeds").click()
    page.get_by_text("0 of 1 fetched").wait_for()
    checked = Schedule(checked_at=NOW, next_fetch_at=NOW, interval=timedelta(hours=1))
    with site.database.write() as connection:
        feeds.record_success(connection, 1, checked, validators=Validators(), body_hash="x")
    page.get_by_role("heading", name="Import finished").wait_for()  # by itself
    assert "The address does not begin with http:// or https://." in page.locator("main").inner_text()
    assert site.refreshes == [False]
    page.get_by_role("link", name="See your feeds").click()
    assert page.locator(".feeds a").all_inner_texts() == ["One"]


def test_the_starter_list(page: Page, site: Site) -> None:
    page.goto("/")
    ticked = page.locator('input[name="feed"]:checked').count()
    page.get_by_role("button", name="Follow the ticked feeds").click()
    page.get_by_text(f"You now follow {ticked} feeds.").wait_for()
    page.get_by_role("link", name="Feeds", exact=True).click()
    assert page.locator(".feeds tbody tr").count() == ticked


def test_remove_a_feed(page: Page, entries: list[int]) -> None:
    page.goto("/feeds")
    page.get_by_role("button", name="Remove Le Journal").click()
    page.get_by_text("You no longer follow “Le Journal”.").wait_for()
    assert page.locator(".feeds a").all_inner_texts() == ["The Other"]
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("You follow “Le Journal” again.").wait_for()
    assert page.get_by_role("cell", name="Presse").is_visible()


# ── with script only ─────────────────────────────────────────────────────────────────────────────


def test_an_article_that_is_seen_becomes_read(scripted_page: Page, entries: list[int]) -> None:
    scripted_page.goto(f"/entries/{entries[0]}")
    scripted_page.get_by_role("button", name="Marquer comme non lu").wait_for()
    scripted_page.goto("/")
    assert rows(scripted_page) == ["A snail", "The first report"]


def test_an_article_that_is_kept_unread_stays_so(scripted_page: Page, entries: list[int]) -> None:
    scripted_page.goto(f"/entries/{entries[0]}")
    scripted_page.get_by_role("button", name="Marquer comme non lu").click()
    scripted_page.get_by_role("button", name="Marquer comme lu").wait_for()
    scripted_page.reload()
    assert scripted_page.get_by_role("button", name="Marquer comme lu").is_visible()
    scripted_page.goto("/")
    assert len(rows(scripted_page)) == 3


# ── the look ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def many(site: Site) -> int:
    """The id of an article with a title of three lines, among many."""
    feed = follow(site.database, "https://journal.example/feed", "Le Journal", category=("Presse",))
    text = "Le conseil municipal a voté hier soir le budget de la commune après un long débat public. " * 30
    title = "Dans la vallée, les habitants attendent depuis trois ans la réouverture de la ligne de train"
    (number,) = publish(site.database, feed, an_entry(title, text=text, author="Ada Lovelace"))
    publish(site.database, feed, *(an_entry(f"Article {n}", text=text, days=n / 8) for n in range(60)))
    return number


def test_the_text_begins_high_and_its_lines_are_easy_to_follow(scripted_page: Page, many: int) -> None:
    scripted_page.goto(f"/entries/{many}")
    paragraph = scripted_page.locator(".text p").first
    box = paragraph.bounding_box()
    assert box is not None
    assert box["y"] <= 220
    size, lines = paragraph.evaluate(
        """p => {
            const style = getComputedStyle(p);
            const height = p.getBoundingClientRect().height;
            return [parseFloat(style.fontSize), height / parseFloat(style.lineHeight)];
        }"""
    )
    assert 18 <= size <= 19
    letters = len(paragraph.inner_text())
    assert 62 <= letters / lines <= 74


def test_fourteen_entries_are_seen_at_once(scripted_page: Page, many: int) -> None:
    scripted_page.goto("/")
    seen = scripted_page.locator(".row").evaluate_all(
        "rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"
    )
    assert seen >= 14


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_scrolls_sideways_and_targets_are_large(
    chromium: Browser, address: str, many: int, width: int, scheme: Literal["light", "dark"]
) -> None:
    touch = width < 800
    with chromium.new_context(
        base_url=address,
        service_workers="block",
        locale="fr-FR",
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        has_touch=touch,
    ) as context:
        page = context.new_page()
        for path in ("/", f"/entries/{many}", "/feeds", "/feeds/1", "/import", "/search?q=conseil", "/nope"):
            page.goto(path)
            wide = page.evaluate(
                "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
            )
            assert wide == 0, path
            small = page.locator("a:visible, button:visible, summary:visible").evaluate_all(
                """(all, least) => all.filter(e => {
                    const box = e.getBoundingClientRect();
                    const whole_row = getComputedStyle(e, '::after').position === 'absolute';
                    return box.width > 1 && box.height < least && !whole_row && !e.closest('.text, .skip');
                }).map(e => e.outerHTML)""",
                44 if touch else 24,
            )
            assert small == [], path


def test_tab_reaches_the_content_first_and_focus_is_seen(scripted_page: Page, many: int) -> None:
    scripted_page.goto("/")
    scripted_page.keyboard.press("Tab")
    skip = scripted_page.locator(":focus")
    assert skip.inner_text() == "Aller au contenu"
    box = skip.bounding_box()
    assert box is not None
    assert box["y"] >= 0
    scripted_page.keyboard.press("Enter")
    scripted_page.wait_for_url("**/#main")
    scripted_page.keyboard.press("Tab")
    style = scripted_page.locator(":focus").evaluate("e => getComputedStyle(e).outlineStyle")
    assert style == "solid"


def test_one_heading_of_the_first_level_and_the_landmarks(page: Page, entries: list[int]) -> None:
    for path in ("/", f"/entries/{entries[0]}", "/feeds", "/feeds/1", "/import", "/search?q=snail"):
        page.goto(path)
        for landmark in ("h1", "header.top", "nav.views", "main", "[role=search]"):
            assert page.locator(landmark).count() == 1, (path, landmark)
        assert re.fullmatch(r".+ – Lire aussi", page.title())
