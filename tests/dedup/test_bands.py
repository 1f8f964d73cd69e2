"""Rows that may meet a new row, against every hash looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.dedup import bands as module
from tunesmith.dedup.bands import Bands
from tunesmith.dedup.forest import Known
from tunesmith.store.columns import Columns

NAMES = ["text_high", *(f"band{number:02d}" for number in range(7))]


def spilled(folder: Path | None, sizes: list[int], seed: int, values: int = 40) -> Columns:
    dice = np.random.default_rng(seed)
    columns = Columns(NAMES, folder)
    for number, size in enumerate(sizes):
        hashes = dice.integers(0, values, (len(NAMES), size)).astype(np.uint64)
        columns.write(number, hashes * np.uint64(0x9E3779B97F4A7C15))
    return columns


def known_of(dice: np.random.Generator, rows: int, pairs: int) -> Known:
    clean = dice.random(rows) < 0.7
    old = np.flatnonzero(clean)
    pairs = pairs if len(old) else 0
    band = np.sort(dice.integers(0, 7, pairs))
    left, right = (dice.choice(old, pairs) if pairs else np.empty(0, np.int64) for _ in "ab")
    return Known(clean, band, left, right, np.ones(pairs))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=5),
    st.integers(0, 10_000),
    st.integers(0, 20),
    st.sampled_from([1, 60, 2**21]),
)
def test_every_row_that_meets_a_new_one_or_is_paired_is_found(
    tmp_path_factory, sizes, seed, pairs, searched
) -> None:
    """However many bands are searched at a time; what else is found has a hash of its band too."""
    dice, rows = np.random.default_rng(seed), sum(sizes)
    folder = None if seed % 2 else tmp_path_factory.mktemp("columns")
    columns = spilled(folder, sizes, seed)
    compared = dice.random(rows) < 0.9
    known = known_of(dice, rows, pairs)
    bands = Bands(columns, NAMES[1:], len(sizes), compared)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SEARCHED", searched)
        found = list(bands.met(known))
    assert len(found) == 7
    for number, (hashes, numbers) in enumerate(found):
        all_hashes, all_numbers = bands.of(number)
        assert (np.diff(numbers) > 0).all()
        of = dict(zip(all_numbers.tolist(), all_hashes.tolist(), strict=True))
        assert hashes.tolist() == [of[row] for row in numbers.tolist()]
        fresh = {of[row] for row in of if not known.clean[row]}
        paired = set(known.paired(number).nonzero()[0].tolist())
        needed = {row for row in of if of[row] in fresh or row in paired}
        assert needed <= set(numbers.tolist())


def test_few_others_are_found(tmp_path) -> None:
    """Of 60,000 rows that meet no new one, at most one in a hundred."""
    columns = spilled(tmp_path, [20_000, 20_000, 20_200], 1, 2**62)
    clean = np.arange(60_200) < 60_000
    none = np.empty(0, np.int64)
    known = Known(clean, none, none, none, np.empty(0))
    bands = Bands(columns, NAMES[1:], 3, np.ones(60_200, dtype=bool))
    for _, numbers in bands.met(known):
        assert set(range(60_000, 60_200)) <= set(numbers.tolist())
        assert len(numbers) < 200 + 600
