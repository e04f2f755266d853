"""The tf part of a term's weight in one byte.

The low seven bits are the tf on a logarithmic scale: 1 is 1/64, 127 is 1, 0 is no weight. The highest bit
says that the term stands in the head of the text; weights do not look at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_RANGE = 64.0
_STEPS = 126

TF: npt.NDArray[np.float32] = np.tile(_RANGE ** ((np.arange(128) - 127) / _STEPS), 2).astype(np.float32)
TF[[0, 128]] = 0
TF.setflags(write=False)


def decode(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """The tf of each code, float32 in [1/64, 1] (0 for a code without weight)."""
    return TF[codes]


def encode(tf: npt.NDArray[np.floating], head: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """The nearest code of each tf in (0, 1], at most 1.7 % off; less than 1/64 counts as 1/64."""
    logs = np.log(np.maximum(tf, 1 / _RANGE)) / np.log(_RANGE)
    return np.asarray(np.rint(127 + _STEPS * logs).astype(np.uint8) | head * np.uint8(128), np.uint8)
