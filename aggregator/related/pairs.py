"""The loops over pairs of rows, compiled by numba: what two texts share, and who their neighbours are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aggregator.related.kernels import compiled

if TYPE_CHECKING:
    from aggregator.related.kernels import F32, I64, U32


@compiled
def spread_rows(
    row_starts: I64,
    terms: U32,
    first: int,
    rows: I64,
    factors: F32,
    rarity: F32,
    log_rows: float,
    tf: F32,
    lookup: F32,
) -> None:
    """Add factor · tf · idf of those `rows` that this segment (from row `first`) holds to `lookup`."""
    for i in range(len(rows)):
        local = rows[i] - first
        if local < 0 or local >= len(row_starts) - 1:
            continue
        for j in range(row_starts[local], row_starts[local + 1]):
            number = terms[j] >> np.uint32(8)
            weight = tf[terms[j] & np.uint32(255)] * np.float32(rarity[number] + log_rows)
            lookup[number] += factors[i] * weight


@compiled
def clear_rows(row_starts: I64, terms: U32, first: int, rows: I64, lookup: F32) -> None:
    """Set the terms of those `rows` back to 0 in `lookup`."""
    for i in range(len(rows)):
        local = rows[i] - first
        if 0 <= local < len(row_starts) - 1:
            for j in range(row_starts[local], row_starts[local + 1]):
                lookup[terms[j] >> np.uint32(8)] = 0


@compiled
def head_rows(row_starts: I64, terms: U32, first: int, rows: I64, lookup: F32, heads: F32) -> None:
    """`lookup` holds the idf of one row's head terms. Of the head terms that each of `rows` shares:

    heads[:, 0] the largest idf, heads[:, 1] the sum of the three largest, heads[:, 2] their number.
    """
    for i in range(len(rows)):
        local = rows[i] - first
        if local < 0 or local >= len(row_starts) - 1:
            continue
        one = two = three = np.float32(0)
        count = 0
        for j in range(row_starts[local], row_starts[local + 1]):
            idf = lookup[terms[j] >> np.uint32(8)]
            if idf == 0 or terms[j] & np.uint32(128) == 0:
                continue
            count += 1
            if idf > one:
                one, two, three = idf, one, two
            elif idf > two:
                two, three = idf, two
            elif idf > three:
                three = idf
        heads[i, 0], heads[i, 1], heads[i, 2] = one, one + two + three, count


@compiled
def meet(met: F32, rows: I64, values: F32) -> None:
    """Enter each value in its row's descending list of the largest."""
    last = met.shape[1] - 1
    for i in range(len(rows)):
        best = met[rows[i]]
        if values[i] <= best[last]:
            continue
        place = last
        while place > 0 and best[place - 1] < values[i]:
            best[place] = best[place - 1]
            place -= 1
        best[place] = values[i]


@compiled
def share_rows(
    row_starts: I64,
    terms: U32,
    first: int,
    rows: I64,
    lookup: F32,
    rarity: F32,
    log_rows: float,
    tf: F32,
    best: I64,
    parts: F32,
    counts: I64,
) -> None:
    """`lookup` holds the weights tf · idf of one row by number. Of the terms that each of `rows` shares:

    `best` the numbers of those that add the most to the dot product, the most first (-1 where there are
    fewer), `parts` what they add, `counts` how many there are. Equals in the order of the row's terms.
    """
    width = best.shape[1]
    for i in range(len(rows)):
        local = rows[i] - first
        if local < 0 or local >= len(row_starts) - 1:
            continue
        for j in range(row_starts[local], row_starts[local + 1]):
            number = terms[j] >> np.uint32(8)
            if lookup[number] == 0:
                continue
            part = lookup[number] * tf[terms[j] & np.uint32(255)] * np.float32(rarity[number] + log_rows)
            place = min(counts[i], width)
            counts[i] += 1
            while place > 0 and parts[i, place - 1] < part:
                if place < width:
                    best[i, place], parts[i, place] = best[i, place - 1], parts[i, place - 1]
                place -= 1
            if place < width:
                best[i, place], parts[i, place] = number, part
