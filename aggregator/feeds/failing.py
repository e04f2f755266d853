"""What a failure means for the next fetch: of the feed, and of the other feeds of its host. Pure."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from aggregator.errors import BadStatus, Gone, ParseError
from aggregator.feeds.scheduling import host_pause, seen_gone

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.domain import Withdrawn
    from aggregator.errors import FeedError
    from aggregator.policies import RefreshPolicy


def retry_after(error: FeedError) -> timedelta | None:
    """How long the server asked to be left alone, if it did."""
    seconds = error.retry_after_seconds if isinstance(error, BadStatus) else None
    return None if seconds is None else timedelta(seconds=min(seconds, 1e6))


def pause_of_host(error: FeedError, policy: RefreshPolicy) -> timedelta | None:
    """How long to leave the whole host alone: what is too much, or too busy, is so for its other feeds."""
    wait = retry_after(error)
    status = error.status if isinstance(error, BadStatus) else 0
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait):
        return host_pause(wait, policy)
    return None


def withdrawn_after(known: Withdrawn | None, error: FeedError, now: datetime) -> Withdrawn | None:
    """A row of 410s ends with any other answer; a server that gives none says nothing."""
    if isinstance(error, Gone):
        return seen_gone(known, now)
    return None if isinstance(error, BadStatus | ParseError) else known
