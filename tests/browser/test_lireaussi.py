"""Lire aussi in a real Chromium: the words of a reason, the path back, a verdict, copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from library import an_entry, follow, link, publish
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from webapp import Site

MARKED = "Array.from(CSS.highlights.get('reason') ?? [], range => range.toString())"


def test_a_reason_marks_its_words_in_the_article(site: Site, scripted_page: Page) -> None:
    feed = follow(site.database, "https://a.example/feed", "A")
    html = "<p>L’<b>Élysée</b> répond. Les élysées ? L’ÉLYSÉE : «&nbsp;elysee&nbsp;» et Orlov-Kim.</p>"
    one, two = publish(site.database, feed, an_entry("À l’Élysée", html=html), an_entry("Autre"))
    link(site.database, two, one, why=("Élysée", "Orlov", "absent"))
    scripted_page.goto(f"/entries/{one}")
    word = scripted_page.get_by_role("button", name="Élysée")
    word.hover()
    assert scripted_page.evaluate(MARKED) == ["Élysée", "Élysée", "ÉLYSÉE", "elysee"]
    scripted_page.get_by_role("button", name="Orlov").focus()
    assert scripted_page.evaluate(MARKED) == ["Orlov"]
    scripted_page.get_by_role("button", name="absent").focus()
    assert scripted_page.evaluate(MARKED) == []
    word.press("Enter")
    expect(word).to_have_attribute("aria-pressed", "true")
    scripted_page.mouse.move(0, 0)
    assert len(scripted_page.evaluate(MARKED)) == 4
    word.press("Enter")
    word.blur()
    assert scripted_page.evaluate(MARKED) == []


def test_back_along_the_links_with_a_key(site: Site, scripted_page: Page) -> None:
    feed = follow(site.database, "https://a.example/feed", "A")
    one, two, three = publish(site.database, feed, an_entry("One"), an_entry("Two"), an_entry("Three"))
    link(site.database, two, one)
    link(site.database, three, two)
    scripted_page.goto(f"/entries/{one}")
    scripted_page.locator('[data-link="1"]').click()
    scripted_page.locator("#lire-aussi").get_by_role("link", name="Three").click()
    trail = scripted_page.locator(".trail")
    expect(trail.get_by_role("listitem")).to_have_text(["One", "Two"])
    scripted_page.keyboard.press("u")
    expect(scripted_page.get_by_role("heading", level=1)).to_have_text("Two")
    scripted_page.keyboard.press("u")
    expect(scripted_page.get_by_role("heading", level=1)).to_have_text("One")
    expect(trail).to_have_count(0)


def test_unrelated_and_undone(site: Site, page: Page) -> None:
    feed = follow(site.database, "https://a.example/feed", "A")
    one, two = publish(site.database, feed, an_entry("One"), an_entry("Two"))
    link(site.database, two, one, why=("word",))
    page.goto(f"/entries/{one}")
    page.get_by_role("button", name="Unrelated: Two").click()
    expect(page.locator("[data-link]")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-link]")).to_have_text("Two")


def test_what_is_read_with_an_article_is_said_at_once(site: Site, scripted_page: Page) -> None:
    feeds = [follow(site.database, f"https://{name}.example/feed", name) for name in "ab"]
    (one,), (two,) = (publish(site.database, feed, an_entry(f"News of {feed}")) for feed in feeds)
    link(site.database, two, one, same_text=True)
    scripted_page.goto(f"/entries/{one}")
    note = scripted_page.locator("#read-with")
    expect(note).to_be_visible()
    note.get_by_role("button").click()
    expect(note).to_have_count(0)
    scripted_page.goto("/")
    scripted_page.locator(".row").get_by_role("link").first.click()
    expect(scripted_page).to_have_url(f"{scripted_page.url.split('/entries')[0]}/entries/{two}")
