"""Articles, one after another, to the pairs that are worth keeping: the whole way of "Lire aussi".

Promises: what comes out depends on the articles and their order alone, not on batches or restarts. Both those
who link come here: the library (`aggregator/linking.py`) and archives (`aggregator/archives.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from aggregator.related.abroad import foreign_neighbours
from aggregator.related.boilerplate import Boilerplate
from aggregator.related.facts import KEPT
from aggregator.related.index import Index
from aggregator.related.pairs import enter, enter_best
from aggregator.related.ranking import (
    best_first,
    gate,
    penalty_after,
    rank,
    read_weights,
)
from aggregator.related.shelf import Shelf
from aggregator.related.text import Analyzer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from aggregator.domain import Article
    from aggregator.policies import RelatedPolicy
    from aggregator.related.shelf import Met
    from aggregator.related.text import Terms

F = TypeVar("F", float, "npt.NDArray[np.float64]")

_DOUBTFUL = 1_000.0
_COPIES = 8
"""So many earlier copies of one text are told: a formula that returns each day has thousands."""
_LAST = -100.0
"""The rank of what stands after all links of an article's own language."""
_ABROAD = 0.5
"""The least confidence of a link to another language."""


class Judged(NamedTuple):
    """What a newcomer makes with older rows; arrays of one length, the best rank first.

    `rank` orders the list of the newcomer, `older_rank` those of the others; `nearness` is the part of both
    that dates decide; `confidence` in (0, 1); `same_text` where both are one text in two places.
    """

    rows: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]
    score: npt.NDArray[np.float32]
    rank: npt.NDArray[np.float64]
    older_rank: npt.NDArray[np.float64]
    nearness: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64]
    same_text: npt.NDArray[np.bool_]

    def take(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Judged:
        return Judged._make(column[which] for column in self)

    def told(self) -> Iterator[list[object]]:
        """The columns of `Pair`, but for the words."""
        return (column.tolist() for column in self[1:])


class Newcomer(NamedTuple):
    """An article in its place: its analysis, its row on the shelf of its language, whom it met there."""

    terms: Terms
    codes: npt.NDArray[np.uint8]
    shelf: Shelf
    row: int
    met: Met


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What is to be kept of an article for another process; arrays as in `storage.terms.StoredTerms`."""

    language: str
    terms: npt.NDArray[np.uint32]
    codes: npt.NDArray[np.uint8]
    names: npt.NDArray[np.uint32]
    neighbours: npt.NDArray[np.void]


class Pair(NamedTuple):
    """A pair that is worth keeping. `id` is the caller's name of the older article; the rest as in `Judged`.

    `why` are the words of both texts that carry most of their cosine, as the newer one spells them.
    """

    id: int
    score: float
    rank: float
    older_rank: float
    nearness: float
    confidence: float
    same_text: bool
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """An article that has found its place."""

    analysis: Analysis
    pairs: tuple[Pair, ...]


class Engine:
    """The articles that can be linked to. Not thread-safe: one linker owns it."""

    def __init__(
        self,
        policy: RelatedPolicy,
        *,
        kept: int = KEPT,
        names: Index | None = None,
        boilerplate: Boilerplate | None = None,
    ) -> None:
        """`kept` is how many of its best links an article remembers; the rest is for a cache to give back."""
        self._policy = policy
        self._kept = kept
        self._weights = read_weights()
        self.boilerplate = boilerplate or Boilerplate()
        self._analyzer = Analyzer(policy, self.boilerplate)
        self.names = names or Index()
        self.shelves: dict[str, Shelf] = {}

    def __len__(self) -> int:
        return sum(shelf.index.live for shelf in self.shelves.values())

    def _shelf(self, language: str) -> Shelf:
        """A new language gets one."""
        if language not in self.shelves:
            self.shelves[language] = Shelf(self.names, kept=self._kept)
        return self.shelves[language]

    def arrive(self, arrival: int, id_: int, article: Article) -> Arrived:
        """Take the article in and pair it with older ones. `arrival` and `id_` are the caller's names.

        Arrivals must ascend. A pair is worth keeping if it may be shown and is among the best of either end,
        or if both are one text.
        """
        new = self.newcomer(arrival, id_, article)
        analysis = Analysis(
            language=new.terms.language,
            terms=new.terms.ids,
            codes=new.codes,
            names=new.terms.names,
            neighbours=new.shelf.stored_neighbours(new.met),
        )
        pairs = (*self._worth_keeping(new, self.judge(new)), *self._abroad(new))
        return Arrived(analysis=analysis, pairs=pairs)

    def newcomer(self, arrival: int, id_: int, article: Article) -> Newcomer:
        """Take the article in; the first half of `arrive`."""
        terms = self._analyzer.analyze(article)
        shelf = self._shelf(terms.language)
        row, codes = shelf.add(arrival, id_, article, terms)
        return Newcomer(terms, codes, shelf, row, shelf.meet(row))

    def judge(self, new: Newcomer) -> Judged:
        """What the newcomer makes with each of its candidates."""
        shelf, row, (rows, pairs) = new.shelf, new.row, new.met
        facts = shelf.facts.rows
        ranks, nearness = rank(pairs, self._weights)
        order = best_first(ranks, shelf.index.days[rows], rows)
        judged = Judged(
            rows=rows,
            ids=facts["id"][rows],
            score=np.minimum(pairs.cosine, 1),
            rank=ranks,
            older_rank=ranks + penalty_after(pairs, self._weights),
            nearness=nearness,
            confidence=gate(pairs, self._weights, shelf.index.live),
            same_text=are_one_text(facts["title"][row], facts["title"][rows], pairs.cosine, self._policy),
        )
        return judged.take(order)

    def _worth_keeping(self, new: Newcomer, judged: Judged) -> Iterator[Pair]:
        policy, shelf, row = self._policy, new.shelf, new.row
        possible = (judged.score >= least_cosine(shelf.index.live, policy)) & (
            judged.confidence >= policy.min_confidence
        )
        judged = judged.take(judged.same_text | possible)
        merits = merit(judged.rank, judged.confidence, policy)
        words, known, shared = shelf.index.shared(row, judged.rows, policy.why_words)
        kept = enter_best(
            shelf.facts.rows["best"],
            row,
            judged.rows,
            merits,
            np.argsort(-merits, kind="stable"),
            shared >= policy.min_shared_terms,
            judged.same_text,
            _COPIES,
        )
        spelling = new.terms.spelling
        for terms, count, *facts in zip(
            words[kept].tolist(), known[kept].tolist(), *judged.take(kept).told(), strict=True
        ):
            yield Pair._make((*facts, tuple(spelling[term] for term in terms[:count])))

    def _abroad(self, new: Newcomer) -> Iterator[Pair]:
        """Pairs with articles of other languages; they come after all others."""
        if len(self.shelves) == 1:
            return
        facts, spelling = new.shelf.facts.rows, new.terms.name_spelling
        row = int(facts["names"][new.row])
        for found in foreign_neighbours(self.names, row, self.shelves, new.terms.language):
            theirs = self.shelves[found.language].facts.rows
            rank_, confidence = _LAST + found.cosine, _ABROAD + (1 - _ABROAD) * found.cosine
            ends = facts["best"][new.row], theirs["best"][found.row]
            worth = merit(rank_, confidence, self._policy)
            if worth <= min(ends[0][0], ends[1][0]):
                continue
            for end in ends:
                enter(end, worth)
            yield Pair(
                id=int(theirs["id"][found.row]),
                score=found.cosine,
                rank=rank_,
                older_rank=rank_,
                nearness=0.0,
                confidence=confidence,
                same_text=False,
                why=tuple(spelling[name] for name in found.names),
            )

    def holding(self) -> tuple[int, int, int]:
        """How many are held, the sum of their ids, the last arrival."""
        count = total = last = 0
        for shelf in self.shelves.values():
            rows = shelf.facts.rows[shelf.index.alive]
            count, total = count + len(rows), total + int(rows["id"].sum())
            last = max(last, int(shelf.facts.rows["arrival"].max(initial=0)))
        return count, total, last

    def arrivals(self) -> dict[int, int]:
        """The id of each arrival that is held."""
        held: dict[int, int] = {}
        for shelf in self.shelves.values():
            rows = shelf.facts.rows[shelf.index.alive]
            held.update(zip(rows["arrival"].tolist(), rows["id"].tolist(), strict=True))
        return held

    def find(self, id_: int) -> tuple[str, int] | None:
        """The language and the row of an article that is held."""
        for language, shelf in self.shelves.items():
            rows = np.flatnonzero((shelf.facts.rows["id"] == id_) & shelf.index.alive)
            if len(rows):
                return language, int(rows[0])
        return None

    def holds(self, id_: int, terms: npt.NDArray[np.uint32]) -> bool:
        """Whether the article is held with these terms."""
        place = self.find(id_)
        return place is not None and np.array_equal(self.shelves[place[0]].index.vector(place[1])[0], terms)

    def remove(self, arrivals: Iterable[int]) -> None:
        """Forget these; unknown ones are ignored."""
        gone = np.array(sorted(arrivals), np.int64)
        for shelf in self.shelves.values():
            rows = shelf.rows_of(gone)
            rows = rows[rows >= 0]
            shelf.index.remove(rows.tolist())
            self.names.remove(shelf.facts.rows["names"][rows].tolist())

    def restore(self, arrival: int, id_: int, article: Article, analysis: Analysis) -> None:
        """Take in an article that was linked by another process, or before this one began.

        Its text is read once more, for what its feed repeats.
        """
        self._analyzer.analyze(article)
        shelf = self._shelf(analysis.language)
        row = shelf.put(arrival, id_, article, analysis.terms, analysis.codes, analysis.names)
        shelf.restore(row, analysis.neighbours)

    def restore_links(self, kept: Sequence[tuple[int, int, float, float]]) -> None:
        """Let both ends of links that are kept know of them: (id, other id, rank, confidence)."""
        best: dict[int, npt.NDArray[np.float32]] = {}
        for shelf in self.shelves.values():
            facts, rows = shelf.facts.rows, np.flatnonzero(shelf.index.alive)
            best.update(zip(facts["id"][rows].tolist(), (facts["best"][row] for row in rows), strict=True))
        for one, other, rank_, confidence in kept:
            if one in best and other in best:
                for end in (best[one], best[other]):
                    enter(end, merit(rank_, confidence, self._policy))


def merit(ranks: F, confidences: F, policy: RelatedPolicy) -> F:
    """What is shown comes first, however much there is that would be shown if one were less strict."""
    return ranks - _DOUBTFUL * (confidences < policy.strictness)


def are_one_text(
    title: int,
    titles: npt.NDArray[np.uint64],
    cosines: npt.NDArray[np.floating],
    policy: RelatedPolicy,
) -> npt.NDArray[np.bool_]:
    """Which of the others are the same text in another place, by the hashes of titles and raw cosines."""
    same_title = (titles == title) & (title != 0) & (cosines >= policy.same_title_cosine)
    return np.asarray(same_title | (cosines >= policy.same_text_cosine), np.bool_)


def least_cosine(entries: int, policy: RelatedPolicy) -> float:
    """The raw cosine that a link needs among that many entries, whatever the gate says.

    The gate was learned where every entry has near candidates; a small library has only far ones.
    """
    return policy.min_cosine + policy.min_cosine_young * math.exp(-entries / policy.young_entries)
