"""When a feed is fetched again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.feeds.scheduling import after_failure, after_silence, after_update
from aggregator.policies import RefreshPolicy

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
POLICY = RefreshPolicy()
HOUR = timedelta(hours=1)


def test_a_feed_is_checked_twice_as_often_as_it_publishes() -> None:
    dates = [NOW - n * 4 * HOUR for n in range(10)]
    assert after_update(NOW, dates, asked=(), policy=POLICY, chance=0.5).interval == 2 * HOUR


def test_what_the_publisher_asks_for_widens_the_interval() -> None:
    dates = [NOW - n * HOUR for n in range(10)]
    assert after_update(NOW, dates, asked=(6 * HOUR, None), policy=POLICY, chance=0.5).interval == 6 * HOUR


def test_silence_is_followed_by_a_little_more_patience() -> None:
    assert after_silence(NOW, HOUR, max_age=None, policy=POLICY, chance=0.5).interval > HOUR


def test_failures_back_off_to_a_day_and_never_stop() -> None:
    waits = [
        after_failure(NOW, HOUR, failures=n, retry_after=None, policy=POLICY, chance=0.5).next_fetch_at - NOW
        for n in range(40)
    ]
    assert waits == sorted(waits)
    assert waits[-1] == POLICY.max_interval


def test_retry_after_is_obeyed_within_a_day() -> None:
    def wait(asked: timedelta) -> timedelta:
        schedule = after_failure(NOW, HOUR, failures=0, retry_after=asked, policy=POLICY, chance=0.5)
        return schedule.next_fetch_at - NOW

    assert wait(5 * HOUR) == 5 * HOUR
    assert wait(timedelta(days=400)) == POLICY.max_interval


@given(
    st.lists(st.datetimes(timezones=st.just(UTC)), max_size=12),
    st.timedeltas(timedelta(0), timedelta(days=4000)),
    st.floats(0, 1),
)
def test_every_interval_lies_within_the_bounds(
    dates: list[datetime], asked: timedelta, chance: float
) -> None:
    schedule = after_update(NOW, dates, asked=(asked,), policy=POLICY, chance=chance)
    assert POLICY.min_interval <= schedule.interval <= POLICY.max_interval
    assert NOW + 0.89 * POLICY.min_interval <= schedule.next_fetch_at <= NOW + 1.11 * POLICY.max_interval
