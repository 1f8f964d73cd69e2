"""Sketches of texts: which pairs cannot be near duplicates is known without reading them.

A sketch is the number of a text's shingles and a set of 256 bits, of which each shingle sets one. A
bit that one text has and the other has not is a shingle that they do not share. So the sketches of
two texts bound their Jaccard similarity from above, and a pair whose bound is below the threshold
is none, for certain. Texts with far more shingles than bits have all of them: they are read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tunesmith.dedup.spill import I64, U64
from tunesmith.kernels import kernel

#: 64-bit words of a sketch: the number of shingles, then the bits.
WORDS = 5

#: The columns that the words of a row's sketch are kept in.
NAMES = ("shingles", *(f"sketch{word}" for word in range(1, WORDS)))

_BITS = np.uint64(64 * (WORDS - 1) - 1)


@kernel
def sketch_of(shingles: Any, count: int, out: Any) -> None:
    """Write the sketch of a text to `out` (words), all zeros before.

    Args:
        shingles: Hashes; one that is there twice only makes the bound wider.
        count: How many they are.
        out: The sketch.
    """
    out[0] = np.uint64(count)
    for place in range(count):
        bit = shingles[place] & _BITS
        out[1 + np.int64(bit >> np.uint64(6))] |= np.uint64(1) << (bit & np.uint64(63))


@kernel
def _ones(value: Any) -> Any:
    """How many bits of a number are set."""
    value -= (value >> np.uint64(1)) & np.uint64(0x5555555555555555)
    value = (value & np.uint64(0x3333333333333333)) + (
        (value >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((value * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def highest_similarity(one: Any, other: Any) -> float:
    """The highest Jaccard similarity that two texts with these sketches can have."""
    alone = others = 0
    for word in range(1, len(one)):
        alone += _ones(one[word] & ~other[word])
        others += _ones(other[word] & ~one[word])
    both = min(np.int64(one[0]) - alone, np.int64(other[0]) - others)
    return both / (both + alone + others) if both > 0 else 0.0


def perhaps_near(
    members: I64, starts: I64, clean: Any, places: I64, sketches: U64, threshold: float, near: Any
) -> None:
    """Mark the rows of buckets that may be near a new row, and those new rows.

    Args:
        members: Row numbers, bucket after bucket.
        starts: Where each bucket begins in `members` (buckets + 1).
        clean: For each row, whether it is none of the new ones.
        places: For each row of a bucket with a new one, where its sketch is.
        sketches: Sketches, shape (rows, `WORDS`).
        threshold: The least similarity that matters.
        near: For each row, whether it is marked; changed in place.
    """
    _perhaps_near(members, starts, clean, places, sketches, threshold, near)


@kernel
def _perhaps_near(
    members: Any, starts: Any, clean: Any, places: Any, sketches: Any, threshold: float, near: Any
) -> None:
    for bucket in range(len(starts) - 1):
        begin, end = starts[bucket], starts[bucket + 1]
        for one in range(begin, end):
            if clean[members[one]]:
                continue
            for other in range(begin, end):
                left, right = members[one], members[other]
                if other == one or (near[left] and near[right]):
                    continue
                if highest_similarity(sketches[places[left]], sketches[places[right]]) >= threshold:
                    near[left] = True
                    near[right] = True
