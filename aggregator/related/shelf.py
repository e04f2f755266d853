"""The entries of one language: their index, their tallies, and the pairs that a newcomer makes with them.

A newcomer is expanded by its neighbours (document expansion: x = v + a · Σ wᵢvᵢ over the older rows nearest
to it, wᵢ the share of their squared cosines; Singhal & Pereira 1999), so that two reports of one event meet
that share few words. No expanded vector is kept: with the neighbours of both, xq·xd is a sum of raw products.
All tallies follow from the neighbours of each row, so they can be had again from what the database keeps.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aggregator.related.facts import KEPT, NEIGHBOURS, NO_ROW, Facts
from aggregator.related.features import Candidates, decay
from aggregator.related.index import Index, Neighbours
from aggregator.related.pairs import describe, expanded_cosines, expansions, meet
from aggregator.related.sections import Sections, section_name
from aggregator.related.showing import title_key
from aggregator.related.weighting import IN_HEAD, encode, fuse

if TYPE_CHECKING:
    import numpy.typing as npt

    from aggregator.domain import Article
    from aggregator.related.text import Terms

CANDIDATES = 50
"""Rows that a newcomer is compared with in full: the best by cosine × decay."""
FIRST = 4
_SUMMARY_EXPANSION, _TEXT_EXPANSION = 0.5, 0.25
"""How much the neighbours count beside the own words: much for a summary, little for a whole text."""
_LEAST_COSINE = 0.02
_NAME = 255
"""The code of each name: it stands in the head, and all weigh the same."""

NEIGHBOUR = np.dtype([("arrival", "<u4"), ("cosine", "<f4"), ("expanded", "<f4")])
"""A neighbour as it is stored: when it arrived, the raw cosine and that of the expanded vectors."""


class Surroundings(NamedTuple):
    """The older rows nearest to a row; arrays of one length, nearest first by raw cosine."""

    rows: npt.NDArray[np.int64]
    cosines: npt.NDArray[np.float32]
    expanded: npt.NDArray[np.float32]


class Met(NamedTuple):
    """What a newcomer meets: older rows, best first by cosine × decay, and what is known of each pair."""

    rows: npt.NDArray[np.int64]
    pairs: Candidates


class Shelf:
    """Rows are numbered in the order of arrival. One thread at a time may use it."""

    def __init__(self, names: Index, *, kept: int = KEPT, index: Index | None = None) -> None:
        """`names` is the index of names of all languages; `kept` links are remembered a row."""
        self.index = index or Index()
        self._names = names
        self.facts = Facts(kept=kept)
        self.sections = Sections()

    def add(
        self, arrival: int, id_: int, article: Article, terms: Terms
    ) -> tuple[int, npt.NDArray[np.uint8]]:
        """Append an analysed article. Returns its row and the codes of its terms, which can be stored."""
        codes = encode(fuse(terms.head, terms.body, self.index.idf(terms.ids)), terms.head)
        return self.put(arrival, id_, article, terms.ids, codes, terms.names), codes

    def put(
        self,
        arrival: int,
        id_: int,
        article: Article,
        terms: npt.NDArray[np.uint32],
        codes: npt.NDArray[np.uint8],
        names: npt.NDArray[np.uint32],
    ) -> int:
        """Append a row from what was stored of it; `restore` gives it its neighbours."""
        day = _day(article)
        row = self.index.add(terms, codes, day)
        self.facts.append(
            arrival=arrival,
            id_=id_,
            title=_title_hash(article.title),
            section=self.sections.number(section_name(article)),
            names=self._names.add(names, np.full(len(names), _NAME, np.uint8), day),
            body=bool(((codes & np.uint8(IN_HEAD - 1) > 0) & (codes < IN_HEAD)).any()),
        )
        return row

    # ── a newcomer ───────────────────────────────────────────────────────────────────────────────

    def meet(self, row: int) -> Met:
        """The candidates of the newest row, which gets to know its neighbours; to be called once a row."""
        rows, cosines = self._nearest(row, CANDIDATES)
        near = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
        self._settle(row, rows[near], cosines[near])
        expanded, self.facts.rows["spread"][row] = self._expanded(row, rows)
        pairs = self._pairs(row, rows, cosines, expanded)
        self._note(row, Surroundings(rows[near], cosines[near], expanded[near]))
        return Met(rows, pairs)

    def compare(self, row: int) -> Met:
        """The candidates of any row as they are now; tallies stay as they are."""
        rows, cosines = self._nearest(row, len(self.index))
        return Met(rows, self._pairs(row, rows, cosines, self._expanded(row, rows)[0]))

    def _nearest(self, row: int, k: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """The best older rows among the `k` best; what later rows did to others' lists has no say."""
        found = self.index.nearest(row, k=k, floor=_LEAST_COSINE)
        older = np.flatnonzero(found.rows < row)[:CANDIDATES]
        return found.rows[older], found.cosines[older]

    def _settle(self, row: int, rows: npt.NDArray[np.int64], cosines: npt.NDArray[np.float32]) -> None:
        """Give the row its neighbours, and the length that they give to its expanded vector."""
        fact = self.facts.rows[row]
        squares = cosines.astype(np.float64) ** 2
        fact["neighbours"][: len(rows)] = rows
        fact["weights"][: len(rows)] = squares / max(squares.sum(), 1e-12)

    def _expanded(self, row: int, others: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float32], float]:
        """The cosines of the expanded vectors of `row` and of each of `others`, and the `spread` of `row`."""
        facts, rows = self.facts.rows, np.concatenate([[row], others])
        members, factors = expansions(
            facts["neighbours"], facts["weights"], facts["body"], rows, _SUMMARY_EXPANSION, _TEXT_EXPANSION
        )
        dots = self.index.expanded_dots(members[0], factors[0], members.ravel())
        return expanded_cosines(dots, factors, facts["spread"][others])

    def _pairs(
        self,
        row: int,
        rows: npt.NDArray[np.int64],
        cosines: npt.NDArray[np.float32],
        expanded: npt.NDArray[np.float32],
    ) -> Candidates:
        facts = self.facts.rows
        names = self._names.shared_heads(int(facts["names"][row]), facts["names"][rows].astype(np.int64))
        told = describe(
            cosines,
            expanded,
            self.index.days,
            facts["followed"],
            facts["met"],
            facts["body"],
            self.sections.affinities(int(facts["section"][row]), facts["section"][rows]),
            self.index.shared_heads(row, rows),
            names / np.float32(1 + math.log(1 + self.index.live)),
            row,
            rows,
        )
        return Candidates._make(told)

    def _note(self, row: int, near: Surroundings) -> None:
        """Count what the row's neighbours are to it; the only way in which tallies change."""
        facts = self.facts.rows
        days = np.abs(self.index.days[row] - self.index.days[near.rows])
        first = near.rows[np.argsort(-near.expanded * decay(days), kind="stable")[:FIRST]]
        facts["followed"][near.rows] += 1
        meet(facts["met"], near.rows, near.expanded)
        meet(facts["met"], np.full(len(near.rows), row), near.expanded)
        self.sections.note(int(facts["section"][row]), facts["section"][first].tolist())

    # ── storing and restoring ────────────────────────────────────────────────────────────────────

    def stored_neighbours(self, met: Met) -> npt.NDArray[np.void]:
        """What is to be stored of the neighbours of the row that met them (`NEIGHBOUR`)."""
        near = np.argsort(-met.pairs.cosine, kind="stable")[:NEIGHBOURS]
        stored = np.empty(len(near), NEIGHBOUR)
        stored["arrival"] = self.facts.rows["arrival"][met.rows[near]]
        stored["cosine"], stored["expanded"] = met.pairs.cosine[near], met.pairs.expanded[near]
        return stored

    def restore(self, row: int, stored: npt.NDArray[np.void]) -> None:
        """Let the row know its neighbours, after `put`. Neighbours that are gone are left out."""
        rows = self.rows_of(stored["arrival"].astype(np.int64))
        there = rows != NO_ROW
        near = Surroundings(rows[there], stored["cosine"][there], stored["expanded"][there])
        scores = near.cosines * decay(self.index.days[row] - self.index.days[near.rows])
        order = np.argsort(-scores, kind="stable")
        self.index.recall(
            row, Neighbours(near.rows[order], near.cosines[order], scores[order].astype(np.float32))
        )
        self._settle(row, near.rows, near.cosines)
        self.facts.rows["spread"][row] = self._expanded(row, near.rows[:0])[1]
        self._note(row, near)

    def rows_of(self, arrivals: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The living rows of these arrivals, `NO_ROW` where there is none."""
        known = self.facts.rows["arrival"]
        places = np.minimum(np.searchsorted(known, arrivals), max(len(known) - 1, 0))
        found = len(known) > 0 and (known[places] == arrivals) & self.index.alive[places]
        return np.where(found, places, NO_ROW)


def _day(article: Article) -> float:
    return article.published_at.timestamp() / 86_400 if article.published_at else float("nan")


def _title_hash(title: str) -> int:
    """0 where the title proves nothing."""
    key = title_key(title)
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) if key else 0
