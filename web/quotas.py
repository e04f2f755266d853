"""How much one person may have of what all share."""

from __future__ import annotations

from flask_babel import gettext

from aggregator.errors import AccountError
from aggregator.storage.users import count_subscriptions
from web.services import reading, services


def check_feeds(more: int = 1) -> None:
    """Raises `AccountError` where so many feeds more would be too many."""
    most = services().people.feeds
    with reading() as (connection, reader):
        followed = count_subscriptions(connection, reader)
    if followed + more > most:
        raise AccountError("feeds", gettext("You may follow %(most)s feeds.", most=most))
