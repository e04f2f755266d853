"""A sound or a film is offered, and nothing of it is loaded before somebody plays it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from library import an_entry, follow, publish
from playwright.sync_api import expect

from aggregator.domain import Details, Enclosure
from aggregator.feeds.sanitizing import clean_html
from aggregator.feeds.videos import PLAYERS

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route
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


FRAMES = (
    "<p>Before</p><iframe src='https://www.youtube.com/embed/dQw4w9WgXcQ' title='A film'></iframe>"
    "<iframe src='https://tube.example.org/videos/embed/9c9de5e8-0a1e-484a-b099-e80766180a6d'></iframe>"
)


def test_a_film_is_played_once_somebody_asks(scripted_page: Page, site: Site) -> None:
    page = scripted_page
    feed = follow(site.database, "https://films.example/", "Films")
    (number,) = publish(site.database, feed, an_entry("One", html=clean_html(FRAMES, base_url=None)))
    asked: list[str] = []

    def play(route: Route) -> None:
        asked.append(f"{route.request.url} {route.request.headers.get('referer')}")
        route.fulfill(body="<p>player</p>", content_type="text/html")

    page.route(lambda url: not url.startswith("http://127.0.0.1"), play)
    page.goto(f"/entries/{number}", wait_until="networkidle")
    assert asked == []
    film, other = page.locator("a.film").all()
    expect(film).to_have_text("▶ A film youtube.com")
    expect(other).to_have_text("▶ Vidéo tube.example.org")
    film.click()
    frame = page.locator("iframe")
    expect(frame).to_have_attribute("sandbox", re.compile("^allow-scripts allow-same-origin "))
    expect(page.frame_locator("iframe").locator("p")).to_have_text("player")
    origin = page.url.split("/entries")[0]
    assert asked == [f"https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1 {origin}/"]
    film.click()  # the second time, to its page
    page.wait_for_url("https://www.youtube.com/watch?v=dQw4w9WgXcQ")


def test_no_other_site_gets_a_frame(scripted_page: Page, site: Site) -> None:
    """Though the cleaner were broken."""
    page = scripted_page
    feed = follow(site.database, "https://films.example/", "Films")
    evil = '<a class="film" href="#x" data-player="https://evil.example/">x</a>'
    (number,) = publish(site.database, feed, an_entry("One", html=evil))
    page.goto(f"/entries/{number}")
    page.locator("a.film").click()
    expect(page.locator("iframe")).to_have_count(0)


def test_script_and_policy_know_the_same_players(site: Site) -> None:
    script = Path(str(site.app.static_folder), "films.js").read_text("utf-8")
    assert tuple(re.findall(r'^    "(https://[^"]+)",$', script, re.MULTILINE)) == PLAYERS
