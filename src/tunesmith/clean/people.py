"""What the columns of threads say about people, for each part of the rows by itself.

A part knows the people of its own rows. Only of threads that occur in more than one part has it to
be told what the others say. So a new file changes what a part is given only where it goes on with
one of its threads, and no process holds the people of all threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from tunesmith.clean.pii.known import KNOWN, attach, of_threads, threads_of
from tunesmith.config import Config
from tunesmith.engine import Task
from tunesmith.io import atomic_write
from tunesmith.store.parts import Part, read

#: The columns of records that say who took part.
READS = ["source", "thread", "customer", "author", "extra"]

U64 = NDArray[np.uint64]


class KnownPeople(Config):
    """What is said of people in threads of several parts; of the others a part knows itself."""

    threads: Path
    """The table of `of_threads` for those threads; it holds personal data."""
    personal: dict[str, list[str]]
    """By source, the extra columns that name a person."""

    @classmethod
    def written(cls, path: Path, threads: pl.DataFrame, personal: dict[str, list[str]]) -> Self:
        """Write the table."""
        _read.cache_clear()
        with atomic_write(path, private=True) as file:
            threads.write_parquet(file, compression="lz4")
        return cls(threads=path, personal=personal)

    def attached(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the column that masking looks for."""
        keys = ["source", "thread"]
        shared = _read(self.threads).join(frame.select(keys).unique(), on=keys, how="semi")
        own = of_threads([frame], self.personal).join(shared, on=keys, how="anti")
        return attach(frame, pl.concat([own, shared]), self.personal)

    def forget(self) -> None:
        """Remove the file, and what this process holds of it."""
        _read.cache_clear()
        self.threads.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def _read(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path)


class GatherPeople(Task):
    """Write what each thread of some rows says about people."""

    kind: ClassVar[str] = "gather_people"

    inputs: list[Part]
    """The rows."""
    output: Path
    """A Parquet file: the hash of each thread, its source and name, and what it says."""
    personal: dict[str, list[str]]
    """By source, the extra columns that name a person."""

    def run(self) -> int:
        """Write the file; returns the number of threads."""
        threads = threads_of(read(self.inputs, READS), self.personal)
        with atomic_write(self.output, private=True) as file:
            threads.write_parquet(file, compression="lz4")
        return threads.height


class SharedThreads:
    """The threads that occur in several parts.

    Args:
        files: What `GatherPeople` wrote, part after part.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._hashes = [_hashes(path) for path in files]
        repeated = _repeated(self._hashes)
        parts = [
            pl.read_parquet(path).filter(pl.Series(np.isin(hashes, repeated)))
            for path, hashes in zip(files, self._hashes, strict=True)
            if np.isin(hashes, repeated).any()
        ]
        self.table = _together(parts)
        self._digests: dict[int, bytes] = {}
        for row in self.table.iter_rows():
            self._digests[row[0]] = _digest(self._digests.get(row[0], b""), row)
        self._ordered = np.unique(self.table.get_column("hash").to_numpy())

    def people(self) -> pl.DataFrame:
        """What those threads say, as `of_threads` gives it."""
        return self.table.filter(pl.col(KNOWN).list.len() > 0).drop("hash")

    def fingerprint(self, number: int) -> str:
        """Changes with what is said, anywhere, in the threads that a part shares with others."""
        digest = hashlib.sha256()
        mine = self._hashes[number]
        for value in np.sort(mine[np.isin(mine, self._ordered)]).tolist():
            digest.update(self._digests[value])
        return digest.hexdigest()[:16]


def _hashes(path: Path) -> U64:
    values: U64 = pl.read_parquet(path, columns=["hash"]).get_column("hash").to_numpy()
    return values


def _repeated(hashes: list[U64]) -> U64:
    """Hashes that occur in more than one part (each part has its own once), rising."""
    every = np.sort(np.concatenate([*hashes, np.empty(0, np.uint64)]))
    found: U64 = np.unique(every[1:][every[1:] == every[:-1]])
    return found


def _together(parts: list[pl.DataFrame]) -> pl.DataFrame:
    schema = {"hash": pl.UInt64, "source": pl.String, "thread": pl.String}
    empty = pl.DataFrame(schema=schema | {KNOWN: pl.List(pl.String)})
    return (
        pl.concat([empty, *parts])
        .group_by("hash", "source", "thread")
        .agg(pl.col(KNOWN).explode().drop_nulls().unique().sort())
        .sort("hash", "source", "thread")
    )


def _digest(before: bytes, row: tuple[object, ...]) -> bytes:
    return hashlib.blake2b(before + orjson.dumps(row), digest_size=16).digest()
