"""The frame: the tree, categories, history, the place an article was opened from, looks, undo, packing."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest
from library import an_entry, follow, publish

if TYPE_CHECKING:
    from webapp import Site


@pytest.fixture
def press(site: Site) -> list[int]:
    """Five entries of a feed in Press › Local, the newest first; a feed without a category has one more."""
    feed = follow(site.database, "https://a.example/", "Gazette", category=("Press", "Local"))
    other = follow(site.database, "https://b.example/", "Elsewhere")
    publish(site.database, other, an_entry("Far away", days=0.5))
    return publish(site.database, feed, *(an_entry(f"E{n}", days=n) for n in range(5)))


def titles(page: str) -> list[str]:
    return re.findall(r'<span class="words"><a href="/entries/\d+[^"]*">([^<]*)</a>', page)


def tree(page: str) -> list[tuple[str, str]]:
    section = page[page.index('id="tree"') : page.index("</nav>", page.index('id="tree"'))]
    found = re.findall(r'<span class="name">([^<]*)</span>(?: <span class="count">(\d+)</span>)?', section)
    return [(name, count) for name, count in found]


def test_the_tree_counts_what_is_unread(site: Site, press: list[int]) -> None:
    expected = [("Press", "5"), ("Local", "5"), ("Gazette", "5"), ("No category", "1"), ("Elsewhere", "1")]
    home = site.get("/").text
    assert tree(home) == expected
    assert home.count('">unread</span>') == 6
    assert tree(site.get("/search?q=word").text) == expected
    site.post(f"/entries/{press[0]}/read", read="1")
    assert tree(site.get("/").text)[0] == ("Press", "4")


def test_a_large_library_shows_only_the_feeds_of_the_open_category(site: Site) -> None:
    for number in range(45):
        follow(site.database, f"https://{number}.example/", f"F{number}", category=(f"C{number % 3}",))
    assert [name for name, _ in tree(site.get("/").text)] == ["C0", "C1", "C2"]
    assert len(tree(site.get("/categories/2").text)) == 3 + 15
    assert len(tree(site.get("/feeds/2").text)) == 3 + 15


def test_a_category_lists_its_unread_entries_or_all(site: Site, press: list[int]) -> None:
    site.post(f"/entries/{press[1]}/read", read="1")
    page = site.get("/categories/1").text
    assert "<h1>Press › Local" in page
    assert titles(page) == ["E0", "E2", "E3", "E4"]
    assert titles(site.get("/categories/1?view=all").text) == ["E0", "E1", "E2", "E3", "E4"]
    assert site.get("/categories/99").status_code == 404


def test_marking_a_category_leaves_the_rest_and_can_be_undone(site: Site, press: list[int]) -> None:
    form = re.search(r'action="/read-all">(.*?)</form>', site.get("/categories/1").text, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[1]))
    answer = site.client.post("/read-all", data=fields)
    assert answer.location == "/categories/1"
    page = site.get("/categories/1").text
    assert "All is read." in page
    marking = re.search(r'name="marking" value="([^"]+)"', page)
    assert marking is not None
    assert titles(site.get("/").text) == ["Far away"]
    assert site.post("/undo-read-all", marking=marking[1]).status_code == 303
    page = site.get("/").text
    assert "5 articles are unread again." in page
    assert len(titles(page)) == 6
    assert site.post("/undo-read-all", marking="forged").status_code == 400


def test_history_holds_what_was_read(site: Site, press: list[int]) -> None:
    assert "Nothing read yet." in site.get("/?view=history").text
    site.post(f"/entries/{press[3]}/read", read="1")
    page = site.get("/?view=history").text
    assert titles(page) == ["E3"]
    assert "<h2>Today</h2>" in page


@pytest.mark.parametrize(
    ("within", "before", "after"),
    [
        ("feed-1", "E1", "E3"),
        ("category-1", "E1", "E3"),
        ("all", "E1", "E3"),
        ("starred", None, None),
        ("history", None, None),
        ("nonsense", "E1", "E3"),
        ("feed-99", "E1", "E3"),
        ("category-99", "E1", "E3"),
    ],
)
def test_an_article_has_neighbours_where_it_was_opened(
    site: Site, press: list[int], within: str, before: str | None, after: str | None
) -> None:
    page = site.get(f"/entries/{press[2]}?in={within}").text
    for way, expected in (("prev", before), ("next", after)):
        found = re.search(rf'rel="{way}" href="[^"]+"><span>\w+</span> ([^<]+)</a>', page)
        assert (found[1] if found else None) == expected


def test_what_was_just_read_keeps_its_place_among_the_unread(site: Site, press: list[int]) -> None:
    site.post(f"/entries/{press[1]}/read", read="1")
    page = site.get(f"/entries/{press[2]}").text
    assert f'rel="prev" href="/entries/{press[1]}"' in page


def test_starring_keeps_the_place(site: Site, press: list[int]) -> None:
    answer = site.post(f"/entries/{press[2]}/star", starred="1", **{"in": "feed-1"})
    assert answer.location == f"/entries/{press[2]}?in=feed-1"


# ── looks ────────────────────────────────────────────────────────────────────────────────────────


def test_a_look_is_kept_and_shown_from_the_first_byte(site: Site) -> None:
    answer = site.post("/look", theme="sepia", face="sans", size="4", back="/feeds?page=1")
    assert answer.location == "/feeds?page=1"
    page = site.get("/").text
    assert 'data-theme="sepia" data-face="sans" data-size="4"' in page
    assert '<meta name="color-scheme" content="light">' in page
    site.post("/look", keys="0", back="/help")
    assert 'data-theme="sepia" data-face="sans" data-size="4" data-keys="off"' in site.get("/help").text


@pytest.mark.parametrize("fields", [{"theme": "pink"}, {"size": "9"}, {"face": ""}, {"keys": "2"}])
def test_a_look_that_does_not_exist_is_refused(site: Site, fields: dict[str, str]) -> None:
    assert site.post("/look", **fields).status_code == 400


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example/", "", "x"])
def test_a_look_never_leads_elsewhere(site: Site, back: str) -> None:
    assert site.post("/look", theme="dark", back=back).location == "/"


@pytest.mark.parametrize("cookie", ["x", "dark-serif-2-1-1", "<script>", "dark-serif-22-1"])
def test_a_cookie_without_meaning_is_the_common_look(site: Site, cookie: str) -> None:
    site.client.set_cookie("look", cookie)
    assert 'data-theme="auto" data-face="serif" data-size="2"' in site.get("/help").text


# ── time zones, packing ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Pacific/Kiritimati", "Yesterday"),
        ("Europe/Paris", "Today"),
        ("Nowhere/../etc", None),
        ("é" * 9, None),
    ],
)
def test_days_are_those_of_the_reader(site: Site, press: list[int], zone: str, day: str | None) -> None:
    site.client.set_cookie("tz", zone)
    page = site.get("/").text  # 15:00 UTC on the 24th is the 25th in Kiritimati; "Far away" is of the 24th
    assert "Far away" in page
    if day:
        assert page.index(f"<h2>{day}</h2>") < page.index("Far away")


def test_pages_are_packed_for_those_who_take_it_but_never_searches(site: Site, press: list[int]) -> None:
    def encoding(path: str, accepted: str) -> str | None:
        answer = site.client.get(path, headers={"Accept-Encoding": accepted}, buffered=True)
        return answer.headers.get("Content-Encoding")

    assert encoding("/", "gzip, br") == "gzip"
    assert encoding("/static/frame.css", "gzip") == "gzip"
    assert encoding("/", "identity") is None
    assert encoding("/", "gzip;q=0") is None
    assert encoding("/search?q=one", "gzip") is None
    packed = site.client.get("/static/frame.js", headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert gzip.decompress(packed.data) == site.get("/static/frame.js").data
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_help_says_how_in_both_languages(site: Site) -> None:
    assert "<kbd>g u</kbd>" in site.get("/help").text
    assert "Raccourcis clavier" in site.get("/help", "fr").text
