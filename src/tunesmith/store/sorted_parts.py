"""A sorted table in one file, put together from parts that are kept: only new parts are written.

Each part is sorted by itself. Parts that lie one behind the other in the order of the table are
joined as they are; those that overlap are sorted together first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith.io import atomic_write, fingerprint, read_json, write_json
from tunesmith.store import row_groups


@dataclass(frozen=True)
class SortedPart:
    """Some rows of the table."""

    key: str
    """Names all that the rows depend on; fit for a file's name."""
    frame: Callable[[], pl.DataFrame]
    """Gives the rows, in any order."""


class SortedParts:
    """The parts of a table.

    Args:
        folder: Where they are kept between runs.
        order: The columns that the table is sorted by, nulls last; no two rows are equal in them.
        about: What is noted of each part, as JSON has it.
    """

    def __init__(
        self, folder: Path, order: Sequence[str], about: Callable[[pl.DataFrame], Any]
    ) -> None:
        self._folder, self._order, self._about = folder, list(order), about
        index = folder / "parts.json"
        self._known: dict[str, dict[str, Any]] = read_json(index) if index.exists() else {}
        self._used: set[str] = set()

    def write(self, path: Path, parts: Sequence[SortedPart]) -> tuple[int, list[Any]]:
        """Write the table, atomically.

        Returns:
            How many rows it has, and what is noted of each part.
        """
        made = [self._made(part) for part in parts]
        filled = [(key, part) for key, part in made if part["first"] is not None]
        blocks = [self._block(keys) for keys in _blocks(filled)] or [made[0][0]]
        rows = row_groups.join(path, [self._file(key) for key in blocks])
        write_json(self._folder / "parts.json", dict(made))
        for file in self._folder.glob("*.parquet"):
            if file.stem not in self._used:
                file.unlink()
        return rows, [part["about"] for _, part in made]

    def _made(self, part: SortedPart) -> tuple[str, dict[str, Any]]:
        """A part's key, and its first and last row by the columns of the order."""
        self._used.add(part.key)
        known = self._known.get(part.key)
        if known is not None and self._file(part.key).exists():
            return part.key, known
        frame = self._put(part.key, part.frame())
        ends = [frame.select(self._order).row(place) for place in (0, -1)] if frame.height else []
        first, last = map(list, ends) if ends else (None, None)
        return part.key, {"first": first, "last": last, "about": self._about(frame)}

    def _block(self, keys: list[str]) -> str:
        """The key of a file with the rows of some parts."""
        if len(keys) == 1:
            return keys[0]
        key = fingerprint(keys)
        self._used.add(key)
        if not self._file(key).exists():
            self._put(key, pl.concat([pl.read_parquet(self._file(part)) for part in keys]))
        return key

    def _put(self, key: str, frame: pl.DataFrame) -> pl.DataFrame:
        frame = frame.sort(self._order, nulls_last=True)
        with atomic_write(self._file(key)) as file:
            frame.write_parquet(file, compression="zstd", compression_level=1)
        return frame

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.parquet"


def _blocks(parts: list[tuple[str, dict[str, Any]]]) -> list[list[str]]:
    """The keys of parts, in the order of the table; those that overlap together."""
    placed = sorted((_place(part["first"]), _place(part["last"]), key) for key, part in parts)
    blocks: list[list[str]] = []
    end: Any = None
    for first, last, key in placed:
        if end is not None and first <= end:
            blocks[-1].append(key)
            end = max(end, last)
        else:
            blocks.append([key])
            end = last
    return blocks


def _place(values: list[Any]) -> list[tuple[bool, Any]]:
    """Values that are compared as the table is sorted: nulls last."""
    return [(value is None, "" if value is None else value) for value in values]
