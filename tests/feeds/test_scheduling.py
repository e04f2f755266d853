"""When a feed is fetched again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.domain import SkippedTimes
from aggregator.feeds.scheduling import (
    after_failure,
    after_success,
    has_held,
    moments,
    seen_gone,
    seen_moved,
    typical_gap,
)
from aggregator.policies import RefreshPolicy

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
POLICY = RefreshPolicy()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def interval(*dates: datetime, asked: timedelta | None = None, pushed: bool = False) -> timedelta:
    schedule = after_success(
        NOW, moments(NOW, dates), asked=(asked,), pushed=pushed, policy=POLICY, chance=0.5
    )
    return schedule.interval


def play(published: list[datetime], *, days: int) -> tuple[float, list[timedelta]]:
    """Follow a feed that publishes at these moments: (checks a day, how late each entry was seen).

    The first week is for learning.
    """
    start, end = published[0] + 7 * DAY, published[0] + days * DAY
    now, checks, seen, delays = published[0] + HOUR, 0, 0, []
    before = timedelta(0)
    while now < end:
        there = [date for date in published if date <= now]
        if now >= start:
            checks += 1
            delays += [now - date for date in there[seen:] if date >= start]
        seen = len(there)
        schedule = after_success(
            now,
            moments(now, reversed(there[-40:])),
            interval=before,
            policy=POLICY,
            chance=(checks % 7) / 6,
        )
        before, now = schedule.interval, schedule.next_fetch_at
    return checks / ((end - start) / DAY), sorted(delays)


def median(delays: list[timedelta]) -> timedelta:
    return delays[len(delays) // 2]


def test_a_feed_is_checked_twice_as_often_as_it_publishes() -> None:
    """Of one that has no hours of its own: this one comes every 7 hours and 3 minutes."""
    dates = [NOW - HOUR - n * (7 * HOUR + 3 * MINUTE) for n in range(24)]
    assert 2.5 * HOUR < interval(*dates) < 4.5 * HOUR


def test_what_comes_out_at_seven_is_seen_soon_after() -> None:
    """With half a day between checks, it would be seen six hours late."""
    checks, delays = play([NOW.replace(hour=7) + n * DAY for n in range(40)], days=40)
    assert checks < 2.5
    assert median(delays) < HOUR
    assert delays[-1] < 2 * HOUR


def test_a_weekly_podcast_is_seen_the_hour_it_comes_at_one_check_a_day() -> None:
    checks, delays = play([NOW.replace(hour=5, minute=30) + n * 7 * DAY for n in range(20)], days=140)
    assert checks < 1.3
    assert median(delays) < 2 * HOUR


def test_a_newspaper_that_sleeps_at_night_is_left_alone_then() -> None:
    awake = [NOW + day * DAY + hour * HOUR for day in range(30) for hour in range(-5, 8)]
    checks, delays = play(awake, days=30)
    assert checks < 20
    assert median(delays) < HOUR


def test_a_burst_counts_once() -> None:
    """Ten entries within minutes, once a week, are no reason to come back every quarter of an hour."""
    dates = [NOW - HOUR - week * 7 * DAY - n * MINUTE for week in range(3) for n in range(10)]
    assert interval(*dates) > 12 * HOUR


def test_a_feed_that_fell_silent_is_checked_less_and_less() -> None:
    def after(silence: timedelta) -> timedelta:
        return interval(*(NOW - silence - n * HOUR for n in range(20)))

    assert after(HOUR) < after(2 * DAY) < after(7 * DAY)
    assert after(365 * DAY) == POLICY.max_interval


def test_days_without_a_time_tell_no_hour() -> None:
    """They are read as midnight; the entry comes at any hour of that day."""
    midnight = NOW.replace(hour=0)
    assert 6 * HOUR < interval(*(midnight - n * DAY for n in range(20))) < 14 * HOUR


def test_a_feed_of_which_nothing_is_known_is_checked_a_little_later_each_time() -> None:
    first = after_success(NOW, (), policy=POLICY, chance=0.5)
    second = after_success(NOW, (), interval=2 * HOUR, policy=POLICY, chance=0.5)
    assert first.interval == POLICY.default_interval
    assert second.interval > 2 * HOUR


def test_what_the_publisher_asks_for_widens_the_interval() -> None:
    hourly = [NOW - n * HOUR for n in range(10)]
    assert interval(*hourly, asked=6 * HOUR) == 6 * HOUR
    assert interval(*hourly, asked=MINUTE) == interval(*hourly)
    assert interval(*hourly, asked=400 * DAY) == POLICY.max_interval


def test_a_feed_that_is_pushed_is_fetched_less_often_but_fetched() -> None:
    hourly = [NOW - n * HOUR for n in range(10)]
    assert interval(*hourly) < interval(*hourly, pushed=True) < POLICY.max_interval


def skipping(hours: set[int], weekdays: set[int] | None = None, now: datetime = NOW) -> datetime:
    skipped = SkippedTimes(hours=frozenset(hours), weekdays=frozenset(weekdays or ()))
    dates = moments(now, [now - n * HOUR for n in range(10)])
    return after_success(now, dates, skipped=skipped, policy=POLICY, chance=0.5).next_fetch_at


def test_hours_and_days_that_a_feed_skips_are_left_out() -> None:
    assert skipping({12, 13, 14}).hour == 15
    assert skipping({3}) < NOW + HOUR
    friday = NOW + 3 * DAY + 11.9 * HOUR
    assert skipping(set(), {5}, friday) <= friday + DAY


def test_a_feed_that_skips_every_hour_is_fetched_once_a_day() -> None:
    assert skipping(set(range(24))) == NOW + DAY


def test_the_usual_gap_is_told_without_bursts() -> None:
    dates = [NOW - n * 7 * DAY - k * MINUTE for n in range(6) for k in range(3)]
    gap = typical_gap(NOW, moments(NOW, dates))
    assert gap is not None
    assert 5 * DAY < gap < 8 * DAY
    assert typical_gap(NOW, ()) is None


def test_a_move_is_believed_after_three_times_over_two_days() -> None:
    move = None
    held = []
    for hours in (0, 1, 2, 30, 49):
        now = NOW + hours * HOUR
        move = seen_moved(move, "https://new.example/", now)
        assert move is not None
        held.append(has_held(move.times, move.since, now))
    assert held == [False, False, False, False, True]
    assert seen_moved(move, None, NOW) is None
    assert seen_moved(move, "https://new.example/" + "x" * 2_000, NOW) is None  # too long to be kept
    elsewhere = seen_moved(move, "https://other.example/", NOW)
    assert elsewhere is not None
    assert elsewhere.times == 1


def test_a_feed_that_is_gone_is_given_up_after_three_times_over_two_days() -> None:
    one = seen_gone(None, NOW)
    two = seen_gone(one, NOW + 3 * DAY)
    three = seen_gone(two, NOW + 4 * DAY)
    assert [one.stopped_at, two.stopped_at, three.stopped_at] == [None, None, NOW + 4 * DAY]


def test_failures_back_off_to_a_day_and_never_stop() -> None:
    waits = [
        after_failure(NOW, HOUR, failures=n, retry_after=None, policy=POLICY, chance=0.5).next_fetch_at - NOW
        for n in range(40)
    ]
    assert waits == sorted(waits)
    assert POLICY.max_interval - waits[-1] <= 10 * MINUTE


def test_retry_after_is_obeyed_within_a_day() -> None:
    def wait(asked: timedelta) -> timedelta:
        schedule = after_failure(NOW, HOUR, failures=0, retry_after=asked, policy=POLICY, chance=0.5)
        return schedule.next_fetch_at - NOW

    assert wait(5 * HOUR) == 5 * HOUR
    assert wait(timedelta(days=400)) == POLICY.max_interval


def test_nobody_comes_back_before_the_moment_he_was_told() -> None:
    schedule = after_failure(NOW, HOUR, failures=0, retry_after=5 * HOUR, policy=POLICY, chance=0.0)
    assert schedule.next_fetch_at >= NOW + 5 * HOUR


@given(
    st.lists(st.datetimes(timezones=st.just(UTC)), max_size=40),
    st.timedeltas(timedelta(0), timedelta(days=4000)),
    st.timedeltas(timedelta(0), timedelta(days=4000)),
    st.sets(st.integers(0, 23)),
    st.sets(st.integers(0, 6)),
    st.booleans(),
    st.floats(0, 1),
)
def test_every_wait_lies_within_the_bounds(
    dates: list[datetime],
    before: timedelta,
    asked: timedelta,
    hours: set[int],
    weekdays: set[int],
    pushed: bool,
    chance: float,
) -> None:
    schedule = after_success(
        NOW,
        moments(NOW, dates),
        interval=before,
        asked=(asked, None),
        skipped=SkippedTimes(hours=frozenset(hours), weekdays=frozenset(weekdays)),
        pushed=pushed,
        policy=POLICY,
        chance=chance,
    )
    assert POLICY.min_interval <= schedule.interval <= POLICY.max_interval
    assert POLICY.min_interval <= schedule.next_fetch_at - NOW <= POLICY.max_interval
