"""The searches that a person keeps under a name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from aggregator.domain import SavedSearch
from aggregator.errors import NotFound
from aggregator.searching.words import fold
from aggregator.storage.dialects import insert_into
from aggregator.storage.prepared import USER
from aggregator.storage.schema import saved_searches

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

MAX_SAVED = 100
"""They stand on every page."""


def list_saved(connection: Connection, user_id: int) -> tuple[SavedSearch, ...]:
    """By name, as a person reads them."""
    found = connection.execute(_saved(), {"user_id": user_id})
    saved = [SavedSearch(id=row.id, name=row.name, query=row.query) for row in found]
    return tuple(sorted(saved, key=lambda search: (fold(search.name), search.id)))


@cache
def _saved() -> Select[tuple[int, str, str]]:
    columns = (saved_searches.c.id, saved_searches.c.name, saved_searches.c.query)
    return select(*columns).where(saved_searches.c.user_id == USER)


def get_saved(connection: Connection, user_id: int, search_id: int) -> SavedSearch:
    found = next((s for s in list_saved(connection, user_id) if s.id == search_id), None)
    if found is None:
        raise NotFound(f"search {search_id}", "you keep no such search")
    return found


def save_search(connection: Connection, user_id: int, name: str, query: str, *, now: datetime) -> bool:
    """Keep it; one of that name is replaced. False where the person keeps `MAX_SAVED` others."""
    mine = saved_searches.c.user_id == user_id
    others = connection.scalar(select(func.count()).where(mine, saved_searches.c.name != name)) or 0
    if others >= MAX_SAVED:
        return False
    statement = insert_into(connection, saved_searches).values(
        user_id=user_id, name=name, query=query, created_at=now
    )
    connection.execute(
        statement.on_conflict_do_update(index_elements=["user_id", "name"], set_={"query": query})
    )
    return True


def rename_search(connection: Connection, user_id: int, search_id: int, name: str) -> bool:
    """False where another of the person's searches has this name."""
    taken = any(s.name == name and s.id != search_id for s in list_saved(connection, user_id))
    if not taken:
        connection.execute(update(saved_searches).where(_is(user_id, search_id)).values(name=name))
    return not taken


def delete_search(connection: Connection, user_id: int, search_id: int) -> None:
    connection.execute(delete(saved_searches).where(_is(user_id, search_id)))


def _is(user_id: int, search_id: int) -> ColumnElement[bool]:
    return (saved_searches.c.user_id == user_id) & (saved_searches.c.id == search_id)
