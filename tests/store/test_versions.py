from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from factory import MOMENT, pairs
from tunesmith.errors import TunesmithError
from tunesmith.store import versions as store


def dataset(*rows, split="train") -> pl.DataFrame:
    return pairs(*rows).with_columns(split=pl.lit(split))


def write(table, frame) -> store.Version:
    return store.write_version(
        table,
        [
            store.VersionPart(store.dataset_fingerprint(part), lambda part=part: part)
            for part in frame.iter_slices(1)
        ],
        rows=frame.height,
        fingerprint=store.dataset_fingerprint(frame),
        recipe="name: x",
        lineage={"counts": {"kept": 1}},
    )


def test_versions_keep_their_rows_and_their_story(tmp_path) -> None:
    one = dataset({"answer": "first"}, {"labels": ["a"], "extra": [{"key": "k", "value": "v"}]})
    two = dataset({"answer": "second"})
    assert write(tmp_path / "d", one).number == 0
    assert write(tmp_path / "d", two).number == 1
    assert store.read_version(tmp_path / "d", 0).equals(one.select(store.COLUMNS))
    assert store.read_version(tmp_path / "d").equals(two.select(store.COLUMNS))
    [first, second] = store.versions(tmp_path / "d")
    assert (first.rows, second.rows) == (2, 1)
    assert first.recipe == "name: x"
    assert first.lineage == {"counts": {"kept": 1}}


def test_the_same_rows_on_another_day_are_the_same_version(tmp_path) -> None:
    write(tmp_path / "d", dataset({}))
    later = dataset({"collected_at": MOMENT + timedelta(days=1)})
    assert write(tmp_path / "d", later).number == 0


def test_the_same_rows_in_another_split_are_another_version(tmp_path) -> None:
    write(tmp_path / "d", dataset({}, {}))
    moved = dataset({}, {}).with_columns(split=pl.Series(["train", "test"]))
    assert write(tmp_path / "d", moved).number == 1
    assert store.read_version(tmp_path / "d")["split"].to_list() == ["train", "test"]


def test_a_part_that_is_there_is_not_written_again(tmp_path) -> None:
    old, new = dataset({"answer": "old"}), dataset({"id": "new", "answer": "new"})
    write(tmp_path / "d", old)
    both = pl.concat([new, old])
    write(tmp_path / "d", both)
    assert store.read_version(tmp_path / "d", 0).equals(old.select(store.COLUMNS))
    assert store.read_version(tmp_path / "d", 1).equals(both.select(store.COLUMNS))
    files = [path.stat() for path in (tmp_path / "d").glob("*.parquet")]
    assert len(files) == 3
    assert len({file.st_ino for file in files}) == 2  # two names of one file


def test_a_version_that_is_not_there(tmp_path) -> None:
    with pytest.raises(TunesmithError, match="no dataset here"):
        store.read_version(tmp_path / "d")
    write(tmp_path / "d", dataset({}))
    with pytest.raises(TunesmithError, match="no version 7"):
        store.read_version(tmp_path / "d", 7)


def test_a_difference_names_rows_columns_and_moves() -> None:
    before = dataset({"answer": "a"}, {"answer": "b"}, {"answer": "c"})
    after = pl.concat(
        [
            before[0:1].with_columns(answer=pl.lit("changed")),
            before[1:2].with_columns(split=pl.lit("test")),
            dataset({"id": "new"}),
        ]
    )
    found = store.diff(before, after)
    assert found.added == ["new"]
    assert found.removed == ["row00002"]
    assert found.changed == {"row00000": ["answer"]}
    assert found.moved == {"row00001": ("train", "test")}
