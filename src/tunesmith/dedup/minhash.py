"""Shingles and MinHash signatures, compiled over the Arrow buffer of a column of texts.

A text is cut into words, a shingle is the hash of `n` words in a row, and a signature is the
smallest value of each of 128 hash functions over the shingles (Broder 1997). Two texts agree in
one place of the signature with the probability of their Jaccard similarity. Rows that agree in a
whole band of the signature become candidates (locality-sensitive hashing: Leskovec, Rajaraman,
Ullman, *Mining of Massive Datasets*, ch. 3).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.dedup.sketch import WORDS, sketch_of
from tunesmith.kernels import buffers, kernel

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

_WORD_BASE = np.uint64(0x9E3779B97F4A7C15)
_SHINGLE_BASE = np.uint64(0xC2B2AE3D27D4EB4F)
_SPACE = 32


@kernel
def _mix(value: Any) -> Any:
    # The finaliser of MurmurHash3: every bit of the input moves every bit of the output.
    value = np.uint64(value)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    value ^= value >> np.uint64(33)
    return value


@kernel
def _shingles_of(data: Any, start: int, end: int, size: int, out: Any) -> int:
    """Write the shingle hashes of one text to `out`, in its order; returns how many."""
    words = 0
    value = np.uint64(0)
    inside = False
    for place in range(start, end):
        byte = data[place]
        if byte == _SPACE:
            if inside:
                out[words] = _mix(value)
                words += 1
                value = np.uint64(0)
                inside = False
        else:
            value = value * _WORD_BASE + np.uint64(byte) + np.uint64(1)
            inside = True
    if inside:
        out[words] = _mix(value)
        words += 1
    if words == 0:
        return 0
    width = min(size, words)
    count = words - width + 1
    for first in range(count):
        value = np.uint64(width)
        for step in range(width):
            value = value * _SHINGLE_BASE + out[first + step]
        out[first] = _mix(value)  # place `first` is read last by this shingle
    return count


@kernel
def _room(offsets: Any) -> int:
    """The most shingles that one of the texts can have."""
    longest = 0
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    return int(longest // 2 + 2)


@kernel
def _all_shingles(data: Any, offsets: Any, size: int) -> tuple[Any, Any]:
    rows = len(offsets) - 1
    scratch = np.empty(_room(offsets), dtype=np.uint64)
    flat = np.empty((offsets[rows] - offsets[0]) // 2 + 2 * rows + 2, dtype=np.uint64)
    ends = np.zeros(rows + 1, dtype=np.int64)
    total = 0
    for row in range(rows):
        count = _shingles_of(data, offsets[row], offsets[row + 1], size, scratch)
        ordered = np.sort(scratch[:count])
        for place in range(count):
            if place == 0 or ordered[place] != ordered[place - 1]:
                flat[total] = ordered[place]
                total += 1
        ends[row + 1] = total
    return flat[:total].copy(), ends


@kernel
def _signatures(data: Any, offsets: Any, size: int, factors: Any, terms: Any, sketches: Any) -> Any:
    rows, functions = len(offsets) - 1, len(factors)
    scratch = np.empty(_room(offsets), dtype=np.uint64)
    out = np.full((rows, functions), np.uint32(0xFFFFFFFF), dtype=np.uint32)
    for row in range(rows):
        mine = out[row]
        count = _shingles_of(data, offsets[row], offsets[row + 1], size, scratch)
        sketch_of(scratch, count, sketches[row])
        for place in range(count):
            value = scratch[place]
            for function in range(functions):
                # Multiply-shift (Dietzfelbinger et al. 1997): the high half is universal.
                hashed = np.uint32((value * factors[function] + terms[function]) >> np.uint64(32))
                mine[function] = min(mine[function], hashed)
    return out


@kernel
def _bands(signatures: Any, bands: int, rows_per_band: int) -> Any:
    out = np.empty((len(signatures), bands), dtype=np.uint64)
    for row in range(len(signatures)):
        for band in range(bands):
            value = np.uint64(band + 1)
            for place in range(band * rows_per_band, (band + 1) * rows_per_band):
                value = value * _SHINGLE_BASE + np.uint64(signatures[row, place])
            out[row, band] = _mix(value)
    return out


def shingles(texts: pl.Series, size: int) -> tuple[U64, I64]:
    """Distinct shingle hashes of each text, sorted: flat values and n + 1 ends.

    Args:
        texts: Comparable texts (see `normalise.comparable`): words with one space between.
        size: Words in a shingle; a shorter text is one shingle.
    """
    data, offsets = buffers(texts)
    flat, ends = _all_shingles(data, offsets, size)
    return flat, ends


def signatures(texts: pl.Series, size: int, *, functions: int, seed: int) -> NDArray[np.uint32]:
    """MinHash signatures, shape (texts, functions); a text without a word is all ones.

    Args:
        texts: Comparable texts, as for `shingles`.
        size: Words in a shingle.
        functions: Hash functions.
        seed: Draws the hash functions.
    """
    return sketched(texts, size, functions=functions, seed=seed)[0]


def sketched(
    texts: pl.Series, size: int, *, functions: int, seed: int
) -> tuple[NDArray[np.uint32], U64]:
    """`signatures`, and the sketches of the texts, shape (texts, `sketch.WORDS`)."""
    random = np.random.default_rng(seed)
    factors = random.integers(1, 2**64, size=functions, dtype=np.uint64) | np.uint64(1)
    terms = random.integers(0, 2**64, size=functions, dtype=np.uint64)
    data, offsets = buffers(texts)
    sketches = np.zeros((len(offsets) - 1, WORDS), dtype=np.uint64)
    found: NDArray[np.uint32] = _signatures(data, offsets, size, factors, terms, sketches)
    return found, sketches


def band_hashes(signature: NDArray[np.uint32], *, bands: int, rows: int) -> U64:
    """One hash for each band of the signatures, shape (texts, bands)."""
    result: U64 = _bands(signature, bands, rows)
    return result


@kernel
def jaccard(flat: Any, ends: Any, left: int, right: int) -> float:
    """The true Jaccard similarity of two texts' shingles (sorted, distinct)."""
    first, first_end = ends[left], ends[left + 1]
    second, second_end = ends[right], ends[right + 1]
    union = (first_end - first) + (second_end - second)
    both = 0
    while first < first_end and second < second_end:
        if flat[first] == flat[second]:
            both += 1
            first += 1
            second += 1
        elif flat[first] < flat[second]:
            first += 1
        else:
            second += 1
    if union == both:
        return 1.0 if union else 0.0
    return float(both / (union - both))


@kernel
def jaccard_from(
    flat: Any,
    first: int,
    first_end: int,
    others: Any,
    second: int,
    second_end: int,
    threshold: float,
) -> float:
    """The Jaccard similarity of two texts, or -1 as soon as it cannot reach the threshold.

    Args:
        flat: Sorted shingles of the first text between `first` and `first_end`.
        first: Where they begin.
        first_end: Where they end.
        others: Sorted shingles of the second text between `second` and `second_end`.
        second: Where they begin.
        second_end: Where they end.
        threshold: The least similarity that matters.
    """
    total = (first_end - first) + (second_end - second)
    if total == 0:
        return -1.0
    need = int(threshold * total / (1.0 + threshold))
    while need > 0 and need / (total - need) >= threshold:
        need -= 1
    while need < total and need / (total - need) < threshold:
        need += 1
    both = 0
    while first < first_end and second < second_end:
        if flat[first] == others[second]:
            both += 1
            first += 1
            second += 1
        else:
            if both + min(first_end - first, second_end - second) < need:
                return -1.0
            if flat[first] < others[second]:
                first += 1
            else:
                second += 1
    return float(both / (total - both)) if both >= need else -1.0
