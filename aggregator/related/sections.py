"""Which sections of which feeds tell the same news: how often entries of one had their neighbours in another.

A section is a feed and the first part of its entries' addresses ("/sport/…"), a fact that every feed gives.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from aggregator.related.features import affinity

if TYPE_CHECKING:
    import numpy.typing as npt

    from aggregator.domain import Article


def section_name(article: Article) -> str:
    """An address of one part alone ("/a-long-title") says nothing of a section."""
    path = urlsplit(article.url or "").path.strip("/") if _is_address(article.url) else ""
    first, slash, _ = path.partition("/")
    return f"{article.source}\n{first if slash else ''}"


def _is_address(url: str | None) -> bool:
    """urlsplit refuses some that a feed may well hold."""
    try:
        urlsplit(url or "")
    except ValueError:
        return False
    return True


class Sections:
    """The tallies of one language. Sections are numbered in the order of their first entry."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.entries: list[int] = []
        self.pairs: Counter[tuple[int, int]] = Counter()
        self._linked: Counter[int] = Counter()
        self._total = 0

    def state(self) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Names by number, entries by number, and (n, 3) pairs with their counts."""
        pairs = [(*pair, count) for pair, count in self.pairs.items()]
        return list(self.names), np.array(self.entries, np.int64), np.array(pairs, np.int64).reshape(-1, 3)

    def restore(self, names: list[str], entries: npt.NDArray[np.int64], pairs: npt.NDArray[np.int64]) -> None:
        """What `state` gave."""
        self.names = {name: number for number, name in enumerate(names)}
        self.entries = entries.tolist()
        self._total = sum(self.entries)
        for section, other, count in pairs.tolist():
            self.pairs[section, other] = count
            self._linked[section] += count

    def number(self, name: str) -> int:
        """A new section gets a number."""
        number = self.names.setdefault(name, len(self.names))
        if number == len(self.entries):
            self.entries.append(0)
        return number

    def note(self, section: int, neighbours: list[int]) -> None:
        """An entry of this section has its first neighbours in these."""
        self.entries[section] += 1
        self._total += 1
        self._linked[section] += len(neighbours)
        self.pairs.update((section, other) for other in neighbours)

    def affinities(self, section: int, others: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """How much more often than chance this section's entries have neighbours in each of `others`."""
        those = others.tolist()
        pairs = np.array([self.pairs.get((section, other), 0) for other in those], np.float64)
        entries = np.array([self.entries[other] for other in those], np.float64)
        return affinity(pairs, self._linked[section], entries, self._total)
