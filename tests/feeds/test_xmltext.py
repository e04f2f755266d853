"""What is repaired before a parser sees it. (As whole feeds: corpus/feeds.)"""

from __future__ import annotations

from time import process_time
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.feeds.xmltext import prepare_xml


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ('\n<?xml version="1.0"?>\n<rss>x</rss>', "<rss>x</rss>"),
        ("<!-- <rss> --><!DOCTYPE feed [<!ENTITY a 'b'>]><feed>&a;</feed>", "<feed>b</feed>"),
        ("<rdf:RDF>&nbsp;&eacute;</rdf:RDF>", "<rdf:RDF>\xa0é</rdf:RDF>"),
        ("<rss>&amp; &lt; &#233; &#xE9; &#XE9;</rss>", "<rss>&amp; &lt; &#233; &#xe9; &#xe9;</rss>"),
        ("<rss>Q&A, &LT;, &no;</rss>", "<rss>Q&amp;A, &lt;, &amp;no;</rss>"),
        ("<rss>&#0;&#xD800;&#x110000;&#xFFFE;</rss>", "<rss></rss>"),
        ("<rss><![CDATA[&nbsp;&<b>]]>&</rss>", "<rss><![CDATA[&nbsp;&<b>]]>&amp;</rss>"),
        ("<rss>a\0b\x1bc\uffffd</rss>", "<rss>abcd</rss>"),
        ("<rss><![CDATA[never closed &", "<rss><![CDATA[never closed &"),
    ],
)
def test_repairs(text: str, xml: str) -> None:
    assert prepare_xml(text) == xml


@pytest.mark.parametrize(
    "text", ["", "words", "<html><feedback/></html>", "<!-- <rss></rss> -->", "<!-- <rss>"]
)
def test_no_feed_begins(text: str) -> None:
    assert prepare_xml(text) is None


@given(
    st.text(alphabet="&#x019aAgt;lm<! \0\x0b\ud800\uffff", max_size=80).filter(lambda text: "<" not in text)
)
def test_repaired_text_is_xml(text: str) -> None:
    assert ET.fromstring(prepare_xml(f"<rss>{text}</rss>") or "").tag == "rss"


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE " * 50_000 + "<rss>",
        "<!ENTITY " * 50_000 + "<rss>",
        "\n" * 500_000 + "<rss>",
        "<!--" * 100_000 + "<rss>",
        "<rss>" + "<![CDATA[" * 50_000,
        "<rss>" + "&" * 500_000,
        "<rss>" + "&nbsp" * 100_000,
    ],
    ids=lambda text: text[:12],
)
def test_the_time_is_linear(text: str) -> None:
    started = process_time()
    prepare_xml(text)
    assert process_time() - started < 2
