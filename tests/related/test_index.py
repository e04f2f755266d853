"""The index against plain scikit-learn on the same weights; its promises on order, batches and restarts."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics.pairwise import cosine_similarity

from aggregator.related.index import KEPT, Index, Neighbours
from aggregator.related.weighting import decode, encode

if TYPE_CHECKING:
    from pathlib import Path

NONE = math.nan


class Text(NamedTuple):
    terms: npt.NDArray[np.uint32]
    codes: npt.NDArray[np.uint8]
    day: float


def text(codes: dict[int, int], day: float = 0.0) -> Text:
    terms = sorted(codes)
    return Text(np.array(terms, np.uint32), np.array([codes[t] for t in terms], np.uint8), day)


def articles(count: int, seed: int = 0, *, terms: int = 25) -> list[Text]:
    """Articles of a few stories among common words; some without a date, some without a term."""
    rng = np.random.default_rng(seed)
    names = rng.choice(2**32, 3000, replace=False).astype(np.uint32)
    stories = rng.integers(100, 3000, (12, 15))
    made = []
    for i in range(count):
        size = int(rng.integers(0, terms)) if rng.random() < 0.95 else 0
        common = (3000 * rng.random(size) ** 4).astype(int)
        found = names[np.unique(np.concatenate([common, rng.choice(stories[rng.integers(12)], size // 3)]))]
        day = NONE if rng.random() < 0.1 else i / 20 + rng.random()
        made.append(Text(np.sort(found), rng.integers(1, 256, len(found)).astype(np.uint8), day))
    return made


def closeness(days: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    decay = 1 + 0.5 * (np.exp(-days / 2) + np.exp(-days / 14) + np.exp(-days / 90))
    return np.where(np.isnan(days), 1, decay)


def reference(texts: list[Text], row: int, alive: npt.NDArray[np.bool_]) -> tuple[list[int], list[float]]:
    """All other living rows with a cosine above 0, best first, and the scores, by scikit-learn alone."""
    names = np.unique(np.concatenate([t.terms for t in texts]))
    counts = sparse.csr_matrix(
        (
            np.concatenate([decode(t.codes) for t in texts]).astype(np.float64),
            np.searchsorted(names, np.concatenate([t.terms for t in texts])),
            np.cumsum([0, *(len(t.terms) for t in texts)]),
        ),
        (len(texts), len(names)),
    )
    weighing = TfidfTransformer(smooth_idf=True).fit(counts[alive])
    vectors = weighing.transform(counts)
    cosines = cosine_similarity(vectors[row], vectors)[0]
    days = np.array([t.day for t in texts])
    scores = cosines * closeness(np.abs(days - days[row]))
    day = np.where(np.isnan(days), -np.inf, days)
    order = np.lexsort([np.arange(len(texts)), -day, -np.round(scores, 6)])
    best = [int(i) for i in order if i != row and alive[i] and cosines[i] > 0]
    return best, scores[best].tolist()


def fill(index: Index, texts: list[Text], *, k: int = 20) -> list[Neighbours]:
    return [index.nearest(index.add(*t), k=k) for t in texts]


def assert_as_reference(index: Index, texts: list[Text], row: int, k: int = 20) -> None:
    """As scikit-learn: the same scores to 1e-5, the same rows but for ties."""
    got = index.nearest(row, k=k)
    rows, scores = reference(texts, row, index.alive)
    assert len(got.rows) == min(k, len(rows))
    np.testing.assert_allclose(got.scores, scores[:k], atol=1e-5)
    clear = [r for r, s in zip(rows, scores, strict=True) if len(rows) <= k or s > scores[k] + 1e-5]
    assert set(clear[:k]) <= set(got.rows.tolist())


@pytest.mark.parametrize("segment_rows", [7, 64, 65_536])
def test_finds_what_scikit_learn_finds(segment_rows: int) -> None:
    texts = articles(300)
    index = Index(segment_rows=segment_rows)
    for size, t in enumerate(texts, 1):
        index.nearest(index.add(*t), k=20)
        if size % 23 == 0:
            assert_as_reference(index, texts[:size], size - 1)
    for row in range(0, 300, 17):
        assert_as_reference(index, texts, row)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.integers(0, 12), st.integers(1, 255).filter(lambda c: c != 128), max_size=8),
            st.one_of(st.just(NONE), st.floats(0, 60)),
        ),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 9),
    st.integers(1, 15),
    st.sets(st.integers(0, 39), max_size=8),
)
def test_finds_what_scikit_learn_finds_in_anything(
    drawn: list[tuple[dict[int, int], float]], segment_rows: int, k: int, removed: set[int]
) -> None:
    texts = [text(codes, day) for codes, day in drawn]
    index = Index(segment_rows=segment_rows)
    fill(index, texts)
    index.remove(row for row in removed if row < len(texts) - 1)
    for row in range(len(texts)):
        if len(texts[row].terms):
            assert_as_reference(index, texts, row, k)


def test_an_empty_index_has_no_neighbours() -> None:
    index = Index()
    assert len(index.query(*text({1: 9}), k=5).rows) == 0
    assert index.idf(np.array([1], np.uint32)).tolist() == [1.0]


def test_a_text_without_terms_is_near_nothing() -> None:
    index = Index()
    found = fill(index, [text({1: 9}), text({}), text({1: 9})])
    assert [f.rows.tolist() for f in found] == [[], [], [0]]
    assert len(index.query(*text({}), k=5).rows) == 0
    assert len(index.query(*text({77: 9}), k=5).rows) == 0


def test_equal_scores_stand_by_day_then_row() -> None:
    index = Index()
    days = [3.0, NONE, 5.0, 3.0, 5.0]
    fill(index, [text({1: 127, 2: 9}, day) for day in days])
    assert index.query(*text({1: 127, 2: 9}, NONE), k=5).rows.tolist() == [2, 4, 0, 3, 1]
    assert index.query(*text({1: 127, 2: 9}, NONE), k=2).rows.tolist() == [2, 4]


def test_the_floor_is_on_the_raw_cosine() -> None:
    index = Index()
    fill(index, articles(200))
    probe = articles(200)[150]
    everything = index.query(*probe, k=200)
    above = index.query(*probe, k=200, floor=0.2)
    assert 0 < len(above.rows) < len(everything.rows)
    assert set(above.rows.tolist()) == set(everything.rows[everything.cosines > np.float32(0.2)].tolist())


def test_older_rows_hear_of_a_newcomer_among_their_ten_best() -> None:
    texts = articles(200)
    index = Index(segment_rows=32)
    best: list[list[float]] = [[] for _ in texts]
    told = 0
    for row, t in enumerate(texts):
        index.add(*t)
        got = index.nearest(row, k=KEPT)
        scores = dict(zip(got.rows.tolist(), got.scores.tolist(), strict=True))
        every = index.nearest(row, k=500)
        due = {
            int(other)
            for other, score in zip(every.rows, every.scores.tolist(), strict=True)
            if len(best[other]) < KEPT or score > sorted(best[other])[-KEPT]
        }
        assert set(scores) == due | set(every.rows[:KEPT].tolist())
        for other in due:
            best[other].append(scores[other])
        best[row] = list(got.scores[:KEPT].tolist())
        told += len(due - set(every.rows[:KEPT].tolist()))
    assert told > 500


def test_fewer_neighbours_than_ten_can_be_asked_for() -> None:
    texts = articles(120)
    few, many = Index(), Index()
    for t in texts:
        some = few.nearest(few.add(*t), k=3)
        more = many.nearest(many.add(*t), k=30)
        assert some.rows[:3].tolist() == more.rows[:3].tolist()
        assert set(some.rows.tolist()) <= set(more.rows.tolist())


def test_removed_rows_are_holes() -> None:
    texts = articles(200)
    index = Index(segment_rows=64)
    fill(index, texts)
    index.remove([3, 64, 150, 3])
    assert (len(index), index.live) == (200, 197)
    assert not index.alive[[3, 64, 150]].any()
    for row in (0, 60, 199):
        assert not {3, 64, 150} & set(index.nearest(row, k=200).rows.tolist())
        assert_as_reference(index, texts, row)


def test_an_edited_article_is_removed_and_added_again() -> None:
    texts = articles(150)
    index = Index(segment_rows=64)
    fill(index, texts)
    index.remove([20])
    again = index.add(*texts[20])
    index.nearest(again, k=20)
    assert again == 150
    assert_as_reference(index, [*texts, texts[20]], again)


def test_all_removed_and_filled_again() -> None:
    texts = articles(60)
    index = Index(segment_rows=16)
    fill(index, texts)
    index.remove(range(60))
    assert len(index.query(*texts[1], k=5).rows) == 0
    fill(index, texts)
    assert_as_reference(index, texts + texts, 119)


def test_a_query_is_as_the_text_added() -> None:
    texts = articles(150)
    index = Index(segment_rows=64)
    fill(index, texts[:-1])
    asked = index.query(*texts[-1], k=10)
    added = index.nearest(index.add(*texts[-1]), k=10)
    assert abs(asked.scores - added.scores[: len(asked.scores)]).max() < 0.05  # idf moves by one text


def test_what_was_added_is_given_back() -> None:
    texts = articles(100)
    index = Index(segment_rows=16)
    fill(index, texts)
    for row, t in enumerate(texts):
        terms, codes = index.vector(row)
        assert (terms.tolist(), codes.tolist()) == (t.terms.tolist(), t.codes.tolist())
    np.testing.assert_equal(index.days, [t.day for t in texts])


def test_products_with_many_rows() -> None:
    texts = articles(100)
    index = Index(segment_rows=16)
    fill(index, texts)
    rng = np.random.default_rng(1)
    terms = np.unique(np.concatenate([t.terms for t in texts[:30]] + [np.array([7], np.uint32)]))
    weights = rng.random(len(terms)).astype(np.float32)
    rows = np.array([99, 3, 50, 3])
    by_term = dict(zip(terms.tolist(), weights.tolist(), strict=True))
    for dot, norm, row in zip(index.dots(terms, weights, rows), index.norms(rows), rows, strict=True):
        values = decode(texts[row].codes) * index.idf(texts[row].terms)
        expected = sum(by_term.get(t, 0) * v for t, v in zip(texts[row].terms.tolist(), values, strict=True))
        assert dot == pytest.approx(expected, rel=1e-5)
        assert norm == pytest.approx(np.linalg.norm(values), rel=1e-5)


def same(a: Neighbours, b: Neighbours) -> bool:
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("segment_rows", [16, 65_536])
def test_batches_and_restarts_change_nothing(segment_rows: int, tmp_path: Path) -> None:
    texts = articles(150)
    whole = Index(segment_rows=segment_rows)
    expected = fill(whole, texts)
    parts: Index | None = Index(segment_rows=segment_rows)
    got = []
    for first, last in ((0, 1), (1, 16), (16, 17), (17, 90), (90, 150)):
        assert parts is not None
        got += fill(parts, texts[first:last])
        parts.save(tmp_path)
        parts = Index.load(tmp_path)
    assert all(same(a, b) for a, b in zip(expected, got, strict=True))
    assert parts is not None
    assert all(same(whole.nearest(row, k=50), parts.nearest(row, k=50)) for row in range(150))


def test_the_size_of_segments_changes_nothing() -> None:
    texts = articles(200)
    expected = fill(Index(), texts)
    for segment_rows in (5, 64):
        got = fill(Index(segment_rows=segment_rows), texts)
        assert all(same(a, b) for a, b in zip(expected, got, strict=True))


def test_sealed_segments_are_written_once(tmp_path: Path) -> None:
    index = Index(segment_rows=16)
    texts = articles(80)
    fill(index, texts[:40])
    index.save(tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("segment-*")}
    fill(index, texts[40:])
    index.save(tmp_path)
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("segment-*")}
    assert len(before) == 2
    assert len(after) == 5
    assert before.items() <= after.items()
    assert len(list(tmp_path.glob("rest-*"))) == 1


def test_another_index_may_take_the_folder(tmp_path: Path) -> None:
    first, second = Index(segment_rows=16), Index(segment_rows=16)
    fill(first, articles(40))
    first.save(tmp_path)
    fill(second, articles(50, seed=3))
    second.save(tmp_path)
    loaded = Index.load(tmp_path)
    assert loaded is not None
    assert same(loaded.nearest(49, k=9), second.nearest(49, k=9))
    assert_as_reference(first, articles(40), 39)  # its files are gone, not its memory of them


def test_without_a_cache_there_is_none(tmp_path: Path) -> None:
    assert Index.load(tmp_path) is None
    assert Index.load(tmp_path / "missing") is None


@pytest.mark.parametrize("damage", ["empty", "shorter", "missing", "other bytes"])
def test_a_damaged_cache_is_none(tmp_path: Path, damage: str) -> None:
    index = Index(segment_rows=16)
    fill(index, articles(40))
    index.save(tmp_path)
    paths = sorted(tmp_path.iterdir())
    assert len(paths) == 4
    for path in paths:
        content = path.read_bytes()
        match damage:
            case "empty":
                path.write_bytes(b"")
            case "shorter":
                path.write_bytes(content[: len(content) // 2])
            case "missing":
                path.unlink()
            case _:
                path.write_bytes(content[:100] + bytes(100) + content[200:])
        assert Index.load(tmp_path) is None
        path.write_bytes(content)
    assert Index.load(tmp_path) is not None


def test_a_cache_of_another_version_is_none(tmp_path: Path) -> None:
    index = Index()
    fill(index, articles(5))
    index.save(tmp_path)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"version": 1', '"version": 0'))
    assert Index.load(tmp_path) is None


def test_an_unfinished_save_leaves_the_last_one(tmp_path: Path) -> None:
    index = Index(segment_rows=16)
    fill(index, articles(40))
    index.save(tmp_path)
    (tmp_path / "segment-2-1.arrays").write_bytes(b"torn")
    (tmp_path / "rest-1.arrays.new").write_bytes(b"torn")
    loaded = Index.load(tmp_path)
    assert loaded is not None
    assert same(loaded.nearest(39, k=9), index.nearest(39, k=9))
    loaded.save(tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


def test_segments_have_a_largest_size() -> None:
    for segment_rows in (0, 65_537):
        with pytest.raises(ValueError, match="segments of"):
            Index(segment_rows=segment_rows)


def test_works_where_nothing_compiled_can_be_kept() -> None:
    code = "import aggregator.related.kernels as k; assert k.closeness.py_func(0.0) == 2.5"
    environment = {**os.environ, "NUMBA_CACHE_DIR": "/proc/nowhere"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_codes_are_close_to_the_weights_that_they_stand_for() -> None:
    tf = np.array([1, 0.9, 0.5, 0.1, 1 / 64, 0.001], np.float32)
    codes = encode(tf, np.array([True, False] * 3))
    np.testing.assert_allclose(decode(codes), np.maximum(tf, 1 / 64), rtol=0.017)
    assert (codes >= 128).tolist() == [True, False] * 3
    assert decode(np.array([0, 128], np.uint8)).tolist() == [0, 0]
