"""One article is one entry, in feeds whose guids are missing, repeated or changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

import pytest
from feedserver import FeedServer, Response
from library import follow, make_library, owner, total_unread

from aggregator.feeds.documents import DocumentReader
from aggregator.policies import FetchLimits, RefreshPolicy
from aggregator.refreshing import Refresher
from aggregator.storage import edits, entries, marking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aggregator.domain import Headline, RefreshReport, Revision
    from aggregator.storage.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    title: str = ""
    guid: str = ""
    link: str = ""
    text: str = ""
    date: str = ""

    def xml(self) -> str:
        tags = {
            "title": self.title,
            "guid": self.guid,
            "link": self.link,
            "description": self.text,
            "pubDate": self.date,
        }
        inner = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in tags.items() if text)
        return f"<item>{inner}</item>"


def rss(*items: Item) -> bytes:
    channel = f"<title>Journal</title><link>https://site.test/</link>{''.join(item.xml() for item in items)}"
    return f'<rss version="2.0"><channel>{channel}</channel></rss>'.encode()


class Life:
    """One feed that changes from one refresh to the next."""

    def __init__(self, database: Database, documents: DocumentReader, server: FeedServer) -> None:
        self.database = database
        self.server = server
        self.feed = follow(database, server.url("/feed"), "Journal", now=datetime(2020, 1, 1, tzinfo=UTC))
        self.refresher = Refresher(
            database=database,
            documents=documents,
            link=lambda: 0,
            limits=FetchLimits(allowed_networks=("127.0.0.0/8",), timeout=timedelta(seconds=5)),
            policy=RefreshPolicy(),
            version="0",
        )

    def publish(self, *items: Item) -> RefreshReport:
        self.server.routes["/feed"] = Response(body=rss(*items))
        return self.refresher.refresh(everything=True)

    def headlines(self) -> list[Headline]:
        with self.database.read() as connection:
            everything = entries.Selection(limit=20_000)
            return list(entries.list_headlines(connection, owner(self.database), everything))

    def titles(self) -> list[str]:
        return sorted(headline.title for headline in self.headlines())

    def revisions(self) -> tuple[Revision, ...]:
        """Of the one entry there is."""
        (headline,) = self.headlines()
        with self.database.read() as connection:
            return edits.list_revisions(connection, headline.id)

    def read_and_star(self) -> None:
        """The one entry there is."""
        (headline,) = self.headlines()
        with self.database.write() as connection:
            for change in ({"read": True}, {"starred": True}):
                act = marking.set_read if "read" in change else marking.set_starred
                act(connection, owner(self.database), headline.id, **change, now=headline.published_at)

    def unread(self) -> int:
        with self.database.read() as connection:
            return total_unread(connection, owner(self.database))


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    with DocumentReader(workers=1, timeout=timedelta(seconds=30)) as reader:
        yield reader


@pytest.fixture
def life(tmp_path: Path, documents: DocumentReader) -> Iterator[Life]:
    with make_library(tmp_path) as database, FeedServer() as server:
        yield Life(database, documents, server)


MONDAY, TUESDAY = "Mon, 02 Nov 2026 08:00:00 GMT", "Tue, 03 Nov 2026 08:00:00 GMT"
ONE = Item(title="One", guid="1", link="https://site.test/1", text="First text", date=MONDAY)


def changed(item: Item, **facts: str) -> Item:
    values = {name: getattr(item, name) for name in ("title", "guid", "link", "text", "date")}
    return Item(**(values | facts))


# ── without a guid ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "item",
    [
        Item(title="By link", link="https://site.test/1", text="Text"),
        Item(title="By what it says", text="Text"),
        Item(text="A microblog's words and nothing else"),
        Item(title="Dated", text="Text", date=MONDAY),
    ],
    ids=lambda item: item.title or "text alone",
)
def test_an_entry_without_a_guid_is_the_same_at_the_next_fetch(life: Life, item: Item) -> None:
    other = Item(title="Another", guid="x")
    assert life.publish(item, other).new_entries == 2
    report = life.publish(other, item)
    assert (report.updated, report.new_entries, report.changed_entries) == (1, 0, 0)
    assert (len(life.headlines()), life.unread()) == (2, 2)


# ── repeated in one document ─────────────────────────────────────────────────────────────────────


def test_one_article_twice_in_a_document_is_one_entry_with_the_newest_text(life: Life) -> None:
    newer = changed(ONE, title="One, updated", date=TUESDAY)
    assert life.publish(ONE, newer, ONE).new_entries == 1
    assert life.titles() == ["One, updated"]


def test_articles_that_share_one_guid_are_told_apart_by_their_links(life: Life) -> None:
    one, two = changed(ONE, guid="same"), Item(title="Two", guid="same", link="https://site.test/2")
    three = Item(title="Three", guid="same", link="https://site.test/3")
    assert life.publish(one, two).new_entries == 2
    assert life.publish(two, one).new_entries == 0
    assert life.publish(three, two).new_entries == 1
    assert life.publish(two).new_entries == 0  # alone, it seems to have a guid
    assert life.publish(one, two, three).new_entries == 0
    assert life.titles() == ["One", "Three", "Two"]


# ── changed guids ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "after",
    [
        changed(ONE, guid="new-1"),
        changed(ONE, guid=""),
        changed(ONE, guid="new-1", text="Corrected text"),
        changed(ONE, guid="new-1", date=TUESDAY),
        changed(ONE, guid="new-1", date="Mon, 02 Nov 2026 14:00:00 GMT", text="Corrected text"),
        changed(ONE, guid="https://site.test/1", link="http://site.test/1"),
        changed(ONE, guid="https://site.test/1?utm_source=b", link="https://site.test/1?utm_source=b#top"),
    ],
    ids=["another", "none", "text too", "date too", "hours later", "scheme", "tracking"],
)
def test_a_changed_guid_is_the_same_entry_and_keeps_its_status(life: Life, after: Item) -> None:
    life.publish(ONE)
    life.read_and_star()
    report = life.publish(after)
    assert (report.updated, report.new_entries) == (1, 0)
    (headline,) = life.headlines()
    assert (headline.read, headline.starred, life.unread()) == (True, True, 0)
    assert life.publish(after, Item(title="Two", guid="2")).new_entries == 1


def test_a_feed_that_moves_to_another_system_brings_nothing_again(life: Life) -> None:
    before = [Item(title=f"T{n}", guid=f"g{n}", link=f"https://site.test/{n}") for n in range(50)]
    life.publish(*before)
    report = life.publish(*(changed(item, guid=f"new-{item.guid}") for item in before))
    assert (report.new_entries, report.changed_entries, len(life.headlines())) == (0, 0, 50)


WEATHER = Item(title="The weather", guid="mon", link="https://site.test/weather", text="Rain", date=MONDAY)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (WEATHER, changed(WEATHER, guid="tue", text="Sun", date=TUESDAY)),
        (
            changed(WEATHER, link="https://site.test/", date=""),
            Item(title="The weather", guid="tue", text="Sun", link="https://site.test/"),
        ),
        (
            changed(WEATHER, link="https://site.test/mon"),
            changed(WEATHER, guid="tue", link="https://site.test/tue"),
        ),
        (WEATHER, changed(WEATHER, guid="other", title="The roads", text="Ice")),
    ],
    ids=["a day later", "the site's own link", "a column under other links", "another title"],
)
def test_what_only_looks_alike_is_another_entry(life: Life, one: Item, two: Item) -> None:
    life.publish(one)
    assert life.publish(two).new_entries == 1
    assert len(life.headlines()) == 2


def test_two_that_stand_side_by_side_stay_two(life: Life) -> None:
    twin = changed(ONE, guid="twin", text="Second text")
    life.publish(ONE)
    assert life.publish(twin, ONE).new_entries == 1
    assert life.publish(ONE, twin).new_entries == 0
    assert life.publish(changed(ONE, text="Edited"), twin).new_entries == 0
    assert len(life.headlines()) == 2


# ── edits ────────────────────────────────────────────────────────────────────────────────────────


def test_an_edit_keeps_the_earlier_text_and_the_status(life: Life) -> None:
    life.publish(ONE)
    life.read_and_star()
    life.publish(changed(ONE, title="One, corrected", text="Second text"))
    life.publish(changed(ONE, title="One, corrected", text="Third text"))
    (headline,) = life.headlines()
    assert (headline.title, headline.excerpt) == ("One, corrected", "Third text")
    assert (headline.read, headline.starred, life.unread()) == (True, True, 0)
    told = [(revision.title, revision.html) for revision in life.revisions()]
    assert told == [("One, corrected", "<p>Second text</p>"), ("One", "<p>First text</p>")]
    assert headline.changed_at == life.revisions()[0].replaced_at


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Some  words", "Some words\n"),
        ("<p>Some words</p>", "<div>Some <b>words</b></div>"),
        ("Some words", "Some\u200b words\u00ad"),
        ('<p>A <img src="https://x.test/a.png?1"></p>', '<p>A <img src="https://x.test/a.png?2"></p>'),
    ],
    ids=["white space", "markup", "invisible characters", "query of a picture"],
)
def test_what_nobody_can_see_is_no_edit(life: Life, before: str, after: str) -> None:
    life.publish(changed(ONE, text=before))
    life.publish(changed(ONE, text=after))
    assert life.revisions() == ()
    assert life.headlines()[0].changed_at is None


def test_another_picture_is_an_edit(life: Life) -> None:
    life.publish(changed(ONE, text='<img src="https://x.test/a.png">'))
    life.publish(changed(ONE, text='<img src="https://x.test/b.png">'))
    assert len(life.revisions()) == 1


def test_a_text_that_changes_at_every_fetch_keeps_the_first_and_the_newest(life: Life) -> None:
    for count in range(25):
        life.publish(changed(ONE, text=f"It is {count} o'clock"))
    texts = [revision.html for revision in life.revisions()]
    assert len(texts) == 20
    assert (texts[0], texts[-1]) == ("<p>It is 23 o'clock</p>", "<p>It is 0 o'clock</p>")


# ── absence ──────────────────────────────────────────────────────────────────────────────────────


def test_what_vanishes_stays_and_is_not_new_when_it_returns(life: Life) -> None:
    two = Item(title="Two", guid="2", link="https://site.test/2")
    life.publish(ONE)
    life.read_and_star()
    assert life.publish(two).new_entries == 1
    report = life.publish(two, ONE)
    assert (report.new_entries, report.changed_entries) == (0, 0)
    assert (life.titles(), life.unread()) == (["One", "Two"], 1)


def test_a_document_that_is_suddenly_empty_loses_nothing(life: Life) -> None:
    life.publish(ONE)
    life.read_and_star()
    assert life.publish().failed == 0
    assert life.titles() == ["One"]
    assert life.publish(ONE).new_entries == 0
    assert life.unread() == 0


def test_ten_thousand_entries_in_one_document(life: Life) -> None:
    many = [Item(title=f"T{n}", guid=f"g{n}", link=f"https://site.test/{n}") for n in range(10_000)]
    assert life.publish(*many).new_entries == 10_000
    report = life.publish(*reversed(many))
    assert (report.updated, report.new_entries, report.changed_entries) == (1, 0, 0)
    renamed = [changed(item, guid=f"new-{item.guid}") for item in many]
    assert life.publish(*renamed).new_entries == 0
    assert life.unread() == 10_000
