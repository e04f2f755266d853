"""The rhythm of a feed as a small chart: entries a day for eight weeks, or a week for a year where those few
would say nothing. Pure: counts in, the outline of bars out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

DAYS = 56
WEEKS = 52
_ENOUGH = 10
"""Entries in eight weeks, for a chart of days."""

HEIGHT = 40
_STEP, _WIDTH, _LEAST = 6, 5, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    unit: Literal["day", "week"]
    first: date
    """The first day of the first bar; the last bar ends today."""
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def most(self) -> int:
        return max(self.counts)

    @property
    def most_on(self) -> date:
        """The (first) day of the highest bar, of several the last one."""
        place = max(range(len(self.counts)), key=lambda i: (self.counts[i], i))
        return self.first + place * timedelta(days=1 if self.unit == "day" else 7)

    @property
    def width(self) -> int:
        return len(self.counts) * _STEP

    @property
    def outline(self) -> str:
        """All bars as one SVG path."""
        return "".join(
            f"M{place * _STEP} {HEIGHT}v-{self._height(count)}h{_WIDTH}V{HEIGHT}z"
            for place, count in enumerate(self.counts)
            if count
        )

    def _height(self, count: int) -> int:
        return max(round(HEIGHT * count / self.most), _LEAST)


def draw_days(counts: Mapping[date, int], today: date) -> Chart | None:
    """None where there are too few for bars of days."""
    first = today - timedelta(days=DAYS - 1)
    bars = tuple(counts.get(first + timedelta(days=place), 0) for place in range(DAYS))
    return Chart(unit="day", first=first, counts=bars) if sum(bars) >= _ENOUGH else None


def draw_weeks(counts: Mapping[date, int], today: date) -> Chart | None:
    """None where there is nothing."""
    first = today - timedelta(days=7 * WEEKS - 1)
    bars = [0] * WEEKS
    for day, count in counts.items():
        if first <= day <= today:
            bars[(day - first).days // 7] += count
    return Chart(unit="week", first=first, counts=tuple(bars)) if any(bars) else None
