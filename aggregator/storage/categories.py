"""A person's categories as a whole: renamed, moved, put together, given up.

A category is a path; what is within it moves along. To give one up is to move what it holds up to the one
that it is in. Where a path is taken, the two become one: feeds and filters of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from aggregator.domain import CategoryContents
from aggregator.errors import NotFound
from aggregator.storage.schema import categories, filters, removed_subscriptions, subscriptions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from aggregator.domain import CategoryPath

_HOLD = (subscriptions, removed_subscriptions, filters)
"""What refers to a category."""


def find_category(connection: Connection, user_id: int, path: CategoryPath) -> int | None:
    same = (categories.c.user_id == user_id) & (categories.c.path == path)
    found: int | None = connection.scalar(select(categories.c.id).where(same))
    return found


def get_contents(connection: Connection, user_id: int, path: CategoryPath) -> CategoryContents:
    """Raises `NotFound` where neither a feed nor a filter of the person is in it."""
    used = _used(connection, user_id)
    within = tuple(one for one in used if path and one[: len(path)] == path)
    if not within:
        raise NotFound(" › ".join(path), "you have no such category")
    return CategoryContents(
        path=path,
        within=within,
        feeds=sum(used[one][0] for one in within),
        filters=used.get(path, (0, 0))[1],
    )


def list_taken(
    connection: Connection, user_id: int, contents: CategoryContents, new: CategoryPath
) -> tuple[CategoryPath, ...]:
    """The categories with which some would become one, if these contents moved to the path `new`."""
    others = _used(connection, user_id).keys() - set(contents.within)
    return tuple(sorted(others & set(contents.moved(new))))


def move_category(connection: Connection, user_id: int, path: CategoryPath, new: CategoryPath) -> None:
    """The empty path takes the feeds of the category itself; a filter may not come there, as it would meet
    all feeds then."""
    mine = select(categories.c.id, categories.c.path).where(categories.c.user_id == user_id)
    rows = [(row.id, row.path) for row in connection.execute(mine) if row.path[: len(path)] == path]
    for category_id, old in sorted(rows, key=lambda row: len(row[1])):  # a place is free once it was left
        target = new + old[len(path) :]
        taken = find_category(connection, user_id, target)
        if target and taken is None:
            renamed = update(categories).where(categories.c.id == category_id).values(path=target)
            connection.execute(renamed)
        elif taken != category_id:
            _hand_over(connection, category_id, taken)


def _hand_over(connection: Connection, category_id: int, other_id: int | None) -> None:
    for table in _HOLD:
        held = update(table).where(table.c.category_id == category_id)
        connection.execute(held.values(category_id=other_id))
    connection.execute(delete(categories).where(categories.c.id == category_id))


def _used(connection: Connection, user_id: int) -> dict[CategoryPath, tuple[int, int]]:
    """path → (feeds, filters) of it alone, where there is one of them."""
    followed = select(func.count()).where(subscriptions.c.category_id == categories.c.id)
    working = select(func.count()).where(
        filters.c.category_id == categories.c.id, filters.c.deleted_at.is_(None)
    )
    rows = connection.execute(
        select(categories.c.path, followed.scalar_subquery(), working.scalar_subquery()).where(
            categories.c.user_id == user_id
        )
    )
    return {path: (feeds, rules) for path, feeds, rules in rows if feeds or rules}
