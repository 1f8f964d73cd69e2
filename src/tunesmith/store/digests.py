"""Digests of rows: a dataset's fingerprint is put together from those of its rows.

They lie beside the part that the rows are in, so that more rows cost no more than themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.engine import Task
from tunesmith.hashing import text_hashes
from tunesmith.io import atomic_write
from tunesmith.record import SCHEMA
from tunesmith.store.cache import Stage

U64 = NDArray[np.uint64]

#: Raised when the digest of a row becomes another.
VERSION = 1

#: What says nothing about the content: the same rows read on another day are the same dataset.
UNVERSIONED = ("collected_at",)


def digests(frame: pl.DataFrame) -> U64:
    """128 bits of each record (MurmurHash3 of its JSON, time of collection left out): (2, rows)."""
    columns = [name for name in SCHEMA if name not in UNVERSIONED]
    return text_hashes(frame.select(pl.struct(columns).struct.json_encode()).to_series())


def combined(parts: Iterable[tuple[U64, pl.Series]]) -> str:
    """16 hex digits that two datasets share exactly when their rows are the same, in order.

    Args:
        parts: The digests of rows, shape (2, rows), and their splits, part after part.
    """
    digest = hashlib.sha256()
    for rows, splits in parts:
        numbers = np.concatenate([rows, text_hashes(splits)])
        digest.update(np.ascontiguousarray(numbers.T).tobytes())
    return digest.hexdigest()[:16]


class DigestPart(Task):
    """Digests of the rows of one part."""

    kind: ClassVar[str] = "digest_part"

    rows: Path
    """The stage that holds the rows."""
    number: int
    """The part."""
    output: Path
    """The file."""

    def run(self) -> int:
        """Write the file."""
        found = digests(Stage(self.rows).frame(self.number))
        with atomic_write(self.output) as file:
            np.save(file, found)
        return int(found.shape[1])
