"""Learn the weights of related links: `python tests/benchmarks/train.py DATA [--write FILE]`.

DATA as for `quality.py`. Plays the arrival of the articles twice, as they are and without their texts, fills
`Candidates` for each arrival, and learns on the queries of January to June: the rank by a conditional logit
of an editor's link among the candidates, the gate by a logistic regression of a tag in common (tags are
labels here, never features), the gate of the words alone likewise. Reports on July and August. Nothing is
random. What is learned on is what the engine itself sees.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from archive import Archive, read_archive
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from aggregator.archives import in_order
from aggregator.policies import RelatedPolicy
from aggregator.related.engine import Engine
from aggregator.related.features import (
    AFTER_FEATURES,
    GATE_FEATURES,
    RANK_FEATURES,
    WORDS_FEATURES,
    after_features,
    gate_features,
    rank_features,
    words_features,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_TRAINED = "2022-01", "2022-06"
_REPORTED = "2022-07", "2022-08"
_HALF_A_DAY = 0.5
_PENALTY = 1e-4
_GATED_PLACES = 10
_SAME_TEXT = 0.8
_SLOTS = 4
# Of the slots, those that the gate alone leaves. What else is asked of a pair takes some more of a summary's
# (a least cosine, shared terms): four fifths remain, with texts and without.
_USUAL_SHARE = {"summary": 0.84, "text": 0.8}


class Lists(NamedTuple):
    """The candidates of all queries; arrays of one length, by query."""

    query: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]
    rank: Floats
    words: Floats
    gate: Floats
    linked: npt.NDArray[np.bool_]
    on_topic: npt.NDArray[np.bool_]


class Truth(NamedTuple):
    """By position in the archive."""

    linked: dict[int, set[int]]
    tags: list[set[str]]
    months: list[str]
    days: npt.NDArray[np.float64]


def read_truth(archive: Archive) -> Truth:
    names = [str(article.id) for article in archive.articles]
    places = {name: place for place, name in enumerate(names)}
    return Truth(
        {places[q]: {places[other] for other in others} for q, others in archive.relevant.items()},
        [archive.tags[name] for name in names],
        [archive.months[name] for name in names],
        np.array([a.published_at.timestamp() / 86_400 for a in archive.articles if a.published_at]),
    )


def list_candidates(archive: Archive, truth: Truth) -> Lists:
    """A pair is in the list of the newer, and in that of the older if it came within half a day."""
    parts = list(_parts(archive, truth))
    lists = Lists._make(np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(lists.query, kind="stable")
    return Lists._make(column[order] for column in lists)


def _parts(archive: Archive, truth: Truth) -> Iterator[Lists]:
    engine = Engine(RelatedPolicy())
    for arrival, position in enumerate(in_order(archive.articles)):
        new = engine.newcomer(arrival, position, archive.articles[position])
        others = new.shelf.facts.rows["id"][new.met.rows]
        distinct = np.ones(len(others), bool)
        judged = engine.judge(new)
        distinct[np.isin(others, judged.ids[judged.same_text])] = False
        pairs = new.met.pairs
        rank, after = rank_features(pairs), after_features(pairs)
        gates = words_features(pairs), gate_features(pairs)
        newer = np.full(len(others), position)
        if position in truth.linked:
            yield _part(newer, others, (np.hstack((rank, np.zeros_like(after))), *gates), distinct, truth)
        soon = truth.days[position] <= truth.days[others] + _HALF_A_DAY
        asked = distinct & soon & np.array([other in truth.linked for other in others.tolist()], bool)
        yield _part(others, newer, (np.hstack((rank, after)), *gates), asked, truth)


def _part(
    query: npt.NDArray[np.int64],
    other: npt.NDArray[np.int64],
    features: tuple[Floats, Floats, Floats],
    which: npt.NDArray[np.bool_],
    truth: Truth,
) -> Lists:
    query, other = query[which], other[which]
    pairs = list(zip(query.tolist(), other.tolist(), strict=True))
    linked = np.array([b in truth.linked[a] for a, b in pairs], bool)
    on_topic = np.array([bool(truth.tags[a] & truth.tags[b]) for a, b in pairs], bool)
    return Lists(query, other, *(columns[which] for columns in features), linked, on_topic)


def of_months(lists: Lists, truth: Truth, months: tuple[str, str]) -> Lists:
    wanted = np.array([months[0] <= month <= months[1] for month in truth.months])
    return Lists._make(column[wanted[lists.query]] for column in lists)


def learn_rank(lists: Lists) -> Floats:
    """Weights under which the editors' links are the likeliest of each list (McFadden 1974).

    The features are scaled to a deviation of 1 and their squares cost `_PENALTY`.
    """
    found = np.isin(lists.query, lists.query[lists.linked])
    features, linked = lists.rank[found], lists.linked[found].astype(np.float64)
    _, group = np.unique(lists.query[found], return_inverse=True)
    starts = np.flatnonzero(np.r_[True, np.diff(group) > 0])
    share = linked / np.bincount(group, linked)[group]
    deviation = features.std(axis=0) + 1e-9
    scaled = features / deviation

    def loss(weights: Floats) -> tuple[float, Floats]:
        ranks = scaled @ weights
        ranks -= np.maximum.reduceat(ranks, starts)[group]
        total = np.bincount(group, np.exp(ranks))[group]
        likelihood = share @ (ranks - np.log(total))
        slope = (share - np.exp(ranks) / total) @ scaled
        penalty, lists_ = _PENALTY * weights, len(starts)
        return float(penalty @ weights - likelihood / lists_), 2 * penalty - slope / lists_

    start = np.zeros(features.shape[1])
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x / deviation, np.float64)


def learn_gate(lists: Lists, ranks: Floats, features: Floats, share: float) -> Floats:
    """The bias, then the weights; learned on the best of each list, since only those can be shown.

    The bias is not the learned one, see `_usual`.
    """
    best = places(lists, ranks) < _GATED_PLACES
    mean, deviation = features[best].mean(axis=0), features[best].std(axis=0) + 1e-9
    model = LogisticRegression(max_iter=500).fit((features[best] - mean) / deviation, lists.on_topic[best])
    weights = model.coef_[0] / deviation
    return np.r_[-_usual(lists, features @ weights, share), weights]


def _usual(lists: Lists, logits: Floats, share: float) -> float:
    """The logit that leaves this share of the slots: the gate says 0.5 there."""
    candidates = logits[places(lists, logits) < _SLOTS]
    slots = _SLOTS * len(np.unique(lists.query))
    return float(-np.sort(-candidates)[min(int(share * slots), len(candidates) - 1)])


def _level(lists: Lists, ranks: Floats) -> float:
    """What the best of a list usually has: the logit of a choice has no level of its own."""
    return float(np.median(ranks[places(lists, ranks) == 0]))


def places(lists: Lists, ranks: Floats) -> npt.NDArray[np.int64]:
    """The place of each candidate in its list, 0 the best; lists are in ascending order of their query."""
    order = np.lexsort((-lists.other, -ranks, lists.query))
    found = np.empty(len(order), np.int64)
    found[order] = np.arange(len(order)) - np.searchsorted(lists.query, lists.query)[order]
    return found


def report(lists: Lists, truth: Truth, ranks: Floats, gate: Floats) -> Iterator[str]:
    """nDCG and recall at 5 without the gate; then what the gate leaves of four slots."""
    queries = [q for q in truth.linked if _REPORTED[0] <= truth.months[q] <= _REPORTED[1]]
    place = places(lists, ranks)
    ndcg = recall = 0.0
    hits: dict[int, list[int]] = {}
    for q, p in zip(lists.query[lists.linked].tolist(), place[lists.linked].tolist(), strict=True):
        hits.setdefault(q, []).append(p)
    for q in queries:
        gains = [1 / np.log2(p + 2) for p in hits.get(q, ()) if p < 5]
        ndcg += sum(gains) / sum(1 / np.log2(p + 2) for p in range(min(5, len(truth.linked[q]))))
        recall += len(gains) / len(truth.linked[q])
    yield f"{len(queries)} queries  nDCG@5 {ndcg / len(queries):.4f}  R@5 {recall / len(queries):.4f}"
    for strict in np.arange(0.30, 0.81, 0.05):
        passed = np.where(gate >= strict, ranks, -np.inf)
        shown = (places(lists, passed) < _SLOTS) & (gate >= strict)
        on_topic = lists.on_topic[shown].mean() if shown.any() else float("nan")
        slots = shown.sum() / len(queries) / _SLOTS
        yield f"  strict {strict:.2f}  slots {slots:.3f}  on-topic {on_topic:.3f}"


def write_view(name: str, rank: Floats, words: Floats, gate: Floats) -> Iterator[str]:
    split = len(RANK_FEATURES) + 1
    for table, features, weights in (
        ("rank", {"bias": "both views on one level", **RANK_FEATURES}, rank[:split]),
        ("after", AFTER_FEATURES, rank[split:]),
        ("words", {"bias": "where all else is 0", **WORDS_FEATURES}, words),
        ("gate", {"bias": "where all else is 0", **GATE_FEATURES}, gate),
    ):
        yield f"[{name}.{table}]"
        for (feature, meaning), weight in zip(features.items(), weights.tolist(), strict=True):
            yield f"{feature} = {weight:.3f}  # {meaning}"
        yield ""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", type=Path, help="where to write the weights")
    options = parser.parse_args(arguments)
    written = ["# Written by tests/benchmarks/train.py. Each weight multiplies what stands beside it.", ""]
    for name, view in (("summary", "rss"), ("text", "full")):
        archive = read_archive(options.data, view=view)
        truth = read_truth(archive)
        lists = list_candidates(archive, truth)
        trained, reported = of_months(lists, truth, _TRAINED), of_months(lists, truth, _REPORTED)
        rank = learn_rank(trained)
        ranks = trained.rank @ rank
        words = learn_gate(trained, ranks, trained.words, _USUAL_SHARE[name])
        gate = learn_gate(trained, ranks, trained.gate, _USUAL_SHARE[name])
        odds = np.exp(reported.gate @ gate[1:] + gate[0])
        print(name, *report(reported, truth, reported.rank @ rank, odds / (1 + odds)), sep="\n", flush=True)
        written += write_view(name, np.r_[-_level(trained, ranks), rank], words, gate)
    if options.write:
        options.write.write_text("\n".join(written), encoding="utf-8")


if __name__ == "__main__":
    main()
