"""Why a pair is linked, or why not: every step of the decision, told of two rows as things are now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aggregator.related.abroad import LEAST_COSINE, RARE_NAMES, shared_names
from aggregator.related.engine import are_one_text, least_cosine, merit
from aggregator.related.explaining import Shared, shared_terms
from aggregator.related.ranking import gate, rank, read_weights
from aggregator.related.shelf import CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aggregator.policies import RelatedPolicy
    from aggregator.related.index import Index
    from aggregator.related.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedTerm:
    """A word of both texts: its weight in each before the idf, the idf, what it adds to the raw cosine."""

    word: str
    tf: float
    other_tf: float
    idf: float
    part: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One gate: what was found, what was asked for, and whether that was enough.

    `name` is one of shared-terms, cosine, candidate (its place, from 1), confidence, among-the-best (its
    merit, and the least that one of the two ends remembers); same-text alone where both are one text;
    between two languages, where the first never passes, language, rare-names, names (their cosine).
    """

    name: str
    found: float | str | None
    asked: float | str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The most important term first; `days` apart, None without dates; the steps in their order.

    `rank` is what orders the links of the newer entry, None where the older one is no candidate of it.
    """

    terms: tuple[SharedTerm, ...]
    cosine: float
    days: float | None
    rank: float | None
    steps: tuple[Step, ...]


def decide(
    shelf: Shelf, row: int, other: int, spelling: Mapping[int, str], policy: RelatedPolicy
) -> Decision:
    """Of two rows of one language, `row` the newer one, whose words `spelling` gives."""
    terms = tuple(_told(shared_terms(shelf.index, row, other), spelling))
    cosine = sum(term.part for term in terms)
    days = float(shelf.index.days[row] - shelf.index.days[other])
    met = shelf.compare(row)
    at = np.flatnonzero(met.rows == other)
    ranks, _ = rank(met.pairs, read_weights())
    place = int((ranks >= ranks[at[0]]).sum()) if len(at) else None
    sure = gate(met.pairs, read_weights(), shelf.index.live)
    confidence = float(sure[at[0]]) if len(at) else None
    least = least_cosine(shelf.index.live, policy)
    return Decision(
        terms=terms,
        cosine=cosine,
        days=None if np.isnan(days) else abs(days),
        rank=float(ranks[at[0]]) if len(at) else None,
        steps=(Step(name="same-text", found=cosine, asked=policy.same_title_cosine, passed=True),)
        if _one_text(shelf, row, other, cosine, policy)
        else (
            _at_least("shared-terms", len(terms), policy.min_shared_terms),
            _at_least("cosine", cosine, least),
            Step(name="candidate", found=place, asked=CANDIDATES, passed=place is not None),
            _at_least("confidence", confidence, policy.strictness),
            _among_the_best(shelf, row, other, place and merit(ranks[at[0]], sure[at[0]], policy)),
        ),
    )


def decide_abroad(
    names: Index,
    newer: tuple[Shelf, int],
    older: tuple[Shelf, int],
    spelling: Mapping[int, str],
    languages: tuple[str, str],
) -> Decision:
    """Of two rows in different languages, which only names can link; `spelling` is that of the newer's."""
    rows = [int(shelf.facts.rows["names"][row]) for shelf, row in (newer, older)]
    shared, rare = shared_names(names, *rows)
    found = shared_terms(names, *rows)
    days = float(newer[0].index.days[newer[1]] - older[0].index.days[older[1]])
    return Decision(
        terms=tuple(_told(found, spelling)),
        cosine=float(found.parts.sum()),
        days=None if np.isnan(days) else abs(days),
        rank=None,
        steps=(
            Step(name="language", found=languages[0], asked=languages[1], passed=False),
            _at_least("rare-names", rare if shared else 0, RARE_NAMES),
            _at_least("names", float(found.parts.sum()), LEAST_COSINE),
        ),
    )


def _one_text(shelf: Shelf, row: int, other: int, cosine: float, policy: RelatedPolicy) -> bool:
    titles = shelf.facts.rows["title"]
    return bool(are_one_text(titles[row], titles[[other]], np.array([cosine]), policy)[0])


def _among_the_best(shelf: Shelf, row: int, other: int, found: float | None) -> Step:
    best = shelf.facts.rows["best"]
    least = float(min(best[row][0], best[other][0]))
    passed = found is not None and bool(np.float32(found) >= least)
    return Step(name="among-the-best", found=found, asked=least, passed=passed)


def _at_least(name: str, found: float | None, asked: float) -> Step:
    return Step(name=name, found=found, asked=asked, passed=found is not None and found >= asked)


def _told(shared: Shared, spelling: Mapping[int, str]) -> Iterator[SharedTerm]:
    for term, part, tf, other_tf, idf in zip(*(column.tolist() for column in shared), strict=True):
        yield SharedTerm(word=spelling.get(term, "…"), tf=tf, other_tf=other_tf, idf=idf, part=part)
