"""The loops of the index, compiled by numba: one thread, no objects, no allocation worth the name.

Compiled at the first call and kept in `__pycache__`, or in the user's cache folder where that cannot be
written (`NUMBA_CACHE_DIR` chooses another); where none can, they are compiled anew in each process.

Words: a *number* names a term (its place in the vocabulary), a *local* row counts within its segment, a
*posting* is (local row, code of the tf).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

B1 = npt.NDArray[np.bool_]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

_Function = TypeVar("_Function", bound="Callable[..., object]")

BLOCK = 256
"""Rows that share one bound on their days."""
RARE = 128
"""Terms of at most so many rows have their part in the norms kept up to date at each arrival."""
SLOTS = 64
"""Common terms of a segment at most; a row's codes for them lie in one line of memory."""


def compiled(function: _Function) -> _Function:
    """Compile at the first call, keeping the result on disk where that is possible."""
    kept: Callable[..., object]
    try:
        kept = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder for the cache can be written
        kept = numba.njit(nogil=True)(function)
    return cast("_Function", kept)


@compiled
def find_numbers(terms: U32, keys: U32, table: I32, numbers: I32) -> None:
    """The number of each term, -1 where it is unknown. `table` is a power of two long, open addressing."""
    mask = len(table) - 1
    for i in range(len(terms)):
        slot = ((terms[i] * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & np.uint64(mask)
        while table[slot] >= 0 and keys[table[slot]] != terms[i]:
            slot = (slot + np.uint64(1)) & np.uint64(mask)
        numbers[i] = table[slot]


@compiled
def enter_numbers(terms: U32, keys: U32, table: I32, size: int, numbers: I32) -> int:
    """As `find_numbers`, and unknown terms get the next numbers; returns the new size of the vocabulary."""
    mask = len(table) - 1
    for i in range(len(terms)):
        slot = ((terms[i] * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & np.uint64(mask)
        while table[slot] >= 0 and keys[table[slot]] != terms[i]:
            slot = (slot + np.uint64(1)) & np.uint64(mask)
        if table[slot] < 0:
            table[slot] = size
            keys[size] = terms[i]
            size += 1
        numbers[i] = table[slot]
    return size


@compiled
def count_terms(numbers: I32, step: int, counts: I32, rarity: F32) -> None:
    """Add `step` to the document frequencies; rarity = 1 - ln(1 + df), so that idf = rarity + ln(1 + N)."""
    for number in numbers:
        counts[number] += step
        rarity[number] = np.float32(1.0 - math.log(1.0 + counts[number]))


@compiled
def post(
    local: int,
    numbers: I32,
    codes: U8,
    starts: U32,
    ends: U32,
    docs: U16,
    tfs: U8,
    slots: U8,
    lines: U8,
    used: int,
) -> int:
    """Append one row's postings. A list that is full, its length a power of two, moves to twice the room.

    Returns the new length of the pool, or -1 when the pool is too short; nothing is changed then.
    """
    needed = used
    for number in numbers:
        length = ends[number] - starts[number]
        if length & (length - np.uint32(1)) == 0:
            needed += max(1, 2 * length)
    if needed > len(docs):
        return -1
    for i in range(len(numbers)):
        number = numbers[i]
        start = starts[number]
        length = ends[number] - start
        if length & (length - np.uint32(1)) == 0:
            for j in range(length):
                docs[used + j] = docs[start + j]
                tfs[used + j] = tfs[start + j]
            starts[number] = used
            ends[number] = used + length
            used += max(1, 2 * length)
        docs[ends[number]] = local
        tfs[ends[number]] = codes[i]
        ends[number] += np.uint32(1)
        if slots[number] < SLOTS:
            lines[local, slots[number]] = codes[i]
    return used


@compiled
def post_all(
    row_starts: I64,
    terms: U32,
    starts: U32,
    ends: U32,
    docs: U16,
    tfs: U8,
    slots: U8,
    lines: U8,
) -> int:
    """Append the postings of rows to empty lists; the pool must have four times their number."""
    used = 0
    for local in range(len(row_starts) - 1):
        row = terms[row_starts[local] : row_starts[local + 1]]
        numbers, codes = (row >> np.uint32(8)).astype(np.int32), row.astype(np.uint8)
        used = post(local, numbers, codes, starts, ends, docs, tfs, slots, lines, used)
    return used


@compiled
def measure_row(
    numbers: I32, codes: U8, slots: U8, rarity: F32, log_rows: float, tf: F32
) -> tuple[float, float]:
    """1/norm of a row, and the part of the norm that common terms make; 0 and 0 without weight."""
    whole = part = 0.0
    for i in range(len(numbers)):
        square = (tf[codes[i]] * (float(rarity[numbers[i]]) + log_rows)) ** 2
        whole += square
        if slots[numbers[i]] < SLOTS:
            part += square
    if whole == 0:
        return 0.0, 0.0
    return 1 / math.sqrt(whole), math.sqrt(part / whole)


@compiled
def remember(best: F32, tenth: F32, rows: I64, scores: F32) -> None:
    """Take a score into each of these rows' best, descending; `tenth` is the last of them."""
    for i in range(len(rows)):
        row, score = rows[i], scores[i]
        at = best.shape[1] - 1
        if score <= best[row, at]:
            continue
        while at > 0 and best[row, at - 1] < score:
            best[row, at] = best[row, at - 1]
            at -= 1
        best[row, at] = score
        tenth[row] = best[row, -1]


@compiled
def dot_rows(
    row_starts: I64,
    terms: U32,
    first: int,
    rows: I64,
    lookup: F32,
    rarity: F32,
    log_rows: float,
    tf: F32,
    dots: F32,
    norms: F32,
) -> None:
    """Of those `rows` that this segment (from row `first`) holds: Σ lookup · tf · idf, and the norm."""
    for i in range(len(rows)):
        local = rows[i] - first
        if local < 0 or local >= len(row_starts) - 1:
            continue
        dot = total = 0.0
        for j in range(row_starts[local], row_starts[local + 1]):
            number = terms[j] >> np.uint32(8)
            weight = tf[terms[j] & np.uint32(255)] * (float(rarity[number]) + log_rows)
            dot += lookup[number] * weight
            total += weight * weight
        dots[i] = dot
        norms[i] = math.sqrt(total)


@compiled
def pack(starts: U32, ends: U32, docs: U16, tfs: U8, offsets: U32, packed_docs: U16, packed_tfs: U8) -> None:
    """The lists one after another, without the room between them; `offsets` is one longer than `starts`."""
    at = np.uint32(0)
    for number in range(len(starts)):
        offsets[number] = at
        for j in range(starts[number], ends[number]):
            packed_docs[at] = docs[j]
            packed_tfs[at] = tfs[j]
            at += np.uint32(1)
    offsets[len(starts)] = at


@compiled
def measure(
    starts: U32,
    ends: U32,
    docs: U16,
    tfs: U8,
    slots: U8,
    rarity: F32,
    log_rows: float,
    tf: F32,
    inverse: F32,
    share: F32,
) -> None:
    """For the rows of one segment: 1/norm, and the part of the norm that its common terms make.

    Rows without weight get 0 and 0.
    """
    rare = np.zeros(len(inverse), np.float64)
    common = np.zeros(len(inverse), np.float64)
    squares = np.zeros(256, np.float64)
    for number in range(len(starts)):
        first, last = starts[number], ends[number]
        idf = float(rarity[number]) + log_rows
        sums = common if slots[number] < SLOTS else rare
        if last - first > 256:
            for code in range(256):
                squares[code] = (tf[code] * idf) ** 2
            for j in range(first, last):
                sums[docs[j]] += squares[tfs[j]]
        else:
            for j in range(first, last):
                sums[docs[j]] += (tf[tfs[j]] * idf) ** 2
    for local in range(len(inverse)):
        total = rare[local] + common[local]
        inverse[local] = np.float32(1.0 / math.sqrt(total)) if total > 0 else np.float32(0)
        share[local] = np.float32(math.sqrt(common[local] / total)) if total > 0 else np.float32(0)


@compiled
def adjust(
    numbers: I32,
    step: int,
    starts: U32,
    ends: U32,
    docs: U16,
    tfs: U8,
    counts: I32,
    rarity: F32,
    log_rows: float,
    tf: F32,
    inverse: F32,
    share: F32,
) -> None:
    """Follow the idf of rare terms after `step` (1 or -1) of their rows came, so that bounds stay bounds.

    The share only grows. What terms of many rows change until the next measuring is left to the slack of the
    bounds.
    """
    for number in numbers:
        if number >= len(starts) or counts[number] > RARE or counts[number] <= max(step, 0):
            continue
        before = 1.0 - math.log(1.0 + counts[number] - step) + log_rows
        change = (rarity[number] + log_rows) ** 2 - before**2
        for j in range(starts[number], ends[number]):
            local = docs[j]
            part = change * (tf[tfs[j]] * inverse[local]) ** 2
            factor = np.float32(1 / math.sqrt(max(1e-6, 1 + part)))
            inverse[local] *= factor
            if step > 0:
                share[local] = min(np.float32(1), share[local] * factor)
            else:
                share[local] = min(1.0, math.sqrt(share[local] ** 2 + part))


@compiled
def draw_lines(starts: U32, ends: U32, docs: U16, tfs: U8, numbers: I64, slots: U8, lines: U8) -> None:
    """Make `numbers` the common terms of a segment: slot i, and the codes in column i, are the i-th's."""
    slots[:] = 255
    lines[:] = 0
    for slot in range(len(numbers)):
        number = numbers[slot]
        slots[number] = slot
        for j in range(starts[number], ends[number]):
            lines[docs[j], slot] = tfs[j]


@compiled
def weigh(
    numbers: I32,
    codes: U8,
    rarity: F32,
    log_rows: float,
    tf: F32,
    counts: I32,
    order: I32,
    weights: F32,
    squares: F32,
    lookup: F32,
) -> tuple[int, float]:
    """A query: its known numbers in `order`, first the terms whose lists are long for their weight.

    `weights` are tf · idf², to be multiplied with another row's tf; `squares` (tf · idf)²;
    `lookup` gets the weights by number. Returns how many
    there are, and the norm with the unknown terms.
    """
    total = 0.0
    size = 0
    worth = np.empty(len(numbers), np.float32)
    for i in range(len(numbers)):
        number = numbers[i]
        idf = (rarity[number] if number >= 0 else np.float32(1)) + np.float32(log_rows)
        square = (tf[codes[i]] * idf) ** 2
        total += square
        if number < 0 or counts[number] == 0 or square == 0:
            continue
        value = square / counts[number]
        at = size
        while at > 0 and worth[at - 1] > value:
            worth[at] = worth[at - 1]
            order[at] = order[at - 1]
            weights[at] = weights[at - 1]
            squares[at] = squares[at - 1]
            at -= 1
        lookup[number] = tf[codes[i]] * idf * idf
        worth[at] = value
        order[at] = number
        weights[at] = tf[codes[i]] * idf * idf
        squares[at] = square
        size += 1
    return size, math.sqrt(total)


@compiled
def closeness(days: float) -> float:
    """How much more two texts count that are `days` apart: from 2.5 at once to 1 far off or undated."""
    if not days >= 0:
        return 1.0
    return 1.0 + 0.5 * (math.exp(-days / 2) + math.exp(-days / 14) + math.exp(-days / 90))


@compiled
def better(score: F32, row: I64, a: int, b: int, days: F64) -> bool:
    """Whether entry `a` stands before entry `b`: score, then the newer day, then the smaller row."""
    if score[a] != score[b]:
        return bool(score[a] > score[b])
    day_a, day_b = days[row[a]], days[row[b]]
    if day_a != day_b and not (math.isnan(day_a) and math.isnan(day_b)):
        return bool(math.isnan(day_b) or day_a > day_b)
    return bool(row[a] < row[b])


@compiled
def _swap(scores: F32, cosines: F32, rows: I64, a: int, b: int) -> None:
    scores[a], scores[b] = scores[b], scores[a]
    cosines[a], cosines[b] = cosines[b], cosines[a]
    rows[a], rows[b] = rows[b], rows[a]


@compiled
def _sink(scores: F32, cosines: F32, rows: I64, size: int, days: F64) -> None:
    """Restore a heap, the worst entry on top, whose top was exchanged."""
    at = 0
    while True:
        worst = at
        for child in (2 * at + 1, 2 * at + 2):
            if child < size and better(scores, rows, worst, child, days):
                worst = child
        if worst == at:
            return
        _swap(scores, cosines, rows, at, worst)
        at = worst


@compiled
def _rise(scores: F32, cosines: F32, rows: I64, at: int, days: F64) -> None:
    while at > 0 and better(scores, rows, (at - 1) // 2, at, days):
        _swap(scores, cosines, rows, at, (at - 1) // 2)
        at = (at - 1) // 2


@compiled
def offer(scores: F32, cosines: F32, rows: I64, size: int, limit: int, days: F64) -> int:
    """Take the entry at `limit` into the heap of at most `limit` if it is good enough; returns its size."""
    if size < limit:
        _swap(scores, cosines, rows, size, limit)
        _rise(scores, cosines, rows, size, days)
        return size + 1
    if better(scores, rows, limit, 0, days):
        _swap(scores, cosines, rows, 0, limit)
        _sink(scores, cosines, rows, size, days)
    return size


@compiled
def sort(scores: F32, cosines: F32, rows: I64, size: int, days: F64) -> None:
    """Best first, in place."""
    for at in range(1, size):
        _rise(scores, cosines, rows, at, days)
    for last in range(size - 1, 0, -1):
        _swap(scores, cosines, rows, 0, last)
        _sink(scores, cosines, rows, last, days)
