"""What linking knows of each row of a language beside its words; the machine's tallies.

One structured array, one element a row, in the order of arrival; it can be written to a file and mapped back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.void]

NEIGHBOURS = 10
"""Older rows kept for each row: its surroundings, from which its expansion is made."""
MET = 16
"""How many of the nearest that it has met a row remembers."""
KEPT = 12
"""How many of its best links are kept for a row: four remain for a person who follows only some feeds."""
NO_ROW = -1


def facts_type(kept: int) -> np.dtype[np.void]:
    """One element a row.

    `title` is a hash of the title's normal form, 0 where it proves nothing; `names` the row in the index of
    names; `followed` how many later rows have it among their neighbours; `spread` the length of the expanded
    vector, the own vector having 1; `body` whether it has more text than a summary; `weights` of the
    neighbours, their sum is 1; `met` descending expanded cosines, 0 where there are fewer; `best` ascending
    merits of its links, -inf where there are fewer.
    """
    return np.dtype(
        [
            ("arrival", np.int64),
            ("id", np.int64),
            ("title", np.uint64),
            ("section", np.int32),
            ("names", np.int32),
            ("followed", np.int32),
            ("spread", np.float32),
            ("body", np.bool_),
            ("neighbours", np.int32, (NEIGHBOURS,)),
            ("weights", np.float32, (NEIGHBOURS,)),
            ("met", np.float32, (MET,)),
            ("best", np.float32, (kept,)),
        ],
        align=True,
    )


class Facts:
    """Grows by doubling. `rows` is a view of what is there; do not keep it across `append`."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._all: Rows = np.empty(0, facts_type(kept))
        self._count = 0

    def array(self) -> npt.NDArray[np.uint8]:
        """All of it as bytes, with room for more rows."""
        room = self._count + self._count // 8 + 1_024
        wider = np.zeros(room, self._all.dtype)
        wider[: self._count] = self.rows
        return wider.view(np.uint8)

    def restore(self, array: npt.NDArray[np.uint8], count: int) -> None:
        """What `array` gave when there were `count` rows."""
        self._all, self._count = array.view(self._all.dtype), count

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> Rows:
        return self._all[: self._count]

    def append(self, *, arrival: int, id_: int, title: int, section: int, names: int, body: bool) -> None:
        """A row that knows nobody yet."""
        if self._count == len(self._all):
            wider = np.empty(max(1_024, 2 * self._count), self._all.dtype)
            wider[: self._count] = self._all
            self._all = wider
        row = self._all[self._count]
        row["neighbours"], row["best"] = NO_ROW, -np.inf
        row["weights"] = row["met"] = row["followed"] = 0
        row["arrival"], row["id"], row["title"], row["section"] = arrival, id_, title, section
        row["names"], row["body"], row["spread"] = names, body, 1
        self._count += 1
