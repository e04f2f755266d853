"""A real Chromium, headless, over the real pages served by waitress on the loopback.

A missing Chromium is a failure, not a skip: `apt-get install chromium`, or name one in LIRE_AUSSI_CHROMIUM.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from webapp import Site, make_site, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = os.environ.get("LIRE_AUSSI_CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--proxy-server=127.0.0.1:9",  # nothing leaves this machine
    "--proxy-bypass-list=127.0.0.1",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with make_site(tmp_path) as made:
        yield made


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    with serve(site) as found:
        yield found


@pytest.fixture(params=["with-script", "without-script"])
def page(request: pytest.FixtureRequest, chromium: Browser, address: str) -> Iterator[Page]:
    """A tab in English; each test runs with JavaScript and without."""
    context = chromium.new_context(
        base_url=address,
        service_workers="block",
        locale="en-GB",
        viewport={"width": 1280, "height": 800},
        java_script_enabled=request.param == "with-script",
    )
    yield from _tab(context)


@pytest.fixture
def scripted_page(chromium: Browser, address: str) -> Iterator[Page]:
    """A tab with JavaScript, in French."""
    context = chromium.new_context(
        base_url=address,
        service_workers="block",
        locale="fr-FR",
        viewport={"width": 1280, "height": 800},
        bypass_csp=False,
    )
    yield from _tab(context)


def _tab(context: BrowserContext) -> Iterator[Page]:
    context.set_default_timeout(10_000)
    complaints: list[str] = []
    tab = context.new_page()
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert complaints == []
