"""What a feed repeats in its entries: teasers, newsletter boxes, biographies, the labels of its columns.

For each feed, runs of six terms are remembered with how often they came back under titles that have nothing
in common. Stop words and numbers are no terms, so a footer that counts its readers is still one. A run that
came back is boilerplate; the same text told twice under one title, as agencies do, is not, and neither is the
name of a story ("Guerre en Ukraine : …"), which is shorter than a run.

What is known depends only on the entries read before and on their order. The first entry of a feed is read as
it is. A feed takes at most 106 kB, and old runs give way to new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aggregator.related.languages import NO_TERM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

_RUN = 6
_FEWEST_SLOTS, _MOST_SLOTS = 512, 8192
_LEARNT, _FORMULA = 2, 4
_MOST = 8
_OTHER_TITLE, _SIMILAR_TITLE = 2, 1
# Odd multipliers of a polynomial modulo 2⁶⁴ (Knuth, TAOCP 3, 6.4: multiplicative hashing).
_FACTORS = np.array([0x9E3779B97F4A7C15 ** (place + 1) % 2**64 for place in range(_RUN)], np.uint64)


class _Slots(NamedTuple):
    """The runs of one feed; arrays of one length, a power of two. A run has one place, by its hash.

    `runs` uint32, 0 for none; `seen` uint8, how much speaks for boilerplate; `titles` uint64, the title under
    which it was seen last: one bit a term.
    """

    runs: npt.NDArray[np.uint32]
    seen: npt.NDArray[np.uint8]
    titles: npt.NDArray[np.uint64]


def _empty(length: int) -> _Slots:
    return _Slots(np.zeros(length, np.uint32), np.zeros(length, np.uint8), np.zeros(length, np.uint64))


class Boilerplate:
    """Learns while it reads. One thread at a time may use it."""

    def __init__(self) -> None:
        self._feeds: dict[str, _Slots] = {}

    def repeated(
        self, feed: str, title: Sequence[int], text: npt.NDArray[np.uint32]
    ) -> npt.NDArray[np.bool_]:
        """Which `text` terms (uint32, in their order) the feed has said before; bool of the same shape.

        `title` holds the terms of the title. Each entry is to be read once, in the order of arrival.
        """
        runs = _runs(text)
        if not len(runs):
            return np.zeros(len(text), bool)
        slots = self._room(feed, len(runs))
        learnt = _learn(slots, runs, _bits(title), least=_LEARNT)
        return _covered(learnt, len(text))

    def is_formula(self, feed: str, title: Sequence[int], tail: Sequence[int]) -> bool:
        """Whether the feed has hung these terms, and no others, behind other titles often enough."""
        run = np.array([_mixed(tail)], np.uint32)
        return bool(_learn(self._room(feed, 1), run, _bits(title), least=_FORMULA)[0])

    def _room(self, feed: str, runs: int) -> _Slots:
        """The slots of the feed; more of them when they are half full."""
        slots = self._feeds.get(feed) or _empty(_FEWEST_SLOTS)
        length = len(slots.runs)
        while length < _MOST_SLOTS and 2 * (np.count_nonzero(slots.runs) + runs) > length:
            length *= 2
        if length > len(slots.runs):
            slots = _moved(slots, length)
        self._feeds[feed] = slots
        return slots

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """All that was learnt, as arrays: the feeds' names, their numbers of slots, and the slots."""
        names, kept = list(self._feeds), list(self._feeds.values()) or [_empty(0)]
        columns = (np.concatenate(column) for column in zip(*kept, strict=True))
        return {
            "feeds": np.array(names, np.str_),
            "lengths": np.array([len(slots.runs) for slots in self._feeds.values()], np.int64),
            **dict(zip(_Slots._fields, columns, strict=True)),
        }

    @classmethod
    def restored(cls, state: Mapping[str, npt.NDArray[np.generic]]) -> Boilerplate:
        """From what `state` gave."""
        self = cls()
        bounds = np.cumsum(state["lengths"])[:-1]
        columns = [np.split(state[name].copy(), bounds) for name in _Slots._fields]
        for name, *slots in zip(state["feeds"].tolist(), *columns, strict=bool(len(state["feeds"]))):
            self._feeds[name] = _Slots(*slots)
        return self


def _runs(text: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The hash of each run of terms, never 0. A text that is shorter than a run is no run."""
    count = len(text) - _RUN + 1
    if count <= 0:
        return np.empty(0, np.uint32)
    wide = text.astype(np.uint64)
    mixed = wide[:count] * _FACTORS[0]
    for place in range(1, _RUN):
        mixed += wide[place : place + count] * _FACTORS[place]
    return np.asarray((mixed >> np.uint64(32)).astype(np.uint32) | np.uint32(1), np.uint32)


def _mixed(terms: Sequence[int]) -> int:
    """The hash of any number of terms, never 0 and never that of a run."""
    mixed = 1
    for term in terms:
        mixed = (mixed + term) * 0x9E3779B97F4A7C15 % 2**64
    return mixed >> 32 | 1


def _place(runs: npt.NDArray[np.uint32], length: int) -> npt.NDArray[np.int64]:
    return np.asarray(runs >> np.uint32(1) & np.uint32(length - 1), np.int64)


def _bits(title: Sequence[int]) -> np.uint64:
    """One bit a term; two titles without a bit in common have no term in common."""
    bits = 0
    for term in title:
        if term != NO_TERM:
            bits |= 1 << (term & 63)
    return np.uint64(bits)


def _learn(
    slots: _Slots, runs: npt.NDArray[np.uint32], title: np.uint64, *, least: int
) -> npt.NDArray[np.bool_]:
    """Notes the runs; which of them are boilerplate.

    A run that finds its slot taken by another weakens it, and takes it once nothing speaks for the other
    (Misra & Gries 1982).
    """
    places = _place(runs, len(slots.runs))
    known, seen = slots.runs[places] == runs, slots.seen[places]
    learnt = np.zeros(len(runs), bool)
    if known.any():
        last, before = slots.titles[places[known]], seen[known]
        more = np.where(last & title == 0, _OTHER_TITLE, _SIMILAR_TITLE) * (last != title)
        now = np.minimum(before + more, _MOST)
        slots.seen[places[known]] = now
        learnt[known] = now >= least
    slots.seen[places[~known]] -= seen[~known] > 0
    mine = places[known | (seen == 0)]
    slots.runs[mine] = runs[known | (seen == 0)]
    slots.titles[mine] = title
    return learnt


def _covered(learnt: npt.NDArray[np.bool_], length: int) -> npt.NDArray[np.bool_]:
    """The terms that stand in a learnt run."""
    covered = np.zeros(length, bool)
    if learnt.any():
        for place in range(_RUN):
            covered[place : place + len(learnt)] |= learnt
    return covered


def _moved(slots: _Slots, length: int) -> _Slots:
    """The same runs in more slots."""
    wider = _empty(length)
    held = np.flatnonzero(slots.runs)
    places = _place(slots.runs[held], length)
    wider.runs[places], wider.seen[places] = slots.runs[held], slots.seen[held]
    wider.titles[places] = slots.titles[held]
    return wider
