"""What is known of a pair when the newer entry arrives, as numbers that a linear model can weigh.

Pure functions of arrays, one element a candidate; the caller fills them from the index and its own tallies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_UNDATED_DAYS = 30.0
"""Between near and far: a pair without dates is neither raised nor lowered among dated ones."""
_SMALL_COSINE = 0.02
_NEAR_BEST = 0.6


class Candidates(NamedTuple):
    """The older entries that a new one is compared with; arrays of one length, any numbers.

    `cosine` raw, `expanded` the cosine of the expanded vectors, both in [0, 1];
    `days` by which the new entry is younger, NaN where one of the two has no date;
    `listed` earlier entries that had the candidate among their best four by expanded cosine × decay;
    `closer` entries (of the 16 nearest that the candidate has met) whose expanded cosine with it is larger;
    `affinity` of the two sections, see `affinity`;
    `rarest` largest idf among the terms that stand in both heads, 0 without one;
    `rare` sum of the three largest; `heads` number of these terms;
    `names` sum of the three largest idf among the names that both heads hold;
    `support` share of the new entry's neighbours, by weight, that are the candidate's neighbours too;
    `text` 1 where both have a body, 0 where neither has, else 0.5.
    """

    cosine: npt.NDArray[np.floating]
    expanded: npt.NDArray[np.floating]
    days: npt.NDArray[np.floating]
    listed: npt.NDArray[np.number]
    closer: npt.NDArray[np.number]
    affinity: npt.NDArray[np.floating]
    rarest: npt.NDArray[np.floating]
    rare: npt.NDArray[np.floating]
    heads: npt.NDArray[np.number]
    names: npt.NDArray[np.floating]
    support: npt.NDArray[np.floating]
    text: npt.NDArray[np.floating]


RANK_FEATURES = (
    "log_expanded",
    "log_cosine",
    "expanded",
    "cosine",
    "expanded_to_best",
    "cosine_to_best",
    "listed",
    "closer",
    "newer_and_closer",
    "newer_and_near",
    "affinity",
    "rarest",
    "log_decay",
    "log_days",
    "expanded_3_days",
    "expanded_14_days",
)
"""The columns of `rank_features`; those from `log_decay` on are the ones that a date decides."""
TIME_FEATURES = 4

GATE_FEATURES = ("log_expanded", "log_cosine", "closer", "affinity", "rare", "heads", "support")


def decay(days: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """How much nearness in time raises a candidate: 2.5 on the same day, 1 after years or without a date.

    The sum of three ages of interest: a day's news, a fortnight's story, a season's subject.
    """
    apart = np.abs(days)
    near: npt.NDArray[np.float64] = np.exp(-apart / 2) + np.exp(-apart / 14) + np.exp(-apart / 90)
    return 1 + np.nan_to_num(near, nan=0.0) / 2


def affinity(
    pairs: npt.NDArray[np.number], linked: float, entries: npt.NDArray[np.number], total: int
) -> npt.NDArray[np.float64]:
    """How much more often than chance entries of one section have their best four in another; a logarithm.

    `pairs` counts such neighbours from the new entry's section in each candidate's section, `linked` those
    from the new entry's section in any; `entries` is the size of each candidate's section, `total` that of
    the library. Without history, and where the library is one section, 0.
    """
    expected = linked * entries / max(total, 1)
    return np.asarray(np.log((pairs + 1) / (expected + 1)), np.float64)


def rank_features(candidates: Candidates) -> npt.NDArray[np.float64]:
    """One row a candidate, one column a name of `RANK_FEATURES`."""
    expanded, cosine = candidates.expanded, candidates.cosine
    days = np.nan_to_num(np.abs(candidates.days), nan=_UNDATED_DAYS)
    newer_and_closer, newer_and_near = _rivals(candidates)
    columns = (
        np.log(expanded + _SMALL_COSINE),
        np.log(cosine + _SMALL_COSINE),
        expanded,
        cosine,
        expanded / _best(expanded),
        cosine / _best(cosine),
        np.log1p(candidates.listed),
        np.log1p(candidates.closer),
        np.log1p(newer_and_closer),
        np.log1p(newer_and_near),
        candidates.affinity,
        candidates.rarest,
        np.log(decay(days)),
        np.log1p(days),
        expanded * np.exp(-days / 3),
        expanded * np.exp(-days / 14),
    )
    return np.column_stack(columns).astype(np.float64)


def gate_features(candidates: Candidates) -> npt.NDArray[np.float64]:
    """One row a candidate, one column a name of `GATE_FEATURES`; nothing of them depends on dates."""
    columns = (
        np.log(candidates.expanded + _SMALL_COSINE),
        np.log(candidates.cosine + _SMALL_COSINE),
        np.log1p(candidates.closer),
        candidates.affinity,
        candidates.rare,
        np.log1p(candidates.heads),
        candidates.support,
    )
    return np.column_stack(columns).astype(np.float64)


def _best(values: npt.NDArray[np.floating]) -> float:
    return max(float(values.max(initial=0)), 1e-9)


def _rivals(candidates: Candidates) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """How many candidates are newer than each: those at least as close, and those near the closest of all.

    Without dates, none.
    """
    days, expanded = candidates.days, candidates.expanded
    newer = days[None, :] < days[:, None]
    closer = newer & (expanded[None, :] >= expanded[:, None])
    near = newer & (expanded >= _NEAR_BEST * _best(expanded))[None, :]
    return np.count_nonzero(closer, axis=1), np.count_nonzero(near, axis=1)
