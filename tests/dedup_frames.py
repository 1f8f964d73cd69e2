"""Merging the duplicates of one frame, in memory, as tests want it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tunesmith.dedup.clusters import find
from tunesmith.dedup.config import DedupConfig


@dataclass(frozen=True)
class Merged:
    """The rows that stay, the fates of the others, and the sizes of the near clusters."""

    frame: pl.DataFrame
    fates: pl.DataFrame
    near_sizes: list[int]


@dataclass(frozen=True)
class One:
    """A frame as the only part."""

    whole: pl.DataFrame

    def __len__(self) -> int:
        return 1

    def frame(self, number: int, columns: list[str] | None = None) -> pl.DataFrame:
        if number:
            raise IndexError(number)
        return self.whole if columns is None else self.whole.select(columns)


def deduplicate(frame: pl.DataFrame, config: DedupConfig) -> Merged:
    """The rows that stay, in their order, and what became of the others."""
    found = find(One(frame), config)
    rest, fates = found.outcome(0)
    return Merged(rest, fates, found.near_sizes)
