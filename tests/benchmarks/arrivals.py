"""Articles as they arrive, one after the other, with the candidates of each: plain numpy, for `train.py`.

The cosines of all pairs are held (half precision), so this is for some ten thousand articles.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from quality import _lines
from scipy import sparse

from aggregator.archives import read_articles
from aggregator.policies import RelatedPolicy
from aggregator.related.features import Candidates, affinity, decay
from aggregator.related.text import Analyzer
from aggregator.related.weighting import fuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from aggregator.related.text import Terms

    Rows = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float32]

_BLOCK = 256
_CANDIDATES = 50
_NEIGHBOURS = 10
_MET = 16
_EXPANSION = {False: 0.5, True: 0.25}
"""How much the neighbours add to a vector: without a text, and with one."""


class Corpus(NamedTuple):
    """In order of publication. `head` (n, terms) says which terms stand in the head; `cosines` (n, n)."""

    ids: list[int | str]
    days: npt.NDArray[np.float64]
    section: Rows
    body: npt.NDArray[np.bool_]
    head: sparse.csr_matrix[np.bool_]
    cosines: npt.NDArray[np.float16]


class Arrival(NamedTuple):
    row: int
    rows: Rows
    candidates: Candidates


def read_corpus(folder: Path, *, full: bool) -> Corpus:
    """Without `full` the articles lose their texts."""
    lines = _lines(folder, "articles.jsonl")
    articles = read_articles(lines, "articles.jsonl")
    addresses = [json.loads(line).get("url", "") for line in lines]
    days = np.array([a.published_at.timestamp() / 86_400 if a.published_at else np.nan for a in articles])
    order = np.argsort(days, kind="stable")
    analyzer = Analyzer(RelatedPolicy())
    terms = [
        analyzer.analyze(articles[row] if full else dataclasses.replace(articles[row], content=""))
        for row in order.tolist()
    ]
    bounds = np.cumsum([0, *(len(t.ids) for t in terms)])
    vocabulary, columns = np.unique(np.concatenate([t.ids for t in terms]), return_inverse=True)
    counts = np.concatenate([t.head for t in terms]) > 0
    shape = (len(terms), len(vocabulary))
    sections = [f"{articles[row].source} {_first_segment(addresses[row])}" for row in order.tolist()]
    return Corpus(
        [articles[row].id for row in order.tolist()],
        days[order],
        np.unique(sections, return_inverse=True)[1],
        np.array([bool(t.body.any()) for t in terms]),
        sparse.csr_matrix((counts, columns, bounds), shape),
        _cosines(terms, columns, bounds, shape),
    )


def _first_segment(address: str) -> str:
    segments = urlsplit(address).path.split("/")
    return segments[1] if len(segments) > 2 else ""


def _cosines(
    terms: Sequence[Terms], columns: Rows, bounds: Rows, shape: tuple[int, int]
) -> npt.NDArray[np.float16]:
    """Each block with the idf of all that arrived with it; symmetric."""
    found = np.zeros((shape[0], shape[0]), np.float16)
    tf, seen = np.zeros(len(columns), np.float32), np.zeros(shape[1])
    for start in range(0, shape[0], _BLOCK):
        end = min(start + _BLOCK, shape[0])
        seen += np.bincount(columns[bounds[start] : bounds[end]], minlength=shape[1])
        idf = (np.log((1 + end) / (1 + seen)) + 1).astype(np.float32)
        for row in range(start, end):
            part = slice(bounds[row], bounds[row + 1])
            tf[part] = fuse(terms[row], idf[columns[part]])
        weighed = tf[: bounds[end]] * idf[columns[: bounds[end]]]
        held = sparse.csr_matrix((weighed, columns[: bounds[end]], bounds[: end + 1]), (end, shape[1]))
        lengths = np.sqrt(np.asarray(held.multiply(held).sum(axis=1)).ravel()) + 1e-9
        held = sparse.diags((1 / lengths).astype(np.float32)) @ held
        block = (held[start:end] @ held.T.tocsr()).toarray()
        found[start:end, :end] = block
        found[:start, start:end] = block[:, :start].T
    return found


class _Tallies:
    """What is kept of each row while others arrive."""

    def __init__(self, corpus: Corpus) -> None:
        n, sections = len(corpus.ids), int(corpus.section.max(initial=0)) + 1
        self.neighbours = np.full((n, _NEIGHBOURS), -1, np.int64)
        self.weights = np.zeros((n, _NEIGHBOURS), np.float32)
        self.length = np.ones(n, np.float32)
        self.followed = np.zeros(n, np.int64)
        self.met = np.zeros((n, _MET), np.float32)  # the largest expanded cosines, descending
        self.together = np.zeros((sections, sections))
        self.entries = np.zeros(sections)
        self.holders = np.zeros(corpus.head.shape[1])


def arrivals(corpus: Corpus) -> Iterator[Arrival]:
    """Every article that has a candidate."""
    tallies = _Tallies(corpus)
    held = sparse.csr_matrix(corpus.head, dtype=np.float32)
    for row in range(len(corpus.ids)):
        head = corpus.head.indices[corpus.head.indptr[row] : corpus.head.indptr[row + 1]]
        tallies.holders[head] += 1
        cosines = corpus.cosines[row, :row].astype(np.float32)
        ranks = cosines * decay(corpus.days[row] - corpus.days[:row])
        rows = np.lexsort((-np.arange(row), -ranks))[:_CANDIDATES]
        rows = rows[cosines[rows] > 1e-3]
        if len(rows):
            yield _arrive(corpus, tallies, held, row, rows, cosines)
        tallies.entries[corpus.section[row]] += 1


def _arrive(
    corpus: Corpus,
    tallies: _Tallies,
    held: sparse.csr_matrix[np.float32],
    row: int,
    rows: Rows,
    cosines: Floats,
) -> Arrival:
    days = corpus.days[row] - corpus.days[rows]
    expanded = _expand(corpus, tallies, row, rows, cosines)
    body = corpus.body
    section, sections = corpus.section[row], corpus.section[rows]
    together = tallies.together[section]
    rare, heads, rarest = _heads(held, tallies, row, rows)
    found = Candidates(
        cosine=cosines[rows].astype(np.float64),
        expanded=expanded,
        days=days,
        arrivals=row - rows,
        followed=tallies.followed[rows],
        closer=np.count_nonzero(tallies.met[rows] > expanded[:, None], axis=1),
        affinity=affinity(together[sections], together.sum(), tallies.entries[sections], row),
        rarest=rarest,
        rare=rare,
        heads=heads,
        text=(body[rows].astype(np.float64) + float(body[row])) / 2,
    )
    best = rows[np.argsort(-expanded * decay(days), kind="stable")[:4]]
    np.add.at(tallies.together, (section, corpus.section[best]), 1)
    tallies.followed[tallies.neighbours[row][tallies.neighbours[row] >= 0]] += 1
    met = np.column_stack((tallies.met[rows], expanded))
    tallies.met[rows] = -np.sort(-met, axis=1)[:, :_MET]
    tallies.met[row, : len(rows)] = -np.sort(-expanded)[:_MET]
    return Arrival(row, rows, found)


def _expand(
    corpus: Corpus, tallies: _Tallies, row: int, rows: Rows, cosines: Floats
) -> npt.NDArray[np.float64]:
    """The expanded cosine with each candidate; notes the neighbours of the row and its expanded length."""
    share = _EXPANSION[bool(corpus.body[row])]
    best = rows[np.argsort(-cosines[rows], kind="stable")[:_NEIGHBOURS]]
    weights = cosines[best] ** 2 / (cosines[best] ** 2).sum()
    among = corpus.cosines[np.ix_(best, best)].astype(np.float32)
    length = 1 + 2 * share * weights @ cosines[best] + share**2 * weights @ among @ weights
    tallies.neighbours[row, : len(best)], tallies.weights[row, : len(best)] = best, weights
    tallies.length[row] = np.sqrt(length)
    towards = cosines + share * (weights @ corpus.cosines[best, :row].astype(np.float32))
    theirs = tallies.neighbours[rows]
    through = (tallies.weights[rows] * np.where(theirs >= 0, towards[theirs], 0)).sum(axis=1)
    shares = np.where(corpus.body[rows], _EXPANSION[True], _EXPANSION[False])
    expanded = (towards[rows] + shares * through) / (tallies.length[row] * tallies.length[rows])
    return np.minimum(expanded, 1).astype(np.float64)


def _heads(
    held: sparse.csr_matrix[np.float32], tallies: _Tallies, row: int, rows: Rows
) -> tuple[npt.NDArray[np.float64], Rows, npt.NDArray[np.float64]]:
    """Of the terms in both heads: the sum of the three largest idf, their number, the largest idf."""
    own = held.indices[held.indptr[row] : held.indptr[row + 1]][held[row].data > 0]
    idf = np.log((2 + row) / (1 + tallies.holders[own])) + 1
    shared = held[rows][:, own].toarray() * idf
    largest = -np.sort(-shared, axis=1)
    first = largest[:, 0] if largest.shape[1] else np.zeros(len(rows))
    return largest[:, :3].sum(axis=1), np.count_nonzero(shared, axis=1), first
