"""Use-case: have hubs push what is new (WebSub, w3.org/TR/websub).

Promises: a hub is asked once and again before its grant ends; only what bears the hub's signature counts, and
it counts as a hint alone: the feed is fetched from its publisher, at most once a minute. A hub that falls
silent costs nothing but time: its feeds are polled all the while.
Refuses to believe a hub's copy of a document, and a grant that was not asked for.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.errors import FetchError
from aggregator.feeds.addresses import normalize_url
from aggregator.feeds.fetching import Fetcher
from aggregator.storage import feeds, push

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from aggregator.policies import FetchLimits
    from aggregator.storage.engine import Database
    from aggregator.storage.push import PushSubscription

log = logging.getLogger(__name__)

MAX_PUSHED_BYTES = 10_000_000
_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})
_LEASE = timedelta(days=7)
_SHORTEST, _LONGEST = timedelta(hours=1), timedelta(days=30)
_ASK_AGAIN = timedelta(hours=6)
_ANSWERED_WITHIN = timedelta(days=1)
_AT_A_TIME = 100
_PAUSE = timedelta(minutes=1)
_MAX_CHALLENGE = 2_000


def is_due(subscription: PushSubscription, now: datetime) -> bool:
    """Whether the hub is to be asked: never granted, or in the last quarter of its grant; not again and
    again."""
    asked_at, until = subscription.asked_at, subscription.until
    if asked_at is None:
        return True
    if until is None:
        return now - asked_at >= _ASK_AGAIN or asked_at > now
    lease = until - asked_at
    return until - now <= lease / 4 and now - asked_at >= min(_ASK_AGAIN, lease / 2)


def is_signed(secret: str, signature: str, body: bytes) -> bool:
    """Whether the `X-Hub-Signature` ("sha256=…") is that of the body."""
    method, _, digest = signature.strip().partition("=")
    if method.lower() not in _METHODS:
        return False
    expected = hmac.new(secret.encode(), body, method.lower()).hexdigest()
    return hmac.compare_digest(expected.encode(), digest.strip().lower().encode("ascii", "replace"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """Asks hubs. `public_url` is where the Internet reaches these pages."""

    database: Database
    limits: FetchLimits
    version: str
    public_url: str

    def renew(self, *, now: datetime) -> int:
        """Ask the hubs whose turn it is; how many were asked. A hub that fails is asked again in hours."""
        with self.database.read() as connection:
            known = push.list_wanted(connection, ends_before=now + _LONGEST)
        due = [subscription for subscription in known if is_due(subscription, now)][:_AT_A_TIME]
        if not due:
            return 0
        # Told before it is asked: a quick hub verifies before it answers.
        self._record({subscription.token: "" for subscription in due}, now)
        self._record(asyncio.run(self._ask_all(due)), now)
        return len(due)

    def _record(self, told: Mapping[str, str], now: datetime) -> None:
        with self.database.write() as connection:
            for token, error in told.items():
                push.record_asked(connection, token, now=now, error=error or None)

    async def _ask_all(self, due: Sequence[PushSubscription]) -> dict[str, str]:
        """token → what went wrong, perhaps nothing."""
        async with Fetcher(self.limits, version=self.version) as fetcher:
            errors = await asyncio.gather(*(self._ask(fetcher, subscription) for subscription in due))
        return {subscription.token: error for subscription, error in zip(due, errors, strict=True)}

    async def _ask(self, fetcher: Fetcher, subscription: PushSubscription) -> str:
        form = {
            "hub.mode": "subscribe",
            "hub.topic": subscription.topic_url,
            "hub.callback": f"{self.public_url.rstrip('/')}/push/{subscription.token}",
            "hub.secret": subscription.secret,
            "hub.lease_seconds": str(int(_LEASE.total_seconds())),
        }
        try:
            status = await fetcher.post(normalize_url(subscription.hub_url), form)
        except FetchError as error:
            log.warning("push: %s", error)
            return str(error)
        return "" if 200 <= status < 300 else f"the hub answered {status}"


# ── what hubs ask and send ───────────────────────────────────────────────────────────────────────


def answer_hub(connection: Connection, token: str, asked: Mapping[str, str], *, now: datetime) -> str | None:
    """What to answer to a hub that asks whether we meant it; None for what we did not ask for."""
    subscription = push.find_by_token(connection, token)
    if subscription is None or asked.get("hub.topic") != subscription.topic_url:
        return None
    if asked.get("hub.mode") == "denied":
        push.record_denied(connection, token, error=f"denied: {asked.get('hub.reason', '')[:200]}")
        push.poll_again(connection, subscription.feed_id, by=now + _SHORTEST)
        return ""
    if asked.get("hub.mode") != "subscribe" or not _was_asked(subscription, now):
        return None
    challenge = asked.get("hub.challenge", "")
    if not challenge or len(challenge) > _MAX_CHALLENGE:
        return None
    push.record_granted(connection, token, until=now + _lease(asked.get("hub.lease_seconds", "")))
    return challenge


def _was_asked(subscription: PushSubscription, now: datetime) -> bool:
    asked_at = subscription.asked_at
    return asked_at is not None and abs(now - asked_at) <= _ANSWERED_WITHIN


def _lease(seconds: str) -> timedelta:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 9):
        return _LEASE
    return min(max(timedelta(seconds=int(seconds)), _SHORTEST), _LONGEST)


def find_wanted(connection: Connection, token: str) -> PushSubscription | None:
    """The subscription with this token, if somebody still follows its feed."""
    found = push.find_by_token(connection, token)
    return found if found is not None and push.is_followed(connection, found.feed_id) else None


def take_hint(connection: Connection, subscription: PushSubscription, *, now: datetime) -> bool:
    """There is news: the feed is due, a minute after its last check at the earliest. False where it was."""
    return feeds.hurry(connection, subscription.feed_id, now=now, pause=_PAUSE, revive=False)
