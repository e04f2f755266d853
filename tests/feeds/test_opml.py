"""What other readers export, what people publish, what attackers send; and that what we write we read."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.domain import CategoryPath, Outline
from aggregator.errors import OpmlError
from aggregator.feeds.opml import parse_opml, write_opml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOW = datetime(2025, 3, 1, 12, 30, tzinfo=UTC)


def opml(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><opml version="2.0"><body>{body}</body></opml>'.encode()


def urls(data: bytes) -> list[str]:
    return [outline.url for outline in parse_opml(data)]


def categories(data: bytes) -> list[CategoryPath]:
    return [outline.category for outline in parse_opml(data)]


# ── what a feed is, and where it stands ──────────────────────────────────────────────────────────


def test_a_feed_in_a_folder() -> None:
    body = """
      <outline text="Presse"><outline text="Sciences">
        <outline type="rss" text="Le journal" xmlUrl="https://a.example/rss" htmlUrl="https://a.example/"/>
      </outline></outline>"""
    assert parse_opml(opml(body)) == (
        Outline(
            url="https://a.example/rss",
            title="Le journal",
            site_url="https://a.example/",
            category=("Presse", "Sciences"),
        ),
    )


@pytest.mark.parametrize("name", ["xmlUrl", "xmlurl", "XMLURL", "xmlURL"])
@pytest.mark.parametrize("kind", ["", 'type="rss"', 'type="RSS"', 'type="pie"', 'type="link"'])
def test_any_letter_case_and_any_type(name: str, kind: str) -> None:
    assert urls(opml(f'<OUTLINE {kind} TEXT="t" {name}=" https://a.example/ "/>')) == ["https://a.example/"]


@pytest.mark.parametrize(
    ("attributes", "title"),
    [
        ('text=" A " title="B"', "A"),
        ('title="B"', "B"),
        ('text=" " title="B"', "B"),
        ("", ""),
    ],
)
def test_the_title_is_the_text_else_the_title(attributes: str, title: str) -> None:
    (outline,) = parse_opml(opml(f'<outline {attributes} xmlUrl="u"/>'))
    assert (outline.title, outline.site_url) == (title, None)


def test_order_and_duplicates_are_kept() -> None:
    body = '<outline xmlUrl="b"/><outline text="x"><outline xmlUrl="a"/></outline><outline xmlUrl="b"/>'
    assert urls(opml(body)) == ["b", "a", "b"]


def test_a_feed_may_have_child_outlines() -> None:
    body = '<outline text="f"><outline text="a" xmlUrl="a"><outline xmlUrl="b"/></outline></outline>'
    assert urls(opml(body)) == ["a", "b"]
    assert categories(opml(body)) == [("f",), ("f",)]


def test_a_nameless_folder_hands_its_children_up() -> None:
    body = '<outline text="f"><outline text=" "><outline><outline xmlUrl="a"/></outline></outline></outline>'
    assert categories(opml(body)) == [("f",)]


@pytest.mark.parametrize(
    ("attribute", "category"),
    [
        ("/a/b", ("a", "b")),
        (" / a // b c / ", ("a", "b c")),
        ("/a/b,/c", ("a", "b")),
        (" , / , /c", ("c",)),
        ("news", ("news",)),
        (",", ()),
    ],
)
def test_the_category_attribute_of_a_feed_without_folder(attribute: str, category: CategoryPath) -> None:
    assert categories(opml(f'<outline xmlUrl="u" category="{attribute}"/>')) == [category]


def test_a_folder_comes_before_the_category_attribute() -> None:
    assert categories(opml('<outline text="f"><outline xmlUrl="u" category="/a"/></outline>')) == [("f",)]


@pytest.mark.parametrize(
    "url", ["|~/script.py", "file:///etc/passwd", "javascript:alert(1)", "vfolder", "hhttps://a.example"]
)
def test_what_is_no_feed_address_is_left_to_the_caller(url: str) -> None:
    assert urls(opml(f'<outline xmlUrl="{url}"/>')) == [url]


@pytest.mark.parametrize("attributes", ['type="rss"', 'type="RSS" xmlUrl=""', 'xmlUrl=" "', 'type="atom"'])
def test_a_feed_without_address_is_returned_to_be_refused(attributes: str) -> None:
    assert parse_opml(opml(f'<outline text="Lost" {attributes}/>')) == (Outline(url="", title="Lost"),)


@pytest.mark.parametrize("attributes", ['type="rss"', 'xmlUrl=""'])
def test_a_folder_that_calls_itself_a_feed_is_a_folder(attributes: str) -> None:
    body = f'<outline text="f" {attributes}><!-- note --><outline xmlUrl="u"/></outline>'
    assert parse_opml(opml(body)) == (Outline(url="u", title="", category=("f",)),)


@pytest.mark.parametrize(
    "body", ["", '<outline text="note"/>', '<outline type="link" url="https://a/b.opml"/>']
)
def test_a_list_without_feeds_is_empty(body: str) -> None:
    assert parse_opml(opml(body)) == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?><opml><outline text="Été" xmlUrl="u"/></opml>'
    assert parse_opml(text.encode(encoding))[0].title == "Été"


def test_namespaces_are_looked_through() -> None:
    data = b'<opml xmlns="http://opml.org/spec2" xmlns:x="y"><outline x:xmlUrl="no" xmlUrl="u"/></opml>'
    assert urls(data) == ["u"]


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
    with pytest.raises(OpmlError, match=r"larger than 5,000,000 bytes.* Split"):
        parse_opml(opml(" " * 6_000_000))


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
    with suppress(OpmlError):
        parse_opml(data)


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


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


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
OUTLINES = st.lists(
    st.builds(
        Outline,
        url=TEXT,
        title=TEXT,
        site_url=st.none() | NAME,
        category=st.lists(st.sampled_from(["a", "b"]) | NAME, max_size=4).map(tuple),
    ),
    max_size=12,
)


@given(OUTLINES, TEXT)
@example([], "")
def test_what_is_written_is_read(outlines: list[Outline], title: str) -> None:
    assert parse_opml(write_opml(outlines, title=title, created_at=NOW)) == grouped(outlines)


@given(OUTLINES)
def test_writing_again_what_was_read_changes_nothing(outlines: list[Outline]) -> None:
    once = write_opml(outlines, title="t", created_at=NOW)
    assert write_opml(parse_opml(once), title="t", created_at=NOW) == once


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
