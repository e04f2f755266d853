"""Many subscriptions at once leave what one by one leaves, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from library import NOW, an_entry, follow, owner, publish
from postgres import emptied
from sqlalchemy import event, insert, select

from aggregator.domain import Outline
from aggregator.storage import feeds, imports, marking, subscriptions
from aggregator.storage.engine import Database, sqlite_url
from aggregator.storage.schema import metadata, users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

LATER = NOW + timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Makes empty libraries, on PostgreSQL one after the other."""
    made: list[Database] = []

    def one() -> Database:
        if request.param == "sqlite":
            made.append(Database.open(sqlite_url(tmp_path / f"{len(made)}.sqlite")))
            return made[-1]
        made.append(Database.open(emptied(request.getfixturevalue("server"))))
        return made[-1]

    yield one
    for database in made:
        database.close()


def outline(name: str, *category: str, title: str | None = None) -> Outline:
    return Outline(
        url=f"https://{name}.example/feed",
        title=name.upper() if title is None else title,
        site_url=f"https://{name}.example/",
        category=category,
    )


def one_by_one(connection: Connection, user_id: int, outlines: Sequence[Outline]) -> None:
    for some in outlines:
        feed_id = feeds.ensure_feed(connection, some.url, title="", site_url=some.site_url, now=LATER)
        subscriptions.subscribe(
            connection, user_id, feed_id, title=some.title or None, category=some.category, now=LATER
        )


def at_once(connection: Connection, user_id: int, outlines: Sequence[Outline]) -> None:
    imports.subscribe_all(connection, user_id, outlines, now=LATER)


def prepared(database: Database) -> int:
    """A library with a followed feed, one that was left, and one of another person; that of the owner."""
    reader = owner(database)
    kept = follow(database, "https://kept.example/feed", "Kept", category=("Presse",))
    left = follow(database, "https://left.example/feed", "Left")
    publish(database, kept, an_entry("One"))
    one, _two = publish(database, left, an_entry("Two"), an_entry("Three"))
    with database.write() as connection:
        marking.set_read(connection, reader, one, read=True, now=NOW)
        subscriptions.unsubscribe(connection, reader, left)
        other = connection.execute(
            insert(users).values(name="other", created_at=NOW).returning(users.c.id)
        ).scalar_one()
        theirs = feeds.ensure_feed(
            connection, "https://theirs.example/feed", title="", site_url=None, now=NOW
        )
        subscriptions.subscribe(connection, other, theirs, title="Mine", category=("Presse", "X"), now=NOW)
    return reader


OUTLINES = (
    outline("new", "Presse", "Été"),
    outline("nameless", title=""),
    outline("kept", "Elsewhere", title="Another"),
    outline("left", "Presse"),
    outline("theirs", "Presse", "X", title=""),
    outline("late", "Presse", "Été"),
)


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    tables = ("feeds", "feed_states", "categories", "subscriptions", "statuses", "entries")
    with database.read() as connection:
        return {
            name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for name, table in metadata.tables.items()
            if name in tables
        }


def test_the_rows_are_those_of_one_by_one(make: Callable[[], Database]) -> None:
    found = []
    for work in (one_by_one, at_once):
        database = make()
        reader = prepared(database)
        with database.write() as connection:
            work(connection, reader, OUTLINES)
        found.append(rows(database))
    assert found[0] == found[1]
    assert len(found[1]["subscriptions"]) == 7


def test_what_is_followed_is_left_alone(make: Callable[[], Database]) -> None:
    database = make()
    reader = prepared(database)
    for _ in range(2):
        with database.write() as connection:
            at_once(connection, reader, OUTLINES)
            listed = subscriptions.list_subscriptions(connection, reader)
        assert {s.feed.url[8:-13]: (s.title, s.category, s.unread) for s in listed} == {
            "new": ("NEW", ("Presse", "Été"), 0),
            "nameless": ("https://nameless.example/feed", (), 0),
            "kept": ("Kept", ("Presse",), 1),
            "left": ("LEFT", ("Presse",), 1),
            "theirs": ("https://theirs.example/feed", ("Presse", "X"), 0),
            "late": ("LATE", ("Presse", "Été"), 0),
        }


def test_nothing_to_follow(make: Callable[[], Database]) -> None:
    database = make()
    with database.write() as connection:
        at_once(connection, owner(database), ())
        assert imports.list_followed_urls(connection, owner(database)) == frozenset()


def test_the_statements_do_not_grow_with_each_feed(make: Callable[[], Database]) -> None:
    database = make()
    reader = owner(database)
    many = [outline(f"s{number}", f"c{number % 70}") for number in range(2_500)]
    seen: list[str] = []
    with database.write() as connection:
        event.listen(connection, "before_cursor_execute", lambda *facts: seen.append(facts[2]))
        at_once(connection, reader, many)
        followed = imports.list_followed_urls(connection, reader)
    assert followed == {some.url for some in many}
    assert len(seen) < 60
