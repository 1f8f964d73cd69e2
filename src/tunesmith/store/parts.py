"""Parts of stages by number: what a piece of work reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tunesmith.config import Config
from tunesmith.store.cache import Stage


class Part(Config):
    """A part of a stage."""

    stage: Path
    """The stage's folder."""
    number: int
    """The part's number."""


def read(parts: list[Part]) -> pl.DataFrame:
    """The rows of some parts, one after the other."""
    return pl.concat([Stage(part.stage).frame(part.number) for part in parts])


def rows_in(parts: list[Part]) -> int:
    """The number of rows of some parts."""
    return sum(Stage(part.stage).height(part.number) for part in parts)


def gathered(stages: Sequence[Stage], rows: int) -> list[list[Part]]:
    """The parts of stages in order, small ones put together up to so many rows."""
    groups: list[list[Part]] = []
    waiting: list[Part] = []
    total = 0
    for stage in stages:
        for number in range(len(stage)):
            height = stage.height(number)
            if waiting and total + height > rows:
                groups.append(waiting)
                waiting, total = [], 0
            waiting.append(Part(stage=stage.folder.resolve(), number=number))
            total += height
    return [*groups, waiting] if waiting else groups
