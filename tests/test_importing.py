"""What an import does with each line of a file, what its preview says of it, and what comes out again."""

from __future__ import annotations

from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from library import NOW, follow, make_library, owner
from outlines import opml
from postgres import serve_postgres

from aggregator.domain import Outline
from aggregator.errors import AddressRefused, OpmlError
from aggregator.feeds.documents import DocumentReader
from aggregator.feeds.opml import MAX_OUTLINES, parse_opml, write_opml
from aggregator.policies import FetchLimits
from aggregator.storage import moves, subscriptions
from aggregator.storage.engine import Database
from aggregator.subscribing import Subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aggregator.domain import CategoryPath


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    with DocumentReader(workers=1, timeout=timedelta(seconds=20)) as found:
        yield found


def make_subscriber(database: Database, documents: DocumentReader) -> Subscriber:
    return Subscriber(database=database, documents=documents, limits=FetchLimits(), version="0")


@pytest.fixture
def subscriber(tmp_path: Path, documents: DocumentReader) -> Iterator[Subscriber]:
    with make_library(tmp_path) as database:
        yield make_subscriber(database, documents)


def followed(subscriber: Subscriber) -> dict[str, tuple[str, CategoryPath]]:
    with subscriber.database.read() as connection:
        listed = subscriptions.list_subscriptions(connection, owner(subscriber.database))
    return {found.feed.url: (found.title, found.category) for found in listed}


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("|~/script.py", "no-scheme"),
        ("vfolder", "no-scheme"),
        ("newsletter:news@a.example", "no-scheme"),
        ("file:///etc/passwd", "no-scheme"),
        ("javascript:alert(1)", "no-scheme"),
        ("hhttps://a.example/rss", "no-scheme"),
        ("", "no-address"),
        ("https://a.example:22/", "port?port=22"),
        ("http://127.0.0.1/rss", "not-public?address=127.0.0.1"),
        ("https://me:secret@a.example/", "has-password"),
        ("https://a.example/" + "x" * 2_000, "too-long"),
    ],
)
def test_what_is_no_feed_address_is_refused_and_the_rest_comes_in(
    subscriber: Subscriber, address: str, code: str
) -> None:
    lines = f'<outline text="Odd" xmlUrl="{address}"/><outline text="Good" xmlUrl=" https://good.example/ "/>'
    report = subscriber.import_opml(owner(subscriber.database), opml(lines), now=NOW)
    assert [(line.title, line.code) for line in report.refused] == [("Odd", code)]
    assert followed(subscriber) == {"https://good.example/": ("Good", ())}


def test_every_outline_is_accounted_for_and_the_preview_says_the_same(subscriber: Subscriber) -> None:
    reader = owner(subscriber.database)
    follow(subscriber.database, "https://there.example/rss", "There")
    file = opml("""
      <outline text="Presse"><outline text="One" xmlUrl="https://one.example/rss"/>
        <outline text="Twin" xmlUrl="HTTPS://ONE.example:443/rss#top"/></outline>
      <outline text="Another" xmlUrl="https://there.example/rss"/>
      <outline text="Lost" type="rss"/><outline text="Empty"/><outline xmlUrl="vfolder"/>""")
    preview = subscriber.preview_import(reader, file)
    assert followed(subscriber).keys() == {"https://there.example/rss"}
    report = subscriber.import_opml(reader, file, now=NOW)
    assert report == preview
    assert [line.title for line in report.added] == ["One"]
    assert [line.title for line in report.already_there] == ["Twin", "Another"]
    assert [line.title for line in report.refused] == ["Lost", "Empty", ""]
    assert len(parse_opml(file)) == 6


def test_what_a_person_chose_is_kept_when_the_file_says_otherwise(subscriber: Subscriber) -> None:
    reader, url = owner(subscriber.database), "https://one.example/rss"
    first = opml(f'<outline text="F"><outline text="Mine" xmlUrl="{url}"/></outline>')
    second = opml(f'<outline text="G"><outline text="Theirs" xmlUrl="{url}"/></outline>')
    for file in (first, second, first):
        subscriber.import_opml(reader, file, now=NOW)
        assert followed(subscriber) == {url: ("Mine", ("F",))}


def test_a_feed_without_a_name_has_its_own(subscriber: Subscriber) -> None:
    reader, url = owner(subscriber.database), "https://one.example/rss"
    subscriber.import_opml(reader, opml(f'<outline xmlUrl="{url}"/>'), now=NOW)
    assert followed(subscriber) == {url: (url, ())}
    follow(subscriber.database, url, "What the feed says")
    assert followed(subscriber) == {url: ("What the feed says", ())}


LONG = "é" * 5_000


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_what_is_too_long_to_be_kept_stops_nothing(
    tmp_path: Path, documents: DocumentReader, where: str
) -> None:
    deep = "".join(f'<outline text="{n}{LONG[:150]}">' for n in range(100))
    lines = f"""
      <outline text="{LONG}"><outline text="{LONG}" xmlUrl="https://a.example/"/></outline>
      {deep}<outline text="deep" xmlUrl="https://b.example/"/>{"</outline>" * 100}
      <outline text="{LONG}" xmlUrl="https://c.example/{LONG}"/>"""
    if where == "sqlite":
        with make_library(tmp_path) as database:
            check_long(make_subscriber(database, documents), opml(lines))
    else:
        with serve_postgres() as url, Database.open(url) as database:
            check_long(make_subscriber(database, documents), opml(lines))


def check_long(subscriber: Subscriber, file: bytes) -> None:
    report = subscriber.import_opml(owner(subscriber.database), file, now=NOW)
    assert [line.code for line in report.refused] == ["too-long"]
    assert max(len(line.title + line.url) for line in report.refused) < 500
    found = followed(subscriber)
    assert found["https://a.example/"] == ("é" * 200 + "…", ("é" * 200 + "…",))
    title, category = found["https://b.example/"]
    assert (title, category[0], len(category)) == ("deep", "0" + LONG[:150], 6)


def test_an_address_that_is_too_long_is_not_added_by_hand_either(subscriber: Subscriber) -> None:
    with pytest.raises(AddressRefused, match="longer than 2,000"):
        subscriber.add(owner(subscriber.database), "https://a.example/" + "x" * 2_000, now=NOW)


def test_a_file_of_too_many_feeds_is_refused_whole(subscriber: Subscriber) -> None:
    many = opml('<outline xmlUrl="https://a.example/"/>' * (MAX_OUTLINES + 1))
    for _ in range(2):
        with pytest.raises(OpmlError, match="more than 100,000 feeds") as caught:
            subscriber.preview_import(owner(subscriber.database), many)
        assert caught.value.reason == "opml-too-many"


NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
FEEDS = st.builds(
    Outline,
    url=st.sampled_from(["one", "two", "three", "four", "x:y", ""]).map(
        lambda name: f"https://{name}.example/rss"
    ),
    title=NAMES,
    site_url=st.none(),
    category=st.lists(st.sampled_from(["a", "b"]) | NAMES, max_size=3).map(tuple),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FEEDS, max_size=8))
def test_importing_what_was_exported_changes_nothing(
    tmp_path: Path, documents: DocumentReader, outlines: list[Outline]
) -> None:
    file = write_opml(outlines, title="t", created_at=NOW)
    with TemporaryDirectory(dir=tmp_path) as one, make_library(tmp_path / one) as database:
        subscriber, reader = make_subscriber(database, documents), owner(database)
        preview = subscriber.preview_import(reader, file)
        report = subscriber.import_opml(reader, file, now=NOW)
        assert report == preview
        assert len(report.added) + len(report.already_there) + len(report.refused) == len(outlines)
        before, exported = followed(subscriber), subscriber.export_opml(reader, now=NOW)
        for again in (file, exported):
            assert subscriber.import_opml(reader, again, now=NOW).added == ()
        assert followed(subscriber) == before
    with TemporaryDirectory(dir=tmp_path) as other, make_library(tmp_path / other) as database:
        subscriber = make_subscriber(database, documents)
        subscriber.import_opml(owner(database), exported, now=NOW)
        assert followed(subscriber) == before


def test_a_list_from_before_a_move_brings_nothing_back(subscriber: Subscriber) -> None:
    reader = owner(subscriber.database)
    file = opml('<outline text="A" xmlUrl="https://old.example/"/>')
    subscriber.import_opml(reader, file, now=NOW)
    with subscriber.database.write() as connection:
        (feed,) = (one.feed for one in subscriptions.list_subscriptions(connection, reader))
        moves.adopt(connection, feed.id, "https://new.example/")
    report = subscriber.import_opml(reader, file, now=NOW)
    assert [outline.url for outline in report.already_there] == ["https://new.example/"]
    assert list(followed(subscriber)) == ["https://new.example/"]
    subscriber.remove(reader, feed.id, now=NOW)
    # Whoever does not follow it is told nothing: the address is added as it stands, and will move again.
    assert [outline.url for outline in subscriber.import_opml(reader, file, now=NOW).added] == [
        "https://old.example/"
    ]


def test_no_more_feeds_are_imported_than_a_person_may_follow(subscriber: Subscriber) -> None:
    reader = owner(subscriber.database)
    outlines = [Outline(url=f"https://{name}.example/", title=name) for name in "abc"]
    subscriber.import_outlines(reader, outlines[:1], now=NOW, most=2)
    report = subscriber.import_outlines(reader, outlines, now=NOW, most=2)
    assert len(report.already_there) == len(report.added) == 1
    assert [(one.title, one.code) for one in report.refused] == [("c", "too-many?most=2")]
