"""The physical lines of a file, in bounded memory, each with its number and its problem."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tunesmith.collect.encoding import Encoding, decode

MIB = 1 << 20

#: How much of a file is cut into lines at once.
BLOCK_BYTES = MIB


class Line(NamedTuple):
    """A line as it lies in the file.

    `text` is null when the line cannot be used, and `problem` says why; `raw` is empty for a line
    over the limit.
    """

    number: int
    raw: bytes
    text: str | None
    problem: str | None = None
    note: str | None = None
    ended: bool = True


class Part(NamedTuple):
    """Lines of a file that follow each other."""

    start: int = 0  # the byte at which the first begins
    end: int | None = None  # the byte after the last, an end of a line; null for the file's end
    line: int = 1  # the number of the first


class Block(NamedTuple):
    """Whole lines that follow each other, none over the limit, as they lie in the file."""

    number: int  # of the first line
    raws: list[bytes]

    def line(self, index: int, encoding: Encoding) -> Line:
        """One of the lines."""
        return _line(self.number + index, self.raws[index], encoding)


def read_lines(path: Path, encoding: Encoding, *, max_bytes: int) -> Iterator[Line]:
    """The lines of a file.

    Args:
        path: The file.
        encoding: How to decode it.
        max_bytes: A longer line is skipped without being held in memory, and reported.
    """
    if encoding.wide:
        yield from _wide_lines(path, encoding, max_bytes)
        return
    with path.open("rb") as file:
        number = 0
        while (line := _next(file, number + 1, encoding, max_bytes)) is not None:
            number += 1
            yield line


def read_blocks(
    path: Path, encoding: Encoding, *, max_bytes: int, part: Part | None = None
) -> Iterator[Block | Line]:
    """The lines of a file, most of them many at once.

    Lines that lie whole in the next `BLOCK_BYTES` come as a block; a longer one, or the last one
    without an end, comes as `read_lines` gives it.

    Args:
        path: The file.
        encoding: How to decode it; not a wide one.
        max_bytes: As of `read_lines`.
        part: The lines to read; all of them when it is not given.
    """
    part = part or Part()
    with path.open("rb") as file:
        file.seek(part.start)
        number = part.line - 1
        while part.end is None or file.tell() < part.end:
            size = min(BLOCK_BYTES, max_bytes)
            raws = _whole_lines(
                file, size if part.end is None else min(size, part.end - file.tell())
            )
            if raws:
                yield Block(number + 1, raws)
                number += len(raws)
                continue
            line = _next(file, number + 1, encoding, max_bytes)
            if line is None:
                return
            number += 1
            yield line


def _whole_lines(file: BinaryIO, size: int) -> list[bytes]:
    """The lines that end within the next `size` bytes; the file stands after them."""
    block = file.read(size)
    end = block.rfind(b"\n") + 1
    file.seek(end - len(block), os.SEEK_CUR)
    return io.BytesIO(block[:end]).readlines()


def _next(file: BinaryIO, number: int, encoding: Encoding, max_bytes: int) -> Line | None:
    raw = file.readline(max_bytes + 1)
    if not raw:
        return None
    if len(raw) > max_bytes and not raw.endswith(b"\n"):
        size = len(raw)
        while more := file.readline(MIB):
            size += len(more)
            if more.endswith(b"\n"):
                break
        problem = f"the line has {size:,} bytes, more than the limit of {max_bytes:,}"
        return Line(number, b"", None, problem)
    return _line(number, raw, encoding)


def _line(number: int, raw: bytes, encoding: Encoding) -> Line:
    if number == 1 and encoding.name == "utf-8-sig":
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    ended = raw.endswith(b"\n")
    if b"\0" in raw:
        problem = f"NUL byte at byte {raw.index(0) + 1} of the line"
        return Line(number, raw, None, problem, ended=ended)
    try:
        text, note = decode(raw, encoding)
    except UnicodeDecodeError as error:
        problem = f"byte {error.start + 1} of the line is not valid {encoding.name}"
        return Line(number, raw, None, problem, ended=ended)
    return Line(number, raw, text, note=note, ended=ended)


def _marked(error: UnicodeError) -> tuple[str | bytes, int]:
    """Stand-ins from U+DC80 on for bytes that stand for no letter, as "surrogateescape" has them.

    That one stops at a byte below 128, such as the half letter at the end of a torn file.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    broken = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + (byte | 0x80)) for byte in broken), error.end


_MARKED = "tunesmith.marked"
codecs.register_error(_MARKED, _marked)


def _wide_lines(path: Path, encoding: Encoding, max_bytes: int) -> Iterator[Line]:
    with path.open(encoding=encoding.name, newline="\n", errors=_MARKED) as file:
        number = 0
        while text := file.readline(max_bytes):
            number += 1
            if len(text) >= max_bytes and not text.endswith("\n"):
                size = len(text)
                while more := file.readline(MIB):
                    size += len(more)
                    if more.endswith("\n"):
                        break
                problem = f"the line has {size:,} letters, more than the limit of {max_bytes:,}"
                yield Line(number, b"", None, problem)
                continue
            raw = text.encode("utf-8", "surrogateescape")
            ended = text.endswith("\n")
            if "\0" in text or any("\udc80" <= letter <= "\udcff" for letter in text):
                yield Line(number, raw, None, f"not valid {encoding.name}", ended=ended)
            else:
                yield Line(number, raw, text, ended=ended)
