from __future__ import annotations

from collections import Counter

import pytest

from factory import pairs
from tunesmith import ledger
from tunesmith.step import Outcome, StepCount
from tunesmith.store.cache import RunCache, fill


def outcome(rows: int, step: str = "s") -> Outcome:
    frame = pairs(*({} for _ in range(rows)))
    fates = ledger.fates(frame[:1], step=step, fate="dropped")
    return Outcome(
        frame, fates, [StepCount(step, rows + 1, rows, 2, 0.5, Counter({"EMAIL": rows}))]
    )


def test_parts_come_back_as_they_were_written(tmp_path) -> None:
    stage = RunCache(tmp_path / "work").stage("rows", "abc")
    parts = fill(stage, [outcome(2), outcome(3)])
    assert not stage.done
    stage.finish(parts, {"note": 1})
    assert stage.done
    assert len(stage) == 2
    assert stage.summary == {"note": 1}
    assert [frame.height for frame in stage.frames()] == [2, 3]
    assert stage.fates().height == 2
    [count] = stage.counts()
    assert (count.rows_in, count.rows_out, count.changed, count.seconds) == (7, 5, 4, 1.0)
    assert count.notes == {"EMAIL": 5}


@pytest.mark.parametrize("suffix", ["json", "parquet", "fates.parquet"])
def test_a_part_is_there_only_with_its_counts(tmp_path, suffix) -> None:
    stage = RunCache(tmp_path / "work").stage("rows", "abc")
    fill(stage, [outcome(2)])
    assert stage.has(0)
    (stage.folder / f"part-00000.{suffix}").unlink()
    assert stage.has(0) == (suffix != "json")


def test_stages_that_are_not_used_are_removed(tmp_path) -> None:
    RunCache(tmp_path / "work").stage("rows", "old")
    cache = RunCache(tmp_path / "work")
    kept = cache.stage("rows", "new")
    cache.prune()
    assert [path.name for path in (tmp_path / "work").iterdir()] == [kept.folder.name]


def test_the_cache_can_be_emptied(tmp_path) -> None:
    cache = RunCache(tmp_path / "work")
    fill(cache.stage("rows", "x"), [outcome(1)])
    cache.clear()
    assert not (tmp_path / "work").exists()
