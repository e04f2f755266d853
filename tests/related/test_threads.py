"""Which entries make the thread of a story."""

from __future__ import annotations

from aggregator.domain import Tie
from aggregator.related.threads import MAX_ENTRIES, select_near, select_thread


def tie(one: int, other: int, confidence: float = 0.8, days: float = 1) -> Tie:
    return Tie(one=one, other=other, confidence=confidence, days=days)


def test_the_surest_neighbours_first() -> None:
    ties = [tie(2, 1, 0.7), tie(1, 3, 0.9), tie(4, 5)]
    assert select_near(1, ties) == (1, 3, 2)


def test_what_is_not_sure_or_far_in_time_is_no_part_of_the_story() -> None:
    assert select_near(1, [tie(1, 2, 0.5), tie(1, 3, days=40)]) == (1,)


def test_two_links_away_it_takes_two_members() -> None:
    near = (1, 2, 3)
    ties = [tie(2, 4), tie(3, 4), tie(3, 5), tie(1, 2)]
    assert select_thread(near, ties) == (1, 2, 3, 4)


def test_a_chain_does_not_lead_to_the_next_story() -> None:
    near = select_near(1, [tie(1, 2)])
    assert select_thread(near, [tie(1, 2), tie(2, 3), tie(3, 4), tie(4, 5)]) == (1, 2)


def test_it_is_bounded_and_keeps_the_best_supported() -> None:
    ties = [tie(1, n, 0.7 + n / 1_000) for n in range(2, 60)]
    near = select_near(1, ties)
    assert len(near) == MAX_ENTRIES
    assert near[:2] == (1, 59)
    ties = [tie(a, b) for b in range(10, 60) for a in ((1, 2, 3) if b == 40 else (1, 2))]
    thread = select_thread((1, 2, 3), ties)
    assert len(thread) == MAX_ENTRIES
    assert thread[3] == 40
