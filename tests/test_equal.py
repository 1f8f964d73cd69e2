"""Rows with one hash, found in one walk, against lists and dictionaries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.equal import first_equal, highest_of_equal

#: Halves that recur, so that rows share one half, both, or the slot where a row is looked for.
HALVES = st.sampled_from([0, 1, 2, 16, 17, 2**32, 2**63, 2**64 - 1])


def halves(rows: list[tuple[int, int]]) -> np.ndarray:
    """High halves and low halves, shape (2, rows)."""
    return np.array(rows, dtype=np.uint64).reshape(-1, 2).T


@given(st.lists(st.tuples(HALVES, HALVES), max_size=60))
def test_the_first_row_of_each_hash(rows) -> None:
    expected = [rows.index(row) for row in rows]
    assert first_equal(*halves(rows)).tolist() == expected


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1000])
def test_tables_of_any_size(count) -> None:
    """Also where every row is looked for in the same slot."""
    rows = [(64 * 1024 * number, number) for number in range(count)]
    assert first_equal(*halves(rows)).tolist() == list(range(count))


FEW = st.sampled_from([0, 16, 2**63])


@given(
    st.lists(st.tuples(FEW, FEW), max_size=9),
    st.lists(st.tuples(FEW, FEW, st.integers(0, 3)), max_size=40),
)
def test_the_highest_rank_of_each_hash(wanted, rows) -> None:
    best: dict[tuple[int, int], int] = {}
    for high, low, rank in rows:
        best[high, low] = max(rank, best.get((high, low), 0))
    ranks = np.array([rank for *_, rank in rows], dtype=np.uint8)
    found = highest_of_equal(halves(wanted), halves([row[:2] for row in rows]), ranks)
    assert found.tolist() == [best.get(row, 0) for row in wanted]
