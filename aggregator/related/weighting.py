"""Counts to weights: the part of a vector that depends on one text alone, and its code of one byte.

The weight of a term in a vector is its fused tf times its idf. Only the tf is stored; the idf is that of the
library on the day of the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from aggregator.related.text import Terms

_SMALLEST = 1 / 64
_LARGEST_CODE = 127
IN_HEAD = 128
"""Codes from here on are those of terms in the head of a text."""
# From a head of few words less can be told than from its body; at ten distinct terms it weighs half.
_HEAD_TERMS = 10

TF: npt.NDArray[np.float32] = np.zeros(256, np.float32)
TF[1:128] = _SMALLEST ** ((_LARGEST_CODE - np.arange(1, 128)) / (_LARGEST_CODE - 1))
TF[129:] = TF[1:128]
TF.setflags(write=False)
"""The tf of each code."""


def fuse(terms: Terms, idf: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The fused tf of each term, float32 in (0, 1], the largest 1.

    `idf` float32, one element a term. With h = 1 + ln(head count), b = 1 + ln(body count), 0 where the term
    is absent, and n distinct terms in the head: tf = n/(n+10) · h/‖h·idf‖ + b/‖b·idf‖; without a body h,
    without a head b. Head and body are so compared as two texts of length 1, whatever their number of words
    (cosine normalisation and logarithmic tf: Salton & Buckley 1988).
    """
    tf: npt.NDArray[np.floating]
    head, body = _log(terms.head), _log(terms.body)
    head_length, body_length = np.linalg.norm(head * idf), np.linalg.norm(body * idf)
    if head_length and body_length:
        distinct = np.count_nonzero(head)
        tf = distinct / (distinct + _HEAD_TERMS) / head_length * head + body / body_length
    else:
        tf = head + body
    return np.asarray(tf / tf.max(initial=1e-9), np.float32)


def _log(counts: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """1 + ln(count), 0 for 0."""
    return _LOG_TF[np.minimum(counts, len(_LOG_TF) - 1)]


_LOG_TF = np.concatenate([[0], 1 + np.log(np.arange(1, 4096))]).astype(np.float32)
_LOG_TF.setflags(write=False)


def encode(tf: npt.NDArray[np.float32], head: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """One byte a term: 7 bits of ln(tf) over [1/64, 1], and whether the term stands in the head.

    Neighbouring codes are 3.4 % apart, so a weight is at most 1.7 % off; less than 1/64 becomes 1/64.
    """
    logs = np.log(np.maximum(tf, _SMALLEST)) / -np.log(_SMALLEST)
    codes = np.rint(_LARGEST_CODE + (_LARGEST_CODE - 1) * logs).astype(np.uint8)
    return np.asarray(codes | head * np.uint8(IN_HEAD), np.uint8)


def decode(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The tf of each code, float32; the head bit is not looked at, a code of 0 is no weight."""
    return TF[codes]


def in_head(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Whether each term stands in the head."""
    return codes >= IN_HEAD
