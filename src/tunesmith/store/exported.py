"""The files of an export between runs: where the lines of each part lie, and how they grow.

A file is appended to while it lies aside, under another name: nobody who opens the export meets
half a line. The index says how long each file is, so whatever a killed run has added is cut off
again, and the file goes back to its name.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, Self

from tunesmith.io import read_json, write_json

#: By file, the bytes between which the lines of a part lie.
Places = dict[str, list[int]]

#: Bytes that are copied at a time where the system does not copy by itself.
_COPIED = 2**22
_CANNOT_COPY = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}
_ASIDE = ".growing"


class Exported:
    """The files of the last export, as far as they are as it left them.

    Args:
        folder: The export.
        index: The file that says where the lines of each part lie.
        shapes: The folders of the export that it looks after; others are not touched.
    """

    def __init__(self, folder: Path, index: Path, shapes: Collection[str]) -> None:
        known = read_json(index) if index.exists() else {"files": {}, "parts": {}, "order": []}
        self.parts: dict[str, Places] = known["parts"]
        """By part, where its lines lie."""
        self._folder, self._index, self._order = folder, index, known.get("order", [])
        self._shapes = tuple(shapes)
        self._identities: dict[str, list[int]] = known["files"]
        self._mend()
        self._files = {
            name: folder / name
            for name, identity in self._identities.items()
            if (folder / name).exists() and _identity(folder / name) == identity
        }
        self._open: dict[str, IO[bytes]] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def places(self, key: str) -> Places | None:
        """The files that hold a part's lines and where; None unless they hold all of it."""
        found = self.parts.get(key)
        return found if found is not None and found.keys() <= self._files.keys() else None

    def holds(self, keys: list[str]) -> bool:
        """Whether the files hold these parts in this order, and nothing else."""
        names = {name for places in self.parts.values() for name in places}
        there = {str(path.relative_to(self._folder)) for path in self._there()}
        return bool(keys) and self._order == keys and names == there == set(self._files)

    def _there(self) -> list[Path]:
        return [path for shape in self._shapes for path in (self._folder / shape).glob("*.jsonl")]

    def common(self, keys: list[str]) -> int:
        """How many parts may stay where they are while the others are appended.

        None may where a later part would be copied, a file has changed, or one has another name
        too (a hard link): what somebody has put aside so must not grow.
        """
        first = 0
        while first < min(len(keys), len(self._order)) and keys[first] == self._order[first]:
            first += 1
        if not self._identities.keys() <= self._files.keys():
            return 0
        if self.parts.keys() & set(keys[first:]) or len(set(keys)) < len(keys):
            return 0
        return first if all(path.stat().st_nlink == 1 for path in self._files.values()) else 0

    @contextlib.contextmanager
    def grow(self, keys: list[str]) -> Iterator[dict[str, IO[bytes]]]:
        """Give the files, aside, each open at the end of the lines of some first parts.

        What follows those lines is cut off. `close` puts the files back.
        """
        ends: dict[str, int] = {}
        for key in keys:
            ends |= {name: end for name, (_, end) in self.parts[key].items()}
        for name in ends:
            self._files[name].rename(self._aside(name))
        if any(end < self._identities[name][0] for name, end in ends.items()):
            identities = {name: [end, *self._identities[name][1:]] for name, end in ends.items()}
            self._write(identities, {key: self.parts[key] for key in keys}, keys)
        try:
            with contextlib.ExitStack() as stack:
                files: dict[str, IO[bytes]] = {}
                for name, end in ends.items():
                    file = files[name] = stack.enter_context(self._aside(name).open("r+b"))
                    file.truncate(end)
                    file.seek(end)
                yield files
                for name in ends:
                    files[name].flush()
                    os.fsync(files[name].fileno())
        except BaseException:
            self._give_up()
            raise

    def close(self, names: Sequence[str], places: dict[str, Places], order: list[str]) -> None:
        """Keep what the files hold now, remove all others, and put back what was aside."""
        for path in self._there():
            if str(path.relative_to(self._folder)) not in names:
                path.unlink()
        aside = [name for name in names if self._aside(name).exists()]
        now = {name: self._aside(name) if name in aside else self._folder / name for name in names}
        self._write({name: _identity(path) for name, path in now.items()}, places, order)
        for name in aside:
            self._aside(name).rename(self._folder / name)

    def copy(self, name: str, begin: int, end: int, target: IO[bytes]) -> None:
        """Write the bytes of a file between two places to another file, at its end."""
        if name not in self._open:
            self._open[name] = self._stack.enter_context(self._files[name].open("rb"))
        source = self._open[name]
        target.flush()
        while begin < end:
            copied = _copied(source.fileno(), target.fileno(), begin, end - begin)
            if not copied:
                raise OSError(f"{name} became shorter while it was read")
            begin += copied
        target.seek(0, os.SEEK_END)

    def _aside(self, name: str) -> Path:
        path = self._folder / name
        return path.with_name(f".{path.name}{_ASIDE}")

    def _write(
        self, files: dict[str, list[int]], parts: dict[str, Places], order: list[str]
    ) -> None:
        write_json(self._index, {"files": files, "parts": parts, "order": order})
        self._identities = files

    def _give_up(self) -> None:
        """An error is no kill: the files go back at once."""
        self._mend()

    def _mend(self) -> None:
        """Put back what a killed run has left aside, as long as the index says."""
        for path in self._folder.glob(f"*/.*{_ASIDE}"):
            target = path.with_name(path.name[1:].removesuffix(_ASIDE))
            size, modified, inode = self._identities.get(
                str(target.relative_to(self._folder)), [0, 0, 0]
            )
            about = path.stat()
            if target.exists() or about.st_ino != inode or about.st_size < size:
                path.unlink()
                continue
            if about.st_size > size:
                os.truncate(path, size)
            os.utime(path, ns=(about.st_atime_ns, modified))
            path.rename(target)


def _identity(path: Path) -> list[int]:
    """Changes when anybody writes the file."""
    about = path.stat()
    return [about.st_size, about.st_mtime_ns, about.st_ino]


def _copied(source: int, target: int, place: int, size: int) -> int:
    """Copy up to `size` bytes from a place to where the target stands; returns how many."""
    if hasattr(os, "copy_file_range"):
        try:
            return os.copy_file_range(source, target, size, place)
        except OSError as error:  # other file systems, or none that can
            if error.errno not in _CANNOT_COPY:
                raise
    return os.write(target, os.pread(source, min(size, _COPIED), place))
