"""A table put together from parts is the table sorted as a whole."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.store.sorted_parts import SortedPart, SortedParts

SCHEMA = {"file": pl.String, "line": pl.Int64, "said": pl.String}
ORDER = ("file", "line")
PLACES = st.tuples(st.sampled_from(["a", "b", "ä", None]), st.none() | st.integers(0, 9))


def frame(rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def write(folder: Path, parts: dict[str, pl.DataFrame], made: list[str]) -> list[int]:
    """Write the table; notes which parts were made."""

    def part(name: str) -> SortedPart:
        def rows() -> pl.DataFrame:
            made.append(name)
            return parts[name]

        return SortedPart(name, rows)

    (folder / "kept").mkdir(exist_ok=True)
    kept = SortedParts(folder / "kept", ORDER, lambda rows: rows.height)
    count, heights = kept.write(folder / "table.parquet", [part(name) for name in parts])
    assert count == sum(heights)
    return heights


@settings(max_examples=50, deadline=None)
@given(st.lists(PLACES, unique=True, max_size=24), st.data())
def test_any_rows_in_any_parts(tmp_path_factory, places, data) -> None:
    """Parts may overlap, be empty, come and go."""
    folder = tmp_path_factory.mktemp("sorted")
    names = [data.draw(st.sampled_from("pqrs")) for _ in places]
    rows = [(*place, f"{place}") for place in places]
    every = {
        name: frame([row for row, mine in zip(rows, names, strict=True) if mine == name])
        for name in "pqrs"
    }
    for _ in range(2):
        some = sorted(data.draw(st.sets(st.sampled_from("pqrs"), min_size=1)))
        parts = {name: every[name] for name in some}
        made: list[str] = []
        assert write(folder, parts, made) == [part.height for part in parts.values()]
        expected = pl.concat(parts.values()).sort(ORDER, nulls_last=True)
        assert pl.read_parquet(folder / "table.parquet").equals(expected)
        fresh = tmp_path_factory.mktemp("fresh")
        write(fresh, parts, [])
        files = [each / "table.parquet" for each in (folder, fresh)]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_only_new_parts_are_made_and_others_forgotten(tmp_path) -> None:
    parts = {name: frame([(name, line, "x") for line in range(3)]) for name in "abc"}
    made: list[str] = []
    write(tmp_path, {"a": parts["a"], "b": parts["b"]}, made)
    write(tmp_path, parts, made)
    assert made == ["a", "b", "c"]
    write(tmp_path, {"b": parts["b"]}, made)
    assert made == ["a", "b", "c"]
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"b.parquet", "parts.json"}
    (tmp_path / "kept" / "b.parquet").unlink()
    write(tmp_path, {"b": parts["b"]}, made)
    assert made == ["a", "b", "c", "b"]
    assert pl.read_parquet(tmp_path / "table.parquet").equals(parts["b"])


def test_a_part_with_another_key_is_made_again(tmp_path) -> None:
    before, after = frame([("a", 1, "x")]), frame([("a", 1, "y")])
    made: list[str] = []
    write(tmp_path, {"a": before}, made)
    write(tmp_path, {"b": after}, made)
    assert pl.read_parquet(tmp_path / "table.parquet")["said"].to_list() == ["y"]
