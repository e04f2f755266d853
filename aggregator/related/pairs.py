"""The loops over pairs of rows, compiled by numba: what two texts share, and who their neighbours are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aggregator.related.kernels import compiled

if TYPE_CHECKING:
    from aggregator.related.kernels import B1, F32, F64, I32, I64, U32


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
    """Add factor · vector of those `rows` that this segment (from row `first`) holds to `lookup`.

    Each vector has length 1.
    """
    for i in range(len(rows)):
        local = rows[i] - first
        if local < 0 or local >= len(row_starts) - 1:
            continue
        total = 0.0
        for j in range(row_starts[local], row_starts[local + 1]):
            weight = tf[terms[j] & np.uint32(255)] * (float(rarity[terms[j] >> np.uint32(8)]) + log_rows)
            total += weight * weight
        factor = factors[i] / max(math.sqrt(total), 1e-12)
        for j in range(row_starts[local], row_starts[local + 1]):
            number = terms[j] >> np.uint32(8)
            weight = tf[terms[j] & np.uint32(255)] * (float(rarity[number]) + log_rows)
            lookup[number] += np.float32(factor * weight)


@compiled
def clear_rows(row_starts: I64, terms: U32, first: int, rows: I64, lookup: F32) -> None:
    """Set the terms of those `rows` back to 0 in `lookup`."""
    for i in range(len(rows)):
        local = rows[i] - first
        if 0 <= local < len(row_starts) - 1:
            for j in range(row_starts[local], row_starts[local + 1]):
                lookup[terms[j] >> np.uint32(8)] = 0


@compiled
def dot_once(
    row_starts: I64,
    terms: U32,
    first: int,
    rows: I64,
    lookup: F32,
    rarity: F32,
    log_rows: float,
    tf: F32,
    memo: F32,
) -> None:
    """Σ lookup · vector of length 1, into `memo`, of those `rows` in this segment where that is NaN."""
    for row in rows:
        local = row - first
        if local < 0 or local >= len(row_starts) - 1 or not np.isnan(memo[row]):
            continue
        dot = total = 0.0
        for j in range(row_starts[local], row_starts[local + 1]):
            number = terms[j] >> np.uint32(8)
            weight = tf[terms[j] & np.uint32(255)] * (float(rarity[number]) + log_rows)
            dot += lookup[number] * weight
            total += weight * weight
        memo[row] = dot / max(math.sqrt(total), 1e-12)


@compiled
def take(memo: F32, rows: I64) -> F32:
    """The elements of `rows`, which are NaN afterwards."""
    taken = np.empty(len(rows), np.float32)
    for i in range(len(rows)):
        taken[i] = memo[rows[i]]
    for row in rows:
        memo[row] = np.nan
    return taken


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
def expansions(
    neighbours: I32, weights: F32, body: B1, rows: I64, of_summary: float, of_text: float
) -> tuple[I64, F32]:
    """What makes the expanded vector of each of `rows`: itself, and its neighbours by their weights.

    Members and factors, (n, 1 + neighbours); a neighbour that is not there counts 0.
    """
    width = neighbours.shape[1] + 1
    members, factors = np.empty((len(rows), width), np.int64), np.zeros((len(rows), width), np.float32)
    for i in range(len(rows)):
        members[i, 0], factors[i, 0] = rows[i], 1
        strength = of_text if body[rows[i]] else of_summary
        for j in range(width - 1):
            neighbour = neighbours[rows[i], j]
            members[i, j + 1] = rows[i] if neighbour < 0 else neighbour
            factors[i, j + 1] = 0 if neighbour < 0 else strength * weights[rows[i], j]
    return members, factors


@compiled
def expanded_cosines(dots: F32, factors: F32, spreads: F32) -> tuple[F32, float]:
    """The cosines of the expanded vector of the first with those of the others, and its own length.

    `dots` are the products of its expanded vector with the members of all; `spreads` the lengths of the
    others.
    """
    products = np.zeros(len(factors), np.float64)
    for i in range(len(factors)):
        for j in range(factors.shape[1]):
            products[i] += factors[i, j] * dots[i * factors.shape[1] + j]
    spread = math.sqrt(max(products[0], 1e-12))
    cosines = np.empty(len(spreads), np.float32)
    for i in range(len(spreads)):
        cosines[i] = min(max(products[i + 1] / (spread * max(spreads[i], 1e-6)), 0.0), 1.0)
    return cosines, spread


@compiled
def describe(
    cosines: F32,
    expanded: F32,
    days: F64,
    followed: I32,
    met: F32,
    body: B1,
    affinity: F64,
    heads: F32,
    names: F32,
    row: int,
    rows: I64,
) -> F64:
    """(12, n): the columns of `features.Candidates` for `row` and each of `rows`.

    `heads` and `names` as `head_rows` gives them; the rest by row, but for `affinity`, which is by pair.
    """
    told = np.empty((12, len(rows)), np.float64)
    for i in range(len(rows)):
        other, closer = rows[i], 0
        for cosine in met[other]:
            closer += cosine > expanded[i]
        told[0, i], told[1, i] = cosines[i], expanded[i]
        told[2, i], told[3, i] = days[row] - days[other], row - other
        told[4, i], told[5, i], told[6, i] = followed[other], closer, affinity[i]
        told[7, i], told[8, i], told[9, i] = heads[i, 0], heads[i, 1], heads[i, 2]
        told[10, i], told[11, i] = names[i, 1], (body[row] + body[other]) / 2
    return told


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
def enter(best: F32, value: float) -> None:
    """Into an ascending list of the largest."""
    if value <= best[0]:
        return
    place = 0
    while place + 1 < len(best) and best[place + 1] < value:
        best[place] = best[place + 1]
        place += 1
    best[place] = value


@compiled
def enter_best(
    best: F32, row: int, rows: I64, merits: F64, order: I64, proven: B1, same_text: B1, most: int
) -> I64:
    """The places of the pairs of `row` with `rows` that are among the best of either end, by `order`.

    What is not `proven` is left out; `most` pairs that are one text are in, and take nobody's place.
    """
    kept, count, copies = np.empty(len(order), np.int64), 0, 0
    for place in order:
        merit = merits[place]
        if same_text[place]:
            copies += 1
            if copies > most:
                continue
        else:
            if not proven[place] or merit <= min(best[row, 0], best[rows[place], 0]):
                continue
            enter(best[row], merit)
            enter(best[rows[place]], merit)
        kept[count] = place
        count += 1
    return kept[:count]


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
