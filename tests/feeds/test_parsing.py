"""Golden documents, one quirk each (corpus/feeds/), and what must hold for any bytes."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.domain import Details
from aggregator.errors import MalformedFeed, NotAFeed, ParseError
from aggregator.feeds.parsing import parse_feed

if TYPE_CHECKING:
    from aggregator.domain import ParsedFeed

CORPUS = Path(__file__).parents[1] / "corpus" / "feeds"
DOCUMENTS = sorted(path for path in CORPUS.iterdir() if not path.name.endswith(".expected.json"))
FEEDS = [path for path in DOCUMENTS if not path.name.startswith(("not-", "broken-", "deep-"))]
NOW = datetime(2024, 1, 10, tzinfo=UTC)
URL = "https://feeds.test/path/feed.xml"


def parse(body: bytes | str, *, content_type: str = "application/xml", url: str = URL) -> ParsedFeed:
    data = body.encode() if isinstance(body, str) else body
    return parse_feed(data, url=url, content_type=content_type, now=NOW)


def rss(items: str, *, channel: str = "<title>T</title>") -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{channel}{items}</channel></rss>'


def said(value: object) -> object:
    """A fact as a golden file writes it."""
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Details():
            facts = asdict(value) | {"enclosures": [_present(asdict(file)) for file in value.enclosures]}
            return _present(facts | {"categories": [*value.categories]})
    return value


def _present(facts: dict[str, object]) -> dict[str, object]:
    return {name: fact for name, fact in facts.items() if fact}


def assert_facts(found: object, expected: dict[str, object]) -> None:
    for name, fact in expected.items():
        value = said(getattr(found, name))
        if isinstance(fact, str) and fact.startswith("sha256:"):
            assert isinstance(value, str)
            assert value.startswith("sha256:")
        else:
            assert value == fact, name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_golden_document(path: Path) -> None:
    expected = json.loads(path.with_name(f"{path.name}.expected.json").read_text("utf-8"))
    content_type = expected.get("content_type", "application/xml")
    if "error" in expected:
        with pytest.raises(ParseError) as caught:
            parse(path.read_bytes(), content_type=content_type)
        assert (caught.value.code, caught.value.detail) == (expected["error"], expected["detail"])
        return
    feed = parse(path.read_bytes(), content_type=content_type)
    assert_facts(feed, expected.get("feed", {}))
    assert len(feed.entries) == len(expected["entries"])
    for entry, facts in zip(feed.entries, expected["entries"], strict=True):
        assert_facts(entry, facts)


def test_every_golden_file_says_why() -> None:
    for path in CORPUS.glob("*.expected.json"):
        assert json.loads(path.read_text("utf-8"))["Why:"], path.name


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_a_feed_fetched_twice_adds_nothing(path: Path) -> None:
    body = path.read_bytes()
    first, again = parse(body), parse(body)
    assert first == again
    assert len({entry.guid for entry in first.entries}) == len(first.entries)
    assert all(entry.guid for entry in first.entries)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/html", "text/plain; charset=x-unknown", "image/png; charset=hex", "text/xml; charset=utf-7"],
)
def test_a_wrong_content_type_spoils_nothing(content_type: str) -> None:
    feed = parse(rss("<item><guid>1</guid><title>déjà</title></item>"), content_type=content_type)
    assert [entry.title for entry in feed.entries] == ["déjà"]


def test_a_guid_stays_when_the_feed_moves() -> None:
    document = rss("<item><guid>1234</guid><title>x</title></item>")
    before, after = parse(document), parse(document, url="http://elsewhere.test/rss")
    assert before.entries[0].guid == after.entries[0].guid == "1234"


def test_the_hash_is_of_what_the_publisher_said() -> None:
    date = "<pubDate>Tue, 02 Jan 2024 10:00:00 GMT</pubDate>"
    item = f"<item><guid>1</guid><title>A</title>{date}<description>B</description></item>"
    other = f"<item>\n <guid>1</guid>{date}<title>A</title>\n<description>\tB </description><x/></item>"
    (hash_,) = (entry.content_hash for entry in parse(rss(item)).entries)
    assert parse(rss(other)).entries[0].content_hash == hash_
    for changed in (item.replace("A<", "a<"), item.replace("B<", "b<"), item.replace("10:00", "11:00")):
        assert parse(rss(changed)).entries[0].content_hash != hash_


def test_an_edit_of_details_alone_is_an_edit() -> None:
    item = (
        "<item><guid>1</guid><enclosure url='https://a.test/1.mp3?x=1' length='9' type='audio/mpeg'/>"
        "<category>one</category><comments>https://site.test/1#respond</comments></item>"
    )
    (before,) = (entry.content_hash for entry in parse(rss(item)).entries)
    for changed in (item.replace("1.mp3", "2.mp3"), item.replace("one", "two")):
        assert parse(rss(changed)).entries[0].content_hash != before


@pytest.mark.parametrize(
    ("was", "later"),
    [
        ("?x=1", "?x=2"),  # a token
        ("a.test", "b.test"),  # hosts that share load
        ("length='9'", "length='10'"),  # advertisements are put in anew
        ("#respond", "#comments"),  # WordPress, with the first comment
        ("<category>one", "<slash:comments>3</slash:comments><category>one"),
    ],
)
def test_what_differs_at_each_fetch_is_no_edit(was: str, later: str) -> None:
    item = (
        "<item><guid>1</guid><link>https://site.test/1</link>"
        "<enclosure url='https://a.test/1.mp3?x=1' length='9' type='audio/mpeg'/>"
        "<category>one</category><comments>https://site.test/1#respond</comments></item>"
    )
    before, after = parse(rss(item)), parse(rss(item.replace(was, later)))
    assert before.entries[0].content_hash == after.entries[0].content_hash


def test_an_entry_of_a_thousand_files_has_thirty() -> None:
    files = "".join(f"<enclosure url='https://a.test/{n}.mp3'/><category>{n}</category>" for n in range(1000))
    details = parse(rss(f"<item><guid>1</guid>{files}</item>")).entries[0].details
    assert (len(details.enclosures), len(details.categories)) == (30, 20)


def test_of_copies_a_date_in_the_future_does_not_win() -> None:
    copies = (
        "<item><guid>1</guid><title>Now</title><pubDate>Wed, 10 Jan 2024 00:00:00 GMT</pubDate></item>"
        "<item><guid>1</guid><title>2099</title><pubDate>Thu, 01 Jan 2099 00:00:00 GMT</pubDate></item>"
    )
    assert [entry.title for entry in parse(rss(copies)).entries] == ["Now"]


def test_a_title_is_not_endless() -> None:
    (entry,) = parse(rss(f"<item><guid>1</guid><title>{'x' * 100_000}</title></item>")).entries
    assert len(entry.title) <= 1_001


def test_errors_name_the_feed_and_cross_processes() -> None:
    with pytest.raises(NotAFeed, match="it is an HTML page") as caught:
        parse("<html></html>")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.subject, copy.detail) == (URL, "it is an HTML page")


def test_what_confuses_the_parser_is_a_parse_error() -> None:
    with pytest.raises(MalformedFeed, match="it confuses the parser"):
        parse(rss("", channel="<image></width></image>"))


FRAGMENTS = rb"""
< > & " ' { [ "items": &#0; &#99999999999; &#xD800; <![CDATA[ ]]> <!-- <!DOCTYPE <title> </title> <title/>
<item> </item> <entry> </entry> <guid> <description> <content> <svg> <image> </width> <media:thumbnail/>
<itunes:image/> <georss:point>1</georss:point> <ttl>9999999999</ttl> <pubDate>99999999999999</pubDate>
http://[ http://[::1] data:x
""".split()
FRAGMENTS += [b"\0", b"\xff", b" xml:base='http://['", b"<links a='b'/>", b"<content type='image/png'>"]


@settings(max_examples=300, deadline=None)
@given(
    document=st.sampled_from([path.read_bytes() for path in DOCUMENTS if path.stat().st_size < 4_000]),
    cuts=st.lists(
        st.tuples(st.integers(0, 4_000), st.integers(0, 20), st.sampled_from(FRAGMENTS)), max_size=6
    ),
)
def test_damaged_documents_are_feeds_or_parse_errors(
    document: bytes, cuts: list[tuple[int, int, bytes]]
) -> None:
    for start, length, fragment in cuts:
        document = document[:start] + fragment + document[start + length :]
    try:
        feed = parse(document)
    except ParseError:
        return
    assert feed == parse(document)
    for entry in feed.entries:
        assert entry.url is None or entry.url.startswith(("http://", "https://"))
        assert "\0" not in repr(entry)
        assert replace(entry, content_hash="").title == " ".join(entry.title.split())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_feeds_or_parse_errors(body: bytes) -> None:
    try:
        feed = parse(body)
    except ParseError as error:
        code, guids = error.code, []
    else:
        code, guids = "", [entry.guid for entry in feed.entries]
    assert code in ("", "not-a-feed", "malformed-feed")
    assert len(set(guids)) == len(guids)
