"""128-bit hashes of texts: MurmurHash3_x64_128, compiled over the Arrow buffer of a column.

Two different texts share a hash with probability 2^-128: among ten million texts the chance that
any two do is about 10^-25. The hash is not for secrets.

Reference: Austin Appleby, MurmurHash3.cpp (public domain), seed 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.kernels import buffers, kernel

_C1 = np.uint64(0x87C37B91114253D5)
_C2 = np.uint64(0x4CF5AD432745937F)
_A = np.uint64(0x52DCE729)
_B = np.uint64(0x38495AB5)
_F1 = np.uint64(0xFF51AFD7ED558CCD)
_F2 = np.uint64(0xC4CEB9FE1A85EC53)
_FIVE = np.uint64(5)
_64 = np.uint64(64)


@kernel
def _turned(value: Any, bits: Any) -> Any:
    return (value << bits) | (value >> (_64 - bits))


@kernel
def _finished(value: Any) -> Any:
    value ^= value >> np.uint64(33)
    value *= _F1
    value ^= value >> np.uint64(33)
    value *= _F2
    value ^= value >> np.uint64(33)
    return value


@kernel
def _word(data: Any, start: int, end: int) -> Any:
    """Up to eight bytes as a little-endian number."""
    value = np.uint64(0)
    for place in range(start, end):
        value |= np.uint64(data[place]) << np.uint64(8 * (place - start))
    return value


@kernel
def _first(word: Any) -> Any:
    return _turned(word * _C1, np.uint64(31)) * _C2


@kernel
def _second(word: Any) -> Any:
    return _turned(word * _C2, np.uint64(33)) * _C1


@kernel
def _hashes(data: Any, offsets: Any) -> Any:
    rows = len(offsets) - 1
    out = np.empty((2, rows), dtype=np.uint64)
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        one, two = np.uint64(0), np.uint64(0)
        place = start
        while place + 16 <= end:
            one ^= _first(_word(data, place, place + 8))
            one = (_turned(one, np.uint64(27)) + two) * _FIVE + _A
            two ^= _second(_word(data, place + 8, place + 16))
            two = (_turned(two, np.uint64(31)) + one) * _FIVE + _B
            place += 16
        if place + 8 < end:
            two ^= _second(_word(data, place + 8, end))
        if place < end:
            one ^= _first(_word(data, place, min(place + 8, end)))
        length = np.uint64(end - start)
        one ^= length
        two ^= length
        one += two
        two += one
        one, two = _finished(one), _finished(two)
        one += two
        two += one
        out[0, row], out[1, row] = one, two
    return out


def text_hashes(texts: pl.Series) -> NDArray[np.uint64]:
    """The 128-bit hash of each text, shape (2, texts): high halves, then low halves.

    An empty or missing text has the hash 0, 0.
    """
    data, offsets = buffers(texts)
    result: NDArray[np.uint64] = _hashes(data, offsets)
    return result
