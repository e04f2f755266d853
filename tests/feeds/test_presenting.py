"""What a page changes of an article's HTML."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.domain import SafeHtml
from aggregator.feeds.presenting import present
from aggregator.feeds.sanitizing import clean_html


def shown(html: str) -> str:
    return present(clean_html(html, base_url=None), picture=lambda address: f"/p/{len(address)}?a&b")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<img src='https://a.test/?a=1&b=2' alt=x>", 'src="/p/23?a&amp;b" alt="x">'),
        (
            "<video poster=https://a.test/1 src=https://a.test/2>",
            'poster="/p/16?a&amp;b" src="https://a.test/2"',
        ),
        ("<audio src=https://a.test/2>", 'src="https://a.test/2"'),
        ("<a href=https://a.test/1>x</a>", 'href="https://a.test/1"'),
        # What looks like one is none.
        ("<p title='<img src=\"https://a.test/1\">'>x", 'src=&quot;https://a.test/1&quot;&gt;"'),
        (
            "<img title=' src=' alt='https://a.test/' src=https://a.test/2>",
            'title=" src=" alt="https://a.test/"',
        ),
        ('&lt;img src="https://a.test/1"&gt;', '&lt;img src="https://a.test/1"&gt;'),
        ("<ins title=x>a</ins><img alt=y>", "<ins"),
    ],
)
def test_pictures_alone_come_from_elsewhere(html: str, expected: str) -> None:
    assert expected in shown(html)


PIECES = [
    "<img",
    "<video",
    "<p",
    " src=",
    " title=",
    " poster=",
    "'",
    '"',
    ">",
    "https://a.test/",
    "x",
    "&quot;",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_what_is_shown_is_as_safe_as_what_was_cleaned(html: str) -> None:
    clean = clean_html(html, base_url=None)
    kept = present(clean, picture=lambda address: address)
    assert kept == clean
    moved = present(clean, picture=lambda _: "https://ours.test/")
    assert clean_html(moved, base_url=None) == moved


def test_a_large_article_costs_little() -> None:
    html = SafeHtml('<p title="x">text</p><img loading="lazy" src="https://a.test/1">' * 10_000)
    started = process_time()
    present(html, picture=lambda address: address)
    present(SafeHtml("<img" + ' a="b"' * 100_000), picture=lambda address: address)
    assert process_time() - started < 1
