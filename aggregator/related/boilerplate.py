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
_LONGEST_GAP = 3
_FEWEST_SLOTS, _MOST_SLOTS = 512, 8192
# What has to speak for a run: a third entry, or a second where the text that came back is longer.
_LEARNT, _LEARNT_WHERE_LONG, _LONG_ROW = 4, 2, 4
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
        seen = _learn(slots, runs, _bits(title))
        return _covered((seen >= _LEARNT) | _long(seen >= _LEARNT_WHERE_LONG), len(text))

    def is_formula(self, feed: str, title: Sequence[int], tail: Sequence[int]) -> bool:
        """Whether the feed has hung these terms, and no others, behind other titles often enough."""
        run = np.array([_mixed(tail)], np.uint32)
        return bool(_learn(self._room(feed, 1), run, _bits(title))[0] >= _LEARNT)

    def _room(self, feed: str, runs: int) -> _Slots:
        """The slots of the feed; more of them when a quarter is taken, so that few runs share a place."""
        slots = self._feeds.get(feed) or _empty(_FEWEST_SLOTS)
        length = len(slots.runs)
        while length < _MOST_SLOTS and 4 * (np.count_nonzero(slots.runs) + runs) > length:
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
    if len(text) < _RUN:
        return np.empty(0, np.uint32)
    mixed = np.convolve(text.astype(np.uint64), _FACTORS, "valid")
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


def _learn(slots: _Slots, runs: npt.NDArray[np.uint32], title: np.uint64) -> npt.NDArray[np.uint8]:
    """Notes the runs, and tells how much speaks for each being boilerplate, in [0, 8].

    A run that finds its slot taken by another weakens it, and takes it once nothing speaks for the other
    (Misra & Gries 1982).
    """
    places = _place(runs, len(slots.runs))
    known, before = slots.runs[places] == runs, slots.seen[places]
    now = np.zeros(len(runs), np.uint8)
    if known.any():
        evidence = _evidence(slots.titles[places[known]], title)
        now[known] = np.minimum(before[known] + evidence, _MOST)
    slots.seen[places] = np.where(known, now, before - (before > 0))
    mine = known | (before == 0)
    slots.runs[places[mine]] = runs[mine]
    slots.titles[places[mine]] = title
    return now


def _evidence(titles: npt.NDArray[np.uint64], title: np.uint64) -> npt.NDArray[np.uint8]:
    """How much it speaks for boilerplate that a run under `title` was seen under each of `titles`."""
    common, fewer = np.bitwise_count(titles & title), np.minimum(np.bitwise_count(titles), title.bit_count())
    return np.where(titles == title, 0, np.where(3 * common > fewer, _SIMILAR_TITLE, _OTHER_TITLE))


def _long(weak: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Those that stand in a row of at least `_LONG_ROW`, small gaps included."""
    row = np.zeros(len(weak), bool)
    starts = len(weak) - _LONG_ROW + 1
    if starts > 0 and weak.any():
        bridged = _bridged(weak)
        whole = np.logical_and.reduce([bridged[place : place + starts] for place in range(_LONG_ROW)])
        for place in range(_LONG_ROW):
            row[place : place + starts] |= whole
    return row


def _covered(learnt: npt.NDArray[np.bool_], length: int) -> npt.NDArray[np.bool_]:
    """The terms that stand in a learnt run, and the few between two of them, as what changes each day."""
    covered = np.zeros(length, bool)
    if learnt.any():
        for place in range(_RUN):
            covered[place : place + len(learnt)] |= learnt
        return _bridged(covered)
    return covered


def _bridged(marked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Marked too what stands in gaps of at most `_LONGEST_GAP`."""
    bridged = marked.copy()
    ends = np.flatnonzero(marked)
    steps = np.diff(ends)
    for gap in np.flatnonzero((steps > 1) & (steps <= _LONGEST_GAP + 1)).tolist():
        bridged[ends[gap] : ends[gap + 1]] = True
    return bridged


def _moved(slots: _Slots, length: int) -> _Slots:
    """The same runs in more slots."""
    wider = _empty(length)
    held = np.flatnonzero(slots.runs)
    places = _place(slots.runs[held], length)
    wider.runs[places], wider.seen[places] = slots.runs[held], slots.seen[held]
    wider.titles[places] = slots.titles[held]
    return wider
