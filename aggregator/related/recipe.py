"""Neighbours to links: the gate, the decay in time, the best of each entry.

The gate looks at the raw cosine and at shared terms only, before any decay: nearness in time may order what
is related, never make it so.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from aggregator.policies import RelatedPolicy
    from aggregator.related.index import Index, Pairs


class Ranked(NamedTuple):
    """Pairs that may be shown, by row and then best first; arrays of one length."""

    row: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]
    cosine: npt.NDArray[np.float32]
    rank: npt.NDArray[np.float64]
    same_text: npt.NDArray[np.bool_]


def decay(days: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How much nearness in time raises a rank: 2.5 on the same day, 1 after years or without a date.

    The sum of three ages of interest: a day's news, a fortnight's story, a season's subject.
    """
    near: npt.NDArray[np.float64] = np.exp(-days / 2) + np.exp(-days / 14) + np.exp(-days / 90)
    return 1 + np.nan_to_num(near, nan=0.0) / 2


def least_cosine(entries: int, policy: RelatedPolicy) -> float:
    """The raw cosine that a link needs in a library of that many entries.

    A young library has seen too few texts to know which words are rare, so it must be stricter.
    """
    return policy.min_cosine + policy.min_cosine_young * math.exp(-entries / policy.young_entries)


def rank_pairs(index: Index, pairs: Pairs, policy: RelatedPolicy, *, keep: int, gate: bool = True) -> Ranked:
    """The `keep` best pairs of each row (copies of its own text not counted) that pass the gate.

    Equal ranks are ordered by date, the newer first, then by id.
    """
    facts = index.facts
    days = np.abs(facts.days[pairs.row] - facts.days[pairs.other])
    rank = pairs.cosine * decay(days)
    # A margin, since some of these will not share enough terms.
    near = _highest(pairs.row, rank, 4 * keep)
    pairs, rank = pairs.take(near), rank[near]
    newest = np.nan_to_num(-facts.days[pairs.other], nan=np.inf)
    order = np.lexsort((facts.id[pairs.other], newest, -rank, pairs.row))
    pairs, rank = pairs.take(order), rank[order]
    if gate:
        shared = np.diff(index.contributions(pairs).indptr) >= policy.min_shared_terms
        pairs, rank = pairs.take(shared), rank[shared]
    return _best(index, pairs, rank, policy, keep)


def _highest(rows: npt.NDArray[np.int64], rank: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.int64]:
    """Positions of the `count` highest ranks (and their equals) of each run of equal rows."""
    bounds = np.r_[np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]]), len(rows)] if len(rows) else [0]
    chosen = [np.empty(0, np.int64)]
    for start, end in itertools.pairwise(bounds):
        some = rank[start:end]
        least = np.partition(some, -count)[-count] if len(some) > count else -np.inf
        chosen.append(start + np.flatnonzero(some >= least))
    return np.concatenate(chosen)


def _best(
    index: Index, pairs: Pairs, rank: npt.NDArray[np.float64], policy: RelatedPolicy, keep: int
) -> Ranked:
    title = index.facts.title
    same_title = (title[pairs.row] == title[pairs.other]) & (title[pairs.row] != "")
    same_text = (pairs.cosine >= policy.same_text_cosine) | (
        same_title & (pairs.cosine >= policy.same_title_cosine)
    )
    # Copies are kept beside the links, so that a text that is repeated does not push them out.
    kept = np.zeros(len(rank), bool)
    for group in (same_text, ~same_text):
        kept[group] = _place(pairs.row[group]) < keep
    return Ranked._make(column[kept] for column in (*pairs, rank, same_text))


def _place(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The position of each element within its run of equal values: 0, 1, 2, 0, 1, …"""
    starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]]) if len(rows) else np.empty(0, np.int64)
    lengths = np.diff(np.r_[starts, len(rows)])
    return np.arange(len(rows)) - np.repeat(starts, lengths)
