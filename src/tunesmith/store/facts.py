"""Numbers that each row gives by its content alone: digests, lengths, and hashes of short values.

A dataset's fingerprint is put together from the digests of its rows; splits, figures and the
conservation law are worked out of the rest. They lie beside the part that the rows are in, so that
more rows cost no more than themselves, and rows are not read again for what they are called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.engine import Task
from tunesmith.equal import first_equal
from tunesmith.hashing import text_hashes
from tunesmith.io import atomic_write
from tunesmith.record import SCHEMA
from tunesmith.store.cache import Stage
from tunesmith.store.columns import Columns
from tunesmith.store.kept import Kept

U64 = NDArray[np.uint64]

#: Raised when the facts of a row become others.
VERSION = 2

#: Columns with short values that recur: a hash of each is known.
NAMED = ("id", "category", "language", "customer", "thread")


def halves(name: str) -> tuple[str, str]:
    """The facts that are the hash of a value."""
    return f"{name}_high", f"{name}_low"


DIGEST, PAIR = halves("digest"), halves("pair")
_TEXTS = ("question", "answer", "text")

#: The digest, the hash of question and answer, the letters of each text, whether the row is a pair,
#: the confidence of its language (the bits of a double), and the hashes of short values.
FACTS = (
    *DIGEST, *PAIR, *_TEXTS, "is_pair", "language_confidence",
    *(half for name in NAMED for half in halves(name)),
)  # fmt: skip

#: The letters of a text that a row does not have.
NO_TEXT = np.uint64(2**64 - 1)

#: What says nothing about the content: the same rows read on another day are the same dataset.
UNVERSIONED = ("collected_at", "collection")


def digests(frame: pl.DataFrame) -> U64:
    """128 bits of each record (MurmurHash3 of its JSON, time of collection left out): (2, rows)."""
    columns = [name for name in SCHEMA if name not in UNVERSIONED]
    return text_hashes(frame.select(pl.struct(columns).struct.json_encode()).to_series())


def combined(parts: Iterable[tuple[U64, pl.Series]]) -> str:
    """16 hex digits that two datasets share exactly when their rows are the same, in order.

    Args:
        parts: The digests of rows, shape (2, rows), and their splits, part after part.
    """
    return fingerprints(parts)[1]


def fingerprints(parts: Iterable[tuple[U64, pl.Series]]) -> tuple[list[str], str]:
    """What `combined` gives for each part by itself, and for all of them."""
    whole, each = hashlib.sha256(), []
    for rows, splits in parts:
        numbers = np.concatenate([rows, _hashes_of_few(splits)])
        data = np.ascontiguousarray(numbers.T).tobytes()
        whole.update(data)
        each.append(hashlib.sha256(data).hexdigest()[:16])
    return each, whole.hexdigest()[:16]


def _hashes_of_few(values: pl.Series) -> U64:
    """`text_hashes` of values of which there are few different ones."""
    hashes = np.zeros((2, values.len()), dtype=np.uint64)
    for value in values.unique().drop_nulls():
        hashes[:, (values == value).fill_null(value=False).to_numpy()] = _hash_of(value)
    return hashes


@lru_cache(maxsize=64)
def _hash_of(value: str) -> U64:
    return text_hashes(pl.Series([value]))


def facts(frame: pl.DataFrame) -> U64:
    """The facts of each record, shape (`FACTS`, rows)."""
    sides = [pl.col(name).fill_null("") for name in ("question", "answer")]
    pair = frame.select(pl.concat_str(sides, separator="\x1f")).to_series()
    numbers = frame.select(
        *(pl.col(name).str.len_chars().cast(pl.UInt64).fill_null(NO_TEXT) for name in _TEXTS),
        (pl.col("kind") == "qa").cast(pl.UInt64).alias("is_pair"),
    )
    sure = frame.get_column("language_confidence").fill_null(np.nan).to_numpy()
    named = [_named(frame.get_column(name)) for name in NAMED]
    return np.concatenate(
        [
            digests(frame), text_hashes(pair), numbers.to_numpy().T,
            np.ascontiguousarray(sure).view(np.uint64)[np.newaxis], *named,
        ]
    )  # fmt: skip


def _named(values: pl.Series) -> U64:
    """The hash of each value; 0, 0 is none, and 0, 1 an empty one."""
    hashes = text_hashes(values)
    hashes[1][(values == "").fill_null(value=False).to_numpy()] = 1
    return hashes


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
        stays = self.kept.stays[number]
        return np.stack([self._columns.block(number, name, 1)[0][stays] for name in names])

    def of_all(self, names: Sequence[str]) -> U64:
        """Some facts of all parts, shape (names, rows)."""
        return self._of(names, self._stays)

    def of_every_row(self, names: Sequence[str]) -> U64:
        """Some facts of all rows, also of those that do not stay, shape (names, rows)."""
        return self._of(names, None)

    @cached_property
    def pairs(self) -> NDArray[np.bool_]:
        """Which of the rows are question/answer pairs."""
        found: NDArray[np.bool_] = self.of_all(["is_pair"])[0] == 1
        return found

    def confidences(self) -> NDArray[np.float64]:
        """How sure the language of each row is; NaN where none was looked for."""
        bits = self.of_all(["language_confidence"])[0]
        found: NDArray[np.float64] = bits.view(np.float64)
        return found

    def coded(self, name: str) -> tuple[NDArray[np.int64], pl.Series]:
        """For each row the place of its value among the different ones of a column, and those.

        The values come in the order of their first rows; the parts of these alone are read.
        """
        first = first_equal(*self.of_all(halves(name)))
        leads = first == np.arange(len(first))
        places: NDArray[np.int64] = (np.cumsum(leads) - 1)[first]
        return places, self._values(name, np.flatnonzero(leads))

    def _values(self, name: str, rows: NDArray[np.int64]) -> pl.Series:
        """The values of a column in some rows (numbers among those that stay, rising)."""
        ends = np.cumsum([int(stays.sum()) for stays in self.kept.stays])
        bounds = np.searchsorted(rows, ends)
        found, begin = [pl.Series(name, [], dtype=pl.String)], 0
        for number, end in enumerate(bounds.tolist()):
            if end > begin:
                first = int(ends[number - 1]) if number else 0
                column = self.kept.frame(number, [name]).get_column(name)
                found.append(column.gather(rows[begin:end] - first))
            begin = end
        return pl.concat(found)

    def _of(self, names: Sequence[str], where: NDArray[np.bool_] | None) -> U64:
        count = len(self.files)
        return np.stack([self._columns.column(name, count, where) for name in names])

    @cached_property
    def _columns(self) -> Columns:
        return Columns(list(FACTS), files=self.files)

    @cached_property
    def _stays(self) -> NDArray[np.bool_]:
        return np.concatenate([np.empty(0, bool), *self.kept.stays])
