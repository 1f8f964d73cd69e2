"""Rows with one hash, found in one walk, against a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.dedup.groups import equal_groups

#: Halves that recur, so that rows share one half, both, or the slot where a row is looked for.
HALVES = st.sampled_from([0, 1, 2, 16, 17, 2**32, 2**63, 2**64 - 1])


def halves(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(rows, dtype=np.uint64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


@given(st.lists(st.tuples(HALVES, HALVES), max_size=60), st.integers(1, 4))
def test_groups_come_in_the_order_of_their_first_rows(rows, at_least) -> None:
    groups: dict[tuple[int, int], list[int]] = {}
    for number, row in enumerate(rows):
        if row != (0, 0):
            groups.setdefault(row, []).append(number)
    expected = [group for group in groups.values() if len(group) >= at_least]
    members, starts = equal_groups(*halves(rows), at_least=at_least)
    assert starts[0] == 0
    found = [part.tolist() for part in np.split(members, starts[1:-1])] if len(starts) > 1 else []
    assert found == expected
    assert len(members) == starts[-1]
