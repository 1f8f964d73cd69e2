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


@pytest.mark.parametrize("writes", [0, 1])
def test_a_part_whose_writing_ended_early_is_not_there(tmp_path, monkeypatch, writes) -> None:
    stage = RunCache(tmp_path / "work").stage("rows", "abc")
    done = []

    def full(path, data):
        if len(done) == writes:
            raise OSError(28, "No space left on device")
        done.append(path)
        path.write_bytes(data)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr("tunesmith.store.cache.write_bytes", full)
        stage.write(0, outcome(2))
    assert not stage.has(0)
    stage.write(0, outcome(2))
    assert stage.has(0)


def test_what_was_worked_out_of_a_part_is_removed_with_other_settings(tmp_path) -> None:
    for settings in ("old", "new"):
        cache = RunCache(tmp_path / "work")
        stage = cache.stage("rows", "abc")
        if settings == "old":
            fill(stage, [outcome(1)])
        for name in ("index", settings):
            cache.beside(stage, 0, f"{name}.npy").write_bytes(b"known")
        cache.prune()
    assert sorted(path.name for path in stage.folder.glob("of-*")) == [
        "of-00000-index.npy",
        "of-00000-new.npy",
    ]
    assert stage.has(0)


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
