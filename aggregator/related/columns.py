"""What an index knows of each row beside its terms: arrays that grow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aggregator.related.kernels import BLOCK, F32, F64

if TYPE_CHECKING:
    import numpy.typing as npt

    from aggregator.related.cachefiles import Arrays

_BY_ROW = ("days", "alive", "inverse", "share", "tenth", "best")
_BY_BLOCK = ("lows", "highs", "undated")


class Columns:
    """One element a row; the arrays are longer than `size`.

    `days` since 1970, NaN for none. `inverse` is 1/norm and `share` the part of the norm that common terms
    make, both of the last refresh. `best` are the row's best scores so far, descending, `tenth` the last of
    them; 0 where there are fewer. Dead rows have inverse and share 0 and tenth inf, so that nothing finds
    them. `lows` and `highs` bound the days of each block of rows, some of which may be `undated`; blocks do
    not cross segments.
    """

    def __init__(self, segment_rows: int, kept: int) -> None:
        self.size = 0
        self._segment_rows = segment_rows
        self._blocks = -(-segment_rows // BLOCK)
        self.days: F64 = np.empty(0)
        self.alive: npt.NDArray[np.bool_] = np.empty(0, np.bool_)
        self.inverse: F32 = np.empty(0, np.float32)
        self.share: F32 = np.empty(0, np.float32)
        self.tenth: F32 = np.empty(0, np.float32)
        self.best: F32 = np.empty((0, kept), np.float32)
        self.lows: F64 = np.empty(0)
        self.highs: F64 = np.empty(0)
        self.undated: npt.NDArray[np.bool_] = np.empty(0, np.bool_)

    def arrays(self) -> Arrays:
        """All of it, for `restore`."""
        found: Arrays = {name: getattr(self, name)[: self.size] for name in _BY_ROW}
        return {**found, **{name: getattr(self, name) for name in _BY_BLOCK}}

    def restore(self, arrays: Arrays) -> None:
        """Take the rows of `arrays`."""
        for name in (*_BY_ROW, *_BY_BLOCK):
            setattr(self, name, arrays[name])
        self.size = len(self.days)

    def append(self, day: float, inverse: float, share: float) -> int:
        """Add a living row; returns its number."""
        row = self.size
        if row == len(self.days):
            self.reserve(2 * row + 1024)
        self.days[row], self.alive[row] = day, True
        self.inverse[row], self.share[row] = inverse, share
        block = row // self._segment_rows * self._blocks + row % self._segment_rows // BLOCK
        if math.isnan(day):
            self.undated[block] = True
        else:
            self.lows[block], self.highs[block] = min(self.lows[block], day), max(self.highs[block], day)
        self.size += 1
        return row

    def reserve(self, room: int) -> None:
        """Make room for this many rows."""
        for name in _BY_ROW:
            old = getattr(self, name)
            wider = np.zeros((room, *old.shape[1:]), old.dtype)
            wider[: self.size] = old[: self.size]
            setattr(self, name, wider)
        blocks = (room // self._segment_rows + 1) * self._blocks
        self.lows = np.concatenate([self.lows, np.full(blocks - len(self.lows), np.inf)])
        self.highs = np.concatenate([self.highs, np.full(blocks - len(self.highs), -np.inf)])
        self.undated = np.concatenate([self.undated, np.zeros(blocks - len(self.undated), np.bool_)])

    def hide_dead(self) -> None:
        """Dead rows have neither weight nor a list that could be entered."""
        dead = np.flatnonzero(~self.alive[: self.size])
        self.inverse[dead] = self.share[dead] = 0
        self.tenth[dead] = np.inf

    def blocks(self, segment: int, rows: int) -> slice:
        """The blocks of the first `rows` rows of a segment."""
        return slice(segment * self._blocks, segment * self._blocks + -(-rows // BLOCK))
