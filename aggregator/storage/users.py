"""Who reads. One owner for now; every reader's fact already carries the user's id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from aggregator.domain import User
from aggregator.storage.schema import users

if TYPE_CHECKING:
    from sqlalchemy import Connection


def get_owner(connection: Connection) -> User:
    row = connection.execute(select(users.c.id, users.c.name).order_by(users.c.id).limit(1)).one()
    return User(id=row.id, name=row.name)
