"""A sound is offered, and nothing of it is loaded before somebody plays it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from library import an_entry, follow, publish

from aggregator.domain import Details, Enclosure

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from webapp import Site


def test_a_sound_is_not_loaded_before_it_is_played(page: Page, site: Site, address: str) -> None:
    sound = Enclosure(
        url="http://127.0.0.1:9/e1.mp3", type="audio/mpeg", seconds=3723, length_bytes=48_200_000
    )
    feed = follow(site.database, "https://pod.example/feed", "Pod")
    (number,) = publish(
        site.database, feed, replace(an_entry("Episode 1"), details=Details(enclosures=(sound,)))
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/entries/{number}", wait_until="networkidle")
    player = page.locator("audio")
    assert player.is_visible()
    assert page.locator(".player .meta").inner_text() == "Sound · 1:02:03 · 48 MB"
    assert all(url.startswith(address) for url in asked)
