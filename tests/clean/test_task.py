"""Row steps as pieces of work."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from factory import pairs
from tunesmith import ledger
from tunesmith.clean import CleanConfig
from tunesmith.clean.boilerplate import BoilerplateConfig, line_table
from tunesmith.clean.people import GatherPeople, KnownPeople, SharedThreads
from tunesmith.clean.task import ApplySteps
from tunesmith.step import Outcome, apply
from tunesmith.store.cache import Stage
from tunesmith.store.parts import Part

FIRST = {"thread": "t", "author": "Zuri Abebe", "answer": "We look into it.\nThe shop that cares"}
SECOND = {"thread": "t", "answer": "It was told to Zuri Abebe.\nThe shop that cares"}


@pytest.fixture
def collected(tmp_path: Path) -> Stage:
    """Two parts, in which one row's people are named by another's texts."""
    stage = Stage(tmp_path / "collected")
    for number, row in enumerate((FIRST, SECOND)):
        stage.write(number, Outcome(pairs(row), ledger.empty(), []))
    stage.finish(2)
    return stage


def task(collected: Stage, out: Path, **settings: object) -> ApplySteps:
    inputs = [Part(stage=collected.folder, number=number) for number in range(2)]
    output = Part(stage=out, number=3)
    return ApplySteps(inputs=inputs, output=output, **settings)


def shared_threads(folder: Path, *frames: pl.DataFrame) -> SharedThreads:
    """What the parts that have these rows share."""
    files = []
    for number, frame in enumerate(frames):
        stage = Stage(folder / f"part-{number}")
        stage.write(0, Outcome(frame, ledger.empty(), []))
        files.append(stage.folder / "threads.parquet")
        part = Part(stage=stage.folder, number=0)
        GatherPeople(inputs=[part], output=files[-1], personal={}).run()
    return SharedThreads(files)


def test_people_of_threads_in_other_parts_are_attached(collected, tmp_path) -> None:
    steps = CleanConfig().steps({})
    shared = shared_threads(tmp_path, collected.frame(0), collected.frame(1))
    people = KnownPeople.written(tmp_path / "people.parquet", shared.people(), {})
    one = Part(stage=collected.folder, number=1)
    out = Stage(tmp_path / "out")
    work = task(collected, out.folder, steps=steps, people=people).model_copy(
        update={"inputs": [one]}
    )
    assert work.run() == 1
    assert "told to [PERSON]." in out.frame(3)["answer"][0]
    assert out.frame(3).columns == collected.frame(1).columns
    people.forget()
    with pytest.raises(FileNotFoundError):
        work.read()


def test_lines_are_written_instead_of_rows(collected, tmp_path) -> None:
    config = BoilerplateConfig()
    steps = CleanConfig(boilerplate=config).mending()
    out = Stage(tmp_path / "out")
    work = task(collected, out.folder, steps=steps, lines=config)
    assert work.run() == 2
    assert out.frame(3).equals(line_table(apply(steps, work.read()).frame, config))
