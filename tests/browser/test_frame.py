"""The frame in a browser: keys, looks, positions, and what axe-core finds wrong (nothing)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from library import an_entry, follow, link, publish

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from webapp import Site

PATHS = ("/", "/?view=all", "/?view=starred", "/?view=history", "/categories/1", "/feeds", "/feeds/1")
MORE = ("/help", "/import", "/links", "/search?q=text", "/nope")


@pytest.fixture
def entries(site: Site) -> list[int]:
    """Thirty of one feed in a category, the newest first; the first two are linked."""
    feed = follow(site.database, "https://a.example/", "Gazette", category=("Presse",), language="fr")
    html = (
        '<p>Un mot<sup id="r1"><a href="#n1">1</a></sup>. <img src="data:," alt="Une carte"></p>'
        "<table><tr><th>A very wide heading<td>and a very wide cell that does not break</table>"
        f"<pre>{'code ' * 60}</pre><p>{'Le texte continue. ' * 300}</p><p id='n1'>Une note.</p>"
    )
    found = [an_entry(f"Titre {n}", html=html, url=f"https://a.example/{n}", days=n / 9) for n in range(30)]
    ids = publish(site.database, feed, *found)
    link(site.database, ids[0], ids[1], why=("mot", "texte"))
    return ids


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_reading_with_keys_alone(site: Site, scripted_page: Page, entries: list[int]) -> None:
    page = scripted_page
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/entries/{entries[1]}$"))
    page.keyboard.press("j")
    page.wait_for_url(re.compile(rf"/entries/{entries[2]}$"))
    page.keyboard.press("k")
    page.wait_for_url(re.compile(rf"/entries/{entries[1]}$"))
    page.keyboard.press("w")
    assert page.evaluate("document.activeElement.dataset.word") == "mot"
    page.keyboard.press("l")
    assert page.evaluate("document.activeElement.dataset.link") == "1"
    page.keyboard.press("m")
    page.get_by_role("button", name="Marquer comme lu").wait_for()
    page.keyboard.press("1")
    page.wait_for_url(re.compile(rf"/entries/{entries[0]}\?via={entries[1]}$"))
    page.keyboard.press("s")
    page.get_by_role("button", name="Favori", pressed=True).wait_for()
    page.keyboard.press("u")  # along the link, then to the list
    page.wait_for_url(re.compile(rf"/entries/{entries[1]}$"))
    page.keyboard.press("u")
    page.wait_for_url(re.compile(r"/$"))
    for key, there in (("f", "/feeds"), ("h", "view=history"), ("s", "view=starred"), ("u", "/")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(re.compile(rf"{there}$"))
    page.keyboard.press("r")
    page.get_by_text("Vos flux sont en cours de vérification").wait_for()
    assert site.refreshes == [True]
    page.keyboard.press("A")
    page.get_by_text("articles marqués comme lus.").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("titre jk?")
    assert page.get_by_role("searchbox").input_value() == "titre jk?"


def test_the_original_opens_with_a_key(scripted_page: Page, entries: list[int]) -> None:
    page = scripted_page
    page.route("https://a.example/**", lambda route: route.fulfill(body="The original"))
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url(re.compile(rf"/entries/{entries[0]}$"))
    page.keyboard.press("v")
    page.wait_for_url("https://a.example/0")


def test_reading_on_a_phone_by_touch_alone(chromium: Browser, address: str, entries: list[int]) -> None:
    with chromium.new_context(
        base_url=address,
        service_workers="block",
        locale="en-GB",
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
    ) as context:
        page = context.new_page()
        page.goto("/")
        page.locator(".row a").first.tap()
        page.get_by_role("button", name="Mark as unread").wait_for()
        page.get_by_role("button", name="Star").tap()
        page.get_by_role("button", name="Star", pressed=True).wait_for()
        page.locator("#lire-aussi [data-link]").tap()
        page.wait_for_url(re.compile(rf"/entries/{entries[1]}\?via={entries[0]}$"))
        page.locator(".actions .back").tap()
        page.wait_for_url(re.compile(r"/$"))
        page.get_by_role("link", name="Starred").tap()
        page.wait_for_url(re.compile(r"view=starred$"))
        assert page.locator(".row a").all_inner_texts() == ["Titre 0"]


def test_the_card_of_keys_opens_and_closes(scripted_page: Page, entries: list[int]) -> None:
    scripted_page.goto("/")
    scripted_page.keyboard.press("?")
    card = scripted_page.get_by_role("dialog", name="Raccourcis clavier")
    card.wait_for()
    scripted_page.keyboard.press("Escape")
    card.wait_for(state="detached")


def test_keys_that_are_off_do_nothing(scripted_page: Page, entries: list[int]) -> None:
    scripted_page.goto("/help")
    scripted_page.get_by_role("button", name="Les désactiver").click()
    scripted_page.get_by_text("Les raccourcis sont désactivés.").wait_for()
    scripted_page.goto("/")
    scripted_page.keyboard.press("j")
    assert scripted_page.evaluate("document.activeElement === document.body")


def test_a_look_is_chosen_in_the_article(page: Page, entries: list[int]) -> None:
    page.goto(f"/entries/{entries[0]}")
    page.locator(".look summary").click()
    page.get_by_label("Sepia").check()
    page.get_by_label("Sans serif").check()
    apply = page.get_by_role("button", name="Apply")
    if apply.is_visible():  # without the script
        apply.click()
    page.goto("/")
    assert page.locator("html").get_attribute("data-theme") == "sepia"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(245, 234, 214)"


def test_marking_all_is_undone(page: Page, entries: list[int]) -> None:
    page.goto("/categories/1")
    page.get_by_role("button", name="Mark all as read").click()
    page.get_by_text("30 articles marked as read.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("30 articles are unread again.").wait_for()
    assert page.locator(".row").count() == 30


def test_going_back_finds_the_place_again(scripted_page: Page, entries: list[int]) -> None:
    page = scripted_page
    page.goto("/?view=all")
    page.locator(".row a").nth(25).click()
    page.wait_for_url(re.compile(r"/entries/"))
    page.go_back()
    page.wait_for_function("document.activeElement.matches('.row a')")
    assert page.evaluate("document.activeElement.textContent") == "Titre 25"
    assert page.locator(".row a").nth(25).is_visible()
    box = page.locator(".row a").nth(25).bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= 800


def test_on_a_phone_the_tree_opens_and_closes_without_a_script(
    chromium: Browser, address: str, entries: list[int]
) -> None:
    with chromium.new_context(
        base_url=address,
        service_workers="block",
        locale="en-GB",
        viewport={"width": 390, "height": 844},
        has_touch=True,
        java_script_enabled=False,
    ) as context:
        page = context.new_page()
        page.goto("/")
        assert not page.locator("#tree").is_visible()
        page.get_by_role("link", name="Categories").click()
        page.locator("#tree").get_by_role("link", name="Presse").click()
        assert heading(page).startswith("Presse")


@pytest.mark.parametrize(
    ("look", "width"),
    [
        ("light-serif-2-1", 1280),
        ("dark-serif-2-1", 320),
        ("sepia-sans-5-1", 320),
        pytest.param("light-serif-2-1", 320, marks=pytest.mark.slow),
        pytest.param("sepia-sans-5-1", 1280, marks=pytest.mark.slow),
        pytest.param("dark-serif-2-1", 1280, marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    chromium: Browser, address: str, entries: list[int], look: str, width: int
) -> None:
    with chromium.new_context(
        base_url=address, service_workers="block", locale="fr-FR", viewport={"width": width, "height": 800}
    ) as context:
        context.add_cookies([{"name": "look", "value": look, "url": address}])
        page = context.new_page()
        for path in (*PATHS, *MORE, f"/entries/{entries[0]}", f"/entries/{entries[1]}?keep=unread&in=all"):
            page.goto(path)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            wide = page.evaluate(
                "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
            )
            assert wide == 0, path


@pytest.mark.parametrize("media", ["print", "screen"])
def test_only_the_article_is_printed(
    scripted_page: Page, entries: list[int], media: Literal["print", "screen"]
) -> None:
    scripted_page.goto(f"/entries/{entries[0]}")
    scripted_page.emulate_media(media=media)
    assert scripted_page.locator(".text").is_visible()
    for part in (".side", ".beside", ".actions"):
        assert scripted_page.locator(part).is_visible() == (media == "screen")
