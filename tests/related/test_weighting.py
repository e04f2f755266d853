"""The weights of terms and their code of one byte."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.related.weighting import decode, encode, fuse, in_head

Counts = list[int]


def _fuse(head: Counts, body: Counts, *idf: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return fuse(np.array(head, np.uint16), np.array(body, np.uint16), _idf(*idf))


def _idf(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def test_the_formula() -> None:
    tf = _fuse([2, 1, 0], [0, 4, 1], 1, 2, 3)
    h, b = np.array([1 + np.log(2), 1, 0]), np.array([0, 1 + np.log(4), 1])
    idf = np.array([1, 2, 3])
    expected = 2 / 12 * h / np.linalg.norm(h * idf) + b / np.linalg.norm(b * idf)
    assert tf == pytest.approx(expected / expected.max(), rel=1e-6)
    assert tf.dtype == np.float32


@pytest.mark.parametrize(("head", "body"), [([3, 1], [0, 0]), ([0, 0], [3, 1])])
def test_a_text_that_is_all_head_or_all_body(head: Counts, body: Counts) -> None:
    tf = _fuse(head, body, 1, 5)
    assert tf == pytest.approx([1, 1 / (1 + np.log(3))], rel=1e-6)


def test_nothing_weighs_nothing() -> None:
    assert _fuse([], []).shape == (0,)


@given(st.lists(st.tuples(st.floats(1 / 64, 1, width=32), st.booleans()), max_size=50))
def test_a_code_is_the_weight_within_two_percent(pairs: list[tuple[float, bool]]) -> None:
    tf = np.array([value for value, _ in pairs], np.float32)
    head = np.array([flag for _, flag in pairs], np.uint16)
    codes = encode(tf, head)
    assert codes.dtype == np.uint8
    assert decode(codes) == pytest.approx(tf, rel=0.0171)
    assert decode(codes).dtype == np.float32
    assert in_head(codes).tolist() == (head > 0).tolist()
    assert ((codes & 127) > 0).all()


def test_the_ends_of_the_scale() -> None:
    assert decode(np.array([0, 1, 127, 128, 255], np.uint8)).tolist() == [0, 1 / 64, 1, 0, 1]
    assert encode(_idf(1e-9), np.array([1], np.uint16)).tolist() == [129]
