"""The thread of a story: the entries that sure links tie to one, and not those that they only chain to it.

Pure Python, for pages.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aggregator.domain import Tie

MIN_CONFIDENCE = 0.6
"""How sure a link of a story must be."""
MAX_ENTRIES = 30
MAX_DAYS = 14.0
"""Between two linked entries: what is further away is background, not the story's next report."""
MIN_SUPPORT = 2
"""Entries of the story that one must be linked with that is not linked with the entry itself."""


def select_near(start: int, ties: Iterable[Tie], *, limit: int = MAX_ENTRIES) -> tuple[int, ...]:
    """`start` and what is tied to it, the surest first, at most `limit`."""
    found = {
        _end(tie, start): tie.confidence for tie in ties if start in (tie.one, tie.other) and _belongs(tie)
    }
    return (start, *sorted(found, key=lambda entry: (-found[entry], entry)))[:limit]


def select_thread(near: tuple[int, ...], ties: Iterable[Tie], *, limit: int = MAX_ENTRIES) -> tuple[int, ...]:
    """`near`, and of what is two links away that which several of them are tied to; at most `limit`.

    Most ties first, then the sum of their confidences. A story is held together by its centre: one link from
    one member would chain it to the next story.
    """
    members = set(near)
    support: Counter[int] = Counter()
    weight: Counter[int] = Counter()
    for tie in ties:
        if (tie.one in members) != (tie.other in members) and _belongs(tie):
            entry = tie.other if tie.one in members else tie.one
            support[entry] += 1
            weight[entry] += round(tie.confidence * 1_000)
    held = [entry for entry in support if support[entry] >= MIN_SUPPORT]
    held.sort(key=lambda entry: (-support[entry], -weight[entry], entry))
    return (*near, *held)[:limit]


def _belongs(tie: Tie) -> bool:
    return tie.confidence >= MIN_CONFIDENCE and tie.days <= MAX_DAYS


def _end(tie: Tie, entry: int) -> int:
    return tie.other if tie.one == entry else tie.one
