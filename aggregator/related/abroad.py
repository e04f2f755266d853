"""Across languages: two articles that share no words but rare names, of people and places, tell one story.

Such a link is told with its language and stands after those of the reader's own. Its score is the cosine of
the names alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from aggregator.related.index import Index
    from aggregator.related.shelf import Shelf

_CANDIDATES = 30
LEAST_COSINE = 0.25
RARE_NAMES = 2
"""So many names that hardly any article has must be in both heads."""
_RARE_ENTRIES, _RARE_SHARE = 12, 0.002
"""Hardly any: so many entries, or this share of them in a large library."""
_MOST = 5


class Foreign(NamedTuple):
    """An older article in another language. `cosine` of the names in (0, 1]; `names` rare ones first."""

    language: str
    row: int
    cosine: float
    names: tuple[int, ...]


def foreign_neighbours(
    names: Index, row: int, shelves: Mapping[str, Shelf], language: str
) -> Iterator[Foreign]:
    """Of the article with that row in the index of names, best first."""
    terms, codes = names.vector(row)
    if np.count_nonzero(_are_rare(names, terms) & (names.counts(terms) > 1)) < RARE_NAMES:
        return
    found = names.query(terms, codes, float(names.days[row]), k=_CANDIDATES, floor=LEAST_COSINE)
    older = found.rows < row
    rows, cosines = found.rows[older], found.cosines[older]
    shared, known, _ = names.shared(row, rows, _MOST)
    for place in np.flatnonzero(_rare(names, shared, known) >= RARE_NAMES).tolist():
        home = _home(int(rows[place]), shelves)
        if home is not None and home[0] != language:
            told = tuple(shared[place, : known[place]].tolist())
            yield Foreign(*home, float(cosines[place]), told)


def shared_names(names: Index, row: int, other: int) -> tuple[tuple[int, ...], int]:
    """Names in both heads, rare ones first, and how many of them are rare."""
    shared, known, _ = names.shared(row, np.array([other]), _MOST)
    return tuple(shared[0, : known[0]].tolist()), int(_rare(names, shared, known)[0])


def _rare(
    names: Index, shared: npt.NDArray[np.uint32], known: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    rare = _are_rare(names, shared.ravel()).reshape(shared.shape)
    return np.asarray((rare & (np.arange(_MOST) < known[:, None])).sum(axis=1), np.int64)


def _are_rare(names: Index, terms: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    return np.asarray(names.idf(terms) >= _least_idf(names.live), np.bool_)


def _least_idf(entries: int) -> float:
    return math.log((1 + entries) / (1 + max(_RARE_ENTRIES, _RARE_SHARE * entries))) + 1


def _home(name_row: int, shelves: Mapping[str, Shelf]) -> tuple[str, int] | None:
    """The language and the row there; rows of names ascend in every language."""
    for language, shelf in shelves.items():
        known: npt.NDArray[np.int32] = shelf.facts.rows["names"]
        place = int(np.searchsorted(known, name_row))
        if place < len(known) and known[place] == name_row and shelf.index.alive[place]:
            return language, place
    return None
