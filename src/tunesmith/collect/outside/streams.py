"""Compressed files as streams, in bounded memory; one that expands without end is ended."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from tunesmith.collect.sandbox import Unreadable

_BLOCK = 1 << 20

#: Text shrinks to a tenth, lists of numbers to a hundredth; beyond this a file is a bomb.
MAX_RATIO, FREE_BYTES = 1_000, 256 << 20

_STARTS = (
    (b"BZh", "bz2"), (b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zXZ\x00", "xz"),
)  # fmt: skip


def compression_of(path: Path) -> str | None:
    """How a file is compressed, as its first bytes say; null for not at all."""
    with path.open("rb") as file:
        start = file.read(8)
    return next((name for mark, name in _STARTS if start.startswith(mark)), None)


def opened(path: Path) -> IO[bytes] | Any:
    """A file's bytes, decompressed."""
    kind = compression_of(path)
    if kind == "bz2":
        return bz2.open(path, "rb")
    if kind == "gzip":
        return gzip.open(path, "rb")
    if kind == "xz":
        return lzma.open(path, "rb")
    if kind == "zstd":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    return path.open("rb")


def blocks(path: Path) -> Iterator[bytes]:
    """A file's bytes, decompressed, in blocks.

    Raises:
        Unreadable: The compressed file is torn or damaged, or expands too far.
    """
    import pyarrow as pa

    allowed = max(path.stat().st_size * MAX_RATIO, FREE_BYTES)
    total = 0
    with opened(path) as stream:
        while True:
            try:
                block = stream.read(_BLOCK)
            except (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException) as error:
                torn = isinstance(error, EOFError)
                words = "ends too early" if torn else "is damaged"
                raise Unreadable(f"the compressed file {words}", f"byte {total}") from None
            if not block:
                return
            total += len(block)
            if total > allowed:
                raise Unreadable(f"it expands more than {MAX_RATIO:,} times", f"byte {total}")
            yield block
