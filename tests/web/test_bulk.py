"""Several feeds at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from library import follow, owner

from aggregator.storage import subscriptions

if TYPE_CHECKING:
    from webapp import Site


def places(site: Site) -> dict[str, tuple[tuple[str, ...], bool]]:
    """title → (category, paused)"""
    with site.database.read() as connection:
        found = subscriptions.list_subscriptions(connection, owner(site.database))
    return {s.title: (s.category, s.paused_at is not None) for s in found}


def three(site: Site) -> list[int]:
    return [follow(site.database, f"https://{n}.example/", n, category=("Old",)) for n in "abc"]


def test_moving_and_pausing(site: Site) -> None:
    a, b, _ = three(site)
    assert f'name="feed" value="{a}"' in site.get("/feeds").text
    answer = site.post("/feeds/several", feed=[a, b], do="move", category="New › Inner")
    assert (answer.status_code, answer.location) == (303, "/feeds")
    assert "2 feeds changed." in site.get("/feeds").text
    site.post("/feeds/several", feed=[b], do="pause")
    assert places(site) == {
        "a": (("New", "Inner"), False),
        "b": (("New", "Inner"), True),
        "c": (("Old",), False),
    }
    site.post("/feeds/several", feed=[b, 999], do="resume")
    assert places(site)["b"] == (("New", "Inner"), False)
    assert site.refreshes == [False]


def test_removing_many_can_be_undone(site: Site) -> None:
    a, b, _ = three(site)
    site.post("/feeds/several", feed=[b], do="pause")
    before = places(site)
    site.post("/feeds/several", feed=[a, b], do="remove")
    assert set(places(site)) == {"c"}
    page = site.get("/feeds").text
    assert "You no longer follow 2 feeds." in page
    found = re.search(r'name="removal" value="([^"]+)"', page)
    assert found is not None
    site.post("/feeds/undo-removal", removal=found[1])
    assert places(site) == before
    assert site.post("/feeds/undo-removal", removal=found[1][:-1]).status_code == 400


def test_all_that_match_on_every_page(site: Site) -> None:
    for number in range(60):
        follow(site.database, f"https://s{number}.example/", f"Feed {number}", category=("Many",))
    three(site)
    assert "All 60 that match" in site.get("/feeds?in=1").text
    answer = site.post("/feeds/several", **{"in": "1", "page": "2", "all": "1", "do": "remove"})
    assert answer.location == "/feeds?in=1&page=2"
    assert set(places(site)) == {"a", "b", "c"}
    found = re.search(r'name="removal" value="([^"]+)"', site.get("/feeds").text)
    assert found is not None
    site.post("/feeds/undo-removal", removal=found[1])
    assert len(places(site)) == 63
    site.post("/feeds/several", q="FEED 5", all="1", do="move", category="Fives")
    assert sum(category == ("Fives",) for category, _ in places(site).values()) == 15


def test_nothing_is_ticked(site: Site) -> None:
    three(site)
    before = places(site)
    site.post("/feeds/several", do="remove")
    assert "Tick the feeds first." in site.get("/feeds").text
    assert places(site) == before


@pytest.mark.parametrize("fields", [{"do": "burn"}, {"feed": "x"}, {"feed": "9999999999"}])
def test_what_no_form_sends_is_refused(site: Site, fields: dict[str, str]) -> None:
    assert site.post("/feeds/several", **fields).status_code == 400
