"""How much one person may have of what all share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext

from aggregator.errors import AccountError
from aggregator.storage.users import count_subscriptions
from web.services import reading, services

if TYPE_CHECKING:
    from sqlalchemy import Connection


def check_feeds() -> None:
    """Raises `AccountError` where one feed more would be too many."""
    with reading() as (connection, reader):
        room = room_for_feeds(connection, reader)
    if not room:
        raise AccountError("feeds", quota_in_words())


def room_for_feeds(connection: Connection, reader: int) -> int:
    """How many feeds more the person may follow."""
    return max(0, services().people.feeds - count_subscriptions(connection, reader))


def quota_in_words() -> str:
    return gettext("You may follow %(most)s feeds.", most=services().people.feeds)
