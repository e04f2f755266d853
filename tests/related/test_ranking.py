"""What the rank and the gate say of made-up candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from aggregator.policies import RelatedPolicy
from aggregator.related.engine import least_cosine
from aggregator.related.features import (
    GATE_FEATURES,
    RANK_FEATURES,
    WORDS_FEATURES,
    Candidates,
    affinity,
    decay,
    gate_features,
    rank_features,
    words_features,
)
from aggregator.related.ranking import (
    Weights,
    best_first,
    gate,
    penalty_after,
    read_weights,
)
from aggregator.related.ranking import rank as rank_and_nearness

if TYPE_CHECKING:
    import numpy.typing as npt

WEIGHTS = read_weights()
MANY = 100_000
"""Entries of a library that has a history."""
VIEWS = pytest.mark.parametrize("text", [0.0, 0.5, 1.0])


def rank(found: Candidates, weights: Weights, *, recency: float = 1) -> npt.NDArray[np.float64]:
    whole, nearness = rank_and_nearness(found, weights)
    return whole + (recency - 1) * nearness


def candidates(count: int = 1, **columns: object) -> Candidates:
    """Alike in all that is not said."""
    alike = {
        "cosine": 0.3,
        "expanded": 0.4,
        "days": 5.0,
        "arrivals": 100,
        "followed": 1,
        "closer": 2,
        "affinity": 0.5,
        "rarest": 7.0,
        "rare": 18.0,
        "heads": 3,
        "names": 0.8,
        "text": 1.0,
    }
    return Candidates(**{name: np.full(count, value, float) for name, value in alike.items()})._replace(
        **{
            name: np.broadcast_to(np.asarray(value, float), (count,)).copy()
            for name, value in columns.items()
        }
    )


def test_each_feature_has_a_column_and_words() -> None:
    found = candidates(3)
    assert rank_features(found).shape == (3, len(RANK_FEATURES))
    assert gate_features(found).shape == (3, len(GATE_FEATURES))
    assert words_features(found).shape == (3, len(WORDS_FEATURES))
    assert all((RANK_FEATURES | GATE_FEATURES | WORDS_FEATURES).values())


@VIEWS
def test_the_closer_text_ranks_higher(text: float) -> None:
    cosine = np.array([0.1, 0.2, 0.3, 0.4])
    ranks = rank(candidates(4, cosine=cosine, expanded=cosine + 0.1, text=text), WEIGHTS)
    assert (np.diff(ranks) > 0).all()


@VIEWS
def test_the_nearer_in_time_ranks_higher(text: float) -> None:
    ranks = rank(candidates(4, days=[200, 60, 15, 4], text=text), WEIGHTS)
    assert (np.diff(ranks) > 0).all()


@VIEWS
def test_recency_zero_forgets_dates(text: float) -> None:
    """Rivals are told by date as well, so each candidate stands alone here."""
    ranks = [rank(candidates(days=days, text=text), WEIGHTS, recency=0)[0] for days in (0.1, 5, 300, np.nan)]
    assert np.ptp(ranks) == pytest.approx(0)


@VIEWS
def test_more_recency_raises_the_new_over_the_old(text: float) -> None:
    pair = candidates(2, days=[3, 90], text=text)
    differences = [-np.diff(rank(pair, WEIGHTS, recency=recency))[0] for recency in (0.5, 1, 2)]
    assert differences == sorted(differences)


@VIEWS
def test_what_is_followed_already_ranks_lower(text: float) -> None:
    ranks = rank(candidates(3, followed=[20, 5, 0], text=text), WEIGHTS)
    assert (np.diff(ranks) > 0).all()


@VIEWS
def test_sections_that_go_together_rank_and_pass_better(text: float) -> None:
    found = candidates(3, affinity=[-1, 0, 1.5], text=text)
    assert (np.diff(rank(found, WEIGHTS)) > 0).all()
    assert (np.diff(gate(found, WEIGHTS, MANY)) > 0).all()


@VIEWS
def test_more_words_in_both_heads_pass_better(text: float) -> None:
    passed = gate(candidates(4, heads=[0, 1, 3, 6], affinity=0, text=text), WEIGHTS, MANY)
    assert (np.diff(passed) > 0).all()
    assert ((passed > 0) & (passed < 1)).all()


@VIEWS
def test_what_neighbours_confirm_passes_better(text: float) -> None:
    passed = gate(candidates(3, expanded=[0.2, 0.3, 0.45], cosine=0.2, text=text), WEIGHTS, MANY)
    assert (np.diff(passed) > 0).all()


def test_the_gate_knows_no_dates() -> None:
    passed = gate(candidates(3, days=[0, 400, np.nan], arrivals=[1, 9_000, 30]), WEIGHTS, MANY)
    assert np.ptp(passed) == 0


@VIEWS
def test_what_came_soon_after_is_linked_less_the_later_it_came(text: float) -> None:
    penalty = penalty_after(candidates(3, days=0.2, arrivals=[3, 20, 60], text=text), WEIGHTS)
    assert (np.diff(penalty) < 0).all()
    assert penalty[-1] < 0


def test_a_follow_up_of_another_day_and_what_has_no_date_go_by_their_rank() -> None:
    assert not penalty_after(candidates(2, days=[3, np.nan]), WEIGHTS).any()


def test_a_pair_of_text_and_summary_is_half_way() -> None:
    summary, mixed, full = (rank(candidates(text=text), WEIGHTS) for text in (0, 0.5, 1))
    assert mixed == pytest.approx((summary + full) / 2)


def test_without_dates_the_texts_decide() -> None:
    cosine = np.array([0.1, 0.2, 0.3])
    ranks = rank(candidates(3, cosine=cosine, expanded=cosine + 0.1, days=np.nan), WEIGHTS)
    assert np.isfinite(ranks).all()
    assert (np.diff(ranks) > 0).all()


def test_nothing_to_rank() -> None:
    nothing = candidates(0)
    assert rank(nothing, WEIGHTS).shape == gate(nothing, WEIGHTS, MANY).shape == (0,)


def test_one_candidate_without_anything_in_common() -> None:
    alone = candidates(cosine=0, expanded=0, heads=0, rare=0, rarest=0, affinity=0, followed=0, closer=0)
    assert np.isfinite(rank(alone, WEIGHTS)).all()
    assert gate(alone, WEIGHTS, MANY)[0] < 0.5


def test_the_rank_does_not_depend_on_the_order_of_the_candidates() -> None:
    chance = np.random.default_rng(1)
    found = candidates(
        20, cosine=chance.random(20), expanded=chance.random(20), days=chance.integers(0, 9, 20)
    )
    shuffled = chance.permutation(20)
    moved = Candidates._make(column[shuffled] for column in found)
    assert rank(moved, WEIGHTS) == pytest.approx(rank(found, WEIGHTS)[shuffled])


def test_equal_ranks_go_by_date_then_id() -> None:
    moments = np.array([5.0, np.nan, 7.0, 7.0, np.nan, 1.0])
    ids = np.array([1, 9, 4, 3, 8, 2])
    ranks = np.array([0.0, 0, 0, 0, 0, 1])
    assert best_first(ranks, moments, ids).tolist() == [5, 3, 2, 0, 4, 1]


@VIEWS
def test_names_in_both_heads_pass_better(text: float) -> None:
    for entries in (100, MANY):
        nameless, named = gate(candidates(2, names=[0, 0.9], text=text), WEIGHTS, entries)
        assert nameless < named


def test_without_a_history_neighbours_and_sections_say_nothing() -> None:
    pair = candidates(2, expanded=[0.2, 0.6], affinity=[-1, 2])
    assert np.ptp(gate(pair, WEIGHTS, 0)) == pytest.approx(0)
    assert np.ptp(gate(pair, WEIGHTS, MANY)) > 0.2


def test_a_handful_of_entries_is_less_sure() -> None:
    few, some = (gate(candidates(), WEIGHTS, entries)[0] for entries in (5, 100))
    assert few < some


def test_a_pair_that_a_large_library_shows_may_be_too_far_for_a_small_one() -> None:
    asked = [least_cosine(entries, RelatedPolicy()) for entries in (0, 500, MANY)]
    assert asked == sorted(asked, reverse=True)
    assert asked[-1] == pytest.approx(RelatedPolicy().min_cosine)


def test_decay_of_no_date_is_none() -> None:
    assert decay(np.array([0, np.nan])).tolist() == [2.5, 1]


def test_affinity_needs_a_history() -> None:
    assert affinity(np.zeros(2), 0, np.array([3, 0]), 3).tolist() == [0, 0]
    often, never = affinity(np.array([40, 0]), 100, np.array([50, 500]), 1_000)
    assert often > 0 > never


def test_one_section_says_nothing() -> None:
    assert affinity(np.array([400]), 400, np.array([1_000]), 1_000) == pytest.approx(0)
