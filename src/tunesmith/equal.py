"""Rows with equal 128-bit hashes, found in one walk: the time grows with the rows alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunesmith.kernels import kernel

U64 = NDArray[np.uint64]


def first_equal(high: U64, low: U64) -> NDArray[np.int64]:
    """For each row the first row with its hash: itself, where no row before has it.

    Args:
        high: The high halves of the hashes.
        low: The low halves.
    """
    high, low = np.ascontiguousarray(high), np.ascontiguousarray(low)
    first: NDArray[np.int64] = _first_equal(high, low, _table(len(high)))
    return first


@kernel
def _first_equal(high: Any, low: Any, table: Any) -> Any:
    mask = np.uint64(len(table) - 1)
    out = np.empty(len(high), dtype=np.int64)
    for row in range(len(high)):
        slot = high[row] & mask
        other = table[slot]
        while other >= 0 and (high[other] != high[row] or low[other] != low[row]):
            slot = (slot + np.uint64(1)) & mask
            other = table[slot]
        if other < 0:
            table[slot] = row
            other = row
        out[row] = other
    return out


def highest_of_equal(wanted: U64, hashes: U64, ranks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """For each wanted hash the highest rank of the hashes that are equal to it; 0 if there is none.

    Args:
        wanted: Hashes, shape (2, wanted): high halves, then low halves. Memory grows with these.
        hashes: Those that have a rank, shape (2, hashes).
        ranks: Their ranks; 0 is none.
    """
    high, low = (np.ascontiguousarray(half) for half in wanted)
    its_high, its_low = (np.ascontiguousarray(half) for half in hashes)
    table = _table(len(high))
    first = _first_equal(high, low, table)
    best: NDArray[np.uint8] = _highest(high, low, table, its_high, its_low, ranks)[first]
    return best


def _table(rows: int) -> NDArray[Any]:
    """Slots for the rows of a hash table, at most half of them taken; -1 is an empty one."""
    slots = 16
    while slots < 2 * rows:
        slots *= 2
    return np.full(slots, -1, dtype=np.int32 if rows < 2**31 else np.int64)


@kernel
def _highest(wanted_high: Any, wanted_low: Any, table: Any, high: Any, low: Any, ranks: Any) -> Any:
    """`highest_of_equal` for the first of each wanted hash, by its place."""
    mask = np.uint64(len(table) - 1)
    best = np.zeros(len(wanted_high), dtype=np.uint8)
    for row in range(len(ranks)):
        if ranks[row] == 0:
            continue
        slot = high[row] & mask
        other = table[slot]
        while other >= 0 and (wanted_high[other] != high[row] or wanted_low[other] != low[row]):
            slot = (slot + np.uint64(1)) & mask
            other = table[slot]
        if other >= 0 and best[other] < ranks[row]:
            best[other] = ranks[row]
    return best
