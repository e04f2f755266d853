"""OPML as we write it: that we read it back, and that other readers can."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import listparser
from hypothesis import example, given
from hypothesis import strategies as st
from outlines import urls

from aggregator.domain import CategoryPath, Outline
from aggregator.feeds.opml import parse_opml, write_opml

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime(2025, 3, 1, 12, 30, tzinfo=UTC)


def grouped(outlines: Iterable[Outline]) -> tuple[Outline, ...]:
    """As folders must order them: each folder where its first feed stands."""
    listed = list(outlines)
    first: dict[CategoryPath, int] = {}
    for place, outline in enumerate(listed):
        for depth in range(1, len(outline.category) + 1):
            first.setdefault(outline.category[:depth], place)

    def place_of(numbered: tuple[int, Outline]) -> tuple[int, ...]:
        place, outline = numbered
        depths = range(1, len(outline.category) + 1)
        return (*(first[outline.category[:depth]] for depth in depths), place)

    return tuple(outline for _, outline in sorted(enumerate(listed), key=place_of))


LEGAL = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff").filter(
    lambda char: char >= " " or char in "\t\n\r"
)
TEXT = st.text(LEGAL, max_size=30).map(str.strip)
NAME = TEXT.filter(bool)
FEEDS = st.builds(
    Outline,
    url=TEXT,
    title=TEXT,
    site_url=st.none() | NAME,
    category=st.lists(st.sampled_from(["a", "b"]) | NAME, max_size=4).map(tuple),
    language=st.none() | NAME,
)
OUTLINES = st.lists(FEEDS, max_size=12)


@given(OUTLINES, TEXT)
@example([], "")
def test_what_is_written_is_read(outlines: list[Outline], title: str) -> None:
    assert parse_opml(write_opml(outlines, title=title, created_at=NOW)) == grouped(outlines)


@given(OUTLINES)
def test_writing_again_what_was_read_changes_nothing(outlines: list[Outline]) -> None:
    once = write_opml(outlines, title="t", created_at=NOW)
    assert write_opml(parse_opml(once), title="t", created_at=NOW) == once


@given(st.lists(FEEDS, max_size=12, unique_by=lambda outline: bare(outline.url)))
def test_another_reader_finds_the_same_feeds(outlines: list[Outline]) -> None:
    """Without white space, which listparser makes one space. It finds no feed without an address or twice."""
    wanted = [outline for outline in outlines if outline.url]
    found = listparser.parse(write_opml(wanted, title="t", created_at=NOW))["feeds"]
    assert [(bare(feed["url"]), bare(feed["title"])) for feed in found] == [
        (bare(outline.url), bare(outline.title)) for outline in grouped(wanted)
    ]
    assert [[bare("/".join(path)) for path in feed["categories"]] for feed in found] == [
        [bare("/".join(outline.category))] if outline.category else [] for outline in grouped(wanted)
    ]


def bare(text: str) -> str:
    return "".join(text.split())


def test_feeds_keep_their_order_within_a_folder_and_folders_that_of_their_first_feed() -> None:
    def feed(url: str, *category: str) -> Outline:
        return Outline(url=url, title=url, category=category)

    written = write_opml(
        [feed("1", "b"), feed("2"), feed("3", "a", "c"), feed("4", "b"), feed("5", "a"), feed("6")],
        title="t",
        created_at=NOW,
    )
    assert urls(written) == ["1", "4", "2", "3", "5", "6"]
    assert written.count(b'text="b"') == 1


def test_the_file_is_what_other_readers_expect() -> None:
    outline = Outline(
        url="https://a.example/?a&b", title='"A" & é', site_url="https://a.example/", category=("F",)
    )
    paris = timezone(timedelta(hours=1))
    text = write_opml([outline], title="Mine", created_at=NOW.astimezone(paris)).decode("utf-8")
    assert re.match(r"<\?xml version=.1\.0. encoding=.UTF-8.\?>\n<opml version=\"2\.0\">", text)
    assert "<title>Mine</title>" in text
    assert '<outline text="F" title="F">' in text
    assert (
        '<outline type="rss" text="&quot;A&quot; &amp; é" title="&quot;A&quot; &amp; é"'
        ' xmlUrl="https://a.example/?a&amp;b" htmlUrl="https://a.example/"/>'
    ) in text
    date = re.search("<dateCreated>(.*)</dateCreated>", text)
    assert date is not None
    assert date[1] == "Sat, 01 Mar 2025 12:30:00 GMT"
    assert parsedate_to_datetime(date[1]) == NOW


def test_characters_that_xml_forbids_are_dropped() -> None:
    bad = Outline(url="u\0", title="a\x0b\ud800b", site_url="\x01h", category=("c\ufffe",))
    assert parse_opml(write_opml([bad], title="\0t", created_at=NOW)) == (
        Outline(url="u", title="ab", site_url="h", category=("c",)),
    )


def test_five_thousand_feeds_take_less_than_two_seconds() -> None:
    outlines = tuple(
        Outline(url=f"https://{n}.example/?a&b", title=f"« {n} »", category=(f"{n // 50}",))
        for n in range(5000)
    )
    data = write_opml(outlines, title="t", created_at=NOW)
    started = time.process_time()
    assert parse_opml(data) == outlines
    assert parse_opml(data.replace(b"&amp;", b"&").replace("«".encode(), b'"'))[-1].url == outlines[-1].url
    assert time.process_time() - started < 4
