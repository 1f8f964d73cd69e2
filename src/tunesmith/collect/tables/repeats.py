"""Rows that repeat others, among any number of rows, in bounded memory.

Keys are compared by 128 bits of hashes, so that two different keys are taken for one in a billion
rows with a probability of 1e-21. The rows are walked once for each share of the hashes that fits
into memory; what is held is 24 bytes for each of at most `ROWS_AT_ONCE` rows, and 24 for each
repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: How many rows are compared at once.
ROWS_AT_ONCE = 4_000_000

_SEEDS = (7, 11)
_MISSING, _BETWEEN = "\x00", "\x1f"

#: The number of a row, over the whole table.
ROW = "#row"


@dataclass(frozen=True)
class Repeats:
    """Rows that repeat others; three arrays of one length, by the number of the row."""

    rows: NDArray[np.int64]
    """The row."""
    of: NDArray[np.int64]
    """The row that stays for it."""
    count: NDArray[np.int64]
    """Which of the rows with this key it is, from 1 for the second."""

    def __len__(self) -> int:
        return len(self.rows)


def key_text(columns: Sequence[str], *, ignore_case: bool = False, whole: bool) -> pl.Expr:
    """The columns of a key as one text.

    Args:
        columns: Their names.
        ignore_case: Whether small and capital letters are the same.
        whole: Whether a missing value is a value like others; else there is no key.
    """
    texts = [pl.col(name).cast(pl.String) for name in columns]
    if ignore_case:
        texts = [text.str.to_lowercase() for text in texts]
    if whole:
        texts = [text.fill_null(_MISSING) for text in texts]
    return pl.concat_str(texts, separator=_BETWEEN)


def find(
    walk: Callable[[], Iterable[pl.DataFrame]],
    key: pl.Expr,
    *,
    rows: int,
    keep: str = "first",
    at_once: int = ROWS_AT_ONCE,
) -> Repeats:
    """The rows whose key another row has.

    Args:
        walk: The rows, as many times as it is asked for, in frames with the column `ROW`.
        key: Gives a text; null where a row has no key.
        rows: How many there are, about.
        keep: Whether the `first` or the `last` of them stays.
        at_once: How many are compared at once.
    """
    shares = max(1, -(-rows // at_once))
    found = [_of_share(walk, key, share, shares, keep) for share in range(shares)]
    row, of, count = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(row)
    return Repeats(row[order], of[order], count[order])


def _of_share(
    walk: Callable[[], Iterable[pl.DataFrame]], key: pl.Expr, share: int, shares: int, keep: str
) -> tuple[NDArray[np.int64], ...]:
    parts = list(_hashes(walk, key, share, shares))
    if not parts:
        none = np.empty(0, np.int64)
        return none, none, none
    first, second, row = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    row = row.astype(np.int64)
    order = np.lexsort((row if keep == "first" else -row, second, first))
    first, second, row = first[order], second[order], row[order]
    begins = np.ones(len(row), bool)
    begins[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    starts = np.flatnonzero(begins)
    start_of = starts[np.cumsum(begins) - 1]
    again = ~begins
    return row[again], row[start_of][again], (np.arange(len(row)) - start_of)[again]


def _hashes(
    walk: Callable[[], Iterable[pl.DataFrame]], key: pl.Expr, share: int, shares: int
) -> Iterator[tuple[NDArray[Any], ...]]:
    for frame in walk():
        keys = frame.select(pl.col(ROW), key.alias("key")).drop_nulls("key")
        first, second = (keys["key"].hash(seed).to_numpy() for seed in _SEEDS)
        mine = first % np.uint64(shares) == share
        if mine.any():
            yield first[mine], second[mine], keys[ROW].to_numpy()[mine]


def together(found: Sequence[Repeats], *, keep: str = "first") -> Repeats:
    """Rows that repeat others by one of several keys; each names a row that stays."""
    row = np.concatenate([one.rows for one in found])
    of = np.concatenate([one.of for one in found])
    count = np.concatenate([one.count for one in found])
    order = np.lexsort((of if keep == "first" else -of, row))
    row, of, count = row[order], of[order], count[order]
    first = np.ones(len(row), bool)
    first[1:] = row[1:] != row[:-1]
    row, of, count = row[first], of[first], count[first]
    # A row may repeat one that repeats another itself, by another key.
    while len(row):
        at = np.searchsorted(row, of)
        at[at == len(row)] = 0
        onward = row[at] == of
        if not onward.any():
            break
        of = np.where(onward, of[at], of)
    return Repeats(row, of, count)


def without(
    walk: Callable[[], Iterable[pl.DataFrame]], gone: NDArray[np.int64]
) -> Callable[[], Iterator[pl.DataFrame]]:
    """The rows that are not among these, which are sorted."""

    def rest() -> Iterator[pl.DataFrame]:
        for frame in walk():
            if not len(gone):
                yield frame
                continue
            rows = frame[ROW].to_numpy()
            at = np.minimum(np.searchsorted(gone, rows), len(gone) - 1)
            yield frame.filter(pl.Series(gone[at] != rows))

    return rest
