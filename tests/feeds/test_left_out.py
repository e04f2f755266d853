"""Items that are known are left out, but it is told which stand in the document."""

from __future__ import annotations

from datetime import UTC, datetime

from aggregator.feeds.parsing import parse_feed

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def item(guid: str, title: str, link: str = "") -> str:
    return (
        f"<item><guid>{guid}</guid><title>{title}</title><link>https://a.test/{link or title}</link></item>"
    )


def document(*items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>A</title>{"".join(items)}</channel></rss>'.encode()


def test_the_guids_of_what_is_left_out_are_told() -> None:
    known = [item(" g-1 ", "One"), item("<![CDATA[g-2]]>", "Two"), item("a&amp;b", "Three")]
    first = parse_feed(document(*known), url="https://a.test/", content_type="", now=NOW)
    assert {entry.guid for entry in first.entries} == {"g-1", "g-2", "a&b"}
    assert first.left_out == frozenset()
    again = parse_feed(
        document(item("g-4", "Four"), *known),
        url="https://a.test/",
        content_type="",
        now=NOW,
        known_items=first.item_hashes,
    )
    assert [entry.guid for entry in again.entries] == ["g-4"]
    assert again.left_out == {"g-1", "g-2", "a&b"}


def test_where_a_guid_stands_for_several_articles_none_is_left_out() -> None:
    known = [item("same", "One"), item("same", "Two")]
    first = parse_feed(document(*known), url="https://a.test/", content_type="", now=NOW)
    again = parse_feed(
        document(item("same", "Three"), *known),
        url="https://a.test/",
        content_type="",
        now=NOW,
        known_items=first.item_hashes,
    )
    assert [entry.guid for entry in again.entries] == [f"https://a.test/{n}" for n in ("Three", "One", "Two")]


def test_a_document_that_breaks_off_says_so() -> None:
    whole = document(item("g-1", "One"))
    for body, expected in (
        (whole, True),
        (whole + b"<!-- cached -->\n", True),
        (whole[:-20], False),
        (b"<rss><broken", False),
        (b'{"version": "https://jsonfeed.org/version/1.1", "title": "A", "items": []}', True),
    ):
        assert parse_feed(body, url="https://a.test/", content_type="", now=NOW).whole is expected, body
