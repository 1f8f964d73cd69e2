"""Files that grow: what was read before stays as it is, and only what was added is read.

A file is one piece until something is added to it. From then on it is a piece for each time that
it grew, cut where a row ends, as long as the bytes before each cut are those of the last run: a
hash of the whole file says so, which costs a hundredth of reading its rows.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunesmith.collect.base import Piece, Stretch
from tunesmith.collect.rows import MAX_RECORD_LINES
from tunesmith.io import fingerprint, read_json, write_json
from tunesmith.kernels import kernel

#: Smaller files are read whole: that costs less than knowing what is new in them.
GROWS_FROM_BYTES = 1 << 20

#: A file that was cut more often is read whole once, and begins anew.
MOST_CUTS = 48

_BLOCK = 1 << 20
_FILE = "growth.json"


@dataclass(frozen=True)
class Cut:
    """A place in a file at which a row ends."""

    end: int
    """Bytes before it."""
    lines: int
    """Lines before it."""
    sha256: str
    """Of the bytes before it."""


#: Finds, from a cut on (0 for the beginning), the last place in the file at which a row ends.
LastRowEnd = Callable[[int], int]


class Growth:
    """What is known of the files of a source that may grow.

    Args:
        folder: Where it is kept from one run to the next.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        known = read_json(self._path) if self._path.exists() else {}
        self._before: dict[str, dict[str, Any]] = known
        self._now: dict[str, dict[str, Any]] = {}

    def pieces(self, file: Piece, *, form: str, last_row_end: LastRowEnd) -> list[Piece]:
        """The pieces of a file, in order.

        Args:
            file: All of it; its digest is the SHA-256 of its bytes.
            form: All that the rows depend on besides the bytes, such as the encoding.
            last_row_end: See `LastRowEnd`.
        """
        path, name = file.stretches[0].path, file.stretches[0].name
        known = self._before.get(name, {})
        if known.get("form") == form and known["whole"]["sha256"] == file.digest:
            self._now[name] = known
            return _pieces(path, name, form, *(_read(known)))
        cuts = _read(known)[0] if known.get("form") == form else []
        cuts = [] if len(cuts) >= MOST_CUTS else cuts
        begin = max((cut.end for cut in cuts if cut.end <= path.stat().st_size), default=0)
        end = last_row_end(begin)
        found, whole = _hashed(path, [*(cut.end for cut in cuts), end])
        same = [cut for cut in cuts if found.get(cut.end) == cut]
        if len(same) < len(cuts):  # something was changed before what was added
            end = last_row_end(same[-1].end if same else 0)
            found, whole = _hashed(path, [end])
        kept = same if not found.get(end) or end in {0, *(cut.end for cut in same)} else [
            *same, found[end],
        ]  # fmt: skip
        self._now[name] = {
            "form": form, "cuts": [asdict(cut) for cut in kept], "whole": asdict(whole),
        }  # fmt: skip
        return _pieces(path, name, form, kept, whole)

    def close(self) -> None:
        """Keep what was found out."""
        if self._now != self._before:
            write_json(self._path, self._now)


def _read(known: dict[str, Any]) -> tuple[list[Cut], Cut]:
    return [Cut(**cut) for cut in known["cuts"]], Cut(**known["whole"])


def _pieces(path: Path, name: str, form: str, cuts: Sequence[Cut], whole: Cut) -> list[Piece]:
    """The pieces between some cuts, and what follows the last of them."""
    found: list[Piece] = []
    start, line = 0, 1
    for cut in [*cuts, *([] if cuts and cuts[-1].end == whole.end else [whole])]:
        stretch = Stretch(path, name, start, cut.end if cut in cuts else None, line=line)
        digest = fingerprint(["grown", form, start, line, cut.end, cut.sha256])
        found.append(Piece((stretch,), digest, follows=bool(found)))
        start, line = cut.end, cut.lines + 1
    return found


def _hashed(path: Path, ends: Sequence[int]) -> tuple[dict[int, Cut], Cut]:
    """The bytes and lines before each of some places, and of the whole file."""
    digest, lines, done = hashlib.sha256(), 0, 0
    found: dict[int, Cut] = {}
    wanted = sorted(set(ends))
    with path.open("rb") as file:
        while True:
            if wanted and wanted[0] == done:
                found[done] = Cut(done, lines, digest.hexdigest())
                wanted.pop(0)
                continue
            block = file.read(min(_BLOCK, wanted[0] - done) if wanted else _BLOCK)
            if not block:
                return found, Cut(done, lines, digest.hexdigest())
            digest.update(block)
            lines += block.count(b"\n")
            done += len(block)


def last_line_end(path: Path, begin: int) -> int:
    """The place after the last line end beyond `begin`; `begin` where there is none."""
    with path.open("rb") as file:
        place = file.seek(0, 2)
        while place > begin:
            start = max(begin, place - _BLOCK)
            file.seek(start)
            found = file.read(place - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            place = start
    return begin


def last_csv_row_end(path: Path, begin: int, *, delimiter: str, width: int, max_bytes: int) -> int:
    """The place at which the last row ends that no byte added to a CSV file can change.

    Rows are found as `CsvRows` finds them. Where a line is too long, or not UTF-8 throughout, the
    end is not looked for: what was added is then read whole.

    Args:
        path: The file, in UTF-8.
        begin: A place at which a row ends, after the header.
        delimiter: Between fields.
        width: Fields of the header.
        max_bytes: The limit of a line.

    Returns:
        The place; `begin` where there is none.
    """
    if path.stat().st_size <= begin or len(delimiter.encode()) != 1:
        return begin
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        data = np.frombuffer(view, dtype=np.uint8)
        try:
            if not _is_utf8(view, begin) or view.find(b"\0", begin) >= 0:
                return begin
            end = _last_csv_row_end(data, begin, ord(delimiter), width, MAX_RECORD_LINES, max_bytes)
            return begin if end < 0 else int(end)
        finally:
            del data  # the map cannot be closed while an array looks into it


def _is_utf8(view: mmap.mmap, begin: int) -> bool:
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(begin, len(view), _BLOCK):
            decoder.decode(view[start : start + _BLOCK], final=False)
    except UnicodeDecodeError:
        return False
    return True


#: What a CSV reader is in: the start of a field, a field, quotes, a quote in them, a row that ends.
_START, _FIELD, _QUOTED, _QUOTE, _ENDING, _WRONG = 0, 1, 2, 3, 4, 5
_NEWLINE, _RETURN, _MARK = 10, 13, 34


@kernel
def _next_state(state: int, byte: int, delimiter: int) -> int:
    """What comes after a byte that ends no line, as Python's csv has it, strict."""
    if state == _ENDING:
        return _WRONG
    if state == _QUOTED:
        return _QUOTE if byte == _MARK else _QUOTED
    if byte in (delimiter, _RETURN):
        return _START if byte == delimiter else _ENDING
    if state == _QUOTE:
        return _QUOTED if byte == _MARK else _WRONG
    return _QUOTED if state == _START and byte == _MARK else _FIELD


@kernel
def _row(data: Any, start: int, delimiter: int, width: int, most_lines: int) -> tuple[int, int]:
    """Where the next row begins, and the end of the last line that was looked at to tell.

    A row that is broken costs its first line. The second is -1 where the file's end is in the row.
    """
    size, place, first_end = len(data), start, -1
    state, fields, lines, blank = _START, 1, 0, True
    while place < size and state != _WRONG:
        byte = data[place]
        place += 1
        if byte != _NEWLINE:
            inside = state == _QUOTED
            state = _next_state(state, byte, delimiter)
            fields += byte == delimiter and not inside and state == _START
            blank = blank and state == _ENDING
            continue
        lines += 1
        if first_end < 0:
            first_end = place
        if state != _QUOTED:
            return (place if blank or fields == width else first_end), place
        if lines >= most_lines:
            return first_end, place
    while place < size:
        place += 1
        if data[place - 1] == _NEWLINE:
            return (place if first_end < 0 else first_end), place
    return start, -1


@kernel
def _last_csv_row_end(
    data: Any, begin: int, delimiter: int, width: int, most_lines: int, most_bytes: int
) -> int:
    """As of `last_csv_row_end`; -1 for bytes at which another rule than that of quotes applies.

    Why a row is broken may lie in the lines after it: no row ends there before these are read too.
    """
    start, safe, looked_at = begin, begin, begin
    while start < len(data):
        following, line_end = _row(data, start, delimiter, width, most_lines)
        if line_end < 0:
            return safe
        if line_end - start > most_bytes:
            return -1
        start, looked_at = following, max(looked_at, line_end)
        if start >= looked_at:
            safe = start
    return safe
