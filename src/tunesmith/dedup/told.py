"""What was told of rows with their texts, kept for the next run: unread parts stay unread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from tunesmith.dedup.index import Parts
from tunesmith.dedup.spill import I64
from tunesmith.io import atomic_write

#: Raised when other columns of a row are told, or rows are named in another way.
VERSION = 1

#: What is told of a row.
COLUMNS = ("id", "source", "category", "question", "answer")

_PART, _PLACE = "_part", "_place"


class Told:
    """Rows of parts with what is told of them.

    Args:
        path: A file that keeps them between runs; without it parts are read.
        parts: Names of the parts, in order; equal names are equal rows.
    """

    def __init__(self, path: Path | None = None, parts: Sequence[str] = ()) -> None:
        self._path, self._names = path, list(parts)
        self._before: dict[str, pl.DataFrame] = {}
        self._now: list[pl.DataFrame] = []
        if path is not None and path.exists():
            rows = pl.read_parquet(path)
            for (name,), mine in rows.partition_by(_PART, as_dict=True).items():
                self._before[str(name)] = mine

    def rows(self, parts: Parts, number: int, places: I64) -> pl.DataFrame:
        """What is told of some rows of a part (counted from its first, rising)."""
        found = self._known(number, places)
        if found is None:
            found = _alone(parts.frame(number, list(COLUMNS))[places])
        if self._path is not None:
            named = pl.lit(self._names[number]).alias(_PART)
            self._now.append(found.select(named, pl.Series(_PLACE, places, pl.Int64), *COLUMNS))
        return found

    def keep(self) -> None:
        """Keep what was told this time for the next run."""
        if self._path is None:
            return
        kinds = {_PART: pl.String, _PLACE: pl.Int64} | dict.fromkeys(COLUMNS, pl.String)
        rows = pl.concat([pl.DataFrame(schema=kinds), *self._now])
        with atomic_write(self._path) as file:
            rows.write_parquet(file, compression="lz4")

    def _known(self, number: int, places: I64) -> pl.DataFrame | None:
        """What the last run has told of these rows, if it has of all."""
        before = self._before.get(self._names[number]) if self._before else None
        if before is None:
            return None
        there = before.get_column(_PLACE).to_numpy()
        at = np.searchsorted(there, places)
        if len(at) and (at[-1] >= len(there) or (there[at] != places).any()):
            return None
        return before.select(COLUMNS)[at]


def _alone(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows without the texts of those they were taken from, which else stay in memory."""
    return pl.DataFrame(rows.to_arrow())
