"""What a database gave, on disk: blocks of rows that stay the same when other rows change.

Where a block ends is said by the keys of its rows, not by their number: one row in about
`ROWS_OF_A_BLOCK` is the last of its block, whatever comes before it. So a row that is new, changed
or gone changes its own block, and the others are read from the cache (content-defined chunking:
Muthitacharoen, Chen and Mazières, A Low-bandwidth Network File System, SOSP 2001).

A block is a Parquet file named by the digest of its bytes. `blocks.json` names those that count, in
order; it is written last, so a run that is killed leaves what was there before.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith.io import read_json, write_bytes, write_json

#: How many rows a block has on average, and at most.
ROWS_OF_A_BLOCK, MOST_ROWS = 4_096, 32_768

_INDEX = "blocks.json"


class Blocks:
    """The blocks in a folder.

    Args:
        folder: Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def about(self) -> dict[str, Any]:
        """What was said of the blocks that count; empty where there are none."""
        path = self.folder / _INDEX
        found: dict[str, Any] = read_json(path) if path.exists() else {}
        return found

    def names(self) -> list[str]:
        """The blocks that count, in order."""
        return list(self.about.get("blocks", []))

    def path(self, name: str) -> Path:
        """A block's file."""
        return self.folder / f"{name}.parquet"

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows of each block, in order."""
        for name in self.names():
            yield pl.read_parquet(self.path(name))

    def replace(
        self, frames: Iterable[pl.DataFrame], key: list[str], about: dict[str, Any]
    ) -> list[str]:
        """Write other rows in the place of those that are there.

        Args:
            frames: All rows, in order; they may come from `frames`.
            key: The columns that name a row; all of them where it is empty.
            about: What is kept with the blocks, when all rows came.
        """
        names: dict[str, None] = {}
        for frame in cut(frames, key):
            names[self._write(frame, names)] = None
        write_json(self.folder / _INDEX, about | {"blocks": list(names)})
        for path in self.folder.glob("*.parquet"):  # those of a run that was killed, too
            if path.stem not in names:
                path.unlink()
        return list(names)

    def _write(self, frame: pl.DataFrame, others: Container[str]) -> str:
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd", statistics=False)
        data = buffer.getvalue()
        name = hashlib.sha256(data).hexdigest()[:32]
        while name in others:  # equal blocks differ in which of equal rows theirs are
            name = hashlib.sha256(name.encode()).hexdigest()[:32]
        if not self.path(name).exists():
            write_bytes(self.path(name), data)
        return name


def cut(frames: Iterable[pl.DataFrame], key: list[str]) -> Iterator[pl.DataFrame]:
    """Rows in blocks; see the module.

    Args:
        frames: The rows, in order.
        key: The columns that name a row; all of them where it is empty.
    """
    waiting: list[pl.DataFrame] = []
    held = 0
    for frame in frames:
        start = 0
        for end in _ends(frame, key):
            waiting.append(frame[start:end])
            yield from _limited(waiting)
            waiting, held, start = [], 0, end
        if start < frame.height:
            waiting.append(frame[start:])
            held += frame.height - start
        if held > MOST_ROWS:
            *whole, last = _limited(waiting)
            yield from whole
            waiting, held = [last], last.height
    if waiting:
        yield from _limited(waiting)


def _limited(parts: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    block = pl.concat(parts, rechunk=True)
    for start in range(0, block.height, MOST_ROWS):
        yield block[start : start + MOST_ROWS]


def _ends(frame: pl.DataFrame, key: list[str]) -> list[int]:
    """After which rows a block ends."""
    cells = [pl.col(name).fill_null("\x00") for name in key or frame.columns]
    texts = frame.select(pl.concat_str(cells, separator="\x1f")).to_series().to_list()
    return [at for at, text in enumerate(texts, 1) if _last(text)]


def _last(key: str) -> bool:
    digest = hashlib.blake2b(key.encode(), digest_size=4).digest()
    return int.from_bytes(digest) % ROWS_OF_A_BLOCK == 0
