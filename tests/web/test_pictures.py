"""The pictures of articles: where they come from, and what their addresses tell."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response
from fetches import LOOPBACK
from library import NOW, an_entry, follow, publish
from pictures import picture

from aggregator import accounts
from aggregator.domain import Details
from aggregator.pictures import Pictures
from aggregator.policies import PicturePolicy
from aggregator.storage import users
from web.services import EXTENSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from webapp import Site

    Choose = Callable[[str], None]

HTML = '<p><img src="{0}" alt="A map"></p><video poster="{0}" src="https://v.example/v.mp4"></video>'


@pytest.fixture
def choose(site: Site, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    with ExitStack() as opened:

        def set_policy(through_us: str) -> None:
            policy = PicturePolicy(through_us=through_us)  # type: ignore[arg-type]
            pictures = opened.enter_context(Pictures(tmp_path / "kept", policy, LOOPBACK, version="0"))
            services = site.app.extensions[EXTENSION]
            site.app.extensions[EXTENSION] = replace(services, pictures=pictures)

        yield set_policy


def add_person(site: Site) -> None:
    """Beside the owner, who is logged in then."""
    with site.database.write() as connection:
        users.add_user(connection, "ana", role="reader", password_hash="none", now=NOW)
        secret = accounts.log_in(connection, 1, browser="", now=NOW)
    with site.client.session_transaction() as session:
        session["login"] = secret


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer({"/map.png": Response(body=picture(), headers={"Content-Type": "text/html"})}) as started:
        yield started


@pytest.fixture
def entry(site: Site, server: FeedServer) -> str:
    feed = follow(site.database, "https://a.example/", "A")
    address = server.url("/map.png?id=7")
    server.routes["/map.png?id=7"] = server.routes["/map.png"]
    only_picture = replace(an_entry("Two", html="<p>x</p>"), details=Details(image_url=address))
    one, _ = publish(site.database, feed, an_entry("One", html=HTML.format(address)), only_picture)
    return f"/entries/{one}"


def sources(page: str) -> list[str]:
    return re.findall(r'<(?:img(?! class="icon")[^>]* src|video[^>]* poster)="([^"]*)"', page)


@pytest.mark.parametrize(
    ("through_us", "people", "ours"),
    [
        ("auto", 1, False),
        ("auto", 2, True),
        ("always", 1, True),
        ("never", 2, False),
    ],
)
def test_directly_or_through_us(
    site: Site, entry: str, choose: Choose, through_us: str, people: int, ours: bool
) -> None:
    choose(through_us)
    if people == 2:
        add_person(site)
    policy = "img-src 'self' data:;" if ours else "img-src * data:;"
    for path in (entry, f"{entry}/versions", "/entries/2"):
        answer = site.get(path)
        assert policy in answer.headers["Content-Security-Policy"], path
        assert all(source.startswith("/pictures/") == ours for source in sources(answer.text))
    assert "http" not in "".join(sources(site.get("/").text))


def test_pages_without_an_article_load_nothing_from_elsewhere(site: Site, entry: str) -> None:
    for path in ("/", "/feeds", "/nope", "/search?q=one"):
        policy = site.get(path).headers["Content-Security-Policy"]
        assert "img-src 'self' data:; form-action" in policy
        assert "media-src" not in policy  # as default-src says


def test_a_picture_is_served_and_may_do_nothing(
    site: Site, server: FeedServer, entry: str, choose: Choose
) -> None:
    choose("always")
    place, poster = sources(site.get(entry).text)
    assert place == poster
    assert "map" not in place
    answer = site.get(place)
    assert (answer.status_code, answer.data) == (200, picture())
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "private, max-age=604800"
    assert "Set-Cookie" not in answer.headers
    assert [request.path for request in server.requests] == ["/map.png?id=7"]


# Miniflux CVE-2023-27592 and CVE-2025-31483: errors and SVGs of the proxy ran scripts of its address.
@pytest.mark.parametrize(
    "answer",
    [
        Response(
            body=b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            headers={"Content-Type": "image/svg+xml"},
        ),
        Response(body=b"<script>alert(1)</script>", headers={"Content-Type": "text/html"}),
        Response(status=500, body=b"<script>alert(1)</script>"),
        Response(status=302, headers={"Location": "http://10.0.0.1/<script>"}),
    ],
    ids=["svg", "html", "error", "redirect"],
)
def test_nothing_of_what_went_wrong_is_said(
    site: Site, server: FeedServer, entry: str, choose: Choose, answer: Response
) -> None:
    choose("always")
    server.routes["/map.png?id=7"] = answer
    told = site.get(sources(site.get(entry).text)[0])
    assert (told.status_code, told.data) == (404, b"")
    assert told.headers["Content-Type"] == "text/plain"
    assert told.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert told.headers["Cache-Control"] == "private, max-age=300"


def test_only_what_a_page_showed_is_fetched(
    site: Site, server: FeedServer, entry: str, choose: Choose
) -> None:
    choose("always")
    good = sources(site.get(entry).text)[0].removeprefix("/pictures/")
    payload, signature = good.rsplit(".", 1)
    forged = [
        server.url("/map.png"),
        f"{payload}.{signature[:-1]}A",
        f"{payload[:-1]}A.{signature}",
        f"{payload}.",
        f".{signature}",
        payload,
        f"{good}.{signature}",
        "http:%2f%2f127.0.0.1",
        "é",
        "%00",
    ]
    # What we sign elsewhere is no address of a picture.
    with site.client.session_transaction() as session:
        session["x"] = server.url("/map.png")
    site.get("/")
    cookie = site.client.get_cookie("lire-aussi")
    assert cookie is not None
    for signed in (*forged, cookie.value):
        told = site.get(f"/pictures/{signed}")
        assert told.status_code == 404, signed
        assert b"127.0.0.1" not in told.data
    assert server.requests == []
