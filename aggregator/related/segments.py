"""Parts of an index: the rows that arrived one after another, with the postings of their terms.

The last segment is open: its lists lie in a pool and move when they are full. A full segment is sealed: its
arrays are packed and never change again, so they can live in a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from aggregator.related.kernels import F32, I32, I64, U8, U16, U32, measure, pack, post, post_all

if TYPE_CHECKING:
    import numpy.typing as npt

_Scalar = TypeVar("_Scalar", bound=np.generic)

COMMON = 32
"""A term is common in a segment when at least one row in so many holds it."""


class Postings(NamedTuple):
    """Inverted: of the term with number n, local rows `docs` and codes `tfs` from starts[n] to ends[n]."""

    starts: U32
    ends: U32
    docs: U16
    tfs: U8
    common: U8


class Rows(NamedTuple):
    """Forward: of the local row r, the terms' `numbers` and `codes` from starts[r] to starts[r + 1]."""

    starts: I64
    numbers: I32
    codes: U8


class Sealed:
    """A segment that never changes."""

    def __init__(self, offsets: U32, docs: U16, tfs: U8, common: U8, rows: Rows) -> None:
        self.offsets = offsets
        self.rows = rows
        self.postings = Postings(offsets[:-1], offsets[1:], docs, tfs, common)

    def __len__(self) -> int:
        return len(self.rows.starts) - 1


class Open:
    """The segment that grows, up to `capacity` rows."""

    def __init__(self, capacity: int, terms: int) -> None:
        self._size = self._used = 0
        self._lists(terms)
        self.docs: U16 = np.zeros(4096, np.uint16)
        self.tfs: U8 = np.zeros(4096, np.uint8)
        self._row_starts: I64 = np.zeros(capacity + 1, np.int64)
        self._numbers: I32 = np.zeros(4096, np.int32)
        self._codes: U8 = np.zeros(4096, np.uint8)
        self._refresh_views()

    @classmethod
    def of(cls, rows: Rows, common: U8, capacity: int, terms: int) -> Open:
        """The open segment of these rows."""
        made = cls(capacity, terms)
        made._size, length = len(rows.starts) - 1, len(rows.numbers)
        made._row_starts[: made._size + 1] = rows.starts
        made._numbers, made._codes = rows.numbers.copy(), rows.codes.copy()
        made.docs, made.tfs = np.zeros(4 * length + 1, np.uint16), np.zeros(4 * length + 1, np.uint8)
        made._used = post_all(*rows, made.starts, made.ends, made.docs, made.tfs)
        made.common[: len(common)] = common
        made._refresh_views()
        return made

    def __len__(self) -> int:
        return self._size

    def _lists(self, terms: int) -> None:
        self.starts: U32 = np.zeros(terms, np.uint32)
        self.ends: U32 = np.zeros(terms, np.uint32)
        self.common: U8 = np.zeros(terms, np.uint8)

    def _refresh_views(self) -> None:
        self.postings = Postings(self.starts, self.ends, self.docs, self.tfs, self.common)
        self.rows = Rows(self._row_starts[: self._size + 1], self._numbers, self._codes)

    def append(self, numbers: I32, codes: U8, terms: int) -> None:
        """Add a row; `terms` is how many numbers there may be."""
        if terms > len(self.starts):
            wider = terms - len(self.starts)
            self.starts = np.concatenate([self.starts, np.zeros(wider, np.uint32)])
            self.ends = np.concatenate([self.ends, np.zeros(wider, np.uint32)])
            self.common = np.concatenate([self.common, np.zeros(wider, np.uint8)])
        self._post(numbers, codes)
        at, end = self._row_starts[self._size], self._row_starts[self._size] + len(numbers)
        while end > len(self._numbers):
            self._numbers, self._codes = _doubled(self._numbers), _doubled(self._codes)
        self._numbers[at:end], self._codes[at:end] = numbers, codes
        self._size += 1
        self._row_starts[self._size] = end
        self._refresh_views()

    def _post(self, numbers: I32, codes: U8) -> None:
        while True:
            used = post(self._size, numbers, codes, self.starts, self.ends, self.docs, self.tfs, self._used)
            if used >= 0:
                self._used = used
                return
            self.docs, self.tfs = _doubled(self.docs), _doubled(self.tfs)

    def sealed(self, terms: int) -> Sealed:
        """The same rows, packed; `terms` is how many numbers were given."""
        length = int(self._row_starts[self._size])
        offsets = np.empty(terms + 1, np.uint32)
        docs, tfs = np.empty(length, np.uint16), np.empty(length, np.uint8)
        pack(self.starts[:terms], self.ends[:terms], self.docs, self.tfs, offsets, docs, tfs)
        rows = Rows(
            self._row_starts[: self._size + 1].copy(),
            self._numbers[:length].copy(),
            self._codes[:length].copy(),
        )
        return Sealed(offsets, docs, tfs, self.common[:terms].copy(), rows)


def measure_rows(
    segment: Open | Sealed, rarity: F32, log_rows: float, tf: F32, inverse: F32, share: F32
) -> None:
    """Set 1/norm and the common terms' share of the norm of the segment's rows."""
    least = max(1, -(-len(segment) // COMMON))
    measure(*segment.postings[:4], rarity, log_rows, tf, segment.postings.common, least, inverse, share)


def _doubled(array: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    return np.concatenate([array, np.zeros(len(array) + 1024, array.dtype)])
