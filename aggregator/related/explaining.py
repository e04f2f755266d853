"""Why a pair is linked: the terms that carry its raw cosine.

A cosine is the sum, over the terms that both texts hold, of the products of their weights over the two norms;
what a term adds is its importance. Terms that only an expansion would bring are in neither text, and so never
among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aggregator.related.weighting import decode

if TYPE_CHECKING:
    import numpy.typing as npt

    from aggregator.related.index import Index


class Shared(NamedTuple):
    """What two texts share; arrays of one length, the most important term first.

    `parts` is what each term adds to the raw cosine; they add up to it. `tf` and `other_tf` are the weights
    in the two texts before the `idf`, which is that of now.
    """

    terms: npt.NDArray[np.uint32]
    parts: npt.NDArray[np.float64]
    tf: npt.NDArray[np.float32]
    other_tf: npt.NDArray[np.float32]
    idf: npt.NDArray[np.float32]


def shared_terms(index: Index, row: int, other: int) -> Shared:
    """All that two rows of one index share, to be told at length."""
    terms, codes = index.vector(row)
    others, other_codes = index.vector(other)
    both, at, at_other = np.intersect1d(terms, others, assume_unique=True, return_indices=True)
    tf, other_tf, idf = decode(codes[at]), decode(other_codes[at_other]), index.idf(both)
    norms = index.norms(np.array([row, other])).astype(np.float64)
    parts = tf.astype(np.float64) * other_tf * idf.astype(np.float64) ** 2 / max(norms.prod(), 1e-12)
    order = np.argsort(-parts, kind="stable")
    return Shared(both[order], parts[order], tf[order], other_tf[order], idf[order])
