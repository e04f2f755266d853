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
_SOON_DAYS = 0.5
_NEAR_BEST = 0.6


class Candidates(NamedTuple):
    """The older entries that a new one is compared with; arrays of one length, any numbers.

    `cosine` raw, `expanded` the cosine of the expanded vectors, both in [0, 1];
    `days` by which the new entry is younger, NaN where one of the two has no date;
    `arrivals` by which it came later: 1 is the entry just before;
    `followed` how many entries since have the candidate among their own neighbours;
    `closer` entries (of the 16 nearest that the candidate has met) whose expanded cosine with it is larger;
    `affinity` of the two sections, see `affinity`;
    `rarest` largest idf among the terms that stand in both heads, 0 without one;
    `rare` sum of the three largest; `heads` number of these terms;
    `names` sum of the three largest idf of names in both heads, in the largest idf there can be;
    `text` 1 where both have a body, 0 where neither has, else 0.5.
    """

    cosine: npt.NDArray[np.floating]
    expanded: npt.NDArray[np.floating]
    days: npt.NDArray[np.floating]
    arrivals: npt.NDArray[np.number]
    followed: npt.NDArray[np.number]
    closer: npt.NDArray[np.number]
    affinity: npt.NDArray[np.floating]
    rarest: npt.NDArray[np.floating]
    rare: npt.NDArray[np.floating]
    heads: npt.NDArray[np.number]
    names: npt.NDArray[np.floating]
    text: npt.NDArray[np.floating]


RANK_FEATURES = {
    "log_expanded": "the texts are close, neighbours included: ln(expanded cosine + 0.02)",
    "log_cosine": "the texts share words themselves: ln(raw cosine + 0.02)",
    "cosine": "the raw cosine again, as it is: very close texts tell the same",
    "expanded_to_best": "its expanded cosine as a share of the best candidate's",
    "place": "its place by expanded cosine and nearness in time, 0 the first",
    "followed": "others have followed it already: ln(1 + entries that have it among their neighbours)",
    "closer": "it has closer relatives: ln(1 + entries that are closer to it)",
    "newer_and_closer": "there is a better follow-up: ln(1 + newer candidates at least as close)",
    "newer_and_near": "the story went on: ln(1 + newer candidates with 0.6 of the best expanded cosine)",
    "far_affinity": "sections that go together, the more so the less the texts say: affinity × -log_expanded",
    "rarest": "a rare word in both heads: the largest idf",
    "log_decay": "nearness in time: ln(decay)",
    "log_days": "distance in time: ln(1 + days)",
    "expanded_3_days": "close in text and within days: expanded cosine × exp(-days / 3)",
    "expanded_14_days": "close in text and within weeks: expanded cosine × exp(-days / 14)",
    "closer_3_days": "the same, where it has closer relatives: closer × expanded_3_days",
    "rarest_decay": "a rare word says less of what is near in time: rarest × log_decay",
}
"""The columns of `rank_features`, in words."""
TIME_FEATURES = 6
"""So many of them, the last, are what dates decide."""

AFTER_FEATURES = {
    "constant": "it came later at all",
    "log_arrivals": "and how much later: ln(1 + arrivals)",
}
"""The columns of `after_features`, in words."""

WORDS_FEATURES = {
    "log_cosine": "the texts share words themselves: ln(raw cosine + 0.02)",
    "names": "names in both heads, and how rare",
    "nameless": "no name in both heads",
    "heads": "words in common in the heads: ln(1 + terms in both)",
}
"""The columns of `words_features`, in words; they are of the two texts alone."""

GATE_FEATURES = {
    "log_expanded": "the texts are close, neighbours included: ln(expanded cosine + 0.02)",
    "expanded": "the expanded cosine, as it is",
    "lift": "their neighbours bring them closer: log_expanded - ln(raw cosine + 0.02)",
    "names": "names in both heads, and how rare",
    "nameless": "no name in both heads",
    "affinity": "how much more often than chance their sections go together",
    "heads": "words in common in the heads: ln(1 + terms in both)",
    "rare": "given their number, how rare: the sum of the three largest idf",
    "affinity_heads": "the sections say less where the heads say much: affinity × heads",
}
"""The columns of `gate_features`, in words; no date decides any of them."""


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
    cosine, expanded = candidates.cosine, candidates.expanded
    days = np.nan_to_num(np.abs(candidates.days), nan=_UNDATED_DAYS)
    log_expanded, log_decay = np.log(expanded + _SMALL_COSINE), np.log(decay(days))
    newer_and_closer, newer_and_near = _rivals(candidates)
    closer, within_days = np.log1p(candidates.closer), expanded * np.exp(-days / 3)
    columns = (
        log_expanded,
        np.log(cosine + _SMALL_COSINE),
        cosine,
        expanded / _best(expanded),
        _place(log_expanded + log_decay),
        np.log1p(candidates.followed),
        closer,
        np.log1p(newer_and_closer),
        np.log1p(newer_and_near),
        candidates.affinity * -log_expanded,
        candidates.rarest,
        log_decay,
        np.log1p(days),
        within_days,
        expanded * np.exp(-days / 14),
        closer * within_days,
        candidates.rarest * log_decay,
    )
    return np.column_stack(columns).astype(np.float64)


def after_features(candidates: Candidates) -> npt.NDArray[np.float64]:
    """One row a candidate, one column a name of `AFTER_FEATURES`: for the candidate's own list.

    All 0 beyond half a day, where no editor's links tell: a later follow-up is as good as its rank. Without
    dates it is not known what came after, so 0 as well.
    """
    soon = candidates.days <= _SOON_DAYS
    return np.column_stack((soon, soon * np.log1p(candidates.arrivals))).astype(np.float64)


def words_features(candidates: Candidates) -> npt.NDArray[np.float64]:
    """One row a candidate, one column a name of `WORDS_FEATURES`."""
    columns = (
        np.log(candidates.cosine + _SMALL_COSINE),
        candidates.names,
        candidates.names == 0,
        np.log1p(candidates.heads),
    )
    return np.column_stack(columns).astype(np.float64)


def gate_features(candidates: Candidates) -> npt.NDArray[np.float64]:
    """One row a candidate, one column a name of `GATE_FEATURES`."""
    log_expanded = np.log(candidates.expanded + _SMALL_COSINE)
    heads = np.log1p(candidates.heads)
    columns = (
        log_expanded,
        candidates.expanded,
        log_expanded - np.log(candidates.cosine + _SMALL_COSINE),
        candidates.names,
        candidates.names == 0,
        candidates.affinity,
        heads,
        candidates.rare,
        candidates.affinity * heads,
    )
    return np.column_stack(columns).astype(np.float64)


def _best(values: npt.NDArray[np.floating]) -> float:
    return max(float(values.max(initial=0)), 1e-9)


def _place(values: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """How many are larger than each."""
    return np.asarray(len(values) - np.searchsorted(np.sort(values), values, side="right"), np.int64)


def _rivals(candidates: Candidates) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """How many candidates are newer than each: those at least as close, and those near the closest of all.

    Without dates, none.
    """
    days, expanded = candidates.days, candidates.expanded
    newer = days[None, :] < days[:, None]
    closer = newer & (expanded[None, :] >= expanded[:, None])
    near = newer & (expanded >= _NEAR_BEST * _best(expanded))[None, :]
    return np.count_nonzero(closer, axis=1), np.count_nonzero(near, axis=1)
