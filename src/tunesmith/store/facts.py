"""Numbers that each row gives by its content alone: digests and lengths.

A dataset's fingerprint is put together from the digests of its rows, and figures from the rest.
They lie beside the part that the rows are in, so that more rows cost no more than themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from tunesmith.store.kept import Kept

U64 = NDArray[np.uint64]

#: Raised when the facts of a row become others.
VERSION = 1

#: The digest's halves, those of the hash of question and answer, and the letters of each text.
FACTS = ("digest_high", "digest_low", "pair_high", "pair_low", "question", "answer", "text")
DIGEST, PAIR = FACTS[:2], FACTS[2:4]

#: The letters of a text that a row does not have.
NO_TEXT = np.uint64(2**64 - 1)

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


def facts(frame: pl.DataFrame) -> U64:
    """The facts of each record, shape (`FACTS`, rows)."""
    sides = [pl.col(name).fill_null("") for name in ("question", "answer")]
    pair = frame.select(pl.concat_str(sides, separator="\x1f")).to_series()
    texts = frame.select(pl.col(*FACTS[4:]).str.len_chars().cast(pl.UInt64).fill_null(NO_TEXT))
    return np.concatenate([digests(frame), text_hashes(pair), texts.to_numpy().T])


class StateFacts(Task):
    """The facts of the rows of one part."""

    kind: ClassVar[str] = "state_facts"

    rows: Path
    """The stage that holds the rows."""
    number: int
    """The part."""
    output: Path
    """The file."""

    def run(self) -> int:
        """Write the file."""
        found = facts(Stage(self.rows).frame(self.number))
        with atomic_write(self.output) as file:
            np.save(file, found)
        return int(found.shape[1])


@dataclass(frozen=True)
class Facts:
    """The facts of the rows that stay.

    Args:
        kept: The rows.
        files: What `StateFacts` wrote, part after part.
    """

    kept: Kept
    files: Sequence[Path]

    def part(self, number: int, names: Sequence[str]) -> U64:
        """Some facts of one part, shape (names, rows)."""
        mapped: U64 = np.load(self.files[number], mmap_mode="r")
        stays = self.kept.stays[number]
        return np.stack([mapped[FACTS.index(name)][stays] for name in names])

    def of_all(self, names: Sequence[str]) -> U64:
        """Some facts of all parts, shape (names, rows)."""
        parts = [self.part(number, names) for number in range(len(self.files))]
        return np.concatenate(parts, axis=1) if parts else np.empty((len(names), 0), np.uint64)
