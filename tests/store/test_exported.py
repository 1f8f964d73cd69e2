"""Exports grow in place, and a kill at any moment leaves whole files, or none, under their names."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from factory import pairs
from tunesmith.store import exported
from tunesmith.store.export import ExportPart, export
from tunesmith.store.exported import Exported

PAIRS = ("train", "test")


def part(key: str, *splits: str) -> ExportPart:
    frame = pairs(*({"answer": f"{key} {place}"} for place in range(len(splits))))
    return ExportPart(key, lambda: frame.with_columns(split=pl.Series(splits)))


OLD = [part("a", "train", "test"), part("b", "train"), part("c", "train", "test")]
NEW = [part("d", "test", "train"), part("e", "validation")]


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.jsonl")}


def whole(folder: Path, parts: list[ExportPart]) -> dict[str, bytes]:
    export(folder, parts, PAIRS, index=folder / "index.json")
    return written(folder)


def inodes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_ino for path in folder.rglob("*.jsonl")}


def never(*_: object) -> None:
    raise AssertionError("no byte is copied")


@pytest.mark.parametrize("after", [[*OLD, *NEW], [*OLD[:2], *NEW], OLD[:2]])
def test_what_is_new_at_the_end_is_appended(tmp_path, monkeypatch, after) -> None:
    export(tmp_path / "e", OLD, PAIRS, index=tmp_path / "lines.json")
    before = inodes(tmp_path / "e")
    monkeypatch.setattr(Exported, "copy", never)
    export(tmp_path / "e", after, PAIRS, index=tmp_path / "lines.json")
    assert written(tmp_path / "e") == whole(tmp_path / "fresh", after)
    now = inodes(tmp_path / "e")
    assert {name: now[name] for name in before} == before
    export(tmp_path / "e", after, PAIRS, index=tmp_path / "lines.json")
    assert inodes(tmp_path / "e") == now


def test_what_is_new_in_the_middle_is_written_anew(tmp_path) -> None:
    export(tmp_path / "e", OLD, PAIRS, index=tmp_path / "lines.json")
    after = [OLD[0], *NEW, *OLD[1:]]
    export(tmp_path / "e", after, PAIRS, index=tmp_path / "lines.json")
    assert written(tmp_path / "e") == whole(tmp_path / "fresh", after)


def test_a_file_with_another_name_too_is_not_appended_to(tmp_path) -> None:
    export(tmp_path / "e", OLD, PAIRS, index=tmp_path / "lines.json")
    path, kept = tmp_path / "e" / "chat" / "train.jsonl", tmp_path / "kept.jsonl"
    before = path.read_bytes()
    os.link(path, kept)
    export(tmp_path / "e", OLD + NEW, PAIRS, index=tmp_path / "lines.json")
    assert kept.read_bytes() == before
    assert written(tmp_path / "e") == whole(tmp_path / "fresh", OLD + NEW)


class Killed(BaseException):
    """The process ends here."""


def killed_at(step: int, patch: pytest.MonkeyPatch, look) -> list[str]:
    """Let the process end before a step that changes what lies on disk; gives the steps."""
    seen: list[str] = []

    def before(name: str) -> None:
        look()
        if len(seen) == step:
            raise Killed
        seen.append(name)

    def watched(owner: object, name: str) -> None:
        work = getattr(owner, name)

        def done(*args, **settings):
            before(name)
            return work(*args, **settings)

        patch.setattr(owner, name, done)

    for owner, name in (
        (Path, "rename"), (Path, "replace"), (Path, "unlink"), (os, "fsync"),
        (exported, "write_json"),
    ):  # fmt: skip
        watched(owner, name)
    patch.setattr(Exported, "_give_up", lambda self: None)  # nobody tidies up after a kill
    return seen


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("after", [[*OLD, *NEW], [*OLD[:2], *NEW], OLD[:2]])
def test_killed_between_any_two_steps(tmp_path, after, back) -> None:
    """Whether the next run has the new rows too, or only those of before."""
    one, other = (whole(tmp_path / name, parts) for name, parts in (("1", OLD), ("2", after)))
    step = 0
    while True:
        out = tmp_path / f"killed-{step}"
        export(out, OLD, PAIRS, index=out / "lines.json")

        def look(out: Path = out) -> None:
            for name, data in written(out).items():
                assert data in (one.get(name), other.get(name)), name

        with pytest.MonkeyPatch.context() as patch:
            seen = killed_at(step, patch, look)
            try:
                export(out, after, PAIRS, index=out / "lines.json")
            except Killed:
                finished = False
            else:
                finished = True
        look()
        export(out, OLD if back else after, PAIRS, index=out / "lines.json")
        assert written(out) == (one if back else other)
        assert not list(out.rglob("*.growing"))
        if finished:
            break
        step += 1
    assert seen.count("rename") == 12
    assert step > 20


def test_a_tail_that_a_kill_left_is_cut_off(tmp_path, monkeypatch) -> None:
    export(tmp_path / "e", OLD, PAIRS, index=tmp_path / "lines.json")
    before = inodes(tmp_path / "e")
    for path in list((tmp_path / "e").rglob("*.jsonl")):
        with path.open("ab") as file:
            file.write(b'{"half')
        path.rename(path.with_name(f".{path.name}.growing"))
    monkeypatch.setattr(Exported, "copy", never)
    export(tmp_path / "e", OLD + NEW, PAIRS, index=tmp_path / "lines.json")
    assert written(tmp_path / "e") == whole(tmp_path / "fresh", OLD + NEW)
    assert before.items() <= inodes(tmp_path / "e").items()  # the very files, not new ones


def test_an_error_puts_the_files_back(tmp_path) -> None:
    def spoilt() -> pl.DataFrame:
        raise OSError("no space left")

    export(tmp_path / "e", OLD, PAIRS, index=tmp_path / "lines.json")
    before = written(tmp_path / "e")
    with pytest.raises(OSError, match="no space"):
        export(tmp_path / "e", [*OLD, *NEW, ExportPart("x", spoilt)], PAIRS,
               index=tmp_path / "lines.json")  # fmt: skip
    assert written(tmp_path / "e") == before
    assert not list((tmp_path / "e").rglob(".*"))


def test_what_lies_aside_and_is_not_known_goes(tmp_path) -> None:
    export(tmp_path / "e", OLD, PAIRS, index=tmp_path / "lines.json")
    (tmp_path / "e" / "chat" / ".train.jsonl.growing").write_text("other\n" * 100)
    target = tmp_path / "e" / "chat" / "train.jsonl"
    target.unlink()
    Exported(tmp_path / "e", tmp_path / "lines.json", ["chat"])
    assert not target.exists()
    export(tmp_path / "e", OLD, PAIRS, index=tmp_path / "lines.json")
    assert written(tmp_path / "e") == whole(tmp_path / "fresh", OLD)
    assert not list((tmp_path / "e").rglob(".*"))
