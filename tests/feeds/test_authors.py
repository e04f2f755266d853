"""Authors are cut to what can be read in time, and nothing else is touched."""

from __future__ import annotations

import time
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.feeds.authors import MOST_CHARS, shorten_authors

LONG = "Ann, " * 2_000


def rss(item: str) -> str:
    return (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title>'
        f"<item><title>One</title>{item}<guid>1</guid></item></channel></rss>"
    )


@pytest.mark.parametrize("name", ["author", "dc:creator", "managingEditor", "webMaster", "dc:publisher"])
@pytest.mark.parametrize("long", [LONG, f"<![CDATA[{LONG}]]>", f"Ann <b>{LONG}</b>", "&amp;" * 5_000])
def test_a_long_author_is_cut_in_a_document_that_stays_well_formed(name: str, long: str) -> None:
    found = ET.fromstring(shorten_authors(rss(f"<{name}>{long}</{name}>")))
    author = found.find("channel/item")[1]  # type: ignore[index]
    assert not len(author)
    assert author.text is not None
    assert author.text.startswith(("Ann", "&"))
    assert len(author.text) <= MOST_CHARS
    assert found.findtext("channel/item/guid") == "1"


@pytest.mark.parametrize(
    "item",
    [
        f"<author>{'a' * MOST_CHARS}</author>",
        f"<description><![CDATA[<author>{LONG}</author>]]></description>",
        f"<!-- <author>{LONG} -->",
        f"<authors>{LONG}</authors>",
        f"<author/><description>{LONG}</description>",
        f"<author>Ann<description>{LONG}</description>",
        f"<description>{LONG}</description>",
    ],
)
def test_all_else_is_as_it_was(item: str) -> None:
    assert shorten_authors(rss(item)) == rss(item)


@given(
    st.lists(st.sampled_from(["<author>", "</author>", "<![CDATA[", "]]>", "<!--", "-->", "x"])).map("".join)
)
def test_what_is_short_is_as_it_was(xml: str) -> None:
    assert shorten_authors(xml) == xml


@pytest.mark.parametrize(
    "piece", ["<author>", "<![CDATA[", "<!--", "<author", "<author></author>", "<a%:author>"]
)
def test_it_is_linear(piece: str) -> None:
    xml = "".join(piece.replace("%", str(number)) for number in range(100_000))
    started = time.monotonic()
    shorten_authors(xml)
    assert time.monotonic() - started < 5
