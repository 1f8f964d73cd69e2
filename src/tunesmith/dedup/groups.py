"""Groups of rows with one hash, the order of preference within a group, and walks over matches."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.dedup.spill import I64, U64
from tunesmith.equal import first_equal
from tunesmith.kernels import kernel

_SIGN = np.uint64(1 << 63)
_LAST = np.uint64(2**64 - 1)


def preference(frame: pl.DataFrame, keep: str) -> U64:
    """Two sort keys for each row, shape (2, rows); the row with the lowest is kept first.

    `best`: quality score, then length; `newest`: time; `longest`: letters. Higher comes first,
    nulls last; ties go to the earlier row.
    """
    length = frame.select(
        pl.sum_horizontal(
            pl.col(name).str.len_chars().fill_null(0) for name in ("question", "answer", "text")
        ).cast(pl.UInt64)
    ).to_series()
    keys = np.zeros((2, frame.height), dtype=np.uint64)
    if keep == "best":
        keys[0] = _falling(frame.get_column("quality_score"))
        keys[1] = _LAST - length.to_numpy()
    elif keep == "newest":
        keys[0] = _falling(frame.get_column("timestamp").dt.epoch("us").cast(pl.Int64))
    else:
        keys[0] = _LAST - length.to_numpy()
    return keys


def _falling(values: pl.Series) -> U64:
    """Numbers as unsigned integers in falling order, null last."""
    missing = values.is_null().to_numpy()
    if values.dtype == pl.Float64:
        bits = (values.fill_null(0.0).to_numpy() + 0.0).view(np.uint64)
        rising = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    else:
        rising = values.fill_null(0).to_numpy().view(np.uint64) ^ _SIGN
    return np.where(missing, _LAST, _LAST - rising)


def equal_groups(high: U64, low: U64, *, at_least: int = 2) -> tuple[I64, I64]:
    """The groups of rows with one 128-bit hash, in the order of their first rows.

    Args:
        high: The high halves.
        low: The low halves; a row with the hash 0, 0 (no text) is in no group.
        at_least: The least size of a group.

    Returns:
        Row numbers, group after group and rising within each, and where each group begins
        (groups + 1).
    """
    first = first_equal(high, low)
    first[(high | low) == 0] = -1
    members, starts = _gathered(first, at_least)
    return members, starts


@kernel
def _gathered(first: Any, at_least: int) -> tuple[Any, Any]:
    """The rows of each group that is large enough; `first` names each row's group, -1 is none."""
    place = np.zeros(len(first), dtype=np.int64)
    for row in range(len(first)):
        if first[row] >= 0:
            place[first[row]] += 1
    starts = np.zeros(len(first) + 1, dtype=np.int64)
    groups = 0
    for row in range(len(first)):
        size = place[row]
        place[row] = -1
        if size >= at_least and size > 0:
            place[row] = starts[groups]
            starts[groups + 1] = starts[groups] + size
            groups += 1
    members = np.empty(starts[groups], dtype=np.int64)
    for row in range(len(first)):
        group = first[row]
        if group >= 0 and place[group] >= 0:
            members[place[group]] = row
            place[group] += 1
    return members, starts[: groups + 1].copy()


@kernel
def _before(keys: Any, one: int, other: int) -> bool:
    for key in range(len(keys)):
        if keys[key, one] != keys[key, other]:
            return bool(keys[key, one] < keys[key, other])
    return one < other


@kernel
def best_of(members: Any, starts: Any, keys: Any) -> Any:
    """For each member (numbers into `keys`, in groups): the preferred one of its group."""
    best = np.empty_like(members)
    for group in range(len(starts) - 1):
        first = members[starts[group]]
        for place in range(starts[group], starts[group + 1]):
            if _before(keys, members[place], first):
                first = members[place]
        for place in range(starts[group], starts[group + 1]):
            best[place] = first
    return best


def places_in(members: I64, starts: I64, keys: U64) -> I64:
    """For each member of the groups: its place in the order of preference, from 0."""
    sizes = np.diff(starts)
    group = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((members, keys[1][members], keys[0][members], group))
    places = np.empty(len(members), dtype=np.int64)
    places[order] = np.arange(len(members)) - np.repeat(starts[:-1], sizes)
    return places


def walk(
    nodes: I64,
    roots: I64,
    edges: tuple[I64, I64, NDArray[np.float64]],
    keys: U64,
    fixed: NDArray[np.bool_],
) -> tuple[I64, NDArray[np.float64], I64]:
    """Walk trees of verified matches from the rows that are kept.

    Args:
        nodes: Row numbers, rising; all else counts places in it.
        roots: For each node, the node that names its tree.
        edges: Nodes and nodes that matched, and their similarity; a forest.
        keys: Sort keys of the nodes, shape (2, nodes).
        fixed: Nodes that are always kept.

    Returns:
        For each node the one it matched (-1 for a node that is kept), their similarity, and the
        kept node that stands for it.
    """
    result: tuple[I64, NDArray[np.float64], I64] = _walk(len(nodes), roots, *edges, keys, fixed)
    return result


@kernel
def _adjacent(count: int, lefts: Any, rights: Any) -> tuple[Any, Any]:
    starts = np.zeros(count + 1, dtype=np.int64)
    for edge in range(len(lefts)):
        starts[lefts[edge] + 1] += 1
        starts[rights[edge] + 1] += 1
    for node in range(count):
        starts[node + 1] += starts[node]
    place = starts[:-1].copy()
    touching = np.empty(2 * len(lefts), dtype=np.int64)
    for edge in range(len(lefts)):
        for node in (lefts[edge], rights[edge]):
            touching[place[node]] = edge
            place[node] += 1
    return starts, touching


@kernel
def _walk(
    count: int, roots: Any, lefts: Any, rights: Any, values: Any, keys: Any, fixed: Any
) -> tuple[Any, Any, Any]:
    starts, touching = _adjacent(count, lefts, rights)
    best = np.full(count, -1, dtype=np.int64)
    held = np.zeros(count, dtype=np.bool_)
    for node in range(count):
        root = roots[node]
        held[root] |= fixed[node]
        if best[root] < 0 or _before(keys, node, best[root]):
            best[root] = node
    matched = np.full(count, -1, dtype=np.int64)
    similarity = np.zeros(count, dtype=np.float64)
    kept = np.full(count, -1, dtype=np.int64)
    waiting = np.empty(count, dtype=np.int64)
    end = 0
    for node in range(count):
        if fixed[node] or (not held[roots[node]] and best[roots[node]] == node):
            kept[node] = node
            waiting[end] = node
            end += 1
    place = 0
    while place < end:
        node = waiting[place]
        place += 1
        for at in range(starts[node], starts[node + 1]):
            edge = touching[at]
            other = rights[edge] if lefts[edge] == node else lefts[edge]
            if kept[other] < 0:
                kept[other], matched[other], similarity[other] = kept[node], node, values[edge]
                waiting[end] = other
                end += 1
    return matched, similarity, kept
