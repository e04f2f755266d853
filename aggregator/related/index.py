"""Analysed entries to their neighbours: the raw cosines of TF-IDF vectors.

scikit-learn weighs (`TfidfTransformer`: 1 + log tf, smooth idf, L2 norm; Salton & Buckley 1988), a sparse
product compares. Rows are in the order of arrival. Terms can be added and removed; `weigh` then makes the
vectors anew, so that idf is always that of all entries held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from aggregator.related.showing import title_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from aggregator.domain import Article
    from aggregator.related.text import Terms

_CHUNK = 128


class Pairs(NamedTuple):
    """Pairs of rows with their cosine; three arrays of one length."""

    row: npt.NDArray[np.int64]
    other: npt.NDArray[np.int64]
    cosine: npt.NDArray[np.float32]

    def take(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Pairs:
        return Pairs(self.row[which], self.other[which], self.cosine[which])


class Facts(NamedTuple):
    """What is known of the rows beside their terms, one array element a row.

    `days` are days since 1970, NaN where there is no date; `title` is the normal form of the title, empty
    where it proves nothing.
    """

    id: npt.NDArray[np.int64]
    days: npt.NDArray[np.float64]
    language: npt.NDArray[np.str_]
    title: npt.NDArray[np.str_]


def _no_facts() -> Facts:
    return Facts(np.empty(0, np.int64), np.empty(0), np.empty(0, "U8"), np.empty(0, "U200"))


class Index:
    """The entries that can be linked to. Not thread-safe: one linker owns it."""

    def __init__(self) -> None:
        self.facts = _no_facts()
        self._vocabulary: npt.NDArray[np.uint32] = np.empty(0, np.uint32)
        self._counts = sparse.csr_matrix(np.empty((0, 0), np.float32))
        self._vectors = self._counts
        self._inverted = self._counts

    def __len__(self) -> int:
        return len(self.facts.id)

    def add(self, ids: Sequence[int], articles: Sequence[Article], terms: Sequence[Terms]) -> None:
        """Append rows. `ids` are the index's own names for the articles, unique and never negative."""
        if not ids:
            return
        added = Facts(
            np.asarray(ids, np.int64),
            np.asarray([_days(article) for article in articles]),
            np.asarray([t.language for t in terms], "U8"),
            np.asarray([title_key(article.title)[:200] for article in articles], "U200"),
        )
        self.facts = Facts._make(np.concatenate(pair) for pair in zip(self.facts, added, strict=True))
        self._counts = self._with_rows(terms)

    def _with_rows(self, terms: Sequence[Terms]) -> sparse.csr_matrix[np.float32]:
        ids = np.concatenate([t.ids for t in terms])
        self._widen(np.unique(ids))
        counts = np.concatenate([2 * t.head + t.body for t in terms]).astype(np.float32)
        bounds = np.cumsum([0, *(len(t.ids) for t in terms)])
        columns = np.searchsorted(self._vocabulary, ids).astype(np.int32)
        shape = (len(terms), len(self._vocabulary))
        added = sparse.csr_matrix((counts, columns, bounds), shape)
        return cast("sparse.csr_matrix[np.float32]", sparse.vstack([self._counts, added], format="csr"))

    def _widen(self, found: npt.NDArray[np.uint32]) -> None:
        """Make room for terms that were never seen."""
        wider = np.union1d(self._vocabulary, found)
        moved = np.searchsorted(wider, self._vocabulary).astype(np.int32)
        old = self._counts
        columns = moved[old.indices] if old.nnz else old.indices
        self._counts = sparse.csr_matrix((old.data, columns, old.indptr), (old.shape[0], len(wider)))
        self._vocabulary = wider

    def remove(self, ids: Iterable[int]) -> None:
        """Drop these rows; unknown ids are ignored."""
        keep = ~np.isin(self.facts.id, np.fromiter(ids, np.int64))
        if not keep.all():
            self.facts = Facts._make(column[keep] for column in self.facts)
            self._counts = self._counts[keep]

    def weigh(self) -> None:
        """Make the vectors of all rows from what is held now; needed after `add` or `remove`."""
        if not self._counts.nnz:  # nothing is held, or nothing of it says anything
            self._vectors, self._inverted = self._counts, self._counts.T.tocsr()
            return
        # Explicit zeros would count in the document frequencies; there are none: counts are at least 1.
        self._vectors = (
            TfidfTransformer(sublinear_tf=True, smooth_idf=True).fit_transform(self._counts).tocsr()
        )
        self._inverted = self._vectors.T.tocsr()

    def pairs(self, rows: npt.NDArray[np.int64], floor: float) -> Iterator[Pairs]:
        """For chunks of `rows`, in order: every other row of the same language at a cosine ≥ `floor`."""
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            found = (self._vectors[chunk] @ self._inverted).tocoo()
            row, other = chunk[found.row], found.col.astype(np.int64)
            pairs = Pairs(row, other, np.minimum(found.data, 1)).take((found.data >= floor) & (row != other))
            yield pairs.take(self.facts.language[pairs.row] == self.facts.language[pairs.other])

    def contributions(self, pairs: Pairs) -> sparse.csr_matrix[np.float32]:
        """One row a pair: what each term that both hold adds to their cosine (columns as in `terms`)."""
        return self._vectors[pairs.row].multiply(self._vectors[pairs.other]).tocsr()

    def terms(self, columns: npt.NDArray[np.int32]) -> npt.NDArray[np.uint32]:
        """The term ids of these columns."""
        return self._vocabulary[columns]


def _days(article: Article) -> float:
    return article.published_at.timestamp() / 86_400 if article.published_at else float("nan")
