"""A MediaWiki dump cut into its pages: each is parsed alone, so a broken one costs no other."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

from tunesmith.collect.sandbox import Unreadable

_BEGIN, _END = b"<page>", b"</page>"

#: What stands before the first page has at most so many bytes.
_MAX_HEAD = 1 << 20

_DECLARED = re.compile(rb"^<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.-]{2,30})[\"']")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


class Cut(NamedTuple):
    """A page's XML, or the head of the dump; without bytes there is a problem."""

    raw: bytes | None
    problem: str = ""


def utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same text in UTF-8, whatever it is in; an XML declaration is left as it is.

    Raises:
        Unreadable: It is not in the encoding that it declares.
    """
    first = next(blocks, b"")
    while len(first) < 256 and (more := next(blocks, b"")):
        first += more
    name = _encoding(first)
    if name == "utf-8":
        yield first
        yield from blocks
        return
    try:
        decoder = codecs.getincrementaldecoder(name)()
        yield decoder.decode(first).encode()
        for block in blocks:
            yield decoder.decode(block).encode()
        decoder.decode(b"", final=True)
    except UnicodeError:
        raise Unreadable(f"it is not valid {name}") from None


def _encoding(start: bytes) -> str:
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    if start[:4] == b"<\0m\0" or start[:4] == b"<\0?\0":
        return "utf-16-le"
    if start[:4] == b"\0<\0m" or start[:4] == b"\0<\0?":
        return "utf-16-be"
    declared = _DECLARED.match(start)
    name = "utf-8" if declared is None else declared[1].decode().lower()
    if name in {"utf-8", "utf8", "us-ascii", "ascii"}:
        return "utf-8"
    return name if name in {"iso-8859-1", "windows-1252", "windows-1251"} else "utf-8"


def pages_in(blocks: Iterator[bytes], max_bytes: int) -> Iterator[Cut]:
    """The head of a dump, then each of its pages.

    Args:
        blocks: The dump in UTF-8.
        max_bytes: A larger page is not held in memory.

    Raises:
        Unreadable: As `blocks` do; what came whole before it was given already.
    """
    cutter = _Cutter(max_bytes)
    try:
        for block in blocks:
            yield from cutter.take(block)
    except Unreadable:
        if cutter.begun:
            yield from cutter.rest()
        raise
    yield from cutter.rest()


class _Cutter:
    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._held = bytearray()
        self._from = 0  # what lies before it in what is held was searched
        self._state = "head"  # "head", "between", "page", "skip"
        self._skipped = 0

    @property
    def begun(self) -> bool:
        """Whether a page was seen."""
        return self._state != "head"

    def take(self, block: bytes) -> Iterator[Cut]:
        self._held += block
        while (cut := self._next()) is not None:
            if cut is not _NOTHING:
                yield cut
        if self._state == "page" and len(self._held) > self._max:
            self._state = "skip"
        if self._state == "skip":
            self._forget()
        elif self._state == "between":
            del self._held[: max(0, len(self._held) - len(_BEGIN) + 1)]
            self._from = 0
        elif self._state == "head" and len(self._held) > _MAX_HEAD + len(block):
            raise Unreadable("no page begins where a dump's first one should")

    def _next(self) -> Cut | None:
        mark = _END if self._state in {"page", "skip"} else _BEGIN
        at = self._held.find(mark, self._from)
        if at < 0:
            self._from = max(0, len(self._held) - len(mark) + 1)
            return None
        return self._begin(at) if mark == _BEGIN else self._end(at + len(_END))

    def _begin(self, at: int) -> Cut:
        head = bytes(self._held[:at]) if self._state == "head" else None
        del self._held[:at]
        self._state, self._from = "page", 0
        return _NOTHING if head is None else Cut(head)

    def _end(self, end: int) -> Cut:
        raw = bytes(self._held[:end])
        size = self._skipped + len(raw)
        skipping = self._state == "skip"
        del self._held[:end]
        self._state, self._from, self._skipped = "between", 0, 0
        if skipping or size > self._max:
            return Cut(None, f"the page has {size:,} bytes, more than the limit of {self._max:,}")
        return Cut(raw)

    def _forget(self) -> None:
        gone = max(0, len(self._held) - len(_END) + 1)
        self._skipped += gone
        del self._held[:gone]
        self._from = 0

    def rest(self) -> Iterator[Cut]:
        if self._state == "head":
            yield Cut(bytes(self._held[:_MAX_HEAD]))
        elif self._state in {"page", "skip"}:
            yield Cut(None, "the file ends within the page")


_NOTHING = Cut(None)
