"""The fast way to read items says what feedparser says, or leaves them to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import ParseError
from aggregator.feeds import parsing
from aggregator.feeds.charsets import decode
from aggregator.feeds.items import split_items
from aggregator.feeds.plainitems import read_items
from aggregator.feeds.xmltext import prepare_xml

if TYPE_CHECKING:
    from aggregator.feeds.normalizing import RawFeed

CORPUS = Path(__file__).parents[1] / "corpus" / "feeds"
FILES = sorted(path for path in CORPUS.iterdir() if not path.name.endswith(".json"))
URL = "https://feeds.test/feed.xml"
SPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/"'
)


def slow(xml: str) -> RawFeed | str:
    """What feedparser alone makes of it."""
    try:
        return parsing._feed(parsing._read_whole(parsing._SIDE_TEXT.sub(r"<\1\2_aside\3>", xml), URL))
    except ParseError as error:
        return str(error)


def fast(xml: str) -> RawFeed | str:
    try:
        return parsing._feed(parsing._read_document(xml, b"", URL)[0])
    except ParseError as error:
        return str(error)


def rss(*items: str) -> str:
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0" {SPACES}><channel><title>T</title>{inside}</channel></rss>'


def atom(*entries: str) -> str:
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>{inside}</feed>'


def plain(document: str) -> list[bool]:
    """Of each item, whether it is read in the fast way."""
    parts = split_items(document)
    assert parts is not None
    found = read_items(document, len(parts.items))
    assert found is not None
    return [fields is not None for fields in found]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_both_ways_agree_on_the_corpus(path: Path) -> None:
    xml = prepare_xml(decode(path.read_bytes(), "application/xml"))
    if xml:
        assert fast(xml) == slow(xml)


# Each with what may go wrong in it: blanks, references, HTML, other letters, odd addresses, nothing.
_texts = st.one_of(
    st.sampled_from(
        [
            "",
            " A title ",
            "<b>bold</b> & more",
            "AT&T",
            "&amp;lt;",
            "a < b",
            "Fran\u00e7ais",
            "Fran\u00c3\u00a7ais",
            "\u0093quoted\u0094",
            "日本語",
            "line\nbreak",
            "<p>One</p><p>Two</p>",
            "&eacute;t&eacute;",
            "&#8217;",
            "]]>",
        ]
    ),
    st.text(
        st.characters(codec="utf-8", exclude_characters="\r\ufffe\uffff", exclude_categories=("Cc", "Cs")),
        max_size=30,
    ),
)
_addresses = st.sampled_from(
    [
        "https://a.test/1",
        "http://a.test/?a=1&b=2",
        "https://a.test/é",
        " https://a.test/blank ",
        "/relative",
        "",
        "https://a.test",
        "HTTP://A.test/x",
        "javascript:alert(1)",
        "https://a.test/a b",
        "urn:uuid:1",
        "tag:a.test,2026:1",
        "12345",
        "https://a.test/x;y",
    ]
)
_dates = st.sampled_from(["Tue, 24 Nov 2026 10:00:00 GMT", "2026-11-24T10:00:00Z", "yesterday", ""])
_names = st.sampled_from(
    ["Ann", "Ann Lee", "ann@a.test (Ann)", "Ann <ann@a.test>", "a.b@c.test", "", "Zoé & Co"]
)


def _element(name: str, values: st.SearchStrategy[str], *attributes: str) -> st.SearchStrategy[str]:
    def write(value: str, extra: str, *, literal: bool) -> str:
        text = f"<![CDATA[{value}]]>" if literal and "]]>" not in value else escape(value)
        return f"<{name}{extra}>{text}</{name}>"

    extra = st.sampled_from(["", *(f" {one}" for one in attributes)])
    return st.builds(write, values, extra, literal=st.booleans())


def _empty(name: str, **attributes: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def write(**said: str) -> str:
        return f"<{name} " + " ".join(f"{key}={quoteattr(value)}" for key, value in said.items()) + "/>"

    return st.builds(write, **attributes)


_sizes = st.sampled_from(["1000", "", "many"])
_rss_items = st.lists(
    st.one_of(
        _element("title", _texts, 'type="html"'),
        _element("link", _addresses),
        _element("guid", _addresses, 'isPermaLink="false"', 'isPermaLink="true"', 'isPermaLink="no"'),
        _element("description", _texts),
        _element("content:encoded", _texts),
        _element("pubDate", _dates),
        _element("dc:date", _dates),
        _element("author", _names),
        _element("dc:creator", _names),
        _element("itunes:author", _names),
        _element("itunes:duration", st.sampled_from(["1:02:03", "61", ""])),
        _element("itunes:summary", _texts),
        _element("media:description", _texts),
        _element("category", _texts, 'domain="https://a.test/tags"', 'domain=""'),
        _element("comments", _addresses),
        _empty("enclosure", url=_addresses, length=_sizes, type=st.sampled_from(["audio/mpeg", ""])),
        _empty("media:thumbnail", url=_addresses, width=_sizes),
        _empty("media:content", url=_addresses, medium=st.sampled_from(["image", "video"])),
        _empty("itunes:image", href=_addresses),
        st.just("<unknown>x</unknown>"),
    ),
    max_size=8,
).map("".join)
_rels = st.sampled_from(["alternate", "self", "enclosure", "related", "Alternate", "via", ""])
_types = ('type="html"', 'type="text"', 'type="HTML"', 'type="text/html"', 'type="xhtml"', 'xml:lang="fr"')
_person = st.builds(
    "<author>{}{}</author>".format, _element("name", _names), st.sampled_from(["", "<email>a@b.test</email>"])
)
_atom_entries = st.lists(
    st.one_of(
        _element("title", _texts, *_types),
        _element("summary", _texts, *_types),
        _element("content", _texts, *_types),
        _element("id", _addresses),
        _element("published", _dates),
        _element("updated", _dates),
        _empty("link", href=_addresses),
        _empty("link", href=_addresses, rel=_rels, type=st.sampled_from(["text/html", "audio/mpeg"])),
        _empty("category", term=_texts, label=_texts),
        _empty("category", term=_texts, scheme=_addresses),
        _person,
    ),
    max_size=8,
).map("".join)


@settings(max_examples=250)
@given(st.lists(_rss_items, min_size=1, max_size=3))
def test_both_ways_agree_on_rss(items: list[str]) -> None:
    xml = prepare_xml(rss(*items))
    assert xml is not None
    assert fast(xml) == slow(xml)


@settings(max_examples=250)
@given(st.lists(_atom_entries, min_size=1, max_size=3))
def test_both_ways_agree_on_atom(entries: list[str]) -> None:
    xml = prepare_xml(atom(*entries))
    assert xml is not None
    assert fast(xml) == slow(xml)


def test_what_publishers_mostly_write_is_read_in_the_fast_way() -> None:
    item = (
        "<title>One</title><link>https://a.test/1</link><guid isPermaLink='false'>1</guid>"
        "<description>&lt;p&gt;Text&lt;/p&gt;</description><pubDate>Tue, 24 Nov 2026 10:00:00 GMT</pubDate>"
        "<dc:creator>Ann</dc:creator><category>News</category>"
    )
    entry = (
        "<title>One</title><link href='https://a.test/1'/><id>urn:x:1</id><updated>2026-11-24</updated>"
        "<author><name>Ann</name></author><content type='html'>&lt;p&gt;Text&lt;/p&gt;</content>"
    )
    assert plain(rss(item, item)) == [True, True]
    assert plain(atom(entry)) == [True]


@pytest.mark.parametrize(
    "odd",
    [
        "<title>A <b>bold</b> word</title>",
        "<title>&amp;eacute;</title>",
        "<title>One</title><title>Two</title>",
        "<description xml:base='https://b.test/'>x</description>",
        "<unknown/>",
        "<guid>7</guid>",
        "<link>/relative</link>",
        "<author>ann@a.test (Ann)</author>",
        "<dc:title>Other</dc:title>",
    ],
)
def test_an_odd_item_is_left_to_feedparser_alone(odd: str) -> None:
    assert plain(rss("<title>One</title>", odd, "<title>Three</title>")) == [True, False, True]


@pytest.mark.parametrize(
    "document",
    [
        '<rss version="2.0"><channel><item><title>One</item></channel></rss>',
        '<rss version="2.0" xml:base="https://b.test/"><channel><item></item></channel></rss>',
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><item></item></rdf:RDF>',
        '<rss version="2.0"><item></item></rss>',
        '<rss version="2.0"><channel><box><item></item></box></channel></rss>',
        '<feed xmlns="http://purl.org/atom/ns#"><entry></entry></feed>',
    ],
)
def test_another_document_is_left_to_feedparser_as_a_whole(document: str) -> None:
    assert read_items(document, 1) is None


def test_known_items_are_left_out_and_the_others_are_as_in_the_whole() -> None:
    items = [
        f"<title>{n}</title><guid isPermaLink='false'>{n}</guid><odd/>"
        if n % 2
        else f"<title>{n}</title><guid isPermaLink='false'>{n}</guid>"
        for n in range(6)
    ]
    _, hashes, _ = parsing._read_document(rss(*items[:3]), b"", URL)
    document, all_hashes, left_out = parsing._read_document(rss(*items), b"".join(hashes), URL)
    whole = slow(rss(*items))
    assert not isinstance(whole, str)
    assert parsing._feed(document).entries == whole.entries[3:]
    assert all_hashes[:3] == hashes
    assert left_out == {"0", "1", "2"}


def test_an_item_that_is_not_closed_is_read_by_feedparser() -> None:
    xml = re.sub("</item>(?=</channel>)", "", rss("<title>One</title>", "<title>Two</title>"))
    assert fast(xml) == slow(xml)
    found = fast(xml)
    assert not isinstance(found, str)
    assert [entry.title for entry in found.entries] == ["One", "Two"]
