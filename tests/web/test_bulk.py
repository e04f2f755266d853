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
    before = places(site)
    site.post("/feeds/several", feed=[a, b], do="remove")
    assert set(places(site)) == {"c"}
    page = site.get("/feeds").text
    assert "You no longer follow 2 feeds." in page
    found = re.search(r'name="removals" value="([^"]+)"', page)
    assert found is not None
    site.post("/feeds/undo-removals", removals=found[1])
    assert places(site) == before
    assert site.post("/feeds/undo-removals", removals=found[1][:-1]).status_code == 400


def test_nothing_is_ticked(site: Site) -> None:
    three(site)
    before = places(site)
    site.post("/feeds/several", do="remove")
    assert "Tick the feeds first." in site.get("/feeds").text
    assert places(site) == before


@pytest.mark.parametrize("fields", [{"do": "burn"}, {"feed": "x"}, {"feed": "9999999999"}])
def test_what_no_form_sends_is_refused(site: Site, fields: dict[str, str]) -> None:
    assert site.post("/feeds/several", **fields).status_code == 400
