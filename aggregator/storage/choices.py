"""What the owner chose on the pages, by name; it wins over the settings file."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from aggregator.storage.schema import choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Select


def list_choices(connection: Connection) -> dict[str, str]:
    return {row.name: row.value for row in connection.execute(_all())}


@cache
def _all() -> Select[Any]:
    return select(choices)


def set_choices(connection: Connection, chosen: Mapping[str, str | None]) -> None:
    """None takes a choice back."""
    connection.execute(delete(choices).where(choices.c.name.in_(chosen)))
    rows = [{"name": name, "value": value} for name, value in chosen.items() if value is not None]
    if rows:
        connection.execute(insert(choices), rows)
