"""The page of links: how linking goes, and a preview that is exactly what saving gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, link, publish

from aggregator.storage import linkstate

if TYPE_CHECKING:
    from webapp import Site


@pytest.fixture
def numbers(site: Site) -> list[int]:
    """Four entries; the second is surely about the first, the third perhaps, the fourth not."""
    feed = follow(site.database, "https://journal.example/feed", "Le Journal", language="fr")
    found = [
        an_entry(title, days=days) for title, days in (("Un", 30), ("Deux", 29), ("Trois", 2), ("Quatre", 1))
    ]
    ids = publish(site.database, feed, *found)
    link(site.database, ids[1], ids[0], score=0.44, confidence=0.9, rank=1.0, nearness=0.4)
    link(site.database, ids[2], ids[0], score=0.21, confidence=0.3, rank=1.2, nearness=0.1)
    return ids


def shown(site: Site, number: int) -> list[str]:
    section = re.search(
        r'<section id="lire-aussi".*?</section>', site.get(f"/entries/{number}").text, re.DOTALL
    )
    assert section is not None
    return re.findall(r'data-link="\d">([^<]+)</a>', section[0])


def test_an_empty_library_has_nothing_to_say(site: Site) -> None:
    assert "There are no articles yet." in site.get("/links").text


def test_how_linking_goes(site: Site, numbers: list[int]) -> None:
    page = site.get("/links").text
    assert "50% of your 4 newest articles have something to read next." in page
    assert "40–45: 2</title>" in page
    assert "20–25: 0</title>" in page
    assert "50\N{NO-BREAK SPACE}% de vos 4 derniers articles" in site.get("/links", "fr").text


def test_the_work_for_an_article_is_said_as_one_speaks(site: Site, numbers: list[int]) -> None:
    with site.database.write() as connection:
        linkstate.begin_generation(connection, rebuilt_at=None)
        linkstate.record_run(connection, 3, 0.01, last_arrival=3, idf_articles=3, now=NOW)
    assert "3.3 ms" in site.get("/links").text
    assert "3,3\N{NO-BREAK SPACE}ms" in site.get("/links", "fr").text


def test_a_preview_is_what_saving_gives(site: Site, numbers: list[int]) -> None:
    page = site.get("/links?strictness=20&recency=100").text
    assert "2 links more, 0 links less." in page
    assert shown(site, numbers[0]) == ["Deux"]
    answer = site.post("/links", strictness="20", recency="100")
    assert answer.location == "/links"
    assert shown(site, numbers[0]) == ["Trois", "Deux"]
    assert shown(site, numbers[2]) == ["Un"]
    assert 'name="strictness" type="range" min="15" max="95" step="5" value="20"' in site.get("/links").text


def test_more_recent_puts_what_is_near_in_time_first(site: Site, numbers: list[int]) -> None:
    site.post("/links", strictness="20", recency="300")
    assert shown(site, numbers[0]) == ["Deux", "Trois"]


def test_back_to_the_usual(site: Site, numbers: list[int]) -> None:
    site.post("/links", strictness="20", recency="100")
    site.post("/links", reset="1")
    assert shown(site, numbers[0]) == ["Deux"]


def test_nothing_would_change(site: Site, numbers: list[int]) -> None:
    assert "Nothing would change" in site.get("/links?strictness=50&recency=100").text


@pytest.mark.parametrize(
    "query",
    [
        "strictness=96",
        "strictness=14",
        "strictness=-1",
        "recency=x",
        "recency=99999999999",
        "recency=0000009999",
        "recency=" + "0" * 5_000,
        "strictness=٣",
    ],
)
def test_a_choice_that_the_form_cannot_have_sent(site: Site, query: str) -> None:
    assert site.get(f"/links?{query}").status_code == 400
