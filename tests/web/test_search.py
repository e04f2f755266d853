"""The search page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from library import an_entry, follow, publish

if TYPE_CHECKING:
    from webapp import Site


@pytest.fixture
def feed(site: Site) -> int:
    return follow(site.database, "https://journal.example/feed", "Le Journal")


def titles(page: str) -> list[str]:
    return re.findall(r'<span class="words"><a href="/entries/\d+">([^<]*)</a>', page)


def test_the_most_relevant_first_with_their_number(site: Site, feed: int) -> None:
    far = "A long text about many things, one of which is fusion. " + "More of it. " * 50
    publish(site.database, feed, an_entry("Fusion at last"), an_entry("Other", text=far), an_entry("None"))
    page = site.get("/search?q=fusion").text
    assert titles(page) == ["Fusion at last", "Other"]
    assert "2 articles" in page
    assert 'value="fusion"' in page


def test_nothing_found_says_what_to_do(site: Site, feed: int) -> None:
    assert "No article of yours has these words." in site.get("/search?q=zebra").text
    assert "Aucun de vos articles ne contient ces mots." in site.get("/search?q=zebra", "fr").text


@pytest.mark.parametrize("address", ["/search", "/search?q=", "/search?q=%20"])
def test_no_words_yet(site: Site, address: str) -> None:
    assert "What are you looking for?" in site.get(address).text


def test_more_than_a_page(site: Site, feed: int) -> None:
    publish(site.database, feed, *(an_entry(f"Fusion {number}") for number in range(70)))
    first = site.get("/search?q=fusion").text
    assert "The 50 most relevant articles" in first
    more = re.search(r'href="([^"]+)">More', first)
    assert more is not None
    second = site.get(more[1].replace("&amp;", "&")).text
    assert "Articles 51 to 70" in second
    assert len({*titles(first), *titles(second)}) == 70


def test_past_the_last_page_is_the_end_and_not_nothing(site: Site, feed: int) -> None:
    publish(site.database, feed, an_entry("Fusion"))
    page = site.get("/search?q=fusion&page=2").text
    assert "This is the end of the list." in page
    assert 'href="/search?q=fusion"' in page
    assert "No article of yours" not in page


@pytest.mark.parametrize("query", ["-fusion", '-"cold fusion" -x', "???"])
def test_a_query_that_wants_no_word(site: Site, feed: int, query: str) -> None:
    publish(site.database, feed, an_entry("Fusion"))
    page = site.client.get("/search", query_string={"q": query}).text
    assert "Type a word that must occur, too." in page
    assert "No article of yours" not in page


def test_a_query_is_only_text(site: Site, feed: int) -> None:
    page = site.get("/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>alert" not in page
    assert "&#34;&gt;&lt;script&gt;" in page


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    words=st.text(max_size=40) | st.text(alphabet="\"-*():^ aAND\0ORé'NEAR", max_size=30),
    page=st.text(max_size=5) | st.integers().map(str),
)
def test_any_query_is_answered(site: Site, words: str, page: str) -> None:
    answer = site.client.get("/search", query_string={"q": words, "page": page})
    assert answer.status_code == 200
