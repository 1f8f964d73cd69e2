"""Parts of stages by number: what a piece of work reads and writes, and how parts are cut."""

from __future__ import annotations

import hashlib
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


def read(parts: list[Part], columns: list[str] | None = None) -> pl.DataFrame:
    """The rows of some parts, or some of their columns, one after the other."""
    return pl.concat([Stage(part.stage).frame(part.number, columns) for part in parts])


def rows_in(parts: list[Part]) -> int:
    """The number of rows of some parts."""
    return sum(Stage(part.stage).height(part.number) for part in parts)


#: Small parts are put together up to about so many rows.
CUT_ROWS = 1_024


def gathered(stages: Sequence[Stage], rows: int) -> list[list[Part]]:
    """The parts of stages in order, small ones put together, up to so many rows.

    Where a group ends is drawn from the part's own name, with the probability `height / CUT_ROWS`:
    a new file in the middle changes the group it falls into, and no cut after it (content-defined
    chunking: Muthitacharoen, Chen, Mazières, *A Low-bandwidth Network File System*, 2001).
    """
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
            if _drawn(f"{stage.folder.name}/{number}") < height / CUT_ROWS:
                groups.append(waiting)
                waiting, total = [], 0
    return [*groups, waiting] if waiting else groups


def _drawn(name: str) -> float:
    """A number from 0 to 1 that a name always draws."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big") / 2**32
