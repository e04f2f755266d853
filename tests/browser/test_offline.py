"""Reading with the network switched off, in real Chromium; what was marked meanwhile is sent later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, link, owner, publish
from sqlalchemy import select
from webapp import serve

from aggregator import accounts
from aggregator.storage import users
from aggregator.storage.schema import statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page
    from webapp import Site

KEPT = """async () => {
    const opened = await Promise.all((await caches.keys()).map(name => caches.open(name)));
    return (await Promise.all(opened.map(cache => cache.keys()))).flat().length;
}"""
WAITING = """() => new Promise(done => {
    const told = event => done(event.data.marks.length);
    navigator.serviceWorker.addEventListener("message", told, {once: true});
    navigator.serviceWorker.controller.postMessage("marks");
})"""
FILES = [
    file
    for file in (Path(__file__).parents[2] / "web" / "static").iterdir()
    if file.suffix != ".png" and file.name != "worker.js"
]
PASSWORD = "a long password"


@pytest.fixture
def ids(site: Site) -> list[int]:
    feed = follow(site.database, "https://a.example/", "Gazette", category=("Presse",))
    found = publish(site.database, feed, an_entry("One"), an_entry("Two", days=1), an_entry("Old", days=9))
    link(site.database, found[0], found[2], why=("text",))
    site.post(f"/entries/{found[2]}/read", read="1")
    return found


def marks(site: Site) -> dict[int, tuple[bool, bool]]:
    """entry → (read, starred)"""
    with site.database.read() as connection:
        rows = connection.execute(select(statuses).where(statuses.c.user_id == owner(site.database)))
        return {row.entry_id: (row.read_at is not None, row.starred_at is not None) for row in rows}


def wait_until(page: Page, script: str, holds: Callable[[int], bool]) -> None:
    for _ in range(200):
        if holds(page.evaluate(script)):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"{script} gives {page.evaluate(script)}")


def keep(page: Page, pages: int) -> None:
    """Until the worker has kept the list, so many pages, and their files."""
    wait_until(page, KEPT, lambda found: found > pages + len(FILES))


def test_articles_are_read_and_marked_without_a_network(
    chromium: Browser, address: str, site: Site, ids: list[int]
) -> None:
    one, two, old = ids
    with chromium.new_context(base_url=address, locale="en-GB") as context:
        page = context.new_page()
        page.goto("/")
        keep(page, 5)
        context.set_offline(True)
        page.goto("/")
        assert page.get_by_text("No network: this is what was kept").is_visible()
        page.get_by_role("link", name="One", exact=True).click()
        page.get_by_role("button", name="Mark as unread").wait_for()  # it was seen
        assert page.locator(".text").evaluate("e => getComputedStyle(e).fontSize") == "19px"
        page.get_by_role("button", name="Star").click()
        page.get_by_role("button", name="Star", pressed=True).wait_for()
        page.locator("#lire-aussi").get_by_role("link", name="Old").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Old"
        page.get_by_role("button", name="Mark as unread").click()
        page.wait_for_url(f"**/entries/{old}?keep=unread")
        page.get_by_role("button", name="Mark as read").wait_for()
        page.goto("/feeds")
        assert page.get_by_role("heading", level=1).inner_text() == "No network"
        page.get_by_role("link", name="Read what is here").click()
        page.locator(".row.read").wait_for()
        assert page.locator(".row.read a").inner_text() == "One"
        assert marks(site) == {old: (True, False)}
        context.set_offline(False)
        wait_until(page, WAITING, lambda found: not found)
        assert marks(site) == {one: (True, True), old: (False, False)}
        page.goto("/")
        assert page.locator(".row a").all_inner_texts() == ["Two", "Old"]
        assert not page.locator("#offline").is_visible()
    assert two not in marks(site)


@pytest.fixture
def prefixed(site: Site) -> Iterator[str]:
    """The pages under a path of their own."""
    with serve(site, "/news") as found:
        yield f"{found}/"


def test_nothing_is_left_to_who_comes_next(
    chromium: Browser, prefixed: str, site: Site, ids: list[int]
) -> None:
    give_passwords(site)
    with chromium.new_context(base_url=prefixed, locale="en-GB") as context:
        page = context.new_page()
        log_in(page, "owner")
        keep(page, 5)
        page.goto("account")
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("heading", name="Log in").wait_for()
        wait_until(page, KEPT, lambda found: not found)
        log_in(page, "ana")
        keep(page, 2)
        context.set_offline(True)
        for path in (f"entries/{ids[0]}", "."):
            page.goto(path)
            assert "One" not in page.locator("main").inner_text()


def test_marks_wait_until_a_reader_whose_session_ended_has_logged_in(
    chromium: Browser, prefixed: str, site: Site, ids: list[int]
) -> None:
    give_passwords(site)
    with chromium.new_context(base_url=prefixed, locale="en-GB") as context:
        page = context.new_page()
        log_in(page, "owner")
        keep(page, 5)
        context.set_offline(True)
        page.goto(f"entries/{ids[1]}")
        page.get_by_role("button", name="Star").click()
        page.get_by_role("button", name="Star", pressed=True).wait_for()
        context.clear_cookies()
        context.set_offline(False)
        page.goto(".")
        page.get_by_role("heading", name="Log in").wait_for()
        wait_until(page, KEPT, lambda found: not found)
        log_in(page, "owner")
        wait_until(page, WAITING, lambda found: not found)
    assert marks(site)[ids[1]][1]


def give_passwords(site: Site) -> None:
    hashed = accounts.hash_password(PASSWORD)
    with site.database.write() as connection:
        users.set_password(connection, owner(site.database), hashed)
        users.add_user(connection, "ana", role="reader", password_hash=hashed, now=NOW)


def log_in(page: Page, name: str) -> None:
    page.goto("login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/news/")
