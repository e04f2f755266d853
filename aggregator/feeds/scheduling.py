"""When to fetch a feed again. Pure: `now` and the chance are arguments.

A feed is fetched when half a new entry is to be expected, by how often it published lately and at which hours
of the day it does so: just after seven for one that comes out at seven, less and less for one that fell
silent. One that fails is backed off to once a day and never given up. What the publisher asks for (`<ttl>`,
`Cache-Control: max-age`, `Retry-After`, `skipHours`, `skipDays`) widens an interval. Every answer lies within
the policy's bounds, whatever the publisher asks for.
"""

from __future__ import annotations

from datetime import UTC, time, timedelta
from typing import TYPE_CHECKING

from aggregator.domain import Move, Schedule, SkippedTimes, Withdrawn
from aggregator.feeds.addresses import LONGEST_KEPT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from aggregator.policies import RefreshPolicy

_REMEMBERED = 30
_BURST = timedelta(minutes=20)
_EXPECTED = 0.5
_SMOOTHING = 0.05
"""Of one entry, given to each hour of the day: with few entries the hours say little, with thirty much."""
_AT_MOST_ONE = 1.6
_GROWTH = 1.1
_SPREAD = 0.1
_MOST_SPREAD = timedelta(minutes=10)
_NONE = timedelta(0)
_HOUR = timedelta(hours=1)
_MIDNIGHTS = frozenset(time(hour) for hour in (22, 23, 0))
_HELD_TIMES = 3
_HELD_FOR = timedelta(days=2)
_PUSHED_SHARE = 4


def moments(now: datetime, dates: Iterable[datetime]) -> tuple[datetime, ...]:
    """When the feed published lately, newest first: what came in one burst counts once."""
    found: list[datetime] = []
    for date in sorted((date for date in dates if date <= now), reverse=True):
        if not found or found[-1] - date > _BURST:
            found.append(date)
        if len(found) == _REMEMBERED:
            break
    return tuple(found)


def after_success(
    now: datetime,
    published: Sequence[datetime],
    *,
    interval: timedelta = _NONE,
    asked: Sequence[timedelta | None] = (),
    skipped: SkippedTimes | None = None,
    pushed: bool = False,
    policy: RefreshPolicy,
    chance: float,
) -> Schedule:
    """`published` are the feed's `moments`, `interval` the one before this fetch (for a feed whose moments
    are too few to tell a rhythm), `asked` the intervals that the publisher asks for. A feed whose hub pushes
    (`pushed`) is fetched less often, yet fetched: a hub may fall silent."""
    own = _until_news(now, published, policy) or max(policy.default_interval, interval * _GROWTH)
    wishes = [own, *(wish for wish in asked if wish)]
    if pushed:
        wishes.append(policy.max_interval / _PUSHED_SHARE)
    bounded = _bounded(max(wishes), policy)
    next_at = now + _spread(bounded, chance, policy)
    if skipped is not None:
        next_at = _past_skipped(next_at, skipped, latest=now + policy.max_interval, chance=chance)
    return Schedule(checked_at=now, next_fetch_at=next_at, interval=bounded)


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
    spread = _spread(wait, chance, policy)
    if retry_after:  # not a second before the moment that was asked for
        spread = max(spread, min(retry_after, policy.max_interval))
    return Schedule(checked_at=now, next_fetch_at=now + spread, interval=usual)


def host_pause(retry_after: timedelta | None, policy: RefreshPolicy) -> timedelta:
    """How long the other feeds of a host wait that has had enough of us (429, or 503 with Retry-After)."""
    return _bounded(retry_after or policy.min_interval, policy)


def typical_gap(now: datetime, published: Sequence[datetime]) -> timedelta | None:
    """How much time lies between two entries or bursts of them, lately; None where that cannot be told."""
    known = [date for date in published if date <= now]
    return (now - known[-1]) / len(known) if len(known) > 1 else None


def has_held(times: int, since: datetime, now: datetime) -> bool:
    """Whether a state of a publisher's server has shown itself often and long enough to be believed."""
    return times >= _HELD_TIMES and now - since >= _HELD_FOR


def seen_moved(known: Move | None, found: str | None, now: datetime) -> Move | None:
    """What is known of a feed's move after an answer that came for good from `found` (None: from where it
    was asked, or by a temporary redirect, which ends the tale). One that is too long to be kept is none."""
    if found is None or len(found) > LONGEST_KEPT:
        return None
    if known is None or known.url != found:
        return Move(url=found, since=now, times=1)
    return Move(url=found, since=min(known.since, now), times=known.times + 1)


def seen_gone(known: Withdrawn | None, now: datetime) -> Withdrawn:
    """After a 410. One may be a mistake: the feed is given up when it has held."""
    since, times = (min(known.since, now), known.times + 1) if known else (now, 1)
    stopped_at = now if has_held(times, since, now) else None
    return Withdrawn(since=since, times=times, stopped_at=stopped_at)


# ── rhythm ───────────────────────────────────────────────────────────────────────────────────────


def _until_news(now: datetime, published: Sequence[datetime], policy: RefreshPolicy) -> timedelta | None:
    """The time until half an entry is to be expected, at most the policy's longest; None: who knows."""
    gap = typical_gap(now, published)
    if gap is None:
        return (now - published[0]) / 10 if published and published[0] <= now else None
    weights = _hours_of_day(published)
    daily = timedelta(days=1) / max(gap, timedelta(minutes=1))
    at, expected, end = now, 0.0, now + policy.max_interval
    if _has_come(now, published) and daily * weights[now.hour] <= _AT_MOST_ONE:
        at = min(_hour_of(now) + _HOUR, end)
    while at < end:
        rest = min(_hour_of(at) + _HOUR, end) - at
        comes = daily * weights[at.hour] * (rest / _HOUR)
        if expected + comes >= _EXPECTED:
            return at - now + rest * ((_EXPECTED - expected) / comes)
        expected += comes
        at += rest
    return _after_best_hour(now, weights, policy)


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _has_come(now: datetime, published: Sequence[datetime]) -> bool:
    """Whether the entry that this hour of the day brings is there: the next one is that of another hour."""
    return bool(published) and published[0] >= _hour_of(now)


def _hours_of_day(published: Sequence[datetime]) -> tuple[float, ...]:
    """The share of each hour of the day (UTC) in what the feed publishes; they add up to one."""
    counts = [_SMOOTHING] * 24
    for date in published if not _are_days(published) else ():
        counts[date.astimezone(UTC).hour] += 1
    total = sum(counts)
    return tuple(count / total for count in counts)


def _are_days(published: Sequence[datetime]) -> bool:
    """Dates without a time are read as midnight (of London, Paris or Helsinki), and tell no hour."""
    times = {date.astimezone(UTC).time() for date in published}
    return times <= _MIDNIGHTS


def _after_best_hour(now: datetime, weights: Sequence[float], policy: RefreshPolicy) -> timedelta:
    """For a feed that publishes less than every other day: once a day, after the hour it has chosen, if it
    has chosen one."""
    best = max(range(24), key=weights.__getitem__)
    if weights[best] < _EXPECTED:
        return policy.max_interval
    ends = (_hour_of(now) + n * _HOUR for n in range(1, 26))
    after = [
        end for end in ends if (end - _HOUR).astimezone(UTC).hour == best and end >= now + policy.min_interval
    ]
    return after[0] - now if after else policy.max_interval


def _past_skipped(at: datetime, skipped: SkippedTimes, *, latest: datetime, chance: float) -> datetime:
    """The first moment from `at` on that is not skipped; `latest` where there is none before it."""
    if not skipped.covers(at):
        return at
    start = _hour_of(at.astimezone(UTC))
    for _ in range(24):
        start += _HOUR
        if start >= latest:
            break
        if not skipped.covers(start):
            return min(start + _MOST_SPREAD * chance, latest)
    return latest


# ── bounds ───────────────────────────────────────────────────────────────────────────────────────


def _bounded(interval: timedelta, policy: RefreshPolicy) -> timedelta:
    return min(max(interval, policy.min_interval), policy.max_interval)


def _spread(interval: timedelta, chance: float, policy: RefreshPolicy) -> timedelta:
    """A little earlier or later, by `chance` in [0, 1], so that feeds do not come due together."""
    spread = min(interval * _SPREAD, _MOST_SPREAD)
    low, high = _bounded(interval - spread, policy), _bounded(interval + spread, policy)
    return low + (high - low) * chance
