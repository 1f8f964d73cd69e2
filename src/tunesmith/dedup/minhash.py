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
def _signatures(data: Any, offsets: Any, size: int, factors: Any, terms: Any) -> Any:
    rows, functions = len(offsets) - 1, len(factors)
    scratch = np.empty(_room(offsets), dtype=np.uint64)
    out = np.full((rows, functions), np.uint32(0xFFFFFFFF), dtype=np.uint32)
    for row in range(rows):
        mine = out[row]
        count = _shingles_of(data, offsets[row], offsets[row + 1], size, scratch)
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
    random = np.random.default_rng(seed)
    factors = random.integers(1, 2**64, size=functions, dtype=np.uint64) | np.uint64(1)
    terms = random.integers(0, 2**64, size=functions, dtype=np.uint64)
    data, offsets = buffers(texts)
    result: NDArray[np.uint32] = _signatures(data, offsets, size, factors, terms)
    return result


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
def _root(parents: Any, row: int) -> int:
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row


@kernel
def join_pairs(parents: Any, lefts: Any, rights: Any) -> None:
    """Join the rows of each pair in a union-find forest; a root is its tree's smallest row."""
    for place in range(len(lefts)):
        left, right = _root(parents, lefts[place]), _root(parents, rights[place])
        if left != right:
            parents[max(left, right)] = min(left, right)


@kernel
def join_new(parents: Any, lefts: Any, rights: Any) -> Any:
    """`join_pairs` that tells which pairs joined two trees: the first ones that connect them."""
    new = np.zeros(len(lefts), dtype=np.bool_)
    for place in range(len(lefts)):
        left, right = _root(parents, lefts[place]), _root(parents, rights[place])
        if left != right:
            parents[max(left, right)] = min(left, right)
            new[place] = True
    return new


@kernel
def roots(parents: Any) -> Any:
    """The root of every row of a union-find forest."""
    out = np.empty_like(parents)
    for row in range(len(parents)):
        out[row] = _root(parents, row)
    return out


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


@kernel
def open_buckets(members: Any, starts: Any, parents: Any) -> tuple[Any, Any]:
    """The buckets whose rows are not all joined yet: members, and where each bucket begins."""
    kept = np.empty_like(members)
    edges = np.zeros(len(starts), dtype=np.int64)
    total = buckets = 0
    for bucket in range(len(starts) - 1):
        begin, end = starts[bucket], starts[bucket + 1]
        first = _root(parents, members[begin])
        joined = True
        for place in range(begin + 1, end):
            if _root(parents, members[place]) != first:
                joined = False
                break
        if not joined:
            for place in range(begin, end):
                kept[total] = members[place]
                total += 1
            buckets += 1
            edges[buckets] = total
    return kept[:total].copy(), edges[: buckets + 1].copy()


@kernel
def link_buckets(
    members: Any,
    slots: Any,
    starts: Any,
    flat: Any,
    ends: Any,
    threshold: float,
    parents: Any,
    fixed: Any,
) -> tuple[Any, Any, Any]:
    """Join the rows of each bucket whose true similarity reaches the threshold.

    A pair that is already in one component is not verified again: it cannot change the
    components. The returned edges are a spanning forest of verified pairs.

    Args:
        members: Row numbers, bucket after bucket.
        slots: For each member, where its shingles are in `ends`.
        starts: Where each bucket begins in `members` (buckets + 1).
        flat: Shingles, as `shingles` gives them.
        ends: Where the shingles of each slot end in `flat`.
        threshold: The least Jaccard similarity of a duplicate.
        parents: Union-find forest over the rows; changed in place.
        fixed: Rows that are never compared with each other.

    Returns:
        Left rows, right rows and similarities of the edges.
    """
    room = 1024
    lefts = np.empty(room, dtype=np.int64)
    rights = np.empty(room, dtype=np.int64)
    values = np.empty(room, dtype=np.float64)
    count = 0
    for bucket in range(len(starts) - 1):
        for one in range(starts[bucket], starts[bucket + 1]):
            left = members[one]
            apart = 0
            for other in range(one + 1, starts[bucket + 1]):
                right = members[other]
                left_root, right_root = _root(parents, left), _root(parents, right)
                if left_root == right_root:
                    continue
                apart += 1
                if fixed[left] and fixed[right]:
                    continue
                mine, its = slots[one], slots[other]
                similarity = jaccard_from(
                    flat, ends[mine], ends[mine + 1], flat, ends[its], ends[its + 1], threshold
                )
                if similarity < 0:
                    continue
                apart -= 1
                parents[max(left_root, right_root)] = min(left_root, right_root)
                if count == room:
                    room *= 2
                    lefts = _grown(lefts, room)
                    rights = _grown(rights, room)
                    values = _grown(values, room)
                lefts[count], rights[count], values[count] = left, right, similarity
                count += 1
            if apart == 0:
                break  # all that follow are joined with this one, so with each other
    return lefts[:count].copy(), rights[:count].copy(), values[:count].copy()


@kernel
def perhaps_joined(hashes: Any, rows: Any, clean: Any, paired: Any) -> Any:
    """Which rows may share a bucket with a new row, or are of a known pair; few others.

    Args:
        hashes: The hash of each row in one band.
        rows: The rows' numbers.
        clean: For each row number, whether its pairs with other clean rows are known.
        paired: For each row number, whether it is of a known pair of this band.
    """
    new = 0
    for place in range(len(rows)):
        new += not clean[rows[place]]
    size = 1024
    while size < 64 * new and size < 1 << 30:
        size *= 2
    seen = np.zeros(size, dtype=np.bool_)  # a Bloom filter with one hash (Bloom 1970)
    mask = np.uint64(size - 1)
    for place in range(len(rows)):
        if not clean[rows[place]]:
            seen[hashes[place] & mask] = True
    out = np.zeros(len(rows), dtype=np.bool_)
    for place in range(len(rows)):
        out[place] = seen[hashes[place] & mask] or paired[rows[place]]
    return out


@kernel
def has_new(members: Any, starts: Any, clean: Any) -> Any:
    """The members of the buckets that have a new row: they are compared."""
    compared = np.empty_like(members)
    count = 0
    for bucket in range(len(starts) - 1):
        begin, end = starts[bucket], starts[bucket + 1]
        if not clean[members[begin:end]].all():
            compared[count : count + end - begin] = members[begin:end]
            count += end - begin
    return compared[:count].copy()


@kernel
def link_new(
    members: Any,
    slots: Any,
    starts: Any,
    flat: Any,
    ends: Any,
    threshold: float,
    parents: Any,
    clean: Any,
    lefts: Any,
    rights: Any,
    similarities: Any,
) -> tuple[Any, Any, Any]:
    """`link_buckets` where the pairs of clean rows are known: the same edges, in the same order.

    Args:
        members: Row numbers, bucket after bucket, rising within a bucket.
        slots: For each member, where its shingles are in `ends`; those of a bucket of clean rows
            are not read.
        starts: Where each bucket begins in `members` (buckets + 1).
        flat: Shingles, as `shingles` gives them.
        ends: Where the shingles of each slot end in `flat`.
        threshold: The least Jaccard similarity of a duplicate.
        parents: Union-find forest over the rows; changed in place.
        clean: For each row, whether its pairs with other clean rows are known.
        lefts: The left rows of the known pairs of this band, rising.
        rights: Their right rows, rising for each left row.
        similarities: How similar they are.

    Returns:
        Left rows, right rows and similarities of the edges.
    """
    room = 1024
    found_left = np.empty(room, dtype=np.int64)
    found_right = np.empty(room, dtype=np.int64)
    values = np.empty(room, dtype=np.float64)
    count = 0
    for bucket in range(len(starts) - 1):
        begin, end = starts[bucket], starts[bucket + 1]
        new = begin + np.flatnonzero(~clean[members[begin:end]])
        for one in range(begin, end):
            left = members[one]
            if clean[left]:
                places, given = _partners(members, one, end, new, lefts, rights, similarities)
            else:
                places, given = np.arange(one + 1, end), np.full(end - one - 1, -1.0)
            for partner in range(len(places)):
                other = places[partner]
                right = members[other]
                left_root, right_root = _root(parents, left), _root(parents, right)
                if left_root == right_root:
                    continue
                similarity = given[partner]
                if similarity < 0:
                    mine, its = slots[one], slots[other]
                    similarity = jaccard_from(
                        flat, ends[mine], ends[mine + 1], flat, ends[its], ends[its + 1], threshold
                    )
                if similarity < 0:
                    continue
                parents[max(left_root, right_root)] = min(left_root, right_root)
                if count == room:
                    room *= 2
                    found_left = _grown(found_left, room)
                    found_right = _grown(found_right, room)
                    values = _grown(values, room)
                found_left[count], found_right[count], values[count] = left, right, similarity
                count += 1
    return found_left[:count].copy(), found_right[:count].copy(), values[:count].copy()


@kernel
def _partners(
    members: Any, one: int, end: int, new: Any, lefts: Any, rights: Any, similarities: Any
) -> tuple[Any, Any]:
    """Whom a clean member of a bucket is paired with: new members after it, and those known.

    Returns:
        Their places, rising, and the similarity of known pairs (-1 for a new member).
    """
    first = np.searchsorted(new, one)
    edge = np.searchsorted(lefts, members[one])
    last = np.searchsorted(lefts, members[one], side="right")
    size = len(new) - first + last - edge
    places, given = np.empty(size, dtype=np.int64), np.full(size, -1.0)
    count = 0
    while edge < last:
        place = one + 1 + np.searchsorted(members[one + 1 : end], rights[edge])
        while first < len(new) and new[first] < place:
            places[count] = new[first]
            first += 1
            count += 1
        places[count], given[count] = place, similarities[edge]
        edge += 1
        count += 1
    places[count:] = new[first:]
    return places, given


@kernel
def _grown(array: Any, room: int) -> Any:
    new = np.empty(room, dtype=array.dtype)
    new[: len(array)] = array
    return new
