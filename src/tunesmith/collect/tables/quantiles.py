"""Exact quantiles of a column of any length in constant memory.

A double's bits, read as an integer with the sign turned round, sort as the double does. Sixteen
bits at a time are counted (a histogram of 65,536 places), which says in which of them the value of
a rank lies; four walks over the column find it exactly. This is selection by radix (Knuth, The Art
of Computer Programming 3, 5.2.5).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A column, as many times as it is asked for: arrays of doubles without NaN.
Column = Callable[[], Iterator[NDArray[np.float64]]]

_DIGIT = 16
_PLACES = 1 << _DIGIT


def quantiles(column: Column, shares: Sequence[float]) -> list[float]:
    """Quantiles with linear interpolation, as `numpy.quantile` gives them by default.

    Args:
        column: The values; walked five times.
        shares: Which quantiles, 0–1.

    Raises:
        ValueError: There is no value.
    """
    count = sum(values.size for values in column())
    if not count:
        raise ValueError("there is no value")
    spots = [share * (count - 1) for share in shares]
    ranks = sorted({rank for spot in spots for rank in (math.floor(spot), math.ceil(spot))})
    found = dict(zip(ranks, of_rank(column, ranks), strict=True))
    return [
        _between(found[math.floor(spot)], found[math.ceil(spot)], spot - math.floor(spot))
        for spot in spots
    ]


def _between(low: float, high: float, share: float) -> float:
    # From the nearer end, as numpy does: at a share of 1 the result is `high` itself.
    if share < 0.5:
        return low + (high - low) * share
    return high - (high - low) * (1 - share)


def of_rank(column: Column, ranks: Sequence[int]) -> list[float]:
    """The values that stand at these places, from 0, when the column is sorted."""
    # By the digits known so far: how many values are less than all that begin with them.
    heads: list[tuple[int, int]] = [(0, 0)] * len(ranks)
    for step in range(64 // _DIGIT):
        counts = _histograms(column, {head for head, _ in heads}, step)
        heads = [
            _next(counts[head], head, below, rank)
            for (head, below), rank in zip(heads, ranks, strict=True)
        ]
    return [float(_value(head)) for head, _ in heads]


def _next(counts: NDArray[np.int64], head: int, below: int, rank: int) -> tuple[int, int]:
    sums = np.cumsum(counts)
    digit = int(np.searchsorted(sums, rank - below, side="right"))
    return (head << _DIGIT) | digit, below + int(sums[digit - 1] if digit else 0)


def _histograms(column: Column, heads: set[int], step: int) -> dict[int, NDArray[np.int64]]:
    """By the first digits, how many values go on with each next digit."""
    counts = {head: np.zeros(_PLACES, np.int64) for head in heads}
    shift = np.uint64(64 - _DIGIT * (step + 1))
    for values in column():
        bits = _bits(values) >> shift
        for head in heads:
            mine = bits if step == 0 else bits[(bits >> np.uint64(_DIGIT)) == np.uint64(head)]
            digits = (mine & np.uint64(_PLACES - 1)).astype(np.int64)
            counts[head] += np.bincount(digits, minlength=_PLACES)
    return counts


_SIGN = np.uint64(1 << 63)


def _bits(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    bits = (values + 0.0).view(np.uint64)  # -0.0 becomes 0.0
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _value(bits: int) -> Any:
    number = np.uint64(bits)
    return (number ^ _SIGN if number & _SIGN else ~number).view(np.float64)
