"""What linking knows of each row beside its words: when, where, its neighbours, how often it was linked.

One structured array, one element a row, in the order of arrival; it can be saved and mapped back into memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

NEIGHBOURS = 10
"""Older rows kept for each row, with their weights: its surroundings, from which its expansion is made."""
BEST = 12
"""Ranks kept for each row: its best links so far."""
NONE = -1
"""The row number that says no row; the section of an article without one."""

FACTS = np.dtype(
    [
        ("arrival", np.int64),
        ("id", np.int64),
        ("day", np.float64),
        ("section", np.int32),
        ("title", np.uint64),
        ("linked", np.int32),
        ("spread", np.float32),
        ("neighbours", np.int32, (NEIGHBOURS,)),
        ("weights", np.float32, (NEIGHBOURS,)),
        ("best", np.float32, (BEST,)),
    ]
)
"""`day` since 1970, NaN without a date · `title` a hash of its normal form, 0 where it proves nothing ·
`linked` how many later rows had it among their first · `spread` the length of the expanded vector, the own
vector having 1 · `best` ascending ranks, -inf where there are fewer."""


class Facts:
    """Grows by doubling. `rows` is a view of what is there; do not keep it across `append`."""

    def __init__(self, rows: npt.NDArray[np.void] | None = None) -> None:
        self._all = np.empty(0, FACTS) if rows is None else rows
        self._count = len(self._all)

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> npt.NDArray[np.void]:
        return self._all[: self._count]

    def append(self, **facts: object) -> npt.NDArray[np.void]:
        """The new element, all other fields at "none yet"."""
        if self._count == len(self._all):
            wider = np.empty(max(1_024, 2 * self._count), FACTS)
            wider[: self._count] = self._all
            self._all = wider
        row = self._all[self._count : self._count + 1]
        row["linked"], row["spread"], row["neighbours"] = 0, 1.0, NONE
        row["weights"], row["best"] = 0.0, -np.inf
        for name, value in facts.items():
            row[name] = value
        self._count += 1
        return row
