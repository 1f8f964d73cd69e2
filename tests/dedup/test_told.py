"""What was told of rows is told again without reading their parts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from factory import pairs
from tunesmith.dedup.told import Told
from tunesmith.ledger import ORIGIN


class Counted:
    """Parts in memory that count how often they are read."""

    def __init__(self, *parts: pl.DataFrame) -> None:
        self.parts, self.read = parts, 0

    def __len__(self) -> int:
        return len(self.parts)

    def frame(self, number: int, columns: list[str] | None = None) -> pl.DataFrame:
        self.read += 1
        return self.parts[number].select(columns or pl.all())


@pytest.fixture
def part() -> pl.DataFrame:
    return pairs(*({"line": n or None, "changes": ["html"] * (n % 3)} for n in range(6)))


def places(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def test_a_part_whose_rows_were_told_is_not_read_again(tmp_path, part) -> None:
    """Also where fewer of them are asked for, or none."""
    parts, files = Counted(part[:2], part), [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    expected = part.select(ORIGIN)
    assert Told(parts, ORIGIN, files).rows(1, places(0, 2, 4)).equals(expected[[0, 2, 4]])
    assert parts.read == 1
    for wanted in (places(0, 2, 4), places(2), places(0, 4), places()):
        assert Told(parts, ORIGIN, files).rows(1, wanted).equals(expected[wanted])
    assert parts.read == 1
    assert not files[0].exists()


def test_a_part_of_which_another_row_is_asked_for_is_read(tmp_path, part) -> None:
    parts, files = Counted(part), [tmp_path / "a.parquet"]
    Told(parts, ORIGIN, files).rows(0, places(1, 2))
    for number, wanted in enumerate((places(0, 1, 2), places(3, 5), places(1)), start=2):
        assert Told(parts, ORIGIN, files).rows(0, wanted).equals(part.select(ORIGIN)[wanted])
        assert parts.read == number


def test_without_files_parts_are_read(part) -> None:
    parts = Counted(part)
    told = Told(parts, ["id"])
    for _ in range(2):
        assert told.rows(0, places(3))["id"].to_list() == ["row00003"]
    assert parts.read == 2
