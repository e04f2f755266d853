"""The list of feeds as an address asks for it: words, a category, an order, a page.

The forms of the list carry the same fields, so that whatever is done leads back to where it was done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Any, get_args

from flask import redirect, request, url_for

from aggregator.errors import NotFound
from aggregator.storage.feedlist import FeedSelection, Order, count_feeds, list_feeds
from aggregator.storage.icons import icon_digests
from web.places import get_category
from web.tree import find_shelves

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection
    from werkzeug.wrappers import Response

    from aggregator.domain import ListedFeed, Shelf

PAGE_LENGTH = 50

LOOSE = "none"
"""Instead of a category: the feeds without one."""
_ORDERS: tuple[Order, ...] = get_args(Order)
_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    words: str = ""
    category: str = ""
    """The id of one, `LOOSE`, or empty for all."""
    order: Order = "trouble"
    number: int = 1
    """Of the page."""

    @property
    def filters(self) -> bool:
        return bool(self.words or self.category)

    @property
    def arguments(self) -> dict[str, str]:
        """Of the address, without the page."""
        order = "" if self.order == _ORDERS[0] else self.order
        fields = {"q": self.words, "in": self.category, "order": order}
        return {name: value for name, value in fields.items() if value}

    @property
    def fields(self) -> dict[str, str]:
        """Of the address with the page."""
        return self.arguments | ({"page": str(self.number)} if self.number > 1 else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedsPage:
    wish: Wish
    shelves: tuple[Shelf, ...]
    total: int
    """Of the feeds that match."""
    feeds: tuple[ListedFeed, ...]
    icons: Mapping[int, str]

    @property
    def followed(self) -> int:
        return sum(shelf.feeds for shelf in self.shelves)

    @property
    def parts(self) -> tuple[tuple[bool | None, tuple[ListedFeed, ...]], ...]:
        """Those in trouble and all others, where they are kept apart; else one part, None."""
        if self.wish.order != "trouble":
            return ((None, self.feeds),)
        parts = groupby(self.feeds, key=lambda listed: listed.in_trouble)
        return tuple((troubled, tuple(some)) for troubled, some in parts)

    @property
    def pages(self) -> int:
        return max(1, ceil(self.total / PAGE_LENGTH))

    @property
    def first(self) -> int:
        """The place of the first one that is shown, counted from 1."""
        return (self.wish.number - 1) * PAGE_LENGTH + 1


def read_wish(fields: Mapping[str, str]) -> Wish:
    """Whatever an address holds is a wish."""
    order, page = fields.get("order", ""), fields.get("page", "")
    category = fields.get("in", "")
    return Wish(
        words=" ".join(fields.get("q", "").replace("\0", " ").split())[:_LONGEST],
        category=category if category == LOOSE or _is_number(category) else "",
        order=next((known for known in _ORDERS if known == order), _ORDERS[0]),
        number=max(1, int(page)) if _is_number(page) else 1,
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def back_to_list() -> Response:
    """After a form of the list, to the same page of it."""
    fields: dict[str, Any] = {**read_wish(request.form).fields}
    return redirect(url_for("feeds.index", **fields), 303)


def select_feeds(wish: Wish, shelves: tuple[Shelf, ...]) -> FeedSelection:
    """A category that the person has not is no condition."""
    return FeedSelection(words=tuple(wish.words.split()), category_ids=_category_ids(wish.category, shelves))


def _category_ids(category: str, shelves: tuple[Shelf, ...]) -> tuple[int | None, ...] | None:
    if category == LOOSE:
        return (None,)
    try:
        return get_category(shelves, int(category))[1] if category else None
    except NotFound:
        return None


def load_feeds_page(connection: Connection, reader: int, wish: Wish, now: datetime) -> FeedsPage:
    """Past the last page it is the last one."""
    shelves = find_shelves(connection, reader)
    selection = select_feeds(wish, shelves)
    total = count_feeds(connection, reader, selection)
    number = min(wish.number, max(1, ceil(total / PAGE_LENGTH)))
    start = (number - 1) * PAGE_LENGTH
    found = list_feeds(
        connection, reader, selection, order=wish.order, now=now, limit=PAGE_LENGTH, offset=start
    )
    return FeedsPage(
        wish=replace(wish, number=number),
        shelves=shelves,
        total=total,
        feeds=found,
        icons=icon_digests(connection, (one.subscription.feed.id for one in found)),
    )
