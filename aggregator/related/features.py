"""What is known of a pair when the newer entry arrives, as numbers that a linear model can weigh.

Pure functions of arrays, one element a candidate; the caller fills them from the index and its own tallies.
They are compiled: fifty candidates are too few for numpy's own loops to be fast.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from aggregator.related.kernels import F64, compiled

_UNDATED_DAYS = 30.0
"""Between near and far: a pair without dates is neither raised nor lowered among dated ones."""
_SMALL_COSINE = 0.02
_SOON_DAYS = 0.5
_NEAR_BEST = 0.6


class Candidates(NamedTuple):
    """The older entries that a new one is compared with; float64 arrays of one length.

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

    cosine: F64
    expanded: F64
    days: F64
    arrivals: F64
    followed: F64
    closer: F64
    affinity: F64
    rarest: F64
    rare: F64
    heads: F64
    names: F64
    text: F64


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


@compiled
def decay(days: F64) -> F64:
    """How much nearness in time raises a candidate: 2.5 on the same day, 1 after years or without a date.

    The sum of three ages of interest: a day's news, a fortnight's story, a season's subject.
    """
    raised = np.empty(len(days), np.float64)
    for i in range(len(days)):
        raised[i] = _decay(days[i])
    return raised


@compiled
def _decay(days: float) -> float:
    if math.isnan(days):
        return 1.0
    apart = abs(days)
    return 1 + (math.exp(-apart / 2) + math.exp(-apart / 14) + math.exp(-apart / 90)) / 2


@compiled
def affinity(pairs: F64, linked: float, entries: F64, total: int) -> F64:
    """How much more often than chance entries of one section have their best four in another; a logarithm.

    `pairs` counts such neighbours from the new entry's section in each candidate's section, `linked` those
    from the new entry's section in any; `entries` is the size of each candidate's section, `total` that of
    the library. Without history, and where the library is one section, 0.
    """
    found = np.empty(len(pairs), np.float64)
    for i in range(len(pairs)):
        found[i] = math.log((pairs[i] + 1) / (linked * entries[i] / max(total, 1) + 1))
    return found


@compiled
def rank_features(candidates: Candidates) -> F64:
    """One row a candidate, one column a name of `RANK_FEATURES`."""
    cosine, expanded, heard = candidates.cosine, candidates.expanded, np.empty(len(candidates.days))
    features = np.empty((len(cosine), 17), np.float64)
    best = max(expanded.max(), 1e-9) if len(expanded) else 1.0
    for i in range(len(cosine)):
        heard[i] = math.log(expanded[i] + _SMALL_COSINE) + math.log(_decay(candidates.days[i]))
    for i in range(len(cosine)):
        days = _UNDATED_DAYS if math.isnan(candidates.days[i]) else abs(candidates.days[i])
        log_expanded, log_decay = math.log(expanded[i] + _SMALL_COSINE), math.log(_decay(days))
        closer, within_days = math.log1p(candidates.closer[i]), expanded[i] * math.exp(-days / 3)
        place, newer_and_closer, newer_and_near = _rivals(candidates, heard, best, i)
        row = features[i]
        row[0] = log_expanded
        row[1] = math.log(cosine[i] + _SMALL_COSINE)
        row[2] = cosine[i]
        row[3] = expanded[i] / best
        row[4] = place
        row[5] = math.log1p(candidates.followed[i])
        row[6] = closer
        row[7] = math.log1p(newer_and_closer)
        row[8] = math.log1p(newer_and_near)
        row[9] = candidates.affinity[i] * -log_expanded
        row[10] = candidates.rarest[i]
        row[11] = log_decay
        row[12] = math.log1p(days)
        row[13] = within_days
        row[14] = expanded[i] * math.exp(-days / 14)
        row[15] = closer * within_days
        row[16] = candidates.rarest[i] * log_decay
    return features


@compiled
def _rivals(candidates: Candidates, heard: F64, best: float, i: int) -> tuple[int, int, int]:
    """How many candidates come before this one by `heard`, and how many are newer.

    Of the newer, those at least as close and those near the closest of all; without dates, none.
    """
    days, expanded = candidates.days, candidates.expanded
    place = newer_and_closer = newer_and_near = 0
    for j in range(len(days)):
        place += heard[j] > heard[i]
        if days[j] < days[i]:
            newer_and_closer += expanded[j] >= expanded[i]
            newer_and_near += expanded[j] >= _NEAR_BEST * best
    return place, newer_and_closer, newer_and_near


@compiled
def after_features(candidates: Candidates) -> F64:
    """One row a candidate, one column a name of `AFTER_FEATURES`: for the candidate's own list.

    All 0 beyond half a day, where no editor's links tell: a later follow-up is as good as its rank. Without
    dates it is not known what came after, so 0 as well.
    """
    features = np.zeros((len(candidates.days), 2), np.float64)
    for i in range(len(features)):
        if candidates.days[i] <= _SOON_DAYS:
            features[i, 0], features[i, 1] = 1, math.log1p(candidates.arrivals[i])
    return features


@compiled
def words_features(candidates: Candidates) -> F64:
    """One row a candidate, one column a name of `WORDS_FEATURES`."""
    features = np.empty((len(candidates.cosine), 4), np.float64)
    for i in range(len(features)):
        row = features[i]
        row[0] = math.log(candidates.cosine[i] + _SMALL_COSINE)
        row[1] = candidates.names[i]
        row[2] = candidates.names[i] == 0
        row[3] = math.log1p(candidates.heads[i])
    return features


@compiled
def gate_features(candidates: Candidates) -> F64:
    """One row a candidate, one column a name of `GATE_FEATURES`."""
    features = np.empty((len(candidates.cosine), 9), np.float64)
    for i in range(len(features)):
        log_expanded = math.log(candidates.expanded[i] + _SMALL_COSINE)
        heads, row = math.log1p(candidates.heads[i]), features[i]
        row[0] = log_expanded
        row[1] = candidates.expanded[i]
        row[2] = log_expanded - math.log(candidates.cosine[i] + _SMALL_COSINE)
        row[3] = candidates.names[i]
        row[4] = candidates.names[i] == 0
        row[5] = candidates.affinity[i]
        row[6] = heads
        row[7] = candidates.rare[i]
        row[8] = candidates.affinity[i] * heads
    return features


@compiled
def weighed(features: F64, weights: F64, text: F64) -> F64:
    """features · weights, (n, m) × (2, m) -> (n,): as summaries and as texts, mixed by how much is text."""
    found = np.empty(len(features), np.float64)
    for i in range(len(features)):
        summary = whole = 0.0
        for j in range(features.shape[1]):
            summary += features[i, j] * weights[0, j]
            whole += features[i, j] * weights[1, j]
        found[i] = summary + (whole - summary) * text[i]
    return found
