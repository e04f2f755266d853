"""HTML as a reader would read it aloud, and the cost of it."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.feeds.plaintext import paragraphs, to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>One</p><p>two\n  three</p>", "One\ntwo three"),
        ("One<br>two<br/>three", "One\ntwo\nthree"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<h2>Title</h2>Text", "Title\nText"),
        ("<b>bo</b>ld and <i>it</i>alic", "bold and italic"),
        ("AT&amp;T &lt;b&gt; caf&eacute; &#8217;", "AT&T <b> café ’"),
        ("a < b and c > d, i<3", "a < b and c > d, i<3"),
        ("Bonjour\xa0! &nbsp; x", "Bonjour ! x"),
        ("a<script>alert('</p>')</script>b<style>p {}</style>c", "abc"),
        ("a<script>never closed", "a"),
        ("a<!-- <p>no</p> -->b<!-- never closed", "ab"),
        ("<button-group>kept</button-group>", "kept"),
        ('<img alt="a > b" src=x>after', "after"),
        ("<p title='it\"s > that'>in</p>", "in"),
        ("<p class=it's>in</p> isn't", "in\nisn't"),
        ("<!DOCTYPE html><?xml version='1.0'?>text", "text"),
        ("<svg><text>no</text></svg><math>no</math>yes", "yes"),
    ],
)
def test_text_of_html(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("one", "<p>one</p>"),
        ("one\ntwo\r\nthree", "<p>one<br>two<br>three</p>"),
        ("one\n\n \n two \n", "<p>one</p><p>two</p>"),
        ("<b> & 'c'", "<p>&lt;b&gt; &amp; 'c'</p>"),
    ],
)
def test_html_of_text(text: str, html: str) -> None:
    assert paragraphs(text) == html


@given(st.text())
def test_text_survives_the_way_to_html_and_back(text: str) -> None:
    words = text.replace("\0", "").split()
    # HTML has no way to write these: a reference to them means another character.
    assert to_text(paragraphs(" ".join(words))).split() == words


@pytest.mark.parametrize(
    "html",
    [
        "<" * 300_000,
        "<a" * 150_000,
        '<img "' * 50_000,
        "<!--" * 75_000,
        "<script>" * 40_000,
        "</script " * 30_000 + "<script>",
        "&" * 300_000,
        "<p " + " a=1" * 75_000,
        "<p '" + "\"'" * 100_000,
        " " * 300_000 + "<p>",
    ],
    ids=lambda html: html[:8],
)
def test_the_time_is_linear(html: str) -> None:
    started = process_time()
    to_text(html)
    assert process_time() - started < 2
