"""OPML that is damaged, that is none, and that means harm."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outlines import opml, urls

from aggregator.domain import Outline
from aggregator.errors import OpmlError
from aggregator.feeds.opml import MAX_BYTES, parse_opml

if TYPE_CHECKING:
    from pathlib import Path

# ── what is not well-formed ──────────────────────────────────────────────────────────────────────


def test_bare_ampersands() -> None:
    body = '<outline text="A & B" xmlUrl="https://a.example/?a=1&b=2&copy=3&amp;c=4"/>'
    (outline,) = parse_opml(opml(body))
    assert (outline.title, outline.url) == ("A & B", "https://a.example/?a=1&b=2&copy=3&c=4")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("arch&aelig;ology", "archæology"),
        ("it&#8217;s&#xa0;so", "it’s\xa0so"),
        ("&nosuchname; &notit;", "&nosuchname; &notit;"),
        ("a&#0;b&#1;c&#xFFFF;d\x02", "a\ufffdbcd"),
        ("line&#10;line", "line\nline"),
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
    ],
)
def test_references_need_no_dtd(written: str, meant: str) -> None:
    assert parse_opml(opml(f'<outline text="{written}" xmlUrl="u"/>'))[0].title == meant


@pytest.mark.parametrize(
    "title",
    [
        'le "blog" de X',
        "x < 3",
        "<b>fat</b>",
        '<a href="https://b.example">link</a>',
        '"a" & "b"',
        "l'été > l'hiver",
    ],
)
def test_raw_quotes_and_tags_in_a_title_cost_nothing(title: str) -> None:
    feeds = f'<outline text="{title}" xmlUrl="u" htmlUrl="h"/>\n<outline xmlUrl="v"/>'
    assert parse_opml(opml(f'<outline text="{title}">{feeds}</outline><outline xmlUrl="w"/>')) == (
        Outline(url="u", title=title, site_url="h", category=(title,)),
        Outline(url="v", title="", category=(title,)),
        Outline(url="w", title=""),
    )


A, B = '<outline text="a" xmlUrl="a"/>', '<outline text="b" xmlUrl="b"/>'
BROKEN = {
    "cut off": f"<opml>{A}{B[:-1]}",
    "wrong end tag": f'<opml><outline text="f">{A}</x>{B}</opml>',
    "no end tag": f'<opml><outline text="f">{A}{B}',
    "no quotes": f"<opml><outline text=a xmlUrl=a />{B}</opml>",
    "no space": f'<opml><outline text="a"xmlUrl="a"/>{B}</opml>',
    "attribute twice": f'<opml><outline text="a" text="c" xmlUrl="a"/>{B}</opml>',
    "tag not closed": f"<opml>{A[:-2]} {B}</opml>",
    "stray <": f"<opml>< {A}<{B}<</opml>",
    "unclosed comment": f"<opml>{A}<!-- {B}</opml>",
    "unknown prefix": f"<opml><outline x:y='' {A[9:]}{B}",
    "words before": f"My feeds: <opml>{A}{B}</opml>",
    "no root": A + B,
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_no_feed_of_a_broken_file_is_lost(text: str) -> None:
    outlines = parse_opml(text.encode())
    assert [(outline.url, outline.title) for outline in outlines] == [("a", "a"), ("b", "b")]


def test_two_documents_in_one_file() -> None:
    one, two = opml('<outline xmlUrl="a"/>'), opml('<outline text="f"><outline xmlUrl="b"/></outline>')
    assert parse_opml(one + two) == (Outline(url="a", title=""), Outline(url="b", title="", category=("f",)))


def test_a_rescued_feed_stays_in_the_category_before_it_and_in_its_place() -> None:
    body = """<outline text="f"><outline text="a" xmlUrl="a"/>
      <outline text='A' b xmlUrl="a" htmlUrl="h" /><outline text="c" xmlUrl="c"/></outline>"""
    assert parse_opml(opml(body)) == (
        Outline(url="a", title="a", category=("f",)),
        Outline(url="a", title="A", site_url="h", category=("f",)),
        Outline(url="c", title="c", category=("f",)),
    )


def test_what_is_commented_out_stays_out() -> None:
    broken = opml('<outline xmlUrl="a"/><!-- <outline xmlUrl="b"/> --><outline text="&" xmlUrl="c" </wrong>')
    assert urls(broken) == ["a", "c"]


# ── what is no OPML at all ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "sentence", "advice"),
    [
        (b"", "empty", "Export"),
        (b"\xef\xbb\xbf \n", "empty", "Export"),
        (b"My feeds: https://a.example/rss", "neither OPML nor any other XML", "Export"),
        (b'{"feeds": []}', "neither OPML nor any other XML", "Export"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0", "neither OPML nor any other XML", "Export"),
        (b"PK\x03\x04\x14\0\0\0", "compressed archive", "Unpack"),
        (b"\x1f\x8b\x08\0", "compressed archive", "Unpack"),
        (b"<!DOCTYPE html><html><p>Log in<br></html>", "web page", "Download the OPML file itself"),
        (b"<html><head></head></html>", "web page", "Download the OPML file itself"),
        (b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>', "is a feed", "Subscribe"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"/>', "is a feed", "Subscribe"),
        (b"<haha/>", "holds no OPML outline", "Export"),
        (b'<opml version="2.0"><head><title>Cut', "holds no OPML outline", "Export"),
    ],
)
def test_the_error_says_what_the_file_is_and_what_to_do(data: bytes, sentence: str, advice: str) -> None:
    with pytest.raises(OpmlError, match=rf"{sentence}.*\. {advice}.*\.$"):
        parse_opml(data)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(OpmlError, match=r"larger than 20,000,000 bytes.* Split"):
        parse_opml(opml(" " * MAX_BYTES))


def test_a_file_just_below_the_limit_is_read() -> None:
    assert urls(opml('<outline xmlUrl="u"/>' + " " * (MAX_BYTES - 200))) == ["u"]


# ── attacks ──────────────────────────────────────────────────────────────────────────────────────


def test_no_file_is_read_and_no_entity_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    dtd = f'<!DOCTYPE opml [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY lol "lol">]>'
    head = '<?xml version="1.0"?><!-- <!DOCTYPE a> -->'
    data = f'{head}{dtd}<opml><body><outline text="&x;&lol;" xmlUrl="u">&x;</outline></body></opml>'
    for encoding in ("utf-8", "utf-16"):
        assert parse_opml(data.encode(encoding)) == (Outline(url="u", title="&x;&lol;"),)


def test_billion_laughs() -> None:
    entities = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    data = f'<!DOCTYPE opml [<!ENTITY l0 "lol">{entities}]><opml><outline text="&l9;" xmlUrl="u"/></opml>'
    assert parse_opml(data.encode()) == (Outline(url="u", title="&l9;"),)


def test_a_hidden_dtd_is_no_dtd() -> None:
    dtd = '<!DOCTYPE a "]>"> junk <!DOCTYPE opml [<!ENTITY x "boo">]>'
    (outline,) = parse_opml(f'{dtd}<opml><outline text="&x;" xmlUrl="u"/></opml>'.encode())
    assert (outline.url, outline.title) == ("u", "&x;")


@pytest.mark.parametrize("depth", [100, 254, 300, 20_000])
def test_nothing_is_lost_in_the_depth(depth: int) -> None:
    nested = '<outline text="f"><outline xmlUrl="in"/>' * depth + "</outline>" * depth
    outlines = parse_opml(opml(nested + '<outline text="last" xmlUrl="out"/>'))
    assert [outline.url for outline in outlines] == ["in"] * depth + ["out"]
    assert max(len(outline.category) for outline in outlines) <= 256


HOSTILE = {
    "ampersands": "&",
    "attributes": ' a="',
    "titles": ' text="',
    "addresses": ' xmlUrl="a"',
    "open outlines": "<outline",
    "outlines": "<outline xmlUrl=a ",
    "comments": "<!--",
    "quotes": '" ',
    "names": "a.",
    "declarations": "<!DOCTYPE a[",
    "instructions": "<?a?>",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("prefix", ["", '<opml><outline text="'])
def test_the_time_is_linear(prefix: str, unit: str) -> None:
    started = time.process_time()
    with suppress(OpmlError):
        parse_opml((prefix + unit * (400_000 // len(unit))).encode())
    assert time.process_time() - started < 3  # a quadratic pass takes minutes


def test_an_outline_with_very_many_attributes() -> None:
    many = " ".join(f'a{number}=""' for number in range(50_000))
    started = time.process_time()
    assert urls(opml(f'<outline {many} xmlUrl="u"/>')) == ["u"]
    assert time.process_time() - started < 3


@given(st.binary(max_size=300))
def test_any_bytes_give_outlines_or_our_error(data: bytes) -> None:
    try:
        found, words = parse_opml(data), "The file is read. Nothing to do."
    except OpmlError as error:
        found, words = (), f"{error.detail}. {error.advice}"
    assert all(isinstance(outline, Outline) for outline in found)
    assert re.fullmatch(r"The file .+\. [A-Z].+\.", words)


MARKUP = """<opml>|<body>|<outline| xmlUrl="u"| text='|"|'|>|/>|</outline>|&|&amp;|=| |é|\0|x"""
HIDING = "<!--|<![CDATA[|<?x|<!DOCTYPE"
PIECES = st.sampled_from(f"{MARKUP}|{HIDING}|-->|]]>|?>|[|]".split("|"))


@given(st.lists(PIECES, max_size=40))
def test_any_heap_of_markup_gives_outlines_or_our_error(pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        found = [outline.url for outline in parse_opml(text.encode()) if outline.url]
    except OpmlError:
        found = []
    if not any(hiding in text for hiding in HIDING.split("|")):
        assert len(found) >= len(re.findall('<outline(?: xmlUrl="u")+ ?/>', text))
