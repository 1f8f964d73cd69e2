"""Files put together without reading their rows, read by Polars and by Arrow."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.store.row_groups import _moved_column, join
from tunesmith.store.thrift import I32, I64, STRUCT

SCHEMA = {"id": pl.String, "line": pl.Int64, "value": pl.Float64, "changes": pl.List(pl.String)}
ROWS = st.lists(
    st.tuples(
        st.text(max_size=8),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False),
        st.none() | st.lists(st.text(max_size=4), max_size=3),
    ),
    max_size=12,
)


def frame(rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def written(folder: Path, frames: list[pl.DataFrame], **settings) -> list[Path]:
    files = []
    for number, part in enumerate(frames):
        files.append(folder / f"{number}.parquet")
        part.write_parquet(files[-1], compression="zstd", **settings)
    return files


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4), st.sampled_from([None, 5]), st.booleans())
def test_the_rows_are_those_of_the_files(tmp_path_factory, parts, size, again) -> None:
    """Also where a file has several row groups, none, or was put together itself."""
    folder = tmp_path_factory.mktemp("joined")
    frames = [frame(rows) for rows in parts]
    files = written(folder, frames, row_group_size=size)
    out = folder / "out.parquet"
    expected = pl.concat(frames)
    assert join(out, files) == expected.height
    if again:
        once = out.rename(folder / "once.parquet")
        assert join(out, [once, files[0], once]) == 2 * expected.height + frames[0].height
        expected = pl.concat([expected, frames[0], expected])
    assert pl.read_parquet(out).equals(expected)
    assert pl.from_arrow(pq.read_table(out)).equals(expected)
    assert pq.read_metadata(out).num_rows == expected.height


def test_places_beyond_the_first_file_are_moved(tmp_path) -> None:
    """Each row group by itself, and by what its statistics say."""
    frames = [frame([(f"r{n}", n, n / 2, ["x" * n])]) for n in range(40)]
    join(tmp_path / "out.parquet", written(tmp_path, frames))
    file = pq.ParquetFile(tmp_path / "out.parquet")
    assert file.num_row_groups == 40
    for number in (39, 0, 17):
        assert pl.from_arrow(file.read_row_group(number)).equals(frames[number])
    lines = pl.scan_parquet(tmp_path / "out.parquet").filter(pl.col("line") == 23)
    assert lines.collect().equals(frames[23])


def test_a_place_of_a_column_is_moved_where_a_writer_names_it() -> None:
    """Older writers name a chunk's place, newer ones give 0; what names indexes is left out."""
    about = {9: (I64, 40), 11: (I64, 4), 14: (I64, 900)}
    for place, moved in ((4, 104), (0, 0)):
        chunk = {2: (I64, place), 3: (STRUCT, about), 4: (I64, 800), 5: (I32, 10)}
        expected = {2: (I64, moved), 3: (STRUCT, {9: (I64, 140), 11: (I64, 104)})}
        assert _moved_column(chunk, 100) == expected


def test_other_columns_are_refused_and_nothing_is_left(tmp_path) -> None:
    files = written(tmp_path, [frame([]), frame([]).drop("line")])
    with pytest.raises(ValueError, match="has other columns than"):
        join(tmp_path / "out.parquet", files)
    (tmp_path / "1.parquet").write_bytes(b"PAR1, they say")
    with pytest.raises(ValueError, match="is no Parquet file"):
        join(tmp_path / "out.parquet", files)
    with pytest.raises(ValueError, match="no file"):
        join(tmp_path / "out.parquet", [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.parquet", "1.parquet"]
