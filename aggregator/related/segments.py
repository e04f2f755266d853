"""Parts of an index: the rows that arrived one after another, with the postings of their terms.

The last segment is open: its lists lie in a pool and move when they are full. A full segment is sealed: its
arrays are packed and never change again, so they can live in a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from aggregator.related.cachefiles import give_back
from aggregator.related.kernels import I32, I64, SLOTS, U8, U16, U32, draw_lines, pack, post, post_all

if TYPE_CHECKING:
    import numpy.typing as npt

    from aggregator.related.cachefiles import Arrays, Bundle

_Scalar = TypeVar("_Scalar", bound=np.generic)

_COMMON = 64
"""A term can be common in a segment when at least one row in so many holds it."""


class Postings(NamedTuple):
    """Inverted: of the term with number n, local rows `docs` and codes `tfs` from starts[n] to ends[n].

    Common terms have a slot below `SLOTS`, and lines[row, slot] is the code, 0 where the row is without.
    """

    starts: U32
    ends: U32
    docs: U16
    tfs: U8
    slots: U8
    lines: U8


class Rows(NamedTuple):
    """Forward: of the local row r, the terms from starts[r] to starts[r + 1], each number · 256 + code."""

    starts: I64
    terms: U32


class Sealed:
    """A segment that never changes."""

    def __init__(self, offsets: U32, docs: U16, tfs: U8, slots: U8, lines: U8, rows: Rows) -> None:
        self.offsets = offsets
        self.rows = rows
        self.bundle: Bundle | None = None  # the file that holds it, once it was saved
        self.postings = Postings(offsets[:-1], offsets[1:], docs, tfs, slots, lines)

    @classmethod
    def of(cls, arrays: Arrays, bundle: Bundle) -> Sealed:
        """The segment in these arrays of a file."""
        rows = Rows(arrays["row_starts"], arrays["terms"])
        made = cls(arrays["offsets"], arrays["docs"], arrays["tfs"], arrays["slots"], arrays["lines"], rows)
        made.bundle = bundle
        return made

    def __len__(self) -> int:
        return len(self.rows.starts) - 1

    def give_back(self) -> None:
        """Let go of the memory of the rows, if they are in a file: few of many are read, here and there."""
        for array in self.rows:
            give_back(array)

    def arrays(self) -> Arrays:
        """What `of` needs."""
        _, _, docs, tfs, slots, lines = self.postings
        return {
            "offsets": self.offsets,
            "docs": docs,
            "tfs": tfs,
            "slots": slots,
            "lines": lines,
            "row_starts": self.rows.starts,
            "terms": self.rows.terms,
        }


class Open:
    """The segment that grows, up to `capacity` rows."""

    def __init__(self, capacity: int, terms: int) -> None:
        self._size = self._used = 0
        self._lists(terms)
        self.lines: U8 = np.zeros((capacity, SLOTS), np.uint8)
        self.docs: U16 = np.zeros(4096, np.uint16)
        self.tfs: U8 = np.zeros(4096, np.uint8)
        self._row_starts: I64 = np.zeros(capacity + 1, np.int64)
        self._terms: U32 = np.zeros(4096, np.uint32)
        self._refresh_views()

    @classmethod
    def of(cls, rows: Rows, slots: U8, capacity: int, terms: int) -> Open:
        """The open segment of these rows."""
        made = cls(capacity, terms)
        made._size, length = len(rows.starts) - 1, len(rows.terms)
        made._row_starts[: made._size + 1] = rows.starts
        made._terms = _doubled(rows.terms)
        made.docs, made.tfs = np.zeros(4 * length + 1, np.uint16), np.zeros(4 * length + 1, np.uint8)
        made.slots[: len(slots)] = slots
        made._used = post_all(*rows, made.starts, made.ends, made.docs, made.tfs, made.slots, made.lines)
        made._refresh_views()
        return made

    def __len__(self) -> int:
        return self._size

    def _lists(self, terms: int) -> None:
        self.starts: U32 = np.zeros(terms, np.uint32)
        self.ends: U32 = np.zeros(terms, np.uint32)
        self.slots: U8 = np.full(terms, 255, np.uint8)

    def _refresh_views(self) -> None:
        self.postings = Postings(self.starts, self.ends, self.docs, self.tfs, self.slots, self.lines)
        self.rows = Rows(self._row_starts[: self._size + 1], self._terms)

    def append(self, numbers: I32, codes: U8, terms: int) -> None:
        """Add a row; `terms` is how many numbers there may be."""
        if terms > len(self.starts):
            wider = terms - len(self.starts)
            self.starts = np.concatenate([self.starts, np.zeros(wider, np.uint32)])
            self.ends = np.concatenate([self.ends, np.zeros(wider, np.uint32)])
            self.slots = np.concatenate([self.slots, np.full(wider, 255, np.uint8)])
            self._refresh_views()
        self._post(numbers, codes)
        at, end = self._row_starts[self._size], self._row_starts[self._size] + len(numbers)
        while end > len(self._terms):
            self._terms = _doubled(self._terms)
        self._terms[at:end] = numbers.astype(np.uint32) << 8 | codes
        self._size += 1
        self._row_starts[self._size] = end
        self._refresh_views()

    def _post(self, numbers: I32, codes: U8) -> None:
        while True:
            used = post(self._size, numbers, codes, *self.postings, self._used)
            if used >= 0:
                self._used = used
                return
            self.docs, self.tfs = _doubled(self.docs), _doubled(self.tfs)
            self._refresh_views()

    def arrays(self) -> Arrays:
        """What `of` needs, to be read before the next row is added."""
        length = int(self._row_starts[self._size])
        return {
            "row_starts": self._row_starts[: self._size + 1],
            "terms": self._terms[:length],
            "slots": self.slots,
        }

    def choose_common(self) -> None:
        """Make the terms common that have the longest lists now."""
        lengths = self.ends - self.starts
        often = np.flatnonzero(lengths > self._size // _COMMON)
        if len(often) > SLOTS:
            often = often[np.argpartition(lengths[often], -SLOTS)[-SLOTS:]]
        draw_lines(self.starts, self.ends, self.docs, self.tfs, often, self.slots, self.lines)

    def sealed(self, terms: int) -> Sealed:
        """The same rows, packed; `terms` is how many numbers were given."""
        length = int(self._row_starts[self._size])
        offsets = np.empty(terms + 1, np.uint32)
        docs, tfs = np.empty(length, np.uint16), np.empty(length, np.uint8)
        pack(self.starts[:terms], self.ends[:terms], self.docs, self.tfs, offsets, docs, tfs)
        rows = Rows(
            self._row_starts[: self._size + 1].copy(),
            self._terms[:length].copy(),
        )
        return Sealed(offsets, docs, tfs, self.slots[:terms].copy(), self.lines, rows)


def _doubled(array: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    return np.concatenate([array, np.zeros(len(array) + 1024, array.dtype)])
