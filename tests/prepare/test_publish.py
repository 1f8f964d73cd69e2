"""Versions that a run adds, and those that it does not."""

from __future__ import annotations

from factory import small
from tunesmith.prepare import prepare
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load
from tunesmith.store.versions import versions


def test_a_second_run_takes_the_cache_and_adds_no_version(tmp_path) -> None:
    loaded = load(small(tmp_path))
    first = prepare(loaded, tmp_path / "out", SilentProgress())
    again = prepare(loaded, tmp_path / "out", SilentProgress())
    assert again.version == first.version
    assert len(versions(tmp_path / "out" / "dataset")) == 1
    assert again.counts == first.counts
    assert [vars(count) for count in again.steps] == [vars(count) for count in first.steps]


def test_a_changed_setting_makes_a_new_version(tmp_path) -> None:
    path = small(tmp_path)
    prepare(load(path), tmp_path / "out", SilentProgress())
    changed = prepare(
        load(path, ["check.qa_pairs.answer_chars=[20, 80]"]), tmp_path / "out", SilentProgress()
    )
    assert changed.version.number == 1
    assert changed.counts["dropped"] > 0
