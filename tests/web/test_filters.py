"""Filters: tried before they are kept, and what they hide is found again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, publish

from aggregator.storage import recording

if TYPE_CHECKING:
    from webapp import Site


def arrive(site: Site, feed: int, *titles: str) -> None:
    with site.database.write() as connection:
        recording.record_entries(connection, feed, [an_entry(title) for title in titles], now=NOW)


def test_a_filter_is_tried_before_it_is_saved(site: Site) -> None:
    feed = follow(site.database, "https://a.example/", "A News", category=("Presse",))
    publish(site.database, feed, an_entry("Élections"), an_entry("La Coupe"))
    form = site.get("/filters/new").text
    assert "Save this filter" not in form
    assert '<option value="[&#34;Presse&#34;]">Presse</option>' in form
    page = site.get('/filters/new?scope=["Presse"]&title=elections&action=hide').text
    assert "It would have met 1 of the last 2 articles." in page
    assert "Élections</a>" in page
    assert "La Coupe" not in page
    fields = dict(
        re.findall(r'type="hidden" name="(scope|title|text|author|match|action)" value="([^"]*)"', page)
    )
    assert fields["scope"] == "[&#34;Presse&#34;]"
    answer = site.post("/filters", **fields | {"scope": '["Presse"]'})
    assert (answer.status_code, answer.location) == (303, "/filters")
    saved = site.get("/filters", "fr").text
    assert "<strong>Masquer</strong> · Presse · titre\N{NO-BREAK SPACE}: elections" in saved


def test_what_is_hidden_says_why_and_comes_back(site: Site) -> None:
    feed = follow(site.database, "https://a.example/", "A News")
    site.post("/filters", scope=feed, title="coupe, monde", match="any", action="hide")
    arrive(site, feed, "La Coupe", "Le Monde", "Autre")
    home = site.get("/").text
    assert "Autre" in home
    assert "La Coupe" not in home
    assert "La Coupe" not in site.get(f"/feeds/{feed}").text
    page = site.get("/hidden").text
    assert "La Coupe" in page
    assert "Hidden by: <strong>Hide</strong> · A News · title: coupe, monde · any of these is enough" in page
    show = re.findall(r'action="(/hidden/\d+/show)"', page)
    assert len(show) == 2
    site.post(show[0])
    assert site.get("/hidden").text.count("/show") == 1
    assert "1 article hidden" in site.get("/filters").text
    site.post("/filters/1/delete", bring_back="1")
    assert "La Coupe" in site.get("/").text
    assert "Nothing is hidden." in site.get("/hidden").text


def test_what_a_filter_left_hidden_can_still_be_brought_back(site: Site) -> None:
    feed = follow(site.database, "https://a.example/", "A News")
    site.post("/filters", title="coupe", action="hide")
    arrive(site, feed, "La Coupe")
    site.post("/filters/1/delete", bring_back="0")
    page = site.get("/filters").text
    assert "(deleted)" in page
    assert "La Coupe" in site.get("/hidden").text
    site.post("/filters/1/delete", bring_back="1")
    assert "No filter yet." in site.get("/filters").text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"title": ".*"},
        {"title": "x", "action": "burn"},
        {"title": "x" * 301},
        {"title": "x", "scope": "x"},
        {"title": "x", "scope": "[1]"},
        {"title": "x", "scope": "true"},
        {"title": "x", "scope": '["\\ud800"]'},
        {"title": "x", "scope": "99999999999"},
    ],
)
def test_what_no_form_sends_is_refused(site: Site, fields: dict[str, str]) -> None:
    assert site.post("/filters", **fields).status_code == 400


def test_others_things_are_not_found(site: Site) -> None:
    assert site.post("/filters", title="x", scope="9").status_code == 404
    assert site.post("/filters/1/delete", bring_back="0").status_code == 404
    assert site.post("/hidden/1/show").status_code == 404


def test_a_filter_that_says_nothing_is_told_so(site: Site) -> None:
    page = site.get("/filters/new?title=,&action=hide").text
    assert "Say at least one word, a feed or a category." in page
    assert "Save this filter" not in page


def test_a_filter_is_changed_on_the_page_that_tries_it(site: Site) -> None:
    feed = follow(site.database, "https://a.example/", "A News")
    publish(site.database, feed, an_entry("La Coupe"), an_entry("Le Monde"))
    site.post("/filters", scope=feed, title="coupe", action="star")
    page = site.get("/filters/1").text
    assert 'value="coupe"' in page
    assert "It would have met 1 of the last 2 articles." in page
    assert 'action="/filters/1"' in site.get("/filters/1?title=monde&action=read").text
    site.post("/filters/1", title="monde", action="read")
    listed = site.get("/filters").text
    assert "<strong>Mark as read</strong> · title: monde" in listed
    assert listed.count("<strong>") == 1
    assert site.get("/filters/9").status_code == 404
    assert site.post("/filters/1", action="read").status_code == 400


def test_what_a_filter_hid_before_it_was_changed_says_the_old_rule(site: Site) -> None:
    feed = follow(site.database, "https://a.example/", "A News")
    site.post("/filters", title="coupe", action="hide")
    arrive(site, feed, "La Coupe")
    site.post("/filters/1", title="monde", action="hide")
    arrive(site, feed, "Le Monde", "Encore la Coupe")
    page = site.get("/hidden").text
    assert "Hidden by: <strong>Hide</strong> · title: coupe" in page
    assert "Hidden by: <strong>Hide</strong> · title: monde" in page
    assert "Encore la Coupe" in site.get("/").text
    assert site.get("/filters/1").status_code == 404
