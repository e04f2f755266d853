"""When to fetch a feed again. Pure: `now` and the chance are arguments.

A feed is checked about twice as often as it publishes; one that stays silent is checked less and less; one
that fails is backed off to once a day and never given up. What the publisher asks for (`<ttl>`,
`Cache-Control: max-age`, `Retry-After`) widens an interval. Every answer lies within the policy's bounds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.domain import Schedule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.policies import RefreshPolicy

_LOOKED_AT = 10
_GROWTH = 1.1
_SPREAD = 0.1
_NONE = timedelta(0)


def after_update(
    now: datetime,
    dates: Sequence[datetime],
    *,
    asked: Sequence[timedelta | None],
    policy: RefreshPolicy,
    chance: float,
) -> Schedule:
    """`dates` are those of the feed's entries, newest first; `asked` the intervals the publisher asks for."""
    return _schedule(now, _rhythm(now, dates, policy), asked=asked, policy=policy, chance=chance)


def after_silence(
    now: datetime, interval: timedelta, *, max_age: timedelta | None, policy: RefreshPolicy, chance: float
) -> Schedule:
    """Nothing new: a little later each time."""
    longer = interval * _GROWTH if interval else policy.default_interval
    return _schedule(now, longer, asked=(max_age,), policy=policy, chance=chance)


def after_failure(
    now: datetime,
    interval: timedelta,
    *,
    failures: int,
    retry_after: timedelta | None,
    policy: RefreshPolicy,
    chance: float,
) -> Schedule:
    """`failures` counts those before this one. The interval of success is kept for when it works again."""
    usual = interval or policy.default_interval
    wait = _bounded(max(policy.min_interval, usual / 4) * 2 ** min(failures, 16), policy)
    wait = min(max(wait, retry_after or _NONE), policy.max_interval)
    return Schedule(checked_at=now, next_fetch_at=now + _spread(wait, chance), interval=usual)


def _rhythm(now: datetime, dates: Sequence[datetime], policy: RefreshPolicy) -> timedelta:
    known = [date for date in dates[:_LOOKED_AT] if date <= now]
    if len(known) < 2:
        return policy.default_interval
    gap = (known[0] - known[-1]) / (len(known) - 1)
    return max(gap / 2, (now - known[0]) / 10)


def _schedule(
    now: datetime,
    interval: timedelta,
    *,
    asked: Sequence[timedelta | None],
    policy: RefreshPolicy,
    chance: float,
) -> Schedule:
    bounded = _bounded(max([interval, *(wish for wish in asked if wish)]), policy)
    return Schedule(checked_at=now, next_fetch_at=now + _spread(bounded, chance), interval=bounded)


def _bounded(interval: timedelta, policy: RefreshPolicy) -> timedelta:
    return min(max(interval, policy.min_interval), policy.max_interval)


def _spread(interval: timedelta, chance: float) -> timedelta:
    """A tenth earlier or later, by `chance` in [0, 1], so that feeds do not come due together."""
    return interval * (1 + _SPREAD * (2 * chance - 1))
