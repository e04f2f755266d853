"""The search through one segment, compiled by numba; see `kernels` for the words and the cache.

Exact, and still most of the work is left out. The score of a row is cosine × closeness, and

    cosine = Σ scanned terms + Σ skipped terms ≤ scanned / (|q||d|) + |q skipped|/|q| · |d common|/|d|

by Cauchy and Schwarz, as only terms that are common in the segment may be skipped. The lists of the scanned
terms are added up for all rows; rows whose bound, times the closeness that their block can have, beats neither
the worst entry of the query's list nor that of the row's own list fall away. The others are scored from all
their terms, with idf and norms of this moment: what comes out depends on neither segments nor bounds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aggregator.related.kernels import BLOCK, better, closeness, compiled, offer

if TYPE_CHECKING:
    from aggregator.related.kernels import F32, F64, I32, I64, U8, U16, U32

SLACK = 1.03
"""Norms of bounds are those of the last refresh; until the next they are less than this factor off."""
_BINS = 1024
_MOST = 2.5


@compiled
def _scan(
    starts: U32,
    ends: U32,
    docs: U16,
    tfs: U8,
    common: U8,
    order: I32,
    weights: F32,
    squares: F32,
    reach: float,
    tf: F32,
    sums: F32,
) -> float:
    """Add up the lists of the query in `sums`; skipped terms have a norm of at most `reach`, it is returned."""
    skipped = 0.0
    scaled = np.empty(256, np.float32)
    for i in range(len(order)):
        number = order[i]
        if number >= len(starts) or starts[number] == ends[number]:
            continue
        if common[number] and skipped + squares[i] <= reach * reach:
            skipped += squares[i]
            continue
        for code in range(256):
            scaled[code] = tf[code] * weights[i]
        list_docs = docs[starts[number] : ends[number]]
        list_tfs = tfs[starts[number] : ends[number]]
        for j in range(len(list_docs)):
            sums[list_docs[j]] += scaled[list_tfs[j]]
    return math.sqrt(skipped)


@compiled
def _guess(
    sums: F32, inverse: F32, days: F64, day: float, norm: float, near: F32, limit: int, floor: float
) -> float:
    """A score that at least `limit` rows of the segment reach by their scanned terms alone, or `floor`."""
    bins = np.zeros(_BINS + 1, np.int32)
    scale = np.float32(1 / norm)
    for local in range(len(sums)):
        value = sums[local] * inverse[local] * scale
        if value > 0:
            apart = abs(days[local] - day)
            if apart >= 0:
                value *= near[min(int(apart) + 1, len(near) - 1)]
            bins[min(int(value * (_BINS / _MOST)), _BINS)] += 1
    reached = 0
    for step in range(_BINS, 0, -1):
        reached += bins[step]
        if reached >= limit:
            return max(floor, (step * _MOST / _BINS) / SLACK)
    return floor


@compiled
def _survivors(
    sums: F32,
    inverse: F32,
    share: F32,
    tenth: F32,
    least: float,
    skipped: float,
    norm: float,
    lows: F64,
    highs: F64,
    day: float,
    near: F32,
    found: I32,
) -> int:
    """Local rows that may be good enough, in `found`; sets `sums` back to 0. Returns how many."""
    size = 0
    worst = np.float32(least)
    for block in range(len(lows)):
        gap = max(lows[block] - day, day - highs[block], 0.0)
        close = near[min(int(gap), len(near) - 1)] if gap < np.inf else np.float32(1)
        scale = np.float32(close * SLACK / norm)
        rest = np.float32(close * SLACK * skipped / norm)
        for first in range(block * BLOCK, min(len(sums), (block + 1) * BLOCK), 64):
            last = min(first + 64, len(sums))
            s, n, c, t = sums[first:last], inverse[first:last], share[first:last], tenth[first:last]
            hits = 0
            for i in range(len(s)):
                hits += s[i] * n[i] * scale + c[i] * rest > min(t[i], worst)
            if hits:
                for i in range(len(s)):
                    if s[i] * n[i] * scale + c[i] * rest > min(t[i], worst):
                        found[size] = first + i
                        size += 1
            for i in range(len(s)):
                s[i] = 0
    return size


@compiled
def search(
    starts: U32,
    ends: U32,
    docs: U16,
    tfs: U8,
    common: U8,
    row_starts: I64,
    row_numbers: I32,
    row_codes: U8,
    order: I32,
    weights: F32,
    squares: F32,
    norm: float,
    lookup: F32,
    rarity: F32,
    log_rows: float,
    tf: F32,
    near: F32,
    sums: F32,
    found: I32,
    inverse: F32,
    share: F32,
    tenth: F32,
    lows: F64,
    highs: F64,
    days: F64,
    first: int,
    row: int,
    day: float,
    limit: int,
    floor: float,
    typical: float,
    scores: F32,
    cosines: F32,
    rows: I64,
    older_scores: F32,
    older_cosines: F32,
    older_rows: I64,
    sizes: I64,
) -> None:
    """Take the rows of one segment into the query's heap, and those whose own list it enters into `older_…`.

    `first` is the segment's first row; per-row arrays are its part, but `days`, which is whole. `row` is the
    query's, or -1. `lookup` holds the query's weights by number. `sizes` counts heap and older list.
    """
    least = floor
    if sizes[0] == limit:
        least = max(floor, float(scores[0]))
    gap = np.inf
    for block in range(len(lows)):
        gap = min(gap, max(lows[block] - day, day - highs[block], 0.0))
    close = near[min(int(gap), len(near) - 1)] if gap < np.inf else np.float32(1)
    reach = 0.5 * min(least, typical) / close if sizes[0] == limit else 0.15
    skipped = _scan(starts, ends, docs, tfs, common, order, weights, squares, reach * norm, tf, sums)
    if first <= row < first + len(sums):
        sums[row - first] = 0
    if sizes[0] < limit:
        least = _guess(sums, inverse, days[first : first + len(sums)], day, norm, near, limit, floor)
    size = _survivors(sums, inverse, share, tenth, least, skipped, norm, lows, highs, day, near, found)
    for i in range(size - 1, -1, -1):
        local = found[i]
        other = first + local
        if other == row:
            continue
        dot = 0.0
        for j in range(row_starts[local], row_starts[local + 1]):
            dot += tf[row_codes[j]] * lookup[row_numbers[j]]
        apart = closeness(abs(days[other] - day))
        if sizes[0] == limit:
            least = max(floor, float(scores[0]))
        if dot * inverse[local] / norm * apart * SLACK <= min(least, tenth[local]):
            continue
        total = 0.0
        for j in range(row_starts[local], row_starts[local + 1]):
            total += (tf[row_codes[j]] * (rarity[row_numbers[j]] + log_rows)) ** 2
        cosine = np.float32(min(1.0, dot / (norm * math.sqrt(total))))
        score = np.float32(cosine * apart)
        if not cosine > floor:
            continue
        if score > tenth[local] and other < row:
            at = sizes[1]
            older_scores[at], older_cosines[at], older_rows[at] = score, cosine, other
            sizes[1] = at + 1
        scores[limit], cosines[limit], rows[limit] = score, cosine, other
        sizes[0] = offer(scores, cosines, rows, sizes[0], limit, days)


@compiled
def finish(
    scores: F32,
    cosines: F32,
    rows: I64,
    older_scores: F32,
    older_cosines: F32,
    older_rows: I64,
    sizes: I64,
    limit: int,
    days: F64,
) -> int:
    """Append the older entries that the heap does not hold; returns the new length."""
    size = sizes[0]
    for i in range(sizes[1]):
        scores[size], cosines[size], rows[size] = older_scores[i], older_cosines[i], older_rows[i]
        if sizes[0] == limit and better(scores, rows, 0, size, days):
            size += 1
    return size
