"""The tree of categories and feeds beside every list, with kept counts.

A large library shows its categories, and the feeds of the one that is open; a small one shows all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import g, request

from aggregator.errors import StorageError
from aggregator.storage.tree import find_category_of, list_shelves, list_spines
from web.services import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask
    from sqlalchemy import Connection

    from aggregator.domain import CategoryPath, Shelf, Spine

_ALL_OPEN = 40
"""Feeds up to which the whole tree is open."""
_MOST_FEEDS = 60
"""Of one category."""
_DEEPEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    id: int | None
    """None: a category without feeds of its own, or the feeds without a category."""
    name: str
    """Empty for the feeds without a category."""
    depth: int
    unread: int
    feeds: tuple[Spine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    unread: int
    branches: tuple[Branch, ...]


def install(app: Flask) -> None:
    app.context_processor(lambda: {"find_tree": find_tree})


def find_tree(category_id: int | None = None, feed_id: int | None = None) -> Tree | None:
    """None where nobody came in, or the library cannot be read: the frame stands on such pages, too."""
    if g.get("person") is None:
        return None
    try:
        with reading() as (connection, reader):
            return load_tree(connection, reader, category_id, feed_id)
    except StorageError:
        return None


def find_shelves(connection: Connection, reader: int) -> tuple[Shelf, ...]:
    """Read once for a page: the tree, its heading and its list ask for them."""
    if request.method not in ("GET", "HEAD"):
        return list_shelves(connection, reader)
    if "shelves" not in g:
        g.shelves = list_shelves(connection, reader)
    found: tuple[Shelf, ...] = g.shelves
    return found


def load_tree(connection: Connection, reader: int, category_id: int | None, feed_id: int | None) -> Tree:
    shelves = find_shelves(connection, reader)
    everything = sum(shelf.feeds for shelf in shelves) <= _ALL_OPEN
    if feed_id is not None:
        category_id = find_category_of(connection, reader, feed_id)
    unfolded = {shelf.id for shelf in shelves if everything}
    if category_id is not None or feed_id is not None:
        unfolded.add(category_id)
    if len(shelves) == 1:  # nothing to fold
        unfolded.add(shelves[0].id)
    feeds = {
        number: list_spines(connection, reader, number, limit=_MOST_FEEDS)
        for number in unfolded
        if any(shelf.id == number for shelf in shelves)
    }
    unread = sum(shelf.unread for shelf in shelves)
    return Tree(unread=unread, branches=grow(shelves, feeds))


def grow(shelves: Sequence[Shelf], feeds: dict[int | None, tuple[Spine, ...]]) -> tuple[Branch, ...]:
    """The shelves with the categories that only hold others; a count holds those within."""
    branches: list[Branch] = []
    shown: set[CategoryPath] = set()
    within = _count_within(shelves)
    for shelf in shelves:
        for length in range(1, len(shelf.path)):
            above = shelf.path[:length]
            if above not in shown:
                shown.add(above)
                branches.append(_branch(None, above, within[above], ()))
        shown.add(shelf.path)
        branches.append(_branch(shelf.id, shelf.path, within[shelf.path], feeds.get(shelf.id, ())))
    return tuple(branches)


def _count_within(shelves: Sequence[Shelf]) -> Counter[CategoryPath]:
    """What is unread in each path and below; the empty one is that of the feeds without a category."""
    unread: Counter[CategoryPath] = Counter()
    for shelf in shelves:
        for length in range(1, len(shelf.path) + 1) if shelf.path else (0,):
            unread[shelf.path[:length]] += shelf.unread
    return unread


def _branch(number: int | None, path: CategoryPath, unread: int, feeds: tuple[Spine, ...]) -> Branch:
    if not path:
        return Branch(id=None, name="", depth=0, unread=unread, feeds=feeds)
    return Branch(id=number, name=path[-1], depth=min(len(path) - 1, _DEEPEST), unread=unread, feeds=feeds)
