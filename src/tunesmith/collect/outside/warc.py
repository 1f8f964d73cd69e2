"""Records of web archives (WARC, ISO 28500, and its forerunner ARC), plain or gzip, also damaged.

Bytes come as a stream with damage marked in it; a record that is damaged costs itself, and reading
goes on at the next one that can be recognised. Nothing larger than the limit is held in memory.
"""

from __future__ import annotations

import re
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

_BLOCK = 64 << 10
_MEMBER = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")

#: The head of a record has at most so many bytes.
MAX_HEAD = 64 << 10

#: As of `streams`: a gzip member that expands further is a bomb.
_MAX_RATIO, _FREE_BYTES = 500, 64 << 20

#: After damage the next member is looked for within the damaged one; a file in which this comes to
#: more than so many times its size is made for it.
_MOST_TRIES = 8

#: Blocks of members may be tiny; so many bytes are taken at once where there are more.
_TAKEN = 4 << 10

_NEXT_WARC = re.compile(rb"\n(?=WARC/\d\.\d{1,2}\r?\n)")
_ARC_LINE = re.compile(
    rb"\n(?=[a-z]{2,20}:[^\s]{1,4000} [\d.]{7,15} \d{14} [\w./+;=-]{1,100} \d{1,12}\r?\n)"
)
#: A head ends with a blank line; one in which another record begins has no end.
_HEAD_END = re.compile(rb"\r?\n\r?\n|\n(?=WARC/\d\.)")
_LINE_END = re.compile(rb"\n")
_LENGTH = re.compile(r"\d{1,15}")
_BLANK = re.compile(rb"[\r\n]*")


class Block(NamedTuple):
    """Bytes, or damage: what could not be read in this place."""

    raw: bytes
    at: int
    """The place in the file where the bytes begin, or the gzip member that they are in."""
    member: bool
    """Whether it is a gzip member."""
    damage: str | None = None


@dataclass
class Record:
    """A record, or what is wrong in a place."""

    at: int
    """The place in the file: of the record, or of the gzip member that it begins in."""
    headers: dict[str, str] = field(default_factory=dict)
    """By their names in lower case."""
    body: bytes = b""
    problem: str | None = None


def blocks_of(path: Path) -> Iterator[Block]:
    """A file's bytes; gzip is unpacked member by member."""
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            file.seek(0)
            at = 0
            while raw := file.read(_BLOCK):
                yield Block(raw, at, member=False)
                at += len(raw)
            return
    yield from _Members(path).blocks()


class _Members:
    """The members of a gzip file, one after the other; after damage the next one is looked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._problem: str | None = None
        self._end = 0
        self._fed, self._most = 0, path.stat().st_size * _MOST_TRIES + _FREE_BYTES

    def blocks(self) -> Iterator[Block]:
        """What is in the members; of damage upon damage the first is told."""
        with self._path.open("rb") as file:
            start: int | None = 0
            damaged = False
            while start is not None:
                for plain in self._member(file, start):
                    damaged = False
                    yield Block(plain, start, member=True)
                if self._problem is not None and not damaged:
                    yield Block(b"", start, member=True, damage=self._problem)
                damaged = self._problem is not None
                within = damaged and self._fed < self._most
                start = self._next(file, start + 1 if within else self._end)

    def _member(self, file: BinaryIO, start: int) -> Iterator[bytes]:
        """What is in the member; afterwards `_end` is set, and `_problem` where it is damaged."""
        self._problem = None
        decoder, made, size = zlib.decompressobj(31), 0, 512
        file.seek(start)
        self._end = start
        while not decoder.eof:
            raw = decoder.unconsumed_tail
            if not raw:
                # Small at first: where one damaged member follows the other, much is read in vain.
                raw = file.read(size)
                size = min(size * 4, _BLOCK)
                self._fed += len(raw)
                self._end += len(raw)
            try:
                plain = decoder.decompress(raw, _BLOCK * 16)
            except zlib.error:
                self._problem = "a gzip member is damaged"
                return
            if not raw and not plain:
                self._problem = "the file ends within a gzip member"
                return
            made += len(plain)
            if made > max((self._end - start) * _MAX_RATIO, _FREE_BYTES):
                self._problem = "a gzip member expands without end"
                return
            if plain:
                yield plain
        self._end -= len(decoder.unused_data)

    def _next(self, file: BinaryIO, place: int) -> int | None:
        """Where the next member begins, from a place on; what pads the file is passed over."""
        file.seek(place)
        held, size = b"", 512
        while more := file.read(size):
            size = min(size * 4, 1 << 20)
            held += more
            match = _MEMBER.search(held)
            if match is not None:
                return place + match.start()
            place += len(held) - len(held[-3:])
            held = held[-3:]
        return None


class Records:
    """The records of a web archive, in order, and what is wrong between them.

    Args:
        path: The file.
        max_bytes: A larger record is reported and passed over.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._blocks = blocks_of(path)
        self._max = max_bytes
        self._held = bytearray()
        self._size = path.stat().st_size
        self._gone = 0  # so many bytes were held before
        self._marks: deque[tuple[int, Block]] = (
            deque()
        )  # what comes from a byte on is of that block
        self._damage: Block | None = None
        self._over = False
        self._arc = False

    def __iter__(self) -> Iterator[Record]:
        while self._skip_blank():
            if self._held:
                yield self._record()
            elif self._damage is not None:
                damage, self._damage = self._damage, None
                yield Record(damage.at, problem=damage.damage)

    # ── The stream ──

    def _more(self) -> bool:
        """Take further blocks; not past damage."""
        before = len(self._held)
        while len(self._held) < before + _TAKEN and self._take() is not None:
            pass
        return len(self._held) > before

    def _take(self) -> Block | None:
        """Take another block; null at the end and at damage."""
        if self._over or self._damage is not None:
            return None
        block = next(self._blocks, None)
        if block is None:
            self._over = True
        elif block.damage is not None:
            self._damage = block
        else:
            self._marks.append((self._gone + len(self._held), block._replace(raw=b"")))
            self._held += block.raw
            return block
        return None

    def _need(self, size: int) -> bool:
        while len(self._held) < size:
            if not self._more():
                return False
        return True

    def _drop(self, size: int) -> None:
        """Forget what lies at the start of what is held."""
        self._gone += min(size, len(self._held))
        del self._held[:size]
        while len(self._marks) > 1 and self._marks[1][0] <= self._gone:
            self._marks.popleft()

    def _here(self) -> int:
        """The place in the file of the first byte held."""
        if not self._marks:
            return 0
        start, block = self._marks[0]
        return block.at if block.member else block.at + self._gone - start

    def _skip_blank(self) -> bool:
        """Pass over blank lines; false at the end of the file."""
        while True:
            blank = _BLANK.match(self._held)
            if blank is not None and blank.end():
                self._drop(blank.end())
            if self._held or self._damage is not None:
                return True
            if not self._more():
                return self._damage is not None

    # ── Records ──

    def _record(self) -> Record:
        self._need(9)
        if self._held.startswith(b"WARC/"):
            return self._warc()
        if self._arc or self._held.startswith(b"filedesc:"):
            self._arc = True
            return self._arc_record()
        return self._lost("what stands here is no record", 0)

    def _warc(self) -> Record:
        at = self._here()
        end = self._find(_HEAD_END, MAX_HEAD)
        if end is None:
            return self._lost("the head of the record has no end", 1)
        headers = _headers(bytes(self._held[:end]))
        if not self._held[max(0, end - 3) : end].endswith((b"\n\n", b"\n\r\n")):
            self._drop(end)
            return Record(at, problem="the head of the record has no end")
        length = headers.get("content-length", "")
        if not _LENGTH.fullmatch(length):
            return self._lost("the record does not say how long it is", end)
        return self._with_body(Record(at, headers), end, int(length))

    def _arc_record(self) -> Record:
        at = self._here()
        end = self._find(_LINE_END, MAX_HEAD)
        if end is None:
            return self._lost("the head of the record has no end", 1)
        parts = bytes(self._held[:end]).decode("latin-1").split()
        if len(parts) < 5 or not _LENGTH.fullmatch(parts[-1]):
            return self._lost("the head of the record cannot be read", end)
        kind = "warcinfo" if parts[0].startswith("filedesc:") else "response"
        headers = {
            "warc-type": kind,
            "warc-target-uri": " ".join(parts[:-4]),
            "warc-date": parts[-3],
            "content-type": "application/http" if kind == "response" else parts[-2],
        }
        return self._with_body(Record(at, headers), end, int(parts[-1]))

    def _find(self, pattern: re.Pattern[bytes], most: int) -> int | None:
        """Where the first match ends, within so many bytes."""
        while True:
            match = pattern.search(self._held, 0, most)
            if match is not None:
                return match.end()
            if len(self._held) >= most or not self._more():
                return None

    def _with_body(self, record: Record, start: int, length: int) -> Record:
        # Others are looked for from the line end before the body: it may have none of its own.
        if length > self._max:
            return self._passed_over(record, start, length)
        if not self._need(start + length):
            problem = "the file ends within the record"
            if self._damage is not None:
                problem, self._damage = str(self._damage.damage), None
            record.problem = problem
            inner = _next_record(self._arc).search(self._held, start - 1)
            self._drop(inner.end() if inner is not None else len(self._held))
            return record
        if not self._at_record(start + length):
            inner = _next_record(self._arc).search(self._held, start - 1)
            if inner is not None and inner.end() < start + length:
                # It claims to be longer than it is, and holds the next ones.
                record.problem = "the record is shorter than it says"
                self._drop(inner.end())
                return record
        record.body = bytes(self._held[start : start + length])
        self._drop(start + length)
        return record

    def _at_record(self, place: int) -> bool:
        """Whether a record or the end follows, after blank lines."""
        self._need(place + 16)
        rest = bytes(self._held[place : place + 16]).lstrip(b"\r\n")
        return not rest or self._arc or rest.startswith(b"WARC/"[: len(rest)])

    def _passed_over(self, record: Record, start: int, length: int) -> Record:
        """Forget a body that is too large; where it cannot be so large, look for the next record.

        It cannot where the file ends before, or where another record begins a gzip member in it.
        """
        if not self._marks[0][1].member and self._gone + start + length > self._size:
            return self._lost("the record says that it is longer than the file", start - 1)
        record.problem = f"the record has {length:,} bytes, more than the limit of {self._max:,}"
        last = self._gone + start + length
        while self._gone < last:
            inner = self._member_within(last)
            if inner is not None:
                record.problem = "the record is shorter than it says"
                self._drop(inner)
                return record
            # What may be the start of a record's name stays.
            self._drop(min(last - self._gone, max(0, len(self._held) - 5)))
            if self._gone < last and not self._more():
                self._drop(last - self._gone)
                break
        return record

    def _member_within(self, last: int) -> int | None:
        """The first byte held at which a gzip member and a record begin, before `last`."""
        for begin, block in self._marks:
            at = begin - self._gone
            if block.member and at > 0 and begin < last and self._held.startswith(b"WARC/", at):
                return at
        return None

    def _lost(self, reason: str, start: int) -> Record:
        """Look for the next record from a byte on; what lies between is one problem."""
        record = Record(self._here(), problem=reason)
        pattern = _next_record(self._arc)
        while True:
            match = pattern.search(self._held, start)
            # Of the first byte a match would be the record at hand.
            if match is not None and match.end() > 0:
                self._drop(match.end())
                return record
            keep = min(len(self._held), 6_000)
            self._drop(len(self._held) - keep)
            start = 0 if keep < 6_000 else 1
            if not self._more():
                self._drop(len(self._held))
                return record


def _next_record(arc: bool) -> re.Pattern[bytes]:
    return _ARC_LINE if arc else _NEXT_WARC


def _headers(raw: bytes) -> dict[str, str]:
    """The fields of a head by their names in lower case; folded lines are put together."""
    headers: dict[str, str] = {}
    last = ""
    for line in raw.decode("utf-8", "replace").split("\n")[1:]:
        if line[:1] in {" ", "\t"} and last:
            headers[last] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        if colon:
            last = name.strip().lower()
            headers.setdefault(last, value.strip())
    return headers
