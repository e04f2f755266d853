"""Why a pair is linked: the words that carry its cosine.

A cosine of unit vectors is the sum, over the terms that both hold, of the products of their weights; the
product of a term is its importance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aggregator.related.index import Index, Pairs


def shared_words(
    index: Index, pairs: Pairs, spellings: Sequence[Mapping[int, str]], *, limit: int
) -> Iterator[tuple[str, ...]]:
    """For each pair up to `limit` words of both texts, most important first.

    `spellings` gives, for each pair, the words of one of its texts by term id.
    """
    parts = index.contributions(pairs)
    for spelling, start, end in zip(spellings, parts.indptr[:-1], parts.indptr[1:], strict=True):
        best = np.argsort(-parts.data[start:end], kind="stable")[:limit]
        terms = index.terms(parts.indices[start:end][best])
        yield tuple(spelling[term] for term in terms.tolist() if term in spelling)
