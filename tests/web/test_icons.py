"""The icons beside the names of feeds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from library import an_entry, follow, link, publish
from pictures import picture

from aggregator.storage import icons

if TYPE_CHECKING:
    from webapp import Site


def with_icon(site: Site, feed_id: int, body: bytes) -> str:
    """Where the icon is served."""
    with site.database.write() as connection:
        icons.record_icon(connection, [feed_id], icons.Icon(content_type="image/png", body=body))
        return f"/icons/{icons.icon_digests(connection, [feed_id])[feed_id]}.png"


def test_beside_the_names_of_feeds_wherever_they_are_listed(site: Site) -> None:
    with_one, without = (follow(site.database, f"https://{n}.example/", n) for n in ("Alpha", "« Élan »"))
    [one] = publish(site.database, with_one, an_entry("First words"))
    [two] = publish(site.database, without, an_entry("Other words"))
    link(site.database, one, two)
    place = with_icon(site, with_one, picture())
    for page in ("/", "/?view=all", "/feeds", "/search?q=words", f"/entries/{one}", f"/entries/{two}"):
        html = site.get(page).text
        shown = re.findall(r'<img class="icon"[^>]*>', html)
        assert [re.findall(r'src="([^"]*)"', image) for image in shown] == [[place]], page
        assert all('width="16" height="16" alt="" loading="lazy"' in image for image in shown)
        assert 'data-letter="É" aria-hidden="true"' in html
    assert place in site.get(f"/feeds/{with_one}").text
    assert 'data-letter="É"' in site.get(f"/feeds/{without}").text


def test_served_so_that_it_is_a_picture_and_nothing_else(site: Site) -> None:
    feed = follow(site.database, "https://a.example/", "A")
    answer = site.get(with_icon(site, feed, picture()))
    assert (answer.status_code, answer.data) == (200, picture())
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers


def test_an_icon_that_is_not_there(site: Site) -> None:
    for name in ("0" * 32, "x", "..%2f" * 8, "é" * 32):
        assert site.get(f"/icons/{name}.png").status_code == 404


def test_a_name_cannot_leave_its_attribute(site: Site) -> None:
    follow(site.database, "https://a.example/", '"><script>1</script>')
    html = site.get("/feeds").text
    assert 'data-letter="S"' in html
    assert "<script>1" not in html
