"""The chart of a feed's rhythm."""

from __future__ import annotations

from datetime import date, timedelta

from web.rhythm import draw_days, draw_weeks

TODAY = date(2026, 11, 24)


def test_a_bar_a_day_ends_today() -> None:
    counts = {TODAY: 3, TODAY - timedelta(days=55): 7, TODAY - timedelta(days=56): 9}
    chart = draw_days(counts, TODAY)
    assert chart is not None
    assert (len(chart.counts), chart.counts[0], chart.counts[-1]) == (56, 7, 3)
    assert (chart.total, chart.most, chart.most_on) == (10, 7, TODAY - timedelta(days=55))
    assert chart.outline == "M0 40v-40h5V40zM330 40v-17h5V40z"


def test_a_few_entries_are_shown_by_the_week() -> None:
    counts = {TODAY: 1, TODAY - timedelta(days=6): 1, TODAY - timedelta(days=7): 1, date(2020, 1, 1): 5}
    assert draw_days(counts, TODAY) is None
    chart = draw_weeks(counts, TODAY)
    assert chart is not None
    assert (len(chart.counts), chart.counts[-2:], chart.total) == (52, (1, 2), 3)
    assert draw_weeks({}, TODAY) is None
