"""A feed's own title and its category, changed on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from library import follow, owner

from aggregator.storage import subscriptions

if TYPE_CHECKING:
    from webapp import Site


def place(site: Site, feed: int) -> tuple[str, tuple[str, ...]]:
    with site.database.read() as connection:
        found = subscriptions.get_subscription(connection, owner(site.database), feed)
    return found.title, found.category


def test_title_and_category(site: Site) -> None:
    feed = follow(site.database, "https://a.example/", "A News", category=("Presse",))
    follow(site.database, "https://b.example/", "B News", category=("Odd › name", "Inner"))
    page = site.get(f"/feeds/{feed}").text
    assert '<option value="Odd › name › Inner">' in page
    answer = site.post(f"/feeds/{feed}/arrange", title="  Mine ", category="Presse ›  Locale › ")
    assert (answer.status_code, answer.location) == (303, f"/feeds/{feed}")
    assert place(site, feed) == ("Mine", ("Presse", "Locale"))
    assert 'value="Presse › Locale"' in site.get(f"/feeds/{feed}").text
    site.post(f"/feeds/{feed}/arrange", title="A News", category="Odd › name › Inner")
    assert place(site, feed) == ("A News", ("Odd › name", "Inner"))
    site.post(f"/feeds/{feed}/arrange", title="", category="")
    assert place(site, feed) == ("A News", ())


def test_what_is_too_long_or_not_followed(site: Site) -> None:
    feed = follow(site.database, "https://a.example/", "A News")
    assert site.post(f"/feeds/{feed}/arrange", title="x" * 501).status_code == 400
    assert site.post("/feeds/9/arrange", title="x").status_code == 404
