"""What was told of rows is told again without reading their parts."""

from __future__ import annotations

import numpy as np
import polars as pl

from factory import pairs
from tunesmith.dedup.told import COLUMNS, Told


class Counted:
    """Parts in memory that count how often they are read."""

    def __init__(self, parts: list[pl.DataFrame]) -> None:
        self.parts, self.read = parts, 0

    def __len__(self) -> int:
        return len(self.parts)

    def frame(self, number: int, columns: list[str] | None = None) -> pl.DataFrame:
        self.read += 1
        return self.parts[number].select(columns or pl.all())


def part(name: str, rows: int = 5) -> pl.DataFrame:
    return pairs(*({"question": f"{name} {n}", "answer": f"of {name}", "id": f"{name}{n}"} for n in range(rows)))  # fmt: skip


def places(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def test_parts_whose_rows_were_told_are_not_read_again(tmp_path) -> None:
    """Also where a part before them has gone, and fewer of their rows are asked for."""
    path, a, b = tmp_path / "told.parquet", part("a"), part("b")
    first, parts = Told(path, ["a", "b"]), Counted([a, b])
    for number, frame in enumerate(parts.parts):
        told = first.rows(parts, number, places(0, 2, 4))
        assert told.equals(frame.select(COLUMNS)[[0, 2, 4]])
    first.keep()
    assert parts.read == 2
    later = Counted([b])
    again = Told(path, ["b"])
    assert again.rows(later, 0, places(2, 4)).equals(b.select(COLUMNS)[[2, 4]])
    again.keep()
    assert later.read == 0
    assert Told(path, ["b"]).rows(later, 0, places(2)).equals(b.select(COLUMNS)[[2]])
    assert later.read == 0


def test_a_part_of_which_another_row_is_asked_for_is_read(tmp_path) -> None:
    path, frame = tmp_path / "told.parquet", part("a")
    first = Told(path, ["a"])
    first.rows(Counted([frame]), 0, places(0, 2))
    first.keep()
    for wanted in (places(1), places(0, 1, 2), places(2, 4)):
        parts = Counted([frame])
        assert Told(path, ["a"]).rows(parts, 0, wanted).equals(frame.select(COLUMNS)[wanted])
        assert parts.read == 1


def test_a_part_with_another_name_is_read(tmp_path) -> None:
    """The name says all that a part's rows depend on."""
    path = tmp_path / "told.parquet"
    first = Told(path, ["a"])
    first.rows(Counted([part("a")]), 0, places(0, 2))
    first.keep()
    parts = Counted([part("changed")])
    told = Told(path, ["b"]).rows(parts, 0, places(0, 2))
    assert told["question"].to_list() == ["changed 0", "changed 2"]
    assert parts.read == 1
