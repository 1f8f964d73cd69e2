"""What is kept of the rows of earlier dataset versions, so that new rows can be held against them.

Of each version the rows that no version before it had are indexed: hashes of their texts, band
hashes in sorted order, and shingles. New rows are looked up in the sorted hashes, so that the work
grows with the new rows. A row takes about 310 bytes and 8 for each word, on disk.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.dedup import minhash
from tunesmith.dedup.config import DedupConfig
from tunesmith.dedup.near import band_names, bands_of
from tunesmith.dedup.normalise import comparable
from tunesmith.dedup.spill import I64, U64, Lists
from tunesmith.hashing import text_hashes
from tunesmith.io import write_json
from tunesmith.store.columns import Columns

_SLICE = 16_384


def row_keys(ids: pl.Series, texts: U64) -> U64:
    """128 bits that two rows share when identifier and text are the same, shape (2, rows)."""
    keys: U64 = text_hashes(ids) + texts * np.uint64(0x9E3779B97F4A7C15)
    return keys


@dataclass(frozen=True)
class _Delta:
    """The rows that one version was the first to have."""

    folder: Path

    @property
    def done(self) -> bool:
        return (self.folder / "done.json").exists()

    def array(self, name: str) -> U64:
        mapped: U64 = np.load(self.folder / f"{name}.npy", mmap_mode="r")
        return mapped

    def ids(self) -> pl.Series:
        return pl.read_parquet(self.folder / "ids.parquet").get_column("id")

    def shingles(self, rows: I64) -> tuple[U64, I64]:
        ends = np.load(self.folder / "ends.npy")
        return Lists.opened(self.folder / "shingles.u64", ends).gather(rows)


class EarlierRows:
    """The rows of earlier versions; each has a number, version after version.

    Args:
        folders: Where `write_delta` wrote the rows of each version, oldest first.
    """

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        self._deltas = [_Delta(folder) for folder in folders]
        sizes = [delta.array("text_high").shape[0] for delta in self._deltas]
        self.starts = np.r_[0, np.cumsum(sizes)].astype(np.int64)
        self._ids: pl.Series | None = None

    def __len__(self) -> int:
        return int(self.starts[-1])

    @property
    def ids(self) -> pl.Series:
        """The identifiers, in the order of the numbers."""
        if self._ids is None:
            none = pl.Series("id", [], dtype=pl.String)
            self._ids = pl.concat([none, *(delta.ids() for delta in self._deltas)])
        return self._ids

    def known(self, ids: pl.Series, texts: U64) -> NDArray[np.bool_]:
        """Which rows an earlier version has, with the same identifier and text."""
        keys = row_keys(ids, texts)
        found = np.zeros(ids.len(), dtype=bool)
        for delta in self._deltas:
            found |= _looked_up(delta.array("key_high"), delta.array("key_low"), keys) >= 0
        return found

    def same(self, texts: U64) -> I64:
        """The number of an earlier row with the same text for each text, -1 without one."""
        found = np.full(texts.shape[1], -1, dtype=np.int64)
        for start, delta in zip(self.starts, self._deltas, strict=False):
            places = _looked_up(delta.array("text_high"), delta.array("text_low"), texts)
            new = (places >= 0) & (found < 0)
            found[new] = delta.array("text_row")[places[new]].astype(np.int64) + start
        return found

    def meeting(self, name: str, hashes: U64) -> tuple[U64, I64]:
        """The earlier rows that have one of these hashes in a band: hashes, and rising numbers."""
        wanted = np.unique(hashes)
        values, rows = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
        for start, delta in zip(self.starts, self._deltas, strict=False):
            ordered, order = delta.array(name), delta.array(f"{name}_row")
            first = np.searchsorted(ordered, wanted)
            sizes = np.searchsorted(ordered, wanted, side="right") - first
            met = np.repeat(first, sizes) + _counted(sizes)
            values.append(ordered[met])
            rows.append(order[met].astype(np.int64) + start)
        numbers = np.concatenate(rows)
        rising = np.argsort(numbers, kind="stable")
        return np.concatenate(values)[rising], numbers[rising]

    def shingles(self, rows: I64, lists: Lists) -> None:
        """Add the shingles of some rows (numbers, rising) to lists."""
        bounds = np.searchsorted(rows, self.starts)
        for place, delta in enumerate(self._deltas):
            mine = rows[bounds[place] : bounds[place + 1]] - self.starts[place]
            if len(mine):
                lists.append(*delta.shingles(mine))


def write_delta(folder: Path, rows: pl.DataFrame, config: DedupConfig, before: EarlierRows) -> None:
    """Index the rows of a version that no version before it had; nothing where that was done.

    Args:
        folder: Where the index lies.
        rows: The version's rows.
        config: How rows are compared.
        before: The rows of the versions before.
    """
    if _Delta(folder).done:
        return
    if config.near is None:
        raise ValueError("near duplicates are turned off")
    names = ["text_high", "text_low", "key_high", "key_low", *band_names(config.near)]
    spilled = folder / "parts"
    shutil.rmtree(spilled, ignore_errors=True)
    columns = Columns(names, spilled)
    lists = Lists(folder / "shingles.u64")
    ids = [pl.Series("id", [], dtype=pl.String)]
    parts = 0
    for part in rows.iter_slices(_SLICE):
        texts = comparable(part, list(config.columns))
        hashes = text_hashes(texts)
        new = ~before.known(part.get_column("id"), hashes) & ((hashes[0] | hashes[1]) != 0)
        mine, words = part.get_column("id").filter(pl.Series(new)), texts.filter(pl.Series(new))
        hashes = hashes[:, new]
        keys = row_keys(mine, hashes)
        columns.write(parts, np.concatenate([hashes, keys, bands_of(words, config.near)]))
        lists.append(*minhash.shingles(words, config.near.shingle_words))
        ids.append(mine)
        parts += 1
    lists.close()
    _write_sorted(folder, columns, parts, names)
    np.save(folder / "ends.npy", lists.ends)
    pl.concat(ids).to_frame().write_parquet(folder / "ids.parquet")
    shutil.rmtree(spilled)
    write_json(folder / "done.json", {"rows": int(len(lists.ends) - 1)})


def _write_sorted(folder: Path, columns: Columns, parts: int, names: list[str]) -> None:
    """Write hashes in sorted order, each with the rows it belongs to."""
    for name in names:
        if name.endswith("_low"):
            continue
        values = columns.column(name, parts)
        order = np.argsort(values, kind="stable")
        np.save(folder / f"{name}.npy", values[order])
        np.save(folder / f"{name}_row.npy", order.astype(np.uint32))
        if name.endswith("_high"):
            low = f"{name.removesuffix('_high')}_low"
            np.save(folder / f"{low}.npy", columns.column(low, parts)[order])
    (folder / "text_high_row.npy").replace(folder / "text_row.npy")


def _looked_up(high: U64, low: U64, wanted: U64) -> I64:
    """Where 128-bit hashes are among sorted ones, -1 where they are not."""
    places: I64 = np.searchsorted(high, wanted[0]).astype(np.int64)
    if not len(high):
        return np.full(wanted.shape[1], -1, dtype=np.int64)
    inside = np.minimum(places, len(high) - 1)
    same = (high[inside] == wanted[0]) & (low[inside] == wanted[1])
    return np.where(same, inside, -1)


def _counted(sizes: I64) -> I64:
    """0, 1, … up to each size, one after the other."""
    total = np.cumsum(sizes)
    counted: I64 = np.arange(int(total[-1]) if len(total) else 0) - np.repeat(total - sizes, sizes)
    return counted
