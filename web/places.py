"""Where an article was opened from: a view, a feed, a category; and its neighbours there.

A place is named by a short word in the address of the article ("all", "feed-3", "category-2"), so that going
on, back and reloading need no state. A word that means nothing is the list of what is unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext

from aggregator.errors import NotFound
from aggregator.storage.entries import Selection, list_headlines
from aggregator.storage.subscriptions import find_subscription
from web.tree import find_shelves

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from aggregator.domain import CategoryPath, Entry, Headline, Shelf

UNREAD = "unread"
VIEWS = {
    UNREAD: Selection(unread_only=True),
    "starred": Selection(starred_only=True),
    "all": Selection(),
}
HISTORY = "history"

_NEWER, _OLDER = 8, 20
_JUST_READ = timedelta(hours=1)
_NUMBERED = re.compile(r"(feed|category)-(\d{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    word: str
    title: str
    address: str
    selection: Selection | None
    """None: it has no order in which an article has neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The list about an article, newest first; without the article itself."""

    newer: tuple[Headline, ...] = ()
    older: tuple[Headline, ...] = ()

    @property
    def previous(self) -> Headline | None:
        return self.newer[-1] if self.newer else None

    @property
    def next(self) -> Headline | None:
        return self.older[0] if self.older else None


def view_title(view: str) -> str:
    titles = {
        UNREAD: gettext("Unread"),
        "starred": gettext("Starred"),
        "all": gettext("All articles"),
        HISTORY: gettext("Recently read"),
    }
    return titles[view]


def view_address(view: str) -> str:
    return url_for("entries.home", view=None if view == UNREAD else view)


def find_place(connection: Connection, reader: int, word: str | None) -> Place:
    numbered = _NUMBERED.fullmatch(word or "")
    if numbered and (found := _find_numbered(connection, reader, numbered[1], int(numbered[2]))):
        return found
    view = word if word in VIEWS or word == HISTORY else UNREAD
    return Place(
        word=view or UNREAD,
        title=view_title(view or UNREAD),
        address=view_address(view or UNREAD),
        selection=VIEWS.get(view or UNREAD),
    )


def _find_numbered(connection: Connection, reader: int, kind: str, number: int) -> Place | None:
    if kind == "feed":
        subscription = find_subscription(connection, reader, number)
        if subscription is None:
            return None
        return Place(
            word=f"feed-{number}",
            title=subscription.title,
            address=url_for("feeds.feed", feed_id=number),
            selection=Selection(feed_id=number),
        )
    try:
        path, ids, _ = get_category(find_shelves(connection, reader), number)
    except NotFound:
        return None
    return Place(
        word=f"category-{number}",
        title=path[-1],
        address=url_for("categories.category", category_id=number),
        selection=Selection(category_ids=ids),
    )


def get_category(shelves: tuple[Shelf, ...], number: int) -> tuple[CategoryPath, tuple[int, ...], int]:
    """Its path, the ids of it and of the categories within it, and what is unread in all of them."""
    path = next((shelf.path for shelf in shelves if shelf.id == number), None)
    if path is None:
        raise NotFound(f"category {number}", "you have no such category")
    within = [s for s in shelves if s.id is not None and s.path[: len(path)] == path]
    return path, tuple(s.id for s in within if s.id is not None), sum(s.unread for s in within)


def look_around(connection: Connection, reader: int, place: Place, entry: Entry, now: datetime) -> Around:
    """What stands before and after the article in its place; what was just read stays in its place."""
    if place.selection is None:
        return Around()
    here = (entry.published_at, entry.id)
    wanted = replace(place.selection, read_since=now - _JUST_READ)
    return Around(
        newer=list_headlines(connection, reader, replace(wanted, after=here, limit=_NEWER)),
        older=list_headlines(connection, reader, replace(wanted, before=here, limit=_OLDER)),
    )
