"""The demonstration in a real Chromium, as a newcomer meets it; without JavaScript too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

COMMAND = str(Path(sys.executable).with_name("lire-aussi"))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with subprocess.Popen([COMMAND, "demo", "--port", "0"], stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            yield program.stdout.readline().split()[2]
        finally:
            program.terminate()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def page(chromium: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = chromium.new_context(locale="fr-FR", java_script_enabled=request.param, base_url=address)
    yield context.new_page()
    context.close()


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


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_no_page_scrolls_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    for path in ("/", "/feeds", "/feeds/1", "/import", "/search?q=Pyongyang", "/entries/1"):
        page.goto(path)
        assert page.locator("h1").count() == 1
        box = page.locator("html").bounding_box()
        assert box is not None
        assert box["width"] <= width
