"""The physical lines of a file, in bounded memory, each with its number and its problem."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tunesmith.collect.encoding import Encoding, decode

MIB = 1 << 20


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
        while raw := file.readline(max_bytes + 1):
            number += 1
            if len(raw) > max_bytes and not raw.endswith(b"\n"):
                size = len(raw)
                while more := file.readline(MIB):
                    size += len(more)
                    if more.endswith(b"\n"):
                        break
                problem = f"the line has {size:,} bytes, more than the limit of {max_bytes:,}"
                yield Line(number, b"", None, problem)
                continue
            if number == 1 and encoding.name == "utf-8-sig":
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            yield _line(number, raw, encoding)


def _line(number: int, raw: bytes, encoding: Encoding) -> Line:
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


def _wide_lines(path: Path, encoding: Encoding, max_bytes: int) -> Iterator[Line]:
    with path.open(encoding=encoding.name, newline="\n", errors="surrogateescape") as file:
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
