"""Writing tables."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tunesmith.io import atomic_write


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Write a frame as Parquet, atomically."""
    with atomic_write(path) as file:
        frame.write_parquet(file, compression="zstd", compression_level=1)
