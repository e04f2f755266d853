"""Why a pair is linked: the terms that carry its raw cosine.

A cosine is the sum, over the terms that both texts hold, of the products of their weights over the two norms;
what a term adds is its importance. Terms that only an expansion would bring are in neither text, and so never
among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aggregator.related.pairs import common_terms
from aggregator.related.weighting import decode

if TYPE_CHECKING:
    import numpy.typing as npt

    from aggregator.related.index import Index


class Shared(NamedTuple):
    """The terms of both texts, the most important first, equals by id; arrays of one length.

    `parts` is what each adds to the raw cosine; they add up to it. `idf` as of now.
    """

    terms: npt.NDArray[np.uint32]
    parts: npt.NDArray[np.float64]
    idf: npt.NDArray[np.float64]


def shared_terms(index: Index, row: int, other: int) -> Shared:
    """Of two rows of one index."""
    terms, codes = index.vector(row)
    others, other_codes = index.vector(other)
    room = min(len(terms), len(others))
    at, at_other = np.empty(room, np.int64), np.empty(room, np.int64)
    count = common_terms(terms, others, at, at_other)
    both = terms[at[:count]]
    tf = decode(codes[at[:count]]).astype(np.float64) * decode(other_codes[at_other[:count]])
    idf = index.idf(both).astype(np.float64)
    norms = index.norms(np.array([row, other])).astype(np.float64)
    parts = tf * idf**2 / max(norms[0] * norms[1], 1e-12)
    order = np.lexsort((both, -parts))
    return Shared(both[order], parts[order], idf[order])
