"""Candidates to an order and to silence: linear models of a few features, weighed in `weights.toml`.

The rank orders the candidates of one entry. The gate says how sure it is that a pair is related; it knows
nothing of dates, so that nearness in time may order what is related and never make it so. It is two models:
one of the words of both texts, and one that also hears what neighbours and sections say. As a library gathers
history, the second takes over from the first.
Entries that carry a text and entries of title and summary have weights of their own, since cosines of long
texts are not those of short ones; a pair of both is half-way.
"""

from __future__ import annotations

import math
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aggregator.related.features import (
    AFTER_FEATURES,
    GATE_FEATURES,
    RANK_FEATURES,
    TIME_FEATURES,
    WORDS_FEATURES,
    after_features,
    gate_features,
    rank_features,
    weighed,
    words_features,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aggregator.related.features import Candidates
    from aggregator.related.kernels import F64, I64

_HISTORY_ENTRIES = 4_000
"""With so many entries, words and history count alike."""
_FEW_ENTRIES = 20


class Weights(NamedTuple):
    """Two rows each, for summaries and for texts; columns as in `features.py`.

    The first column of `rank`, `words` and `gate` is the bias; `after` belongs to `penalty_after`.
    """

    rank: F64
    words: F64
    gate: F64
    after: F64


def read_weights() -> Weights:
    """The weights that the package ships."""
    file = resources.files("aggregator.related").joinpath("weights.toml")
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    views = found["summary"], found["text"]
    return Weights(
        rank=np.stack([_row(view["rank"], ("bias", *RANK_FEATURES)) for view in views]),
        words=np.stack([_row(view["words"], ("bias", *WORDS_FEATURES)) for view in views]),
        gate=np.stack([_row(view["gate"], ("bias", *GATE_FEATURES)) for view in views]),
        after=np.stack([_row(view["after"], AFTER_FEATURES) for view in views]),
    )


def _row(weights: Mapping[str, float], names: Iterable[str]) -> F64:
    return np.array([weights[name] for name in names], np.float64)


def rank(candidates: Candidates, weights: Weights) -> tuple[F64, F64]:
    """What orders the candidates, the higher the better; comparable between entries, of any sign.

    Also the part of it that dates decide, so that it can be given more weight or less.
    """
    features, text = rank_features(candidates), candidates.text
    ranks = _bias(weights.rank, text) + weighed(features, weights.rank[:, 1:], text)
    return ranks, weighed(features[:, -TIME_FEATURES:], weights.rank[:, -TIME_FEATURES:], text)


def penalty_after(candidates: Candidates, weights: Weights) -> F64:
    """To add to the ranks in the lists of the candidates: what came after an entry is linked less often."""
    return weighed(after_features(candidates), weights.after, candidates.text)


def gate(candidates: Candidates, weights: Weights, entries: int) -> F64:
    """How sure it is that each pair is related in a library of that many entries, in (0, 1), odds as learned.

    0.5 is where four fifths of the slots were filled in the training, with texts and without alike. A library
    of a few dozen entries has seen too few texts to know which words are rare: there, the odds are less.
    """
    history, text = entries / (entries + _HISTORY_ENTRIES), candidates.text
    words = _bias(weights.words, text) + weighed(words_features(candidates), weights.words[:, 1:], text)
    whole = _bias(weights.gate, text) + weighed(gate_features(candidates), weights.gate[:, 1:], text)
    logit = words + (whole - words) * history - math.exp(-entries / _FEW_ENTRIES)
    return np.asarray(1 / (1 + np.exp(-logit)), np.float64)


def _bias(weights: F64, text: F64) -> F64:
    return np.asarray(weights[0, 0] + (weights[1, 0] - weights[0, 0]) * text, np.float64)


def best_first(ranks: F64, moments: F64, ids: I64) -> I64:
    """Positions in the order to show: by rank, then the newer (NaN last), then the smaller id."""
    return np.lexsort((ids, np.nan_to_num(-moments, nan=np.inf), -ranks))
