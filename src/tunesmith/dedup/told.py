"""What was told of some rows, kept beside their part: the next run need not read it for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from tunesmith.dedup.index import Parts
from tunesmith.dedup.spill import I64
from tunesmith.io import atomic_write

#: Raised when what is kept of a row becomes another.
VERSION = 1

_PLACE = "_place"


class Told:
    """Some columns of those rows that a run tells something about.

    Args:
        parts: Records.
        columns: What is told of a row.
        files: For each part, the file that keeps this between runs; without them parts are read.
    """

    def __init__(
        self, parts: Parts, columns: Sequence[str], files: Sequence[Path] | None = None
    ) -> None:
        self._parts, self._columns, self._files = parts, list(columns), files

    def rows(self, number: int, places: I64) -> pl.DataFrame:
        """What is told of some rows of a part (counted from its first, rising)."""
        path = None if self._files is None else self._files[number]
        known = None if path is None else self._known(path, places)
        if known is not None:
            return known
        found = _alone(self._parts.frame(number, self._columns)[places])
        if path is not None:
            with atomic_write(path) as file:
                numbered = found.with_columns(pl.Series(_PLACE, places, pl.Int64))
                numbered.write_parquet(file, compression="lz4")
        return found

    def _known(self, path: Path, places: I64) -> pl.DataFrame | None:
        """What the last run has told of these rows, if it has of all."""
        if not path.exists():
            return None
        before = pl.read_parquet(path)
        there = before.get_column(_PLACE).to_numpy()
        at = np.searchsorted(there, places)
        if len(at) and (at[-1] >= len(there) or (there[at] != places).any()):
            return None
        return before.select(self._columns)[at]


def _alone(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows without the texts of those they were taken from, which else stay in memory."""
    return pl.DataFrame(rows.to_arrow())
