"""What de-duplication puts on disk in between: lists of numbers for each row, and named arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunesmith.kernels import kernel

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

#: Numbers that are gathered for one group of candidates at a time (256 MiB).
GATHERED = 2**25
#: Numbers of a file that are mapped into memory at a time while gathering (64 MiB).
_MAPPED = 2**23


class Lists:
    """A list of 64-bit numbers for each row, end to end in one file or (without one) in memory.

    Args:
        path: The file; written anew.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._memory: list[U64] = []
        self._ends: list[I64] = [np.zeros(1, np.int64)]
        self.total = 0
        if path is not None:
            path.write_bytes(b"")

    @classmethod
    def opened(cls, path: Path, ends: I64) -> Lists:
        """Lists that were written before."""
        lists = cls()
        lists.path, lists.ends, lists.total = path, ends, int(ends[-1])
        return lists

    def append(self, flat: U64, ends: I64) -> None:
        """Add rows: their numbers, and where each row's numbers begin (rows + 1)."""
        if self.path is None:
            self._memory.append(flat)
        else:
            with self.path.open("ab") as file:
                flat.tofile(file)
        self._ends.append(ends[1:] + self.total)
        self.total += len(flat)

    def close(self) -> None:
        """No more rows are added."""
        self.ends: I64 = np.concatenate(self._ends)
        self._ends = []
        if self.path is None:
            self._memory = [np.concatenate(self._memory or [np.empty(0, np.uint64)])]

    def among(self, there: NDArray[np.bool_]) -> Lists:
        """The same lists as those of the rows where a mask is true; the others have none."""
        sizes = np.zeros(len(there), dtype=np.int64)
        sizes[there] = np.diff(self.ends)
        self.ends = np.r_[0, np.cumsum(sizes)].astype(np.int64)
        return self

    def gather(self, rows: I64) -> tuple[U64, I64]:
        """The numbers of some rows, given in rising order: flat values and rows + 1 ends."""
        sizes = self.ends[rows + 1] - self.ends[rows]
        ends = np.r_[0, np.cumsum(sizes)].astype(np.int64)
        out = np.empty(int(ends[-1]), dtype=np.uint64)
        start = 0
        while start < len(rows):
            first = int(self.ends[rows[start]])
            stop = int(np.searchsorted(self.ends[rows], first + _MAPPED))
            stop = max(stop, start + 1)
            last = int(self.ends[rows[stop - 1] + 1])
            if last > first:
                _copy(self._read(first, last), first, self.ends, rows[start:stop], out, ends[start])
            start = stop
        return out, ends

    def whole(self) -> tuple[U64, I64]:
        """All numbers (mapped when they are on disk) and where each row's begin."""
        return self._read(0, self.total), self.ends

    def _read(self, first: int, last: int) -> U64:
        if self.path is None or first == last:
            return self._memory[0][first:last] if self._memory else np.empty(0, np.uint64)
        # Mapped for a moment only: pages of a long-lived map would count as this process's memory.
        mapped: U64 = np.memmap(self.path, np.uint64, "r", offset=8 * first, shape=(last - first,))
        return mapped


class Notes:
    """Named arrays that are written once and read again, on disk or in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._memory: dict[str, Any] = {}

    def write(self, name: str, values: NDArray[Any]) -> None:
        """Keep an array."""
        if self.folder is None:
            self._memory[name] = values
        else:
            np.save(self.folder / f"{name}.npy", values)

    def read(self, name: str) -> NDArray[Any]:
        """An array that was kept."""
        if self.folder is None:
            found: NDArray[Any] = self._memory[name]
            return found
        read: NDArray[Any] = np.load(self.folder / f"{name}.npy")
        return read


@kernel
def _copy(data: Any, first: int, ends: Any, rows: Any, out: Any, place: int) -> None:
    for row in rows:
        for source in range(ends[row] - first, ends[row + 1] - first):
            out[place] = data[source]
            place += 1
