"""The keys of rows that were read before those that were added to their file.

A key that comes back is numbered, so what is read of a file's end has to know how often its keys
stand before it. It is told by 64 bits of a hash of each: of ten million keys the chance that any
two share them is 3 in a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.hashing import text_hashes
from tunesmith.store.cache import Stage


class EarlierKeys:
    """How often keys came before.

    Args:
        hashes: 64 bits of each key that came before, in any order.
    """

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        self._hashes = np.sort(hashes)

    @classmethod
    def of(cls, stages: Iterable[Stage]) -> EarlierKeys:
        """The keys of the rows, and of what could not be read, of some stages."""
        hashes = [np.empty(0, np.uint64)]
        for stage in stages:
            for number in range(len(stage)):
                hashes += [_hashes(_row_keys(stage, number)), _hashes(_left_keys(stage, number))]
        return cls(np.concatenate(hashes))

    def counts(self, keys: Sequence[str]) -> dict[str, int]:
        """How often each of some keys came before; those that did not are left out."""
        if not keys:
            return {}
        wanted = _hashes(pl.Series(keys, dtype=pl.String))
        found = np.searchsorted(self._hashes, wanted, "right")
        found -= np.searchsorted(self._hashes, wanted, "left")
        return {keys[place]: int(found[place]) for place in np.flatnonzero(found).tolist()}


def _row_keys(stage: Stage, number: int) -> pl.Series:
    rows = stage.frame(number, ["source_id", "content_hash"])
    return rows.select(pl.coalesce("source_id", "content_hash")).to_series()


def _left_keys(stage: Stage, number: int) -> pl.Series:
    left = stage.fates_of(number).select("fate", "position", "line")
    line = pl.concat_str(pl.lit("line "), pl.col("line").cast(pl.String))
    place = pl.coalesce("position", line, pl.lit("file"))
    return left.select(pl.concat_str("fate", pl.lit(" "), place)).to_series()


def _hashes(keys: pl.Series) -> NDArray[np.uint64]:
    hashes: NDArray[np.uint64] = text_hashes(keys.drop_nulls())[0]
    return hashes
