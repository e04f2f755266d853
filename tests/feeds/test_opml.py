"""What other readers export, as it should be: what a feed is, and where it stands."""

from __future__ import annotations

import pytest
from outlines import opml, urls

from aggregator.domain import CategoryPath, Outline
from aggregator.feeds.opml import parse_opml


def categories(data: bytes) -> list[CategoryPath]:
    return [outline.category for outline in parse_opml(data)]


def test_a_feed_in_a_folder() -> None:
    body = """
      <outline text="Presse"><outline text="Sciences">
        <outline type="rss" text="Le journal" language="fr"
          xmlUrl="https://a.example/rss" htmlUrl="https://a.example/"/>
      </outline></outline>"""
    assert parse_opml(opml(body)) == (
        Outline(
            url="https://a.example/rss",
            title="Le journal",
            site_url="https://a.example/",
            category=("Presse", "Sciences"),
            language="fr",
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


@pytest.mark.parametrize("attributes", ['text="note"', 'title="note"', 'text="note" type="link" url="u"'])
def test_a_name_alone_is_returned_to_be_refused(attributes: str) -> None:
    body = f'<outline text="f"><outline {attributes}/><outline xmlUrl="u"/></outline>'
    assert parse_opml(opml(body)) == (
        Outline(url="", title="note", category=("f",)),
        Outline(url="u", title="", category=("f",)),
    )


@pytest.mark.parametrize("body", ["", "<outline/>", '<outline text=" "/>'])
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
