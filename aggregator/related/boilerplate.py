"""What a feed repeats in its entries: teasers, newsletter boxes, biographies, the labels of its columns.

For each feed, runs of six terms are remembered with how often they came back under titles that have nothing
in common. Stop words and numbers are no terms, so a footer that counts its readers is still one. A run that
came back is boilerplate; the same text told twice under one title, as agencies do, is not, and neither is the
name of a story ("Guerre en Ukraine : …"), which is shorter than a run.

What is known depends only on the entries read before and on their order. The first entry of a feed is read as
it is. A feed takes at most 53 kB, and old runs give way to new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aggregator.related.kernels import B1, I64, U8, U32, U64, compiled
from aggregator.related.languages import NO_TERM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.related.cachefiles import Arrays

_RUN = 6
_LONGEST_GAP = 3
_FEWEST_SLOTS, _MOST_SLOTS = 512, 4096
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

    runs: U32
    seen: U8
    titles: U64


def _empty(length: int) -> _Slots:
    return _Slots(np.zeros(length, np.uint32), np.zeros(length, np.uint8), np.zeros(length, np.uint64))


class Boilerplate:
    """Learns while it reads. One thread at a time may use it."""

    def __init__(self) -> None:
        self._feeds: dict[str, _Slots] = {}

    def repeated(self, feed: str, title: U32, text: U32) -> B1:
        """Which `text` terms (in their order) the feed has said before.

        `title` holds the terms of the title. Each entry is to be read once, in the order of arrival.
        """
        if len(text) < _RUN:
            return np.zeros(len(text), bool)
        runs = _runs(text)
        seen = _learn(*self._room(feed, len(runs)), runs, title)
        return _covered(seen, len(text))

    def is_formula(self, feed: str, title: U32, tail: U32) -> bool:
        """Whether the feed has hung these terms, and no others, behind other titles often enough."""
        run = np.array([_mixed(tail.tolist())], np.uint32)
        return bool(_learn(*self._room(feed, 1), run, title)[0] >= _LEARNT)

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

    def feeds(self) -> list[str]:
        """The names of the feeds, in the order of `arrays`."""
        return list(self._feeds)

    def arrays(self) -> Arrays:
        """All that was learnt: the number of slots of each feed, and the slots of all."""
        kept = list(self._feeds.values()) or [_empty(0)]
        return {
            "lengths": np.array([len(slots.runs) for slots in self._feeds.values()], np.int64),
            **{name: np.concatenate([getattr(slots, name) for slots in kept]) for name in _Slots._fields},
        }

    @classmethod
    def of(cls, feeds: Sequence[str], arrays: Arrays) -> Boilerplate:
        """What `feeds` and `arrays` told."""
        self = cls()
        bounds = np.cumsum(arrays["lengths"])[:-1]
        columns = [np.split(arrays[name].copy(), bounds) for name in _Slots._fields]
        for name, *slots in zip(feeds, *columns, strict=bool(feeds)):
            self._feeds[name] = _Slots(*slots)
        return self


def _runs(text: U32) -> U32:
    """The hash of each run of terms, never 0."""
    mixed = np.convolve(text.astype(np.uint64), _FACTORS, "valid")
    return np.asarray((mixed >> np.uint64(32)).astype(np.uint32) | np.uint32(1), np.uint32)


def _mixed(terms: Sequence[int]) -> int:
    """The hash of any number of terms, never 0 and never that of a run."""
    mixed = 1
    for term in terms:
        mixed = (mixed + term) * 0x9E3779B97F4A7C15 % 2**64
    return mixed >> 32 | 1


def _place(runs: U32, length: int) -> I64:
    return np.asarray(runs >> np.uint32(1) & np.uint32(length - 1), np.int64)


@compiled
def _learn(known: U32, strength: U8, titles: U64, runs: U32, title: U32) -> U8:
    """Notes the runs, and tells how much speaks for each being boilerplate, in [0, 8].

    A run that finds its slot taken by another weakens it, and takes it once nothing speaks for the other
    (Misra & Gries 1982). What the text itself repeats is seen once.
    """
    bits, mask = _bits(title), np.uint32(len(known) - 1)
    seen, weaker = np.zeros(len(runs), np.uint8), np.zeros(len(runs), np.uint8)
    for i in range(len(runs)):
        place = runs[i] >> np.uint32(1) & mask
        if known[place] == runs[i]:
            seen[i] = min(strength[place] + _evidence(titles[place], bits), _MOST)
        else:
            weaker[i] = strength[place]
    for i in range(len(runs)):
        place = runs[i] >> np.uint32(1) & mask
        if weaker[i]:
            strength[place] = weaker[i] - 1
        else:
            known[place], strength[place], titles[place] = runs[i], seen[i], bits
    return seen


@compiled
def _bits(title: U32) -> np.uint64:
    """One bit a term; two titles without a bit in common have no term in common."""
    bits = np.uint64(0)
    for term in title:
        if term != NO_TERM:
            bits |= np.uint64(1) << np.uint64(term & np.uint32(63))
    return bits


@compiled
def _evidence(one: np.uint64, other: np.uint64) -> int:
    """How much it speaks for boilerplate that a run under one title was seen under another."""
    if one == other:
        return 0
    common, fewer = _count_bits(one & other), min(_count_bits(one), _count_bits(other))
    return _SIMILAR_TITLE if 3 * common > fewer else _OTHER_TITLE


@compiled
def _count_bits(bits: np.uint64) -> int:
    count = 0
    while bits:
        bits &= bits - np.uint64(1)
        count += 1
    return count


@compiled
def _covered(seen: U8, length: int) -> B1:
    """The terms that stand in a learnt run, and the few between two of them, as what changes each day."""
    learnt = seen >= _LEARNT
    weak = seen >= _LEARNT_WHERE_LONG
    _bridge(weak)
    row = 0
    for i in range(len(weak)):
        row = row + 1 if weak[i] else 0
        if row >= _LONG_ROW:
            learnt[i - _LONG_ROW + 1 : i + 1] = True
    covered = np.zeros(length, np.bool_)
    for i in range(len(learnt)):
        if learnt[i]:
            covered[i : i + _RUN] = True
    _bridge(covered)
    return covered


@compiled
def _bridge(marked: B1) -> None:
    """Mark too what stands in gaps of at most `_LONGEST_GAP`."""
    last = -1
    for i in range(len(marked)):
        if not marked[i]:
            continue
        if last >= 0 and i - last <= _LONGEST_GAP + 1:
            marked[last:i] = True
        last = i


def _moved(slots: _Slots, length: int) -> _Slots:
    """The same runs in more slots."""
    wider = _empty(length)
    held = np.flatnonzero(slots.runs)
    places = _place(slots.runs[held], length)
    wider.runs[places], wider.seen[places] = slots.runs[held], slots.seen[held]
    wider.titles[places] = slots.titles[held]
    return wider
