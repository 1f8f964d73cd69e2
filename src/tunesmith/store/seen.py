"""What was worked out of files: one that nobody has written since is not read again.

As `git` does with its index, a file is told by its size, its times and its inode. One that was
written just before it was read is not remembered: it may change once more at the same moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tunesmith.io import file_sha256, read_json, write_json

T = TypeVar("T")

#: How long before it is read a file must have been written (ns): more than a clock's step, which
#: is seconds where times have no fraction (FAT, some network file systems).
_SETTLED_NS, _COARSE_NS = 100_000_000, 2_100_000_000
_SECOND_NS = 1_000_000_000


class Seen:
    """Digests of files, and what else was worked out of them.

    Args:
        path: Where it is kept between runs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: dict[str, Any] = read_json(path) if path.exists() else {}
        self._now: dict[str, Any] = {}

    def sha256(self, path: Path) -> str:
        """The SHA-256 of a file's bytes, in hex."""
        return self.worked_out(path, "", lambda: file_sha256(path))

    def worked_out(self, path: Path, what: str, work: Callable[[], T]) -> T:
        """What is worked out of a file alone; None is not remembered.

        Args:
            path: The file.
            what: Names what is worked out, and all else that it depends on.
            work: Reads the file; gives what JSON can hold.
        """
        about, moment = path.stat(), time.time_ns()
        numbers = (
            about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns,
        )  # fmt: skip
        key = " ".join(filter(None, (what, "-".join(map(str, numbers)))))
        found: T = self._before[key] if key in self._before else work()
        times = about.st_mtime_ns, about.st_ctime_ns
        step = _SETTLED_NS if all(one % _SECOND_NS for one in times) else _COARSE_NS
        if found is not None and max(times) + step < moment:
            self._now[key] = found
        return found

    def close(self) -> None:
        """Keep what was asked for."""
        if self._now != self._before:
            write_json(self._path, self._now)
