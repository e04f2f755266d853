"""Use-case: remove what the rules of retention no longer keep.

Promises: without a rule nothing is removed; the work is done in small transactions, so that readers and a
refresh never wait long, and may be stopped between any two. By itself it trusts the clock for two days more
than at its last run: a clock that jumps ten years ahead removes nothing at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING

from aggregator.domain import PrunedFeed, PruneReport, RetentionRule
from aggregator.storage import retention

if TYPE_CHECKING:
    from aggregator.policies import RetentionPolicy
    from aggregator.storage.engine import Database

_BATCH = 200
_MOST_AT_ONCE = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What goes: what arrived before a moment, what is older than the newest so many."""

    before: datetime | None
    newest: int | None


def limits_of(rule: RetentionRule, policy: RetentionPolicy, now: datetime) -> Limits:
    """The rule of a feed, else the policy."""
    days = policy.keep_days if rule.keep_days is None else rule.keep_days
    newest = policy.keep_entries if rule.keep_entries is None else rule.keep_entries
    return Limits(before=now - timedelta(days=days) if days else None, newest=newest or None)


def is_due(now: datetime, ran_at: datetime | None, policy: RetentionPolicy) -> bool:
    """A run in the future was one of a clock that has been set back."""
    return ran_at is None or ran_at > now or now - ran_at >= policy.every


def trusted_time(now: datetime, before: datetime | None) -> datetime:
    """What a run takes for the time; `before` is what the last one took."""
    return now if before is None else min(now, before + _MOST_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruner:
    database: Database
    policy: RetentionPolicy
    stopping: Event = field(default_factory=Event)
    """Once set, the rest is left for another time."""

    def prune(self, *, now: datetime, dry_run: bool = False) -> PruneReport:
        """Remove what may go now, or only count it."""
        started = time.monotonic()
        with self.database.read() as connection:
            rules, feeds = retention.list_rules(connection), retention.list_feeds(connection)
        found: list[PrunedFeed] = []
        for feed_id, title in feeds:
            limits = limits_of(rules.get(feed_id, retention.NO_RULE), self.policy, now)
            count = self._count(feed_id, limits) if dry_run else self._prune_feed(feed_id, limits, now)
            if count:
                found.append(PrunedFeed(feed_id=feed_id, title=title, entries=count))
        return PruneReport(
            feeds=tuple(found),
            entries=sum(feed.entries for feed in found),
            seconds=round(time.monotonic() - started, 3),
        )

    def prune_if_due(self, *, now: datetime) -> PruneReport | None:
        """What the scheduler asks for every hour; None where it is not yet time."""
        with self.database.read() as connection:
            last = retention.find_run(connection)
        if not is_due(now, last[0] if last else None, self.policy):
            return None
        trusted = trusted_time(now, last[1] if last else None)
        report = self.prune(now=trusted)
        with self.database.write() as connection:
            retention.record_run(connection, ran_at=now, trusted_at=trusted)
        return report

    def _count(self, feed_id: int, limits: Limits) -> int:
        with self.database.read() as connection:
            return retention.count_surplus(
                connection,
                feed_id,
                before=limits.before,
                newest=limits.newest,
                keep_unread=self.policy.keep_unread,
            )

    def _prune_feed(self, feed_id: int, limits: Limits, now: datetime) -> int:
        total = 0
        while (limits.before or limits.newest) and not self.stopping.is_set():
            with self.database.write() as connection:
                count = retention.prune(
                    connection,
                    feed_id,
                    before=limits.before,
                    newest=limits.newest,
                    keep_unread=self.policy.keep_unread,
                    limit=_BATCH,
                    now=now,
                )
            total += count
            if count < _BATCH:
                break
        return total
