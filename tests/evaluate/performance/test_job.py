from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from tunesmith.evaluate.performance.job import turns


def test_concurrencies_take_turns() -> None:
    planned = turns(8, (1, 4, 8))
    assert [len(batch) for batch in planned] == [1, 1, 4, 1, 1, 8, 1, 1, 4, 1, 1]
    assert planned[2] == [0, 1, 2, 3]
    assert turns(3, (1, 2)) == [[0], [0, 1], [1], [2, 0], [2]]


@given(st.integers(1, 40), st.sets(st.integers(1, 16), min_size=1))
def test_every_row_is_answered_at_every_concurrency(rows: int, sizes: set[int]) -> None:
    planned = turns(rows, sorted(sizes))
    assert {len(batch) for batch in planned} == sizes
    for size in sizes:
        answered = Counter(row for batch in planned if len(batch) == size for row in batch)
        assert set(answered) == set(range(rows))
        assert sum(answered.values()) == -(-rows // size) * size
