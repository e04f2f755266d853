"""The terms that an index has met: a number for each, and in how many rows it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aggregator.related.kernels import F32, I32, U32, count_terms, enter_numbers, find_numbers

if TYPE_CHECKING:
    from aggregator.related.cachefiles import Arrays

MOST_TERMS = 1 << 24
"""A number and a code share four bytes."""
_ROOM = 1024


class Vocabulary:
    """Numbers are given in the order of arrival and stay. The arrays are longer than `size`."""

    def __init__(self) -> None:
        self.size = 0
        self.keys: U32 = np.zeros(_ROOM, np.uint32)
        self.counts: I32 = np.zeros(_ROOM, np.int32)
        self.rarity: F32 = np.ones(_ROOM, np.float32)  # 1 - ln(1 + df)
        self._table: I32 = np.full(2 * _ROOM, -1, np.int32)

    @classmethod
    def of(cls, keys: U32, counts: I32, rarity: F32) -> Vocabulary:
        """The vocabulary of these terms, in this order."""
        made = cls()
        made._grow(len(keys))
        numbers = np.empty(len(keys), np.int32)
        made.size = enter_numbers(keys, made.keys, made._table, 0, numbers)
        made.counts[: made.size], made.rarity[: made.size] = counts, rarity
        return made

    def arrays(self) -> Arrays:
        """What `of` needs."""
        size = self.size
        return {"keys": self.keys[:size], "counts": self.counts[:size], "rarity": self.rarity[:size]}

    @property
    def room(self) -> int:
        return len(self.keys)

    def find(self, terms: U32) -> I32:
        """The number of each term, -1 for unknown ones."""
        numbers = np.empty(len(terms), np.int32)
        find_numbers(terms, self.keys, self._table, numbers)
        return numbers

    def enter(self, terms: U32) -> I32:
        """The number of each term, new ones included; each is counted in one row more.

        Raises OverflowError beyond `MOST_TERMS`.
        """
        if self.size + len(terms) > MOST_TERMS:
            raise OverflowError(f"an index holds at most {MOST_TERMS:,} different terms")
        if self.size + len(terms) > self.room:
            self._grow(self.size + len(terms))
        numbers = np.empty(len(terms), np.int32)
        self.size = enter_numbers(terms, self.keys, self._table, self.size, numbers)
        count_terms(numbers, 1, self.counts, self.rarity)
        return numbers

    def forget(self, numbers: I32) -> None:
        """Count these terms in one row less."""
        count_terms(numbers, -1, self.counts, self.rarity)

    def _grow(self, least: int) -> None:
        room = self.room
        while room < least:
            room *= 2
        size, keys = self.size, self.keys[: self.size]
        self.keys = np.zeros(room, np.uint32)
        self.counts = np.concatenate([self.counts[:size], np.zeros(room - size, np.int32)])
        self.rarity = np.concatenate([self.rarity[:size], np.ones(room - size, np.float32)])
        self._table = np.full(2 * room, -1, np.int32)
        enter_numbers(keys, self.keys, self._table, 0, np.empty(size, np.int32))
