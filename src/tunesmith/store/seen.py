"""Digests of files that were read before: one that nobody has written since is not read again.

As `git` does with its index, a file is told by its size, its times and its inode. One that was
written just before it was read is not remembered: it may change once more at the same moment.
"""

from __future__ import annotations

import time
from pathlib import Path

from tunesmith.io import file_sha256, read_json, write_json

#: How long before it is read a file must have been written (ns): more than a clock's step, which
#: is seconds where times have no fraction (FAT, some network file systems).
_SETTLED_NS, _COARSE_NS = 100_000_000, 2_100_000_000
_SECOND_NS = 1_000_000_000


class Seen:
    """The digests of files.

    Args:
        path: Where they are kept between runs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: dict[str, str] = read_json(path) if path.exists() else {}
        self._now: dict[str, str] = {}

    def sha256(self, path: Path) -> str:
        """The SHA-256 of a file's bytes, in hex."""
        about, moment = path.stat(), time.time_ns()
        key = "-".join(
            str(number)
            for number in (
                about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns,
            )
        )  # fmt: skip
        digest = self._before.get(key) or file_sha256(path)
        times = about.st_mtime_ns, about.st_ctime_ns
        step = _SETTLED_NS if all(one % _SECOND_NS for one in times) else _COARSE_NS
        if max(times) + step < moment:
            self._now[key] = digest
        return digest

    def close(self) -> None:
        """Keep the digests of the files that were asked for."""
        if self._now != self._before:
            write_json(self._path, self._now)
