"""What is known of each row, in fixed-width columns on disk, part by part.

A part is one `.npy` file of shape (columns, rows), written atomically: a killed run finds whole
parts only. A column of all parts is read by itself, so that one band of the signatures, not all
of them, is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunesmith.io import atomic_write

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]


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
