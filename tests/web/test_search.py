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
    found = re.findall(r'<span class="words"[^>]*><a href="/entries/\d+">(.*?)</a>', page)
    return [re.sub("</?mark>", "", title) for title in found]


def test_the_most_relevant_first_with_their_number(site: Site, feed: int) -> None:
    far = "A long text about many things, one of which is fusion. " + "More of it. " * 50
    publish(site.database, feed, an_entry("Fusion at last"), an_entry("Other", text=far), an_entry("None"))
    page = site.get("/search?q=fusion").text
    assert titles(page) == ["Fusion at last", "Other"]
    assert "2 articles" in page
    assert 'value="fusion"' in page


def test_words_are_marked_and_foreign_text_is_escaped(site: Site, feed: int) -> None:
    publish(site.database, feed, an_entry("<b>Élections</b>", text="<i>les</i> <script>élection</script>"))
    page = site.get("/search?q=elections").text
    assert "&lt;b&gt;<mark>Élections</mark>&lt;/b&gt;" in page
    assert "&lt;script&gt;<mark>élection</mark>&lt;/script&gt;" in page
    assert "<script>" not in page


def test_fields_and_words_filter_alike(site: Site, feed: int) -> None:
    other = follow(site.database, "https://b.example/feed", "Autre", category=("Science",))
    publish(site.database, feed, an_entry("First fusion"))
    publish(site.database, other, an_entry("Second fusion", days=40))
    for address in (
        "q=fusion&feed=autre",
        "q=fusion&category=Science",
        "q=fusion&to=2026-10-31",
        "q=fusion+category:science",
        "feed=autre&state=unread",
    ):
        assert titles(site.get(f"/search?{address}").text) == ["Second fusion"], address
    assert titles(site.get("/search?q=fusion&order=date").text) == ["First fusion", "Second fusion"]
    assert titles(site.get("/search?q=fusion&starred=1").text) == []
    assert "Search without filters" in site.get("/search?q=fusion&starred=1").text


def test_what_is_wrong_with_a_search_is_told_in_the_language_of_the_page(site: Site, feed: int) -> None:
    publish(site.database, feed, an_entry("Fusion"))
    page = site.get("/search?q=fusion&from=2026-02-30").text
    assert "“2026-02-30” is no date." in page
    assert titles(page) == ["Fusion"]
    assert "n’est pas une date" in site.get("/search?q=fusion&from=2026-02-30", "fr").text
    assert "You follow no feed that is called “nobody”." in site.get("/search?q=fusion+feed:nobody").text


def test_a_search_is_kept_renamed_deleted_and_brought_back(site: Site, feed: int) -> None:
    site.post("/searches", query="fusion is:unread", name="Energy")
    home = site.get("/").text
    assert re.search(r'href="/search\?q=fusion\+is:unread"[^>]*>Energy</a>', home)
    page = site.get("/search?q=fusion+is:unread").text
    assert "This search is kept as" in page
    number = re.search(r'action="/searches/(\d+)/rename"', page)
    assert number is not None
    site.post(f"/searches/{number[1]}/rename", name="Power")
    assert ">Power</a>" in site.get("/").text
    site.post(f"/searches/{number[1]}/delete")
    page = site.get("/search?q=fusion+is:unread").text
    assert ">Power</a>" not in page
    undo = re.search(r'name="deleted" value="([^"]+)"', page)
    assert undo is not None
    site.post("/searches/undo-delete", deleted=undo[1])
    assert ">Power</a>" in site.get("/").text


def test_what_no_form_of_ours_sends_changes_nothing(site: Site, feed: int) -> None:
    assert site.post("/searches", query="-fusion", name="x").status_code == 400
    assert site.post("/searches", query="  ", name="x").status_code == 400
    assert site.post("/searches/undo-delete", deleted="x").status_code == 400
    assert site.post("/searches/7/delete").status_code == 404
    assert site.post("/searches/7/rename", name="x").status_code == 404
    assert site.client.post("/searches", data={"query": "fusion"}).status_code == 400
    assert 'class="kept"' not in site.get("/").text


def test_nothing_found_says_what_to_do(site: Site, feed: int) -> None:
    assert "No article of yours has these words." in site.get("/search?q=zebra").text
    assert "Aucun de vos articles ne contient ces mots." in site.get("/search?q=zebra", "fr").text


@pytest.mark.parametrize("address", ["/search", "/search?q=", "/search?q=%20"])
def test_no_words_yet(site: Site, address: str) -> None:
    assert "What are you looking for?" in site.get(address).text


def test_more_than_a_page(site: Site, feed: int) -> None:
    publish(site.database, feed, *(an_entry(f"Fusion {number}") for number in range(40)))
    first = site.get("/search?q=fusion&state=unread").text
    assert "40 articles" in first
    more = re.search(r'href="([^"]+)">More', first)
    assert more is not None
    second = site.get(more[1].replace("&amp;", "&")).text
    assert "26 to 40" in second
    assert len({*titles(first), *titles(second)}) == 40


def test_the_count_says_where_it_ends(site: Site, feed: int) -> None:
    publish(site.database, feed, *(an_entry(f"Fusion {number}") for number in range(1005)))
    assert "More than 1,000 articles" in site.get("/search?q=fusion").text
    assert "Plus de 1\u202f000 articles" in site.get("/search?q=fusion", "fr").text


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
