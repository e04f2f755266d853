"""What comes out is worth reading."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.domain import CleanFeed, ParsedEntry, ParsedFeed
from aggregator.feeds.sanitizing import clean_entries, clean_html, to_text

BASE = "https://site.test/blog/post"
IMG = '<img loading="lazy" referrerpolicy="no-referrer"'
PLAYER = 'controls="" preload="none"'
A = 'rel="noopener noreferrer"'


def clean(html: str, base_url: str | None = BASE) -> str:
    return clean_html(html, base_url=base_url)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h1>Title</h1><h2>Sub</h2>", "<h2>Title</h2><h2>Sub</h2>"),
        ("<article><main>x</main></article>", "<div><div>x</div></div>"),
        ("<p>a <b>b</b> <code>c</code><br>d</p>", "<p>a <b>b</b> <code>c</code><br>d</p>"),
        ("<p lang=fr dir=ltr class=x>é</p>", '<p lang="fr" dir="ltr">é</p>'),
        ("<pre>\n\n  x\n y</pre>", "<pre>  x\n y</pre>"),
        ("<ol start=3 type=a><li value=4>x</ol>", '<ol start="3" type="a"><li value="4">x</li></ol>'),
        ("<td>x</td>", "<p>x</p>"),
        ("<blink>x</blink> y", "<p>x y</p>"),
        ("<script>x</script>", ""),
        ("", ""),
    ],
)
def test_structure_is_kept(html: str, expected: str) -> None:
    assert clean(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a href=/x?a=1&b=2>x</a>", f'<a href="https://site.test/x?a=1&amp;b=2" {A}>x</a>'),
        ("<a href=other>x</a>", f'<a href="https://site.test/blog/other" {A}>x</a>'),
        ("<a href='#fn1'>1</a>", f'<a href="{BASE}#fn1" {A}>1</a>'),
        ("<a href=mailto:ada@site.test>x</a>", f'<a href="mailto:ada@site.test" {A}>x</a>'),
        ("<a href='ftp://x.test'>x</a>", f"<a {A}>x</a>"),
        ("<a href=' https://x.test/\n y'>x</a>", f'<a href="https://x.test/ y" {A}>x</a>'),
    ],
)
def test_links(html: str, expected: str) -> None:
    assert clean(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<img src=/1.png alt=A width=3 height=2>",
            f'{IMG} src="https://site.test/1.png" alt="A" width="3" height="2">',
        ),
        ("<IMG SRC='https://x.test/1' loading=eager>", f'{IMG} src="https://x.test/1">'),
        (
            "<img src='data:image/gif;base64,R0' data-src='https://x.test/1'>",
            f'{IMG} src="https://x.test/1">',
        ),
        ("<img data-lazy-src='/1.png' alt='a > b'>", f'{IMG} src="https://site.test/1.png" alt="a &gt; b">'),
        ("a<img src='data:image/png;base64,R0'>b", "<p>ab</p>"),
        ("a<img src='javascript:x' alt=no>b", "<p>ab</p>"),
        ("a<img src=https://t.test/p width=1 height=1>b", "<p>ab</p>"),
        ("a<img src=https://t.test/p height='1px' width='0' alt=''>b", "<p>ab</p>"),
        ("a<img src=https://t.test/p style='width:1px;height:1px !important'>b", "<p>ab</p>"),
        ("a<img src=https://t.test/p style='border:0; Display:none'>b", "<p>ab</p>"),
        ("a<img src=https://pixel.wp.com/b.gif?host=t.test>b", "<p>ab</p>"),
        ("a<img src='https://feeds.feedburner.com/~r/t/~4/x'>b", "<p>ab</p>"),
        ("a<img src='https://t.test/stats/matomo.php?idsite=1'>b", "<p>ab</p>"),
        ("a<img src='https://www.facebook.com/tr?id=1'>b", "<p>ab</p>"),
        ("a<img src=https://t.test/trees.gif>b", f'a{IMG} src="https://t.test/trees.gif">b'),
        (
            "<img src=https://t.test/p width=1 height=9>",
            f'{IMG} src="https://t.test/p" width="1" height="9">',
        ),
        ("<picture><source srcset=x><img src=https://x.test/1></picture>", f'{IMG} src="https://x.test/1">'),
        (
            "<audio src=/a.mp3 autoplay></audio>",
            f'<audio {PLAYER} src="https://site.test/a.mp3"></audio>',
        ),
        (
            "<video poster=//x.test/p><source src=/v></video>",
            f'<video {PLAYER} poster="https://x.test/p"><source src="https://site.test/v"></video>',
        ),
    ],
)
def test_media(html: str, expected: str) -> None:
    assert clean(html) == expected


@pytest.mark.parametrize("base_url", [None, "", "not an address", "http://[", "https://site.test:99999/"])
def test_without_a_base_relative_addresses_go(base_url: str | None) -> None:
    html = clean("<a href=/logout>x</a><img src=/logout><a href='https://x.test/'>y</a>", base_url)
    assert html == f'<a {A}>x</a><a href="https://x.test/" {A}>y</a>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One\n\nTwo\nthree", "<p>One</p><p>Two<br>three</p>"),
        ("AT&amp;T &lt;b&gt; caf&eacute; 1 < 2", "<p>AT&amp;T &lt;b&gt; café 1 &lt; 2</p>"),
        ("  ", ""),
    ],
)
def test_text_without_tags_becomes_paragraphs(text: str, expected: str) -> None:
    assert clean(text) == expected


def entry(guid: str, **facts: object) -> ParsedEntry:
    defaults: dict[str, object] = {
        "url": f"https://site.test/{guid}/",
        "title": guid,
        "author": None,
        "published_at": None,
        "updated_at": None,
        "summary": "",
        "content": "",
        "content_hash": f"hash of {guid}",
    }
    return ParsedEntry(guid=guid, **(defaults | facts))  # type: ignore[arg-type]


def cleaned(*entries: ParsedEntry) -> CleanFeed:
    feed = ParsedFeed(
        url="https://feeds.test/feed",
        title="T",
        site_url="https://site.test/",
        description="D",
        language="fr",
        time_to_live=None,
        entries=entries,
    )
    return clean_entries(feed)


def day(number: int) -> datetime:
    return datetime(2024, 1, number, tzinfo=UTC)


def test_what_the_feed_says_of_itself_stays() -> None:
    feed = cleaned(entry("new"))
    assert (feed.title, feed.site_url, feed.description, feed.language) == (
        "T",
        "https://site.test/",
        "D",
        "fr",
    )


def test_the_newest_is_first() -> None:
    entries = (
        entry("second", published_at=day(2)),
        entry("undated"),
        entry("third", published_at=day(1), updated_at=day(9)),
        entry("first", updated_at=day(3)),
    )
    feed = cleaned(*entries)
    assert [clean.guid for clean in feed.entries] == ["undated", "first", "second", "third"]
    assert feed.dates == (day(3), day(2), day(1))


def test_the_page_shows_the_content_or_else_the_summary() -> None:
    feed = cleaned(
        entry("both", content="<p>All <b>of</b> it</p>", summary="<i>In short</i>"),
        entry("summary", summary="<h1>Only</h1>this<script>no</script>"),
        entry("nothing"),
    )
    assert [(clean.html, clean.summary, clean.text) for clean in feed.entries] == [
        ("<p>All <b>of</b> it</p>", "In short", "All of it"),
        ("<h2>Only</h2>this", "", "Only\nthis"),
        ("", "", ""),
    ]


@pytest.mark.parametrize(
    "summary",
    ["One two", "One two three", "One <b>two</b> […]", "One two [...]", "One two…", "One\n two ...", ""],
)
def test_a_summary_that_is_the_beginning_says_nothing(summary: str) -> None:
    feed = cleaned(entry("x", content="<h2>One</h2><p>two three</p>", summary=summary))
    assert feed.entries[0].summary == ""


@pytest.mark.parametrize(
    ("facts", "address"),
    [
        ({"base_url": "https://base.test/x/"}, "https://base.test/x/1.png"),
        ({}, "https://site.test/x/1.png"),
        ({"url": None}, "https://site.test/1.png"),
    ],
)
def test_relative_addresses_start_where_the_entry_is(facts: dict[str, object], address: str) -> None:
    feed = cleaned(entry("x", content="<img src=1.png>", **facts))
    assert f'src="{address}"' in feed.entries[0].html


@pytest.mark.parametrize(
    "html",
    [
        'Before <iframe src="https://x.test/"/>after',
        'Before <iframe src="https://x.test/">after',
        'Before <iframe src="https://x.test/">Your browser has no frames.</iframe>after',
        "Before <iframe></iframe>after",
        'Before <object data="https://x.test/"><param name="a">after</object>',
    ],
)
def test_a_frame_does_not_swallow_what_follows(html: str) -> None:
    assert clean_html(html, base_url=None) in ("Before after", "<p>Before after</p>")
    assert to_text(html) == "Before after"


FILM = f'<a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ" {A}>▶'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("a<iframe src='https://youtu.be/dQw4w9WgXcQ'></iframe>b", f"a{FILM}</a>b"),
        (
            "<p><IFRAME title='A &quot;film&quot; &lt;b&gt;' SRC=//youtu.be/dQw4w9WgXcQ>no</iframe></p>",
            f'<p>{FILM}&nbsp;A "film" &lt;b&gt;</a></p>',
        ),
        (
            "<iframe title='YouTube video player' data-src=//youtu.be/dQw4w9WgXcQ src=about:blank></iframe>",
            f"{FILM}</a>",
        ),
        ("<p>a<iframe src='https://ads.test/embed'></iframe>b</p>", "<p>ab</p>"),
        ("<p>a<iframe srcdoc='https://youtu.be/dQw4w9WgXcQ'></iframe>b</p>", "<p>ab</p>"),
    ],
)
def test_of_a_film_there_is_a_link(html: str, expected: str) -> None:
    assert clean(html) == expected
    assert clean(expected) == expected
