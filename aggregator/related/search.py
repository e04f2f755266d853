"""The search through one segment, compiled by numba; see `kernels` for the words and the cache.

Exact, and still most of the work is left out. The score of a row is cosine × closeness, and

    cosine = Σ scanned terms + Σ skipped terms ≤ scanned / (|q||d|) + |q skipped|/|q| · |d common|/|d|

by Cauchy and Schwarz, as only terms that are common in the segment may be skipped. The lists of the scanned
terms are added up for all rows; rows whose bound, times the closeness that their block can have, beats
neither the worst entry of the query's list nor that of the row's own list fall away. For the others the
skipped terms are looked up in a line of memory. What is left then is scored from all its terms, with idf and
norms of this moment: so what comes out depends on neither segments nor bounds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aggregator.related.kernels import BLOCK, SLOTS, better, closeness, compiled, offer, sort

if TYPE_CHECKING:
    from aggregator.related.kernels import B1, F32, F64, I32, I64, U8, U16, U32

SLACK = 1.03
"""Norms of bounds are those of the last refresh; until the next they are less than this factor off."""
_REACH = 0.6
_FIRST = 0.3


@compiled
def _scan(
    starts: U32,
    ends: U32,
    docs: U16,
    tfs: U8,
    slots: U8,
    order: I32,
    weights: F32,
    squares: F32,
    reach: float,
    tf: F32,
    sums: F32,
    skipped: I32,
) -> tuple[int, float]:
    """Add up the lists of the query in `sums`, but for common terms whose norm is at most `reach` in all.

    Their places in the query go into `skipped`; returns how many there are, and their norm.
    """
    size, total = 0, 0.0
    scaled = np.empty(256, np.float32)
    for i in range(len(order)):
        number = order[i]
        if number >= len(starts) or starts[number] == ends[number]:
            continue
        if slots[number] < SLOTS and total + squares[i] <= reach * reach:
            total += squares[i]
            skipped[size] = i
            size += 1
            continue
        list_docs = docs[starts[number] : ends[number]]
        list_tfs = tfs[starts[number] : ends[number]]
        if len(list_docs) < 128:
            for j in range(len(list_docs)):
                sums[list_docs[j]] += tf[list_tfs[j]] * weights[i]
            continue
        for code in range(256):
            scaled[code] = tf[code] * weights[i]
        for j in range(len(list_docs)):
            sums[list_docs[j]] += scaled[list_tfs[j]]
    return size, math.sqrt(total)


@compiled
def _largest(values: F32, limit: int) -> float:
    """The value that `limit` of these positive ones reach, 0 if there are fewer; they are reordered."""
    if len(values) < limit:
        return 0.0
    for i in range(1, len(values)):  # the first `limit` are a heap, the smallest on top
        at, value = i, values[i]
        if i < limit:
            while at > 0 and values[(at - 1) // 2] > value:
                values[at] = values[(at - 1) // 2]
                at = (at - 1) // 2
            values[at] = value
        elif value > values[0]:
            place, child = 0, 1
            while child < limit:
                if child + 1 < limit and values[child + 1] < values[child]:
                    child += 1
                if values[child] >= value:
                    break
                values[place] = values[child]
                place, child = child, 2 * child + 1
            values[place] = value
    return float(values[0])


@compiled
def _guess(
    sums: F32,
    inverse: F32,
    lows: F64,
    highs: F64,
    undated: B1,
    day: float,
    norm: float,
    near: F32,
    limit: int,
) -> float:
    """A score that at least `limit` rows of the segment reach by their scanned terms alone, or 0.

    Each of the bins is one row: the best of a few neighbouring ones.
    """
    step = 64
    while step > 4 and len(sums) < 4 * limit * step:
        step //= 2
    best = np.zeros(len(sums) // step + 1, np.float32)
    size = 0
    for block in range(len(lows)):
        far = max(abs(day - lows[block]), abs(day - highs[block]))
        close = near[int(far) + 1] if far < len(near) - 1 and not undated[block] else np.float32(1)
        scale = np.float32(close / (norm * SLACK))
        for first in range(block * BLOCK, min(len(sums), (block + 1) * BLOCK), step):
            last = min(first + step, len(sums))
            s, n = sums[first:last], inverse[first:last]
            top = np.float32(0)
            for i in range(len(s)):
                value = s[i] * n[i]
                top = max(top, value)
            best[size] = top * scale
            size += 1
    return _largest(best[:size], limit)


@compiled
def _survivors(
    sums: F32,
    inverse: F32,
    share: F32,
    tenth: F32,
    least: float,
    rest: float,
    norm: float,
    lines: U8,
    columns: U8,
    weights: F32,
    tf: F32,
    lows: F64,
    highs: F64,
    day: float,
    near: F32,
    found: I32,
    products: F32,
) -> int:
    """Local rows that may be good enough, in `found`, and their `products` with the query; clears `sums`.

    Returns how many. `rest` is the norm of the skipped terms, `columns` are their slots, `weights` theirs.
    """
    size = 0
    worst = np.float32(least)
    for block in range(len(lows)):
        gap = max(lows[block] - day, day - highs[block], 0.0)
        close = near[min(int(gap), len(near) - 1)] if gap < np.inf else np.float32(1)
        scale = np.float32(close * SLACK / norm)
        hidden = np.float32(close * SLACK * rest / norm)
        for first in range(block * BLOCK, min(len(sums), (block + 1) * BLOCK), 64):
            last = min(first + 64, len(sums))
            s, n, c, t = sums[first:last], inverse[first:last], share[first:last], tenth[first:last]
            hits = 0
            for i in range(len(s)):
                hits += s[i] * n[i] * scale + c[i] * hidden > min(t[i], worst)
            if hits:
                for i in range(len(s)):
                    bar = min(t[i], worst)
                    if s[i] * n[i] * scale + c[i] * hidden > bar:
                        line = lines[first + i]
                        dot = s[i]
                        for j in range(len(columns)):
                            dot += tf[line[columns[j]]] * weights[j]
                        if dot * n[i] * scale > bar:
                            found[size], products[size] = first + i, dot
                            size += 1
            for i in range(len(s)):
                s[i] = 0
    return size


@compiled
def _estimate(
    found: I32, products: F32, inverse: F32, days: F64, first: int, day: float, norm: float
) -> None:
    """Make scores of the products, but for what the norms have aged."""
    scale = np.float32(1 / norm)
    for i in range(len(found)):
        local = found[i]
        products[i] *= inverse[local] * scale * np.float32(closeness(abs(days[first + local] - day)))


@compiled
def search(
    starts: U32,
    ends: U32,
    docs: U16,
    tfs: U8,
    slots: U8,
    lines: U8,
    row_starts: I64,
    row_terms: U32,
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
    products: F32,
    inverse: F32,
    share: F32,
    tenth: F32,
    lows: F64,
    highs: F64,
    undated: B1,
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
    least = float(floor)
    if sizes[0] == limit:
        least = max(floor, float(scores[0]))
    gap = np.inf
    for block in range(len(lows)):
        gap = min(gap, max(lows[block] - day, day - highs[block], 0.0))
    close = near[min(int(gap), len(near) - 1)] if gap < np.inf else np.float32(1)
    reach = (
        _REACH * min(least, typical) / close if sizes[0] == limit else _REACH * min(typical, _FIRST) / close
    )
    skipped = np.empty(SLOTS, np.int32)
    count, rest = _scan(
        starts, ends, docs, tfs, slots, order, weights, squares, float(reach * norm), tf, sums, skipped
    )
    if first <= row < first + len(sums):
        sums[row - first] = 0
    if sizes[0] < limit:
        least = max(floor, _guess(sums, inverse, lows, highs, undated, day, norm, near, limit))
    columns = np.empty(count, np.uint8)
    omitted = np.empty(count, np.float32)
    for i in range(count):
        columns[i], omitted[i] = slots[order[skipped[i]]], weights[skipped[i]]
    size = _survivors(
        sums,
        inverse,
        share,
        tenth,
        least,
        rest,
        norm,
        lines,
        columns,
        omitted,
        tf,
        lows,
        highs,
        day,
        near,
        found,
        products,
    )
    _estimate(found[:size], products, inverse, days, first, day, norm)
    room = min(sizes[0], limit)
    bounds = np.empty(room + size, np.float32)
    bounds[:room] = scores[:room]
    for i in range(size):
        if first + found[i] == row:
            products[i] = 0
        bounds[room + i] = products[i] / np.float32(SLACK)
    least = max(floor, _largest(bounds, limit))
    for i in range(size - 1, -1, -1):
        local = found[i]
        other = first + local
        if products[i] * SLACK <= min(least, tenth[local]):
            continue
        dot = total = 0.0
        for j in range(row_starts[local], row_starts[local + 1]):
            number, part = row_terms[j] >> np.uint32(8), tf[row_terms[j] & np.uint32(255)]
            dot += part * lookup[number]
            total += (part * (rarity[number] + log_rows)) ** 2
        cosine = np.float32(min(1.0, dot / (norm * math.sqrt(total))))
        score = np.float32(cosine * closeness(abs(days[other] - day)))
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
    order: I32,
    lookup: F32,
) -> int:
    """Append the older entries that the heap does not hold and sort all, best first; returns the new length.

    Clears the query's weights in `lookup`.
    """
    for number in order:
        lookup[number] = 0
    size = int(sizes[0])
    for i in range(sizes[1]):
        scores[size], cosines[size], rows[size] = older_scores[i], older_cosines[i], older_rows[i]
        if sizes[0] == limit and better(scores, rows, 0, size, days):
            size += 1
    sort(scores, cosines, rows, size, days)
    return size
