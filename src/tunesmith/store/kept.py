"""The rows of a stage that stay: flags beside the parts, no copy of the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.store.cache import Stage


class Kept:
    """The rows of a stage that stay, and their splits once they are dealt.

    Args:
        rows: The stage.
        stays: For each part, which of its rows stay.
        splits: For each part, the splits of those.
    """

    def __init__(
        self,
        rows: Stage,
        stays: Sequence[NDArray[np.bool_]],
        splits: Sequence[pl.Series] | None = None,
    ) -> None:
        self.rows, self.stays, self.splits = rows, list(stays), splits

    def __len__(self) -> int:
        return len(self.stays)

    @property
    def height(self) -> int:
        """The number of rows that stay."""
        return int(sum(int(mask.sum()) for mask in self.stays))

    def dealt(self, splits: pl.Series) -> Kept:
        """The same rows with their splits, given for the rows that stay, part after part."""
        ends = np.cumsum([int(mask.sum()) for mask in self.stays]).tolist()
        starts = [0, *ends[:-1]]
        parts = [splits[start:end] for start, end in zip(starts, ends, strict=True)]
        return Kept(self.rows, self.stays, parts)

    def splits_of(self, number: int) -> pl.Series:
        """The splits of the rows of one part that stay.

        Raises:
            ValueError: They are not dealt yet.
        """
        if self.splits is None:
            raise ValueError("these rows are not dealt to splits yet")
        return self.splits[number].alias("split")

    def frame(self, number: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of one part that stay, or some of their columns; the split comes last."""
        if columns is not None and list(columns) == ["split"]:
            return self.splits_of(number).to_frame()
        wanted = None if columns is None else [name for name in columns if name != "split"]
        frame = self.rows.frame(number, wanted).filter(pl.Series(self.stays[number]))
        if columns is None or "split" in columns:
            frame = frame.with_columns(self.splits_of(number))
        return frame if columns is None else frame.select(columns)

    def frames(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows of every part, in order."""
        for number in range(len(self)):
            yield self.frame(number, columns)

    def table(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All rows, or some of their columns, in memory."""
        return pl.concat(self.frames(columns), rechunk=True)
