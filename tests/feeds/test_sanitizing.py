"""What comes out is safe, at rest, and still worth reading; and what is already known is not cleaned."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.domain import CleanFeed, ParsedEntry, ParsedFeed
from aggregator.feeds.sanitizing import clean_entries, clean_html

BASE = "https://site.test/blog/post"
IMG = '<img loading="lazy" referrerpolicy="no-referrer"'
A = 'rel="noopener noreferrer"'
ALLOWED = set(
    "a abbr address audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt"
    " em figcaption figure h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small source"
    " span strong sub summary sup table tbody td tfoot th thead time tr u ul var video wbr".split()
)


def clean(html: str, base_url: str | None = BASE) -> str:
    return clean_html(html, base_url=base_url)


class Inspector(HTMLParser):
    """Reads the output with another parser than the one that wrote it."""

    def __init__(self) -> None:
        super().__init__()
        self.complaints: list[object] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED:
            self.complaints.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"class", "id", "name", "srcset", "srcdoc", "style"}:
                self.complaints.append((tag, name))
            schemes = r"(?i)(https?://[^/]|mailto:)" if name == "href" else r"(?i)https?://[^/]"
            if name in {"href", "poster", "src"} and not re.match(schemes, value or ""):
                self.complaints.append((tag, name, value))

    def handle_comment(self, data: str) -> None:
        self.complaints.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def complaints(html: str) -> list[object]:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.complaints


PAYLOADS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<svg/onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<img/ src=x onerror=alert(1)>",
    "<IMG SRC=`javascript:alert(1)` onerror=alert(1)//",
    "<a href='javascript&colon;alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='&#x6A;avascript:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href=//evil.test ping=//evil.test download target=_top>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>' src=//evil.test></iframe>",
    "<object data=//evil.test><embed src=//evil.test></object>",
    "<form action=//evil.test><input name=password autofocus onfocus=alert(1)><button formaction=x>y</button></form>",
    "<base href=//evil.test><meta http-equiv=refresh content='0;url=//evil.test'><link rel=stylesheet href=//evil.test>",
    "<p style='background:url(javascript:alert(1))' class=x id=y name=z>x</p>",
    "<video poster=javascript:alert(1) autoplay onplay=alert(1)><source src=data:video/mp4,x></video>",
    "<audio src=//evil.test/a.mp3 autoplay oncanplay=alert(1)>",
    "<img srcset='x 1x, javascript:alert(1) 2x' src=mailto:x>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=alert(1)></template>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'>",
    "<xmp><img title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[><img src=x onerror=alert(1)>]]>",
    "<?xml-stylesheet href='javascript:alert(1)'?>",
    "<img data-src='javascript:alert(1)'><img data-src='x\" onerror=\"alert(1)'>",
    "<img data-src='\"><script>alert(1)</script>'>",
    "<h1/onclick=alert(1)>x</h1><nav onclick=alert(1)>y</nav><center/style=x>z",
    "<table><td><svg><desc><td><img src=x onerror=alert(1)>",
    "<select><template><img src=x onerror=alert(1)>",
    "<a href='https://x.test' style=x><a href='javascript:alert(1)'>y",
    "<p title='<img src=x onerror=alert(1)>'>x",
    "<plaintext><img src=x onerror=alert(1)>",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_come_out_harmless(payload: str) -> None:
    for html in (
        payload,
        f"<p>before{payload}after</p>",
        f"<table><tr><td>{payload}</table>",
        payload.upper(),
    ):
        assert complaints(clean(html)) == []
        assert "alert(1)" not in re.sub(r"&lt;|&gt;|title=\"[^\"]*\"", "", clean(html)) or "<" not in clean(
            html
        )


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
        ("<img src=/1.png alt=A width=3 height=2>",
         f'{IMG} src="https://site.test/1.png" alt="A" width="3" height="2">'),
        ("<IMG SRC='https://x.test/1.png' loading=eager>", f'{IMG} src="https://x.test/1.png">'),
        ("<img src='data:image/gif;base64,R0' data-src='https://x.test/1.png'>", f'{IMG} src="https://x.test/1.png">'),
        ("<img data-lazy-src='/1.png' alt='a > b'>", f'{IMG} src="https://site.test/1.png" alt="a &gt; b">'),
        ("a<img src='data:image/png;base64,R0'>b", "<p>ab</p>"),
        ("a<img src='javascript:x' alt=no>b", "<p>ab</p>"),
        ("a<img src=https://t.test/p width=1 height=1>b", "<p>ab</p>"),
        ("a<img src=https://t.test/p height='1px' width='0' alt=''>b", "<p>ab</p>"),
        ("a<img src=https://t.test/p style='width:1px;height:1px !important'>b", "<p>ab</p>"),
        ("<img src=https://t.test/p width=1 height=100>", f'{IMG} src="https://t.test/p" width="1" height="100">'),
        ("<picture><source srcset=x><img src=https://x.test/1></picture>", f'{IMG} src="https://x.test/1">'),
        ("<audio src=/a.mp3 autoplay></audio>",
         '<audio controls="" preload="none" src="https://site.test/a.mp3"></audio>'),
        ("<video poster=/p.jpg loop><source src=/v.mp4 type=video/mp4></video>",
         '<video controls="" preload="none" poster="https://site.test/p.jpg">'
         '<source src="https://site.test/v.mp4" type="video/mp4"></video>'),
    ],
)  # fmt: skip
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


MARKUP = """
<p> </p> <div> </div> <table> <tr> <td> </td> </table> <a href=/x> <a href='https://x.test'> </a> <b title=1> <b> </b>
<h1> </h1> <pre> </pre> <ul> <li> </ul> <svg> </svg> <math> <mi> <style> </style> <title> </title> <img src=x> <img>
<video> <source> <form> <button> </button> <select> <option> <textarea> <noscript> </noscript> <template> <font color=x>
<object> </object> <details> <ruby> <rt> <caption> <dl> <dd> <nobr> <plaintext> <frameset> <br> </br> </p> <!-- --> <![CDATA[ ]]>
""".split()


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from([*MARKUP, "text", "\n", "&amp;", "&lt;b&gt;", "&#0;", "\0", "<", ">", '"', "&"]),
        max_size=25,
    )
)
def test_what_was_cleaned_is_at_rest_and_harmless(pieces: list[str]) -> None:
    once = clean("".join(pieces))
    assert clean(once) == once
    assert complaints(once) == []


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_at_rest(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 20_000,
        "<div>" * 257 + "deep",
        "<p>" + "".join(f"<b title={n}>" for n in range(200)) + "</p>" + "<p>a</p>" * 9_000,
        "<b>x</b>" * 20_000,
        "<svg>" + "<td>" * 19_000,
        "<a" * 400_000,
        "&amp;" * 200_000,
        "x" * 3_000_000,
        "<img " + "a" * 900_000 + ">",
        "<img alt='" + "<" * 10_000,
        "<p>" + "&" * 900_000,
    ],
    ids=lambda html: html[:12],
)
def test_heavy_html_costs_little_and_is_at_rest(html: str) -> None:
    started = process_time()
    once = clean(html)
    assert process_time() - started < 3
    assert complaints(once) == []
    assert clean(once) == once


def test_of_heavy_html_the_text_stays() -> None:
    html = clean("<div>" * 300 + "<p>One &amp; <b>two</b></p><script>no</script><p>three</p>")
    assert html == "<p>One &amp; two</p><p>three</p>"


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


def cleaned(*entries: ParsedEntry, known: dict[str, str] | None = None) -> CleanFeed:
    feed = ParsedFeed(
        url="https://feeds.test/feed",
        title="T",
        site_url="https://site.test/",
        description="D",
        language="fr",
        time_to_live=None,
        entries=entries,
    )
    return clean_entries(feed, known or {})


def day(number: int) -> datetime:
    return datetime(2024, 1, number, tzinfo=UTC)


def test_only_new_and_changed_entries_are_cleaned() -> None:
    entries = [entry("new"), entry("known"), entry("changed")]
    feed = cleaned(*entries, known={"known": "hash of known", "changed": "another hash", "gone": "x"})
    assert [clean.guid for clean in feed.entries] == ["new", "changed"]
    assert (feed.seen, feed.title, feed.language) == (3, "T", "fr")


def test_the_newest_is_first() -> None:
    entries = (
        entry("second", published_at=day(2)),
        entry("undated"),
        entry("third", published_at=day(1), updated_at=day(9)),
        entry("first", updated_at=day(3)),
    )
    feed = cleaned(*entries, known={"first": "hash of first"})
    assert [clean.guid for clean in feed.entries] == ["undated", "second", "third"]
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
