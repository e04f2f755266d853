"""The texts of one language to their neighbours: exact, incremental, in well under a millisecond.

A TF-IDF index by segments. A weight is tf · idf; the tf is a code that depends on the text alone (`codes`),
the idf is scikit-learn's smooth one, ln((1 + N)/(1 + df)) + 1, of the rows held when it is asked for. So a
cosine is always that of now. All depends on the order of arrival only, not on batches or restarts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aggregator.related.cachefiles import read_bundle, read_manifest, write_bundle, write_manifest
from aggregator.related.columns import Columns
from aggregator.related.kernels import (
    F32,
    F64,
    I32,
    I64,
    U8,
    U32,
    adjust,
    closeness,
    dot_rows,
    measure,
    measure_row,
    remember,
    weigh,
)
from aggregator.related.pairs import clear_rows, dot_once, head_rows, share_rows, spread_rows, take
from aggregator.related.search import finish, search
from aggregator.related.segments import Open, Rows, Sealed
from aggregator.related.vocabulary import Vocabulary
from aggregator.related.weighting import IN_HEAD, TF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy.typing as npt

    from aggregator.related.cachefiles import Arrays, Bundle

KEPT = 10
"""How many of the best scores each row remembers, to know which newcomers enter its list."""
SEGMENT_ROWS = 65_536
_GROWTH = 1.02
_SEARCHES = 4


class Neighbours(NamedTuple):
    """Rows, best first by score; equal scores: the newer day first (no day last), then the smaller row.

    `cosines` are raw, in (0, 1]; a score is cosine × `kernels.closeness` of the days, in (0, 2.5].
    """

    rows: I64
    cosines: F32
    scores: F32


class _Room(NamedTuple):
    """Room for entries, in the order that the kernels take."""

    scores: F32
    cosines: F32
    rows: I64

    @classmethod
    def of(cls, length: int) -> _Room:
        return cls(np.empty(length, np.float32), np.empty(length, np.float32), np.empty(length, np.int64))

    def first(self, length: int) -> Neighbours:
        return Neighbours(
            self.rows[:length].copy(), self.cosines[:length].copy(), self.scores[:length].copy()
        )


class _Query(NamedTuple):
    """A text's known terms; `kernels.weigh` tells of the arrays. `row` is -1 for a text that is not held."""

    order: I32
    weights: F32
    squares: F32
    norm: float
    day: float
    row: int


class Index:
    """The texts of one language. Not thread-safe: one linker owns it.

    Rows are numbered 0, 1, 2… in the order of arrival; numbers stay, removed rows are holes.
    """

    def __init__(self, *, segment_rows: int = SEGMENT_ROWS) -> None:
        """`segment_rows` from 1 to 65,536 (else ValueError); it does not change what is found."""
        if not 1 <= segment_rows <= SEGMENT_ROWS:
            raise ValueError(f"segments of {segment_rows} rows")
        self._capacity = segment_rows
        self._vocabulary = Vocabulary()
        self._columns = Columns(segment_rows, KEPT)
        self._segments: list[Open | Sealed] = []
        self._typical: list[float] = []  # what few rows' tenth scores are below, by segment
        self._alive = self._measured = 0
        self._searches = 0
        self._asked = 0  # rows before this one have had their neighbours found
        self._near = np.array([closeness(float(day)) for day in range(1024)], np.float32)
        self._tf = TF.copy()
        self._work()

    def save(self, folder: Path) -> None:
        """Write the index as a cache into `folder`: each sealed segment once, the rest anew. Raises OSError.

        Sealed segments are then read from their files and no longer held in memory.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._open()
        before = read_manifest(folder)
        generation = before["generation"] + 1 if before else 0
        there = {(b["file"], b["check"]) for b in before["bundles"]} if before else set()
        bundles = []
        for place, segment in enumerate(self._segments):
            if not isinstance(segment, Sealed):
                continue
            bundle = segment.bundle
            if bundle is None or (bundle["file"], bundle["check"]) not in there:
                bundle = write_bundle(folder, f"segment-{place}-{generation}.arrays", segment.arrays())
                self._segments[place] = _sealed(folder, bundle) or segment
            bundles.append(bundle)
        bundles.append(write_bundle(folder, f"rest-{generation}.arrays", self._rest()))
        write_manifest(folder, {"generation": generation, "bundles": bundles, **self._numbers()})

    def _rest(self) -> Arrays:
        """All that is not in sealed segments."""
        typical = np.array(self._typical)
        return {
            **self._segments[-1].arrays(),
            **self._columns.arrays(),
            **self._vocabulary.arrays(),
            "typical": typical,
        }

    def _numbers(self) -> dict[str, int]:
        return {name: getattr(self, f"_{name}") for name in ("capacity", "alive", "measured", "asked")}

    @classmethod
    def load(cls, folder: Path) -> Index | None:
        """The index that was saved in `folder`; None if it is missing, damaged or of another version."""
        manifest = read_manifest(folder)
        if manifest is None:
            return None
        *sealed, rest = manifest["bundles"]
        segments = [_sealed(folder, bundle) for bundle in sealed]
        arrays = read_bundle(folder, rest)
        if arrays is None or None in segments:
            return None
        made = cls(segment_rows=manifest["capacity"])
        made._alive, made._measured, made._asked = (manifest[name] for name in ("alive", "measured", "asked"))
        made._vocabulary = Vocabulary.of(arrays["keys"], arrays["counts"], arrays["rarity"])
        made._columns.restore(arrays)
        made._typical = arrays["typical"].tolist()
        rows = Rows(arrays["row_starts"], arrays["terms"])
        last = Open.of(rows, arrays["slots"], made._capacity, made._vocabulary.room)
        made._segments = [segment for segment in segments if segment is not None] + [last]
        return made

    def _work(self) -> None:
        """Room for the search; it is kept between calls."""
        self._lookup: F32 = np.zeros(self._vocabulary.room, np.float32)
        self._sums: F32 = np.zeros(self._capacity, np.float32)
        self._found: I32 = np.empty(self._capacity, np.int32)
        self._products: F32 = np.empty(self._capacity, np.float32)
        self._closed: F32 = np.full(self._capacity, np.inf, np.float32)
        self._sizes: I64 = np.zeros(2, np.int64)
        self._heap = _Room.of(0)
        self._older = _Room.of(0)
        self._memo: F32 = np.empty(0, np.float32)

    def __len__(self) -> int:
        """How many rows there are, holes included."""
        return self._columns.size

    @property
    def live(self) -> int:
        """How many rows are not removed: the N of the idf."""
        return self._alive

    @property
    def days(self) -> F64:
        """Days since 1970 of each row, NaN for none."""
        return self._columns.days[: len(self)]

    @property
    def alive(self) -> npt.NDArray[np.bool_]:
        """Which rows are not removed."""
        return self._columns.alive[: len(self)]

    @property
    def _log_rows(self) -> float:
        return math.log(1 + self._alive)

    def idf(self, terms: U32) -> F32:
        """ln((1 + N)/(1 + df)) + 1 of each term, over the rows that are not removed."""
        numbers = self._vocabulary.find(np.ascontiguousarray(terms, np.uint32))
        idf = self._vocabulary.rarity[numbers]
        idf[numbers < 0] = 1
        return np.asarray(idf + np.float32(self._log_rows), np.float32)

    def counts(self, terms: U32) -> I32:
        """In how many living rows each term stands."""
        numbers = self._vocabulary.find(np.ascontiguousarray(terms, np.uint32))
        return np.asarray(np.where(numbers < 0, 0, self._vocabulary.counts[numbers]), np.int32)

    def add(self, terms: U32, codes: U8, day: float) -> int:
        """Add a text: its distinct terms, a code each, its day (NaN for none). Returns its row."""
        terms = np.ascontiguousarray(terms, np.uint32)
        codes = np.ascontiguousarray(codes, np.uint8)
        numbers = self._vocabulary.enter(terms)
        segment = self._open()
        segment.append(numbers, codes, self._vocabulary.room)
        self._alive += 1
        row = self._columns.append(day, 0, 0)
        if not self._refreshed():
            self._adjust(numbers, 1)
            self._columns.inverse[row], self._columns.share[row] = measure_row(
                numbers, codes, segment.slots, self._vocabulary.rarity, self._log_rows, self._tf
            )
        return row

    def _open(self) -> Open:
        """The open segment; a full one is sealed first."""
        last = self._segments[-1] if self._segments else None
        if isinstance(last, Open) and len(last) < self._capacity:
            return last
        if isinstance(last, Open):
            self._measure(len(self._segments) - 1)
            self._columns.hide_dead()
            self._segments[-1] = last.sealed(self._vocabulary.size)
        made = Open(self._capacity, self._vocabulary.room)
        self._segments.append(made)
        self._typical.append(0.0)
        return made

    def remove(self, rows: Iterable[int]) -> None:
        """Forget these rows; those that are removed already are left so. Their numbers are not used again."""
        for row in rows:
            if self._columns.alive[row]:
                numbers = self._row(row)[0]
                self._vocabulary.forget(numbers)
                self._columns.alive[row] = False
                self._alive -= 1
                self._adjust(numbers, -1)
        self._columns.hide_dead()
        self._refreshed()

    def _adjust(self, numbers: I32, step: int) -> None:
        vocabulary, columns = self._vocabulary, self._columns
        for place, segment in enumerate(self._segments):
            part = self._part(place)
            adjust(
                numbers,
                step,
                *segment.postings[:4],
                vocabulary.counts,
                vocabulary.rarity,
                self._log_rows,
                self._tf,
                columns.inverse[part],
                columns.share[part],
            )

    def _refreshed(self) -> bool:
        """Measure all rows anew if their number has changed by 2 % since it was last done."""
        if self._measured / _GROWTH < self._alive < self._measured * _GROWTH:
            return False
        self.measure()
        return True

    def measure(self) -> None:
        """Make the bounds of all rows anew. Done when it is due; it changes how fast, not what is found."""
        self._measured = self._alive
        for place in range(len(self._segments)):
            self._measure(place)
        self._columns.hide_dead()

    def _measure(self, place: int) -> None:
        segment, part, columns = self._segments[place], self._part(place), self._columns
        if isinstance(segment, Open):
            segment.choose_common()
        measure(
            *segment.postings[:5],
            self._vocabulary.rarity,
            self._log_rows,
            self._tf,
            columns.inverse[part],
            columns.share[part],
        )
        tenth = columns.tenth[part]
        self._typical[place] = float(np.partition(tenth, len(tenth) // 16)[len(tenth) // 16])

    def _part(self, place: int) -> slice:
        """The rows of a segment."""
        first = place * self._capacity
        return slice(first, first + len(self._segments[place]))

    def _row(self, row: int) -> tuple[I32, U8]:
        place, local = divmod(row, self._capacity)
        rows = self._segments[place].rows
        terms = rows.terms[rows.starts[local] : rows.starts[local + 1]]
        return (terms >> 8).astype(np.int32), terms.astype(np.uint8)

    def vector(self, row: int) -> tuple[U32, U8]:
        """The terms and codes of a row, as they were added."""
        numbers, codes = self._row(row)
        return self._vocabulary.keys[numbers], codes

    def nearest(self, row: int, *, k: int, floor: float = 0.0) -> Neighbours:
        """The k best other rows by score whose raw cosine is above `floor`; every one of them, exactly.

        When it is the row's first time (call it right after `add`): also each older row that the pair's score
        brings among that row's own ten best so far, which are noted. So one pass serves both ends.
        """
        numbers, codes = self._row(row)
        query = self._weighed(numbers, codes, float(self._columns.days[row]), row, max(k, KEPT))
        first_time = row >= self._asked
        found, older = self._search(query, max(k, KEPT), floor, first_time)
        if first_time:
            self._asked = row + 1
            self._remember(row, found, older)
        if k >= KEPT:
            return found
        keep = (np.arange(len(found.rows)) < k) | np.isin(found.rows, older.rows)
        return Neighbours(found.rows[keep], found.cosines[keep], found.scores[keep])

    def _remember(self, row: int, found: Neighbours, older: Neighbours) -> None:
        columns = self._columns
        remember(columns.best, columns.tenth, older.rows, older.scores)
        own = min(KEPT, len(found.rows))
        columns.best[row, :own] = found.scores[:own]
        columns.tenth[row] = columns.best[row, -1]

    def recall(self, row: int, found: Neighbours) -> None:
        """Let a row that was added again know the neighbours it had, instead of asking for them."""
        self._asked = row + 1
        self._remember(row, found, found)

    def query(self, terms: U32, codes: U8, day: float, *, k: int, floor: float = 0.0) -> Neighbours:
        """The k best rows for a text that is not held."""
        numbers = self._vocabulary.find(np.ascontiguousarray(terms, np.uint32))
        query = self._weighed(numbers, np.ascontiguousarray(codes, np.uint8), day, -1, k)
        return self._search(query, k, floor, older=False)[0]

    def _weighed(self, numbers: I32, codes: U8, day: float, row: int, k: int) -> _Query:
        self._make_room(k)
        order = np.empty(len(numbers), np.int32)
        weights, squares = np.empty(len(numbers), np.float32), np.empty(len(numbers), np.float32)
        size, norm = weigh(
            numbers,
            codes,
            self._vocabulary.rarity,
            self._log_rows,
            self._tf,
            self._vocabulary.counts,
            order,
            weights,
            squares,
            self._lookup,
        )
        return _Query(order[:size], weights[:size], squares[:size], norm, day, row)

    def _search(self, query: _Query, k: int, floor: float, older: bool) -> tuple[Neighbours, Neighbours]:
        """The best rows with the older ones that gain, and the latter alone."""
        self._sizes[:] = 0
        if query.norm > 0 and k > 0:
            for place in range(len(self._segments) - 1, -1, -1):
                self._search_segment(place, query, k, floor, older)
        heap, gained, sizes = self._heap, self._older, self._sizes
        self._give_back()
        length = finish(*heap, *gained, sizes, k, self._columns.days, query.order, self._lookup)
        return heap.first(length), gained.first(int(sizes[1]))

    def _give_back(self) -> None:
        """Keep the vectors in files from filling the memory: many searches touch all of them."""
        self._searches += 1
        if self._searches % _SEARCHES == 0:
            for segment in self._segments:
                if isinstance(segment, Sealed):
                    segment.give_back()

    def _search_segment(self, place: int, query: _Query, k: int, floor: float, older: bool) -> None:
        columns, segment, part = self._columns, self._segments[place], self._part(place)
        blocks = columns.blocks(place, len(segment))
        search(
            *segment.postings,
            segment.rows.starts,
            segment.rows.terms,
            query.order,
            query.weights,
            query.squares,
            query.norm,
            self._lookup,
            self._vocabulary.rarity,
            self._log_rows,
            self._tf,
            self._near,
            self._sums[: len(segment)],
            self._found,
            self._products,
            columns.inverse[part],
            columns.share[part],
            columns.tenth[part] if older else self._closed[: len(segment)],
            columns.lows[blocks],
            columns.highs[blocks],
            columns.undated[blocks],
            columns.days,
            part.start,
            query.row,
            query.day,
            k,
            max(0.0, floor),
            self._typical[place] if older else np.inf,
            *self._heap,
            *self._older,
            self._sizes,
        )

    def _make_room(self, k: int) -> None:
        if len(self._lookup) < self._vocabulary.room:
            self._lookup = np.zeros(self._vocabulary.room, np.float32)
        if len(self._older.rows) < len(self):
            self._older = _Room.of(len(self._columns.days))
        if len(self._heap.rows) < k + 1 + len(self._older.rows):
            self._heap = _Room.of(k + 1 + len(self._older.rows))

    def dots(self, terms: U32, weights: F32, rows: I64) -> F32:
        """Σ weight · tf · idf over the terms of each of `rows`: products with unnormalised vectors."""
        return self._forward(terms, weights, rows)[0]

    def norms(self, rows: I64) -> F32:
        """The norms of the vectors of `rows`, of now."""
        return self._forward(np.empty(0, np.uint32), np.empty(0, np.float32), rows)[1]

    def _forward(self, terms: U32, weights: F32, rows: I64) -> tuple[F32, F32]:
        self._make_room(0)
        numbers = self._vocabulary.find(np.ascontiguousarray(terms, np.uint32))
        known = numbers >= 0
        self._lookup[numbers[known]] = weights[known]
        rows = np.ascontiguousarray(rows, np.int64)
        dots, norms = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.float32)
        rarity, log_rows, tf = self._vocabulary.rarity, self._log_rows, self._tf
        for segment, first in self._segments_of(rows):
            dot_rows(*segment.rows, first, rows, self._lookup, rarity, log_rows, tf, dots, norms)
        self._lookup[numbers[known]] = 0
        return dots, norms

    def expanded_dots(self, rows: I64, factors: F32, others: I64) -> F32:
        """Products of Σ factor · vector of `rows` with the vectors of `others`, all vectors of length 1.

        This is how a text that is expanded by its neighbours compares with others. A row that is among the
        others many times is compared once.
        """
        self._make_room(0)
        if len(self._memo) < len(self):
            self._memo = np.full(len(self._columns.days), np.nan, np.float32)
        rarity, log_rows, tf = self._vocabulary.rarity, self._log_rows, self._tf
        for segment, first in self._segments_of(rows):
            spread_rows(*segment.rows, first, rows, factors, rarity, log_rows, tf, self._lookup)
        for segment, first in self._segments_of(others):
            dot_once(*segment.rows, first, others, self._lookup, rarity, log_rows, tf, self._memo)
        for segment, first in self._segments_of(rows):
            clear_rows(*segment.rows, first, rows, self._lookup)
        return take(self._memo, others)

    def shared_heads(self, row: int, others: I64) -> F32:
        """(n, 3): of the terms in the heads of `row` and of each other one, three facts.

        The largest idf, the sum of the three largest, their number.
        """
        self._make_room(0)
        numbers, codes = self._row(row)
        numbers = np.asarray(numbers[codes >= IN_HEAD])
        self._lookup[numbers] = self._vocabulary.rarity[numbers] + self._log_rows
        others = np.ascontiguousarray(others, np.int64)
        heads = np.zeros((len(others), 3), np.float32)
        for segment, first in self._segments_of(others):
            head_rows(*segment.rows, first, others, self._lookup, heads)
        self._lookup[numbers] = 0
        return heads

    def shared(self, row: int, others: I64, most: int) -> tuple[U32, I64, I64]:
        """What `row` shares with each other one: (n, `most`) terms, how many of these, how many in all.

        The terms are those that add the most to the cosine, the most first.
        """
        self._make_room(0)
        others = np.ascontiguousarray(others, np.int64)
        numbers, codes = self._row(row)
        rarity, log_rows, tf = self._vocabulary.rarity, self._log_rows, self._tf
        self._lookup[numbers] = tf[codes] * (rarity[numbers] + np.float32(log_rows))
        best = np.full((len(others), most), -1, np.int64)
        parts, counts = np.zeros((len(others), most), np.float32), np.zeros(len(others), np.int64)
        for segment, first in self._segments_of(others):
            lookup = self._lookup
            share_rows(*segment.rows, first, others, lookup, rarity, log_rows, tf, best, parts, counts)
        self._lookup[numbers] = 0
        return self._vocabulary.keys[best], np.minimum(counts, most), counts

    def _segments_of(self, rows: I64) -> Iterator[tuple[Open | Sealed, int]]:
        """The segments that hold some of `rows`, each with its first row."""
        if len(self._segments) == 1:
            yield self._segments[0], 0
            return
        for place in sorted(set((rows // self._capacity).tolist())):
            yield self._segments[place], place * self._capacity


def _sealed(folder: Path, bundle: Bundle) -> Sealed | None:
    arrays = read_bundle(folder, bundle)
    return None if arrays is None else Sealed.of(arrays, bundle)
