"""Counts to weights: the part of a vector that depends on one text alone, and its code of one byte.

The weight of a term in a vector is its fused tf times its idf. Only the tf is stored; the idf is that of the
library on the day of the question.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aggregator.related.kernels import F32, U8, U16, compiled

if TYPE_CHECKING:
    import numpy.typing as npt

_SMALLEST = 1 / 64
_LARGEST_CODE = 127
IN_HEAD = 128
"""Codes from here on are those of terms in the head of a text."""
# From a head of few words less can be told than from its body; at ten distinct terms it weighs half.
_HEAD_TERMS = 10

TF: F32 = np.zeros(256, np.float32)
TF[1:128] = _SMALLEST ** ((_LARGEST_CODE - np.arange(1, 128)) / (_LARGEST_CODE - 1))
TF[129:] = TF[1:128]
TF.setflags(write=False)
"""The tf of each code."""


@compiled
def fuse(head: U16, body: U16, idf: F32) -> F32:
    """The fused tf of each term in (0, 1], the largest 1; counts in head and body, and the idf, by term.

    With h = 1 + ln(head count), b = 1 + ln(body count), 0 where the term is absent, and n distinct terms in
    the head: tf = n/(n+10) · h/‖h·idf‖ + b/‖b·idf‖; without a body h, without a head b. Head and body are so
    compared as two texts of length 1, whatever their number of words (cosine normalisation and logarithmic
    tf: Salton & Buckley 1988).
    """
    tf, distinct, head_square, body_square, largest = np.empty(len(idf), np.float32), 0, 0.0, 0.0, 1e-9
    for i in range(len(idf)):
        distinct += head[i] > 0
        head_square += (_log(head[i]) * idf[i]) ** 2
        body_square += (_log(body[i]) * idf[i]) ** 2
    head_factor = body_factor = 1.0
    if head_square and body_square:
        head_factor = distinct / (distinct + _HEAD_TERMS) / math.sqrt(head_square)
        body_factor = 1 / math.sqrt(body_square)
    for i in range(len(idf)):
        tf[i] = head_factor * _log(head[i]) + body_factor * _log(body[i])
        largest = max(largest, tf[i])
    for i in range(len(idf)):
        tf[i] /= largest
    return tf


@compiled
def _log(count: int) -> float:
    return 1 + math.log(count) if count else 0.0


@compiled
def encode(tf: F32, head: U16) -> U8:
    """One byte a term: 7 bits of ln(tf) over [1/64, 1], and whether the term stands in the head.

    Neighbouring codes are 3.4 % apart, so a weight is at most 1.7 % off; less than 1/64 becomes 1/64.
    """
    codes = np.empty(len(tf), np.uint8)
    for i in range(len(tf)):
        share = math.log(max(tf[i], _SMALLEST)) / -math.log(_SMALLEST)
        code = round(_LARGEST_CODE + (_LARGEST_CODE - 1) * share)
        codes[i] = code + IN_HEAD if head[i] else code
    return codes


def decode(codes: U8) -> F32:
    """The tf of each code, float32; the head bit is not looked at, a code of 0 is no weight."""
    return TF[codes]


def in_head(codes: U8) -> npt.NDArray[np.bool_]:
    """Whether each term stands in the head."""
    return codes >= IN_HEAD
