"""What is worked out of other packages' data and kept for the next process, such as name lists.

Unpacking and sorting these takes longer than a small run. They lie in the folder of prepared base
models (`$TUNESMITH_CACHE`, else `~/.cache/tunesmith`), may be deleted at any time, and hold nothing
of any dataset. Where the folder cannot be written, every process works them out again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pyarrow as pa

from tunesmith.io import atomic_write


def cache_folder() -> Path:
    """Where derived files lie: `$TUNESMITH_CACHE`, else the user's cache folder."""
    if own := os.environ.get("TUNESMITH_CACHE"):
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "tunesmith"


def identity(packages: tuple[str, ...], *more: bytes | str) -> str:
    """What a derived file depends on, as 16 hexadecimal digits.

    Args:
        packages: Installed packages whose data it is made of: their versions count.
        more: Anything else that changes it, such as the source of the code that makes it.
    """
    digest = hashlib.sha256()
    versions = (f"{package} {metadata.version(package)}" for package in packages)
    for part in (*versions, *more):
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:16]


def kept(name: str, identity: str, make: Callable[[], bytes | pa.Buffer]) -> pa.Buffer:
    """The bytes that `make` gives: read by memory map where they were kept, else made and kept.

    Args:
        name: The name of the file; a new identity takes the place of the old one.
        identity: See `identity`.
        make: Makes them.
    """
    path = None
    with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: there is no home
        path = cache_folder() / f"{name}-{identity}"
        with pa.memory_map(str(path)) as file:
            return file.read_buffer()
    made = pa.py_buffer(make())
    if path is not None:
        with contextlib.suppress(OSError):
            _keep(path, name, made)
    return made


def _keep(path: Path, name: str, data: pa.Buffer) -> None:
    with atomic_write(path) as file:
        file.write(data)
    for other in path.parent.glob(f"{name}-{'[0-9a-f]' * 16}"):
        if other != path:
            other.unlink(missing_ok=True)
