"""Categories renamed, moved, put together and given up, in both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from library import NOW, follow, owner

from aggregator.domain import Filter
from aggregator.storage import categories, filters, several, subscriptions

if TYPE_CHECKING:
    from aggregator.domain import CategoryPath
    from aggregator.storage.engine import Database


def places(database: Database) -> dict[str, CategoryPath]:
    with database.read() as connection:
        found = subscriptions.list_subscriptions(connection, owner(database))
    return {one.title: one.category for one in found}


def move(database: Database, path: CategoryPath, new: CategoryPath) -> None:
    with database.write() as connection:
        categories.move_category(connection, owner(database), path, new)


def test_what_is_within_moves_along(database: Database) -> None:
    follow(database, "https://a.example/", "a", category=("Press",))
    follow(database, "https://b.example/", "b", category=("Press", "Here"))
    follow(database, "https://c.example/", "c", category=("Pressing",))
    move(database, ("Press",), ("News", "Daily"))
    assert places(database) == {"a": ("News", "Daily"), "b": ("News", "Daily", "Here"), "c": ("Pressing",)}


def test_one_that_holds_only_others_is_renamed(database: Database) -> None:
    follow(database, "https://a.example/", "a", category=("Press", "Here"))
    move(database, ("Press",), ("News",))
    assert places(database) == {"a": ("News", "Here")}


def test_two_become_one_with_their_filters(database: Database) -> None:
    reader = owner(database)
    follow(database, "https://a.example/", "a", category=("Press",))
    follow(database, "https://b.example/", "b", category=("News",))
    with database.write() as connection:
        filters.save_filter(connection, reader, Filter(title="x", category=("Press",)), now=NOW)
        contents = categories.get_contents(connection, reader, ("Press",))
        assert (contents.feeds, contents.filters) == (1, 1)
        assert categories.list_taken(connection, reader, contents, ("News",)) == (("News",),)
        assert categories.list_taken(connection, reader, contents, ("Other",)) == ()
    move(database, ("Press",), ("News",))
    assert places(database) == {"a": ("News",), "b": ("News",)}
    with database.read() as connection:
        assert [f.rule.category for f in filters.list_filters(connection, reader)] == [("News",)]


def test_what_was_in_one_that_is_given_up_moves_up(database: Database) -> None:
    reader = owner(database)
    follow(database, "https://a.example/", "a", category=("A",))
    follow(database, "https://b.example/", "b", category=("A", "A"))
    gone = follow(database, "https://c.example/", "c", category=("A",))
    with database.write() as connection:
        several.remove_several(connection, reader, [gone], now=NOW)
    move(database, ("A",), ())
    assert places(database) == {"a": (), "b": ("A",)}
    with database.write() as connection:
        several.bring_back(connection, reader, removed_at=NOW, room=9)
    assert places(database) == {"a": (), "b": ("A",), "c": ()}
