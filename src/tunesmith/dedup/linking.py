"""Joining rows: union-find over row numbers, and the buckets of candidates verified pair by pair.

Rows of a bucket (one band hash) are joined where their true similarity reaches the threshold. What
is kept of all pairs is a spanning forest: Kruskal's (1956), in the order of buckets and rows.

`link_buckets` and `link_new` have the same few lines in their innermost loops: as a function of
their own these cost up to twice the time where most rows are joined already.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tunesmith.dedup.minhash import jaccard_from
from tunesmith.kernels import kernel


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
