"""The demonstration in a real Chromium, as a newcomer meets it: the program as it is installed, its samples.

What each page does is tested in `test_reading.py`; here, that the whole holds together.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from demonstration import demonstration
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).parents[1] / "screenshots"
VIEWS = {
    "unread": "/",
    "category": "/categories/1",
    "feed": "/feeds/1",
    "feeds": "/feeds",
    "search": "/search?q=Pyongyang",
    "import": "/import",
    "links": "/links",
    "filter": "/filters/new",
    "help": "/help",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with demonstration() as found:
        yield found


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    with chromium.new_context(locale="fr-FR", base_url=address, service_workers="block") as context:
        yield context.new_page()


def test_from_the_list_to_lire_aussi(page: Page) -> None:
    page.goto("/search?q=Pyongyang")
    page.get_by_role("link", name="Avant sa visite").click()
    section = page.locator("#lire-aussi")
    expect(section.get_by_role("heading")).to_have_text("Lire aussi")
    expect(section.locator(".why").first).to_contain_text("Orlov")
    section.get_by_role("link").first.click()
    expect(page.locator("#lire-aussi")).to_be_visible()


def test_nothing_related_is_said(page: Page) -> None:
    page.goto("/search?q=coings")
    page.locator("main a[href^='/entries/']").first.click()
    expect(page.locator("#lire-aussi a")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 320])
def test_no_sample_scrolls_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/?view=all")
    articles = page.locator(".row a").evaluate_all("links => links.map(link => link.pathname)")
    for path in articles[:40:4]:
        page.goto(path)
        assert scrolls(page) == 0, path


def scrolls(page: Page) -> int:
    return int(page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"))


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)], ids=["desk", "phone"])
def test_ten_views_are_drawn_to_be_looked_at(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto("/search?q=Pyongyang")
    article = page.locator("main a[href^='/entries/']").first.get_attribute("href")
    PICTURES.mkdir(exist_ok=True)
    for name, path in {"article": article, **VIEWS}.items():
        page.goto(path or "")
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        assert scrolls(page) == 0, name
        page.screenshot(path=PICTURES / f"{name}-{width}x{height}.png")
