"""A category renamed, moved and deleted on its page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from library import follow, owner

from aggregator.storage import subscriptions

if TYPE_CHECKING:
    from webapp import Site

PRESS = '["Press"]'


def places(site: Site) -> dict[str, tuple[str, ...]]:
    with site.database.read() as connection:
        found = subscriptions.list_subscriptions(connection, owner(site.database))
    return {one.title: one.category for one in found}


def test_renaming_and_moving(site: Site) -> None:
    follow(site.database, "https://a.example/", "a", category=("Press",))
    link = re.search(r'href="(/categories/edit[^"]+)"', site.get("/categories/1").text)
    assert link is not None
    assert 'value="Press"' in site.get(link[1]).text
    answer = site.post("/categories/rename", category=PRESS, name=" World ›  News ")
    assert (answer.status_code, answer.location) == (303, "/categories/1")
    assert places(site) == {"a": ("World", "News")}
    page = site.get('/categories/edit?category=["World"]').text
    assert "The categories in it move along." not in page
    site.post("/categories/rename", category='["World"]', name="Monde")
    assert places(site) == {"a": ("Monde", "News")}


def test_a_name_is_no_longer_than_the_paths_below_it_allow(site: Site) -> None:
    below = tuple("é" * 300 for _ in range(3))
    follow(site.database, "https://a.example/", "a", category=("Press", *below))
    answer = site.post("/categories/rename", category=PRESS, name="é" * 200)
    assert answer.status_code == 422
    assert "that name is too long" in answer.text
    assert places(site) == {"a": ("Press", *below)}


def test_two_are_put_together_after_it_was_said(site: Site) -> None:
    follow(site.database, "https://a.example/", "a", category=("Press",))
    follow(site.database, "https://b.example/", "b", category=("News",))
    page = site.post("/categories/rename", category=PRESS, name="News").text
    assert "There is “News” already." in page
    assert places(site) == {"a": ("Press",), "b": ("News",)}
    site.post("/categories/rename", category=PRESS, name="News", together="1")
    assert places(site) == {"a": ("News",), "b": ("News",)}


def test_deleting_says_what_becomes_of_what_it_holds(site: Site) -> None:
    follow(site.database, "https://a.example/", "a", category=("Press", "Here"))
    site.post("/filters", scope='["Press", "Here"]', title="x", action="hide")
    site.post("/searches", query='budget category:"press/here"', name="Budget")
    page = site.get('/categories/edit?category=["Press", "Here"]').text
    assert "You still follow its 1 feed, which moves up to “Press”." in page
    assert "1 filter then works in all of “Press”." in page
    assert "these name this category: Budget." in page
    site.post("/categories/delete", category='["Press", "Here"]')
    assert "is deleted" in site.get("/feeds").text
    assert places(site) == {"a": ("Press",)}
    assert "· Press ·" in site.get("/filters").text


def test_a_filter_never_comes_to_meet_all_feeds(site: Site) -> None:
    follow(site.database, "https://a.example/", "a", category=("Press",))
    site.post("/filters", scope=PRESS, title="x", action="hide")
    assert "would then meet all feeds" in site.get(f"/categories/edit?category={PRESS}").text
    assert site.post("/categories/delete", category=PRESS).status_code == 400
    site.post("/filters/1/delete", bring_back="0")
    site.post("/categories/delete", category=PRESS)
    assert places(site) == {"a": ()}


@pytest.mark.parametrize(
    ("path", "name", "status"),
    [
        (PRESS, "", 422),
        (PRESS, "Press › Inner", 422),
        (PRESS, "x" * 501, 400),
        ('["Nowhere"]', "x", 404),
        ("[]", "x", 400),
        ("Press", "x", 400),
    ],
)
def test_what_is_no_name_is_refused(site: Site, path: str, name: str, status: int) -> None:
    follow(site.database, "https://a.example/", "a", category=("Press",))
    assert site.post("/categories/rename", category=path, name=name).status_code == status
    assert places(site) == {"a": ("Press",)}
