"""What de-duplication knows of each row, in fixed-width columns on disk, part by part.

A part is one `.npy` file of shape (columns, rows), written atomically: a killed run finds whole
parts only. A column of all parts is read by itself, so that one band of the signatures, not all
of them, is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunesmith.io import atomic_write
from tunesmith.kernels import kernel

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

#: Numbers that are gathered for one group of candidates at a time (256 MiB).
GATHERED = 2**25
#: Numbers of a file that are mapped into memory at a time while gathering (64 MiB).
_MAPPED = 2**23


class Columns:
    """Unsigned 64-bit columns of all rows, spilled to a folder or (without one) in memory.

    Args:
        names: The columns, in the order of the arrays that `write` is given.
        folder: Where the parts lie; made when it is missing.
        files: For each part its file, where parts do not lie in one folder.
    """

    def __init__(
        self, names: list[str], folder: Path | None = None, files: Sequence[Path] | None = None
    ) -> None:
        self.names, self.folder, self.files = names, folder, files
        self._memory: dict[int, U64] = {}
        self._begins: dict[int, tuple[int, int]] = {}
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def has(self, number: int) -> bool:
        """Whether part `number` was written."""
        if self.folder is None and self.files is None:
            return number in self._memory
        return self._path(number).exists()

    def write(self, number: int, values: U64) -> None:
        """Write one part, shape (columns, rows)."""
        if self.folder is None and self.files is None:
            self._memory[number] = values
            return
        self._begins.pop(number, None)
        with atomic_write(self._path(number)) as file:
            np.save(file, np.ascontiguousarray(values))

    def part(self, number: int) -> U64:
        """One part, shape (columns, rows); mapped, not read, when it is on disk."""
        if self.folder is None and self.files is None:
            return self._memory[number]
        mapped: U64 = np.load(self._path(number), mmap_mode="r")
        return mapped

    def offsets(self, parts: int) -> I64:
        """The row that each part begins with, and the number of all rows (parts + 1)."""
        sizes = [self._begin(number)[1] for number in range(parts)]
        starts: I64 = np.r_[0, np.cumsum(sizes)].astype(np.int64)
        return starts

    def column(self, name: str, parts: int, where: NDArray[np.bool_] | None = None) -> U64:
        """One column of all rows, or of those where the mask is true."""
        place = self.names.index(name)
        found, start = [], 0
        for number in range(parts):
            values = self._some(number, place, 1)[0]
            end = start + len(values)
            found.append(values if where is None else values[where[start:end]])
            start = end
        return np.concatenate(found) if found else np.empty(0, np.uint64)

    def block(self, number: int, name: str, count: int) -> U64:
        """Some columns of one part, from `name` on, shape (count, rows)."""
        place = self.names.index(name)
        return self._some(number, place, count)

    def _some(self, number: int, place: int, count: int) -> U64:
        """Columns of a part, read and not mapped: a map costs more than some thousand rows."""
        begin, rows = self._begin(number)
        if number in self._memory:
            return self._memory[number][place : place + count]
        at = begin + 8 * rows * place
        read = np.fromfile(self._path(number), np.uint64, count * rows, offset=at)
        return read.reshape(count, rows)

    def _begin(self, number: int) -> tuple[int, int]:
        """Where the numbers of a part begin in its file, and its rows; looked up once.

        Raises:
            ValueError: The file is not one that `write` has written.
        """
        if number in self._memory:
            return 0, int(self._memory[number].shape[1])
        if number not in self._begins:
            with self._path(number).open("rb") as file:
                np.lib.format.read_magic(file)
                shape, by_column, kind = np.lib.format.read_array_header_1_0(file)
                if by_column or kind != np.uint64 or len(shape) != 2:
                    raise ValueError(f"{file.name} has other columns than expected")
                self._begins[number] = file.tell(), int(shape[1])
        return self._begins[number]

    def _path(self, number: int) -> Path:
        if self.files is not None:
            return self.files[number]
        if self.folder is None:
            raise ValueError("these columns are in memory")
        return self.folder / f"part-{number:05d}.npy"


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
