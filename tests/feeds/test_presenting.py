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
    return present(
        clean_html(html, base_url=None), picture=lambda address: f"/p/{len(address)}?a&b", film="Film"
    )


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


PAGE = "https://vimeo.com/76979871"
CARD = f'<a class="film" href="{PAGE}" rel="noopener noreferrer" data-player="https://player.vimeo.com/'


@pytest.mark.parametrize(
    ("html", "title"),
    [
        (f"<iframe src={PAGE} title='One &amp; &lt;b&gt; two'></iframe>", "One &amp; &lt;b&gt; two"),
        (f"<iframe src={PAGE}></iframe>", "Film"),
    ],
)
def test_a_film_is_a_card(html: str, title: str) -> None:
    card = shown(f"<p>a {html}</p>")
    assert card.startswith(f"<p>a {CARD}")
    assert card.endswith(f"><span>▶</span> {title} <small>vimeo.com</small></a></p>")


@pytest.mark.parametrize(
    "html",
    [
        f"<a href={PAGE}>a link</a>",
        "<a href=https://evil.test/>▶ Film</a>",
        f"<a title=x href={PAGE} class=film data-player=https://evil.test/>▶ Film</a>",
        f"<p title='<a href=&quot;{PAGE}&quot; rel=&quot;noopener noreferrer&quot;>▶</a>'>x</p>",
    ],
)
def test_no_other_link_is(html: str) -> None:
    assert "data-player" not in shown(html)
    assert "class" not in shown(html)


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


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_what_is_shown_is_as_safe_as_what_was_cleaned(html: str) -> None:
    clean = clean_html(html, base_url=None)
    kept = present(clean, picture=lambda address: address, film="")
    assert clean_html(kept, base_url=None) == clean
    moved = present(clean, picture=lambda _: "https://ours.test/", film="")
    assert clean_html(moved, base_url=None) == moved


def test_a_large_article_costs_little() -> None:
    html = SafeHtml('<p title="x">text</p><img loading="lazy" src="https://a.test/1">' * 10_000)
    started = process_time()
    present(html, picture=lambda address: address, film="")
    present(SafeHtml("<img" + ' a="b"' * 100_000), picture=lambda address: address, film="")
    assert process_time() - started < 1
