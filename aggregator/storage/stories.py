"""Links around an entry, for the thread of its story."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, exists, or_, select

from aggregator.domain import Tie
from aggregator.storage.prepared import IDS, USER
from aggregator.storage.schema import entries, links, statuses, subscriptions
from aggregator.storage.verdicts import is_judged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Select

MAX_TIES = 1_000


def list_ties(
    connection: Connection, user_id: int, ids: Sequence[int], *, min_confidence: float
) -> tuple[Tie, ...]:
    """The sure links of `ids`, the surest first, whose both ends are in feeds that this person follows.

    Pairs that they judged unrelated are left out, and those with an end that a filter of theirs has hidden.
    """
    values = {"user_id": user_id, "ids": list(ids), "least": min_confidence}
    rows = connection.execute(_ties(), values)
    return tuple(
        Tie(
            one=row.entry_id,
            other=row.neighbour_id,
            confidence=1.0 if row.same_text else row.confidence,
            days=abs((row.at - row.other_at).total_seconds()) / 86_400,
        )
        for row in rows
    )


@cache
def _ties() -> Select[Any]:
    one, other = entries.alias(), entries.alias()
    own, theirs = subscriptions.alias(), subscriptions.alias()
    return (
        select(
            links.c.entry_id,
            links.c.neighbour_id,
            links.c.confidence,
            links.c.same_text,
            one.c.published_at.label("at"),
            other.c.published_at.label("other_at"),
        )
        .join(one, one.c.id == links.c.entry_id)
        .join(other, other.c.id == links.c.neighbour_id)
        .join(own, and_(own.c.feed_id == one.c.feed_id, own.c.user_id == USER))
        .join(theirs, and_(theirs.c.feed_id == other.c.feed_id, theirs.c.user_id == USER))
        .where(
            or_(links.c.entry_id.in_(IDS), links.c.neighbour_id.in_(IDS)),
            or_(links.c.confidence >= bindparam("least"), links.c.same_text),
            ~is_judged(USER, links.c.entry_id, links.c.neighbour_id),
            ~_is_hidden(USER),
        )
        .order_by(links.c.confidence.desc(), links.c.entry_id, links.c.neighbour_id)
        .limit(MAX_TIES)
    )


def _is_hidden(user_id: ColumnElement[int]) -> ColumnElement[bool]:
    """One of the ends is; what has a star is not."""
    end = or_(statuses.c.entry_id == links.c.entry_id, statuses.c.entry_id == links.c.neighbour_id)
    hidden = and_(statuses.c.hidden_by.is_not(None), statuses.c.starred_at.is_(None))
    return exists().where(statuses.c.user_id == user_id, end, hidden)
