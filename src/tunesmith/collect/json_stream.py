"""JSON documents of any size, an element at a time, in bounded memory.

A document that fits into `DOCUMENT_BYTES` comes as one value. Of a larger one, or one that is torn,
come the elements of its outer arrays: those of the document itself where it is an array, else those
under the keys of the object. An element is cut out by counting brackets and then parsed alone, so
that a broken one is reported by itself and the ones after it come in; of a torn document come the
elements before the place where it ends.

Of a key that an object has twice the last value counts. `NaN` and `Infinity`, which JSON does not
have and Python writes, are null.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from tunesmith.collect.encoding import Encoding, detect
from tunesmith.collect.sandbox import Unreadable

#: A document up to this size comes as one value.
DOCUMENT_BYTES = 8 << 20
#: Brackets within brackets; deeper ones are refused.
MAX_DEPTH = 100

_BLOCK_BYTES = 1 << 20
_HEAD_BYTES = 64 << 10
_WIDE_BYTES = 64 << 20

# Possessive throughout: no input makes them try again.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TO_BRACKET = re.compile(
    rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}])', re.DOTALL
)  # fmt: skip


def _shallow(levels: int) -> bytes:
    inner = rb"(?!)" if levels == 0 else rb"[\[{]" + _shallow(levels - 1) + rb"[\]}]"
    return rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"|' + inner + rb")*+"


#: A container with few levels below it, as most are: found at once.
_SHALLOW = re.compile(rb"[\[{]" + _shallow(5) + rb"[\]}]", re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\[\]{}\":]+")
_SPACE = re.compile(rb"[ \t\r\n]*+")
_SKIPPING = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)


@dataclass(frozen=True)
class Element:
    """A value of a document, or the document."""

    value: Any
    number: int
    """1-based, among those of its array."""
    key: str | None = None
    """The array's key in the document's object; empty where the document is the array; null where
    this is a whole document."""
    head: dict[str, Any] = field(default_factory=dict)
    """What stands before the array in the document's object."""

    @property
    def position(self) -> str:
        """Its place in words."""
        return f"{self.key or ('document' if self.key is None else 'item')} {self.number}"


@dataclass(frozen=True)
class Broken:
    """A place in a document that cannot be read."""

    reason: str
    position: str
    raw: bytes = b""


def elements(
    path: Path, *, max_bytes: int = DOCUMENT_BYTES, document_bytes: int = DOCUMENT_BYTES
) -> Iterator[Element | Broken]:
    """The documents of a file, or their elements.

    Args:
        path: A file of one JSON document or of several after each other.
        max_bytes: A longer element is skipped without being held in memory, and reported.
        document_bytes: A longer document comes by its elements.
    """
    encoding = detect(path)
    with path.open("rb") as file:
        if not encoding.wide:
            yield from _documents(_Window(file, encoding), max_bytes, document_bytes)
            return
        raw = file.read(_WIDE_BYTES + 1)
    if len(raw) > _WIDE_BYTES:
        yield Broken(f"{encoding.name} in a file of more than {_WIDE_BYTES >> 20} MiB", "file")
        return
    text = io.BytesIO(raw.decode(encoding.name, "replace").encode())
    yield from _documents(
        _Window(text, Encoding("utf-8", declared=False)), max_bytes, document_bytes
    )


def elements_in(raw: bytes, *, max_bytes: int = DOCUMENT_BYTES) -> Iterator[Element | Broken]:
    """The documents in some bytes, or their elements: as `elements`, for UTF-8 in memory."""
    window = _Window(io.BytesIO(raw), Encoding("utf-8", declared=False))
    return _documents(window, max_bytes, DOCUMENT_BYTES)


def parse(raw: bytes, encoding: Encoding | None = None) -> Any:
    """A JSON value.

    Args:
        raw: Its bytes.
        encoding: How to decode them where they are not UTF-8.

    Raises:
        Unreadable: It is not JSON, or is nested too deep.
    """
    if _SHALLOW.fullmatch(raw) is None and _depth(raw) > MAX_DEPTH:
        raise Unreadable(f"nested deeper than {MAX_DEPTH} levels")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if encoding is None or encoding.name.startswith("utf-8"):
            raise Unreadable(f"byte {error.start + 1} is not valid UTF-8") from None
        text = raw.decode(encoding.name, "replace")
    try:
        return _mended(json.loads(text, parse_constant=lambda _: None, strict=False))
    except ValueError:
        raise Unreadable("not valid JSON") from None


def _mended(value: Any) -> Any:
    """Halves of letters, escaped alone, as the sign for a letter that cannot be read."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(name): _mended(item) for name, item in value.items()}
    return value


def _depth(raw: bytes) -> int:
    deepest = depth = 0
    for match in _TO_BRACKET.finditer(raw):
        depth += 1 if match[1] in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


class _Torn(Exception):  # noqa: N818
    """The file ends within a value."""


class _TooLong(Exception):  # noqa: N818
    """A value is longer than it may be; it has been skipped."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__()


class _Window:
    """Some bytes of a file, from a place that only goes forward."""

    def __init__(self, file: BinaryIO, encoding: Encoding) -> None:
        self.file, self.encoding = file, encoding
        self.seek(0)

    def seek(self, place: int) -> None:
        self.file.seek(place)
        self.start, self.at, self.data = place, 0, b""

    @property
    def place(self) -> int:
        """Where in the file it stands, in bytes."""
        return self.start + self.at

    def more(self) -> bool:
        """Read on, twice as much each time; whether there was more."""
        if self.at:
            self.data, self.start, self.at = self.data[self.at :], self.place, 0
        block = self.file.read(max(_BLOCK_BYTES, len(self.data)))
        self.data += block
        return bool(block)

    def peek(self) -> bytes:
        """The next byte that is not space; empty at the file's end."""
        while True:
            space = _SPACE.match(self.data, self.at)
            self.at = self.at if space is None else space.end()
            if self.at < len(self.data):
                return self.data[self.at : self.at + 1]
            if not self.more():
                return b""

    def value(self, limit: int) -> bytes:
        """The bytes of the next value.

        Raises:
            _Torn: The file ends before it does.
            _TooLong: It has more than `limit` bytes; the window stands after it.
        """
        first = self.peek()
        if first in {b"[", b"{"}:
            return self._container(limit)
        pattern = _STRING if first == b'"' else _SCALAR
        while True:
            match = pattern.match(self.data, self.at)
            if match is not None and (first == b'"' or match.end() < len(self.data)):
                break
            if len(self.data) - self.at > limit:
                raise _TooLong(self.skip(1 if first == b'"' else 0, 0, quoted=first == b'"'))
            if not self.more():
                if match is None or not match.end():
                    raise _Torn
                break
        raw, self.at = self.data[self.at : match.end()], match.end()
        return raw

    def _container(self, limit: int) -> bytes:
        whole = _SHALLOW.match(self.data, self.at)
        if whole is not None and whole.end() - self.at <= limit:
            self.at = whole.end()
            return whole[0]
        depth, length = 0, 0  # how much of the value has been looked at
        while True:
            match = _TO_BRACKET.match(self.data, self.at + length)
            if match is None:
                if len(self.data) - self.at > limit:
                    raise _TooLong(self.skip(length, depth))
                if not self.more():
                    raise _Torn
                continue
            length = match.end() - self.at
            depth += 1 if match[1] in b"[{" else -1
            if depth == 0:
                break
        raw, self.at = self.data[self.at : self.at + length], self.at + length
        if length > limit:
            raise _TooLong(length)
        return raw

    def skip(self, length: int, depth: int, *, quoted: bool = False) -> int:
        """Go to the end of a value without holding it; gives its size.

        Args:
            length: How many of its bytes have been looked at.
            depth: How many brackets are open there.
            quoted: Whether that place is within a string.

        Raises:
            _Torn: The file ends before it does.
        """
        start = self.place
        self.at += length
        while True:
            end = self.at
            for match in _SKIPPING.finditer(self.data, self.at):
                end = match.end()
                letter = match[0]
                if letter == b'"':
                    quoted = not quoted
                elif not quoted and len(letter) == 1:
                    depth += 1 if letter in b"[{" else -1
                if depth <= 0 and not quoted:
                    self.at = end
                    return self.place - start
            # A backslash at the end belongs to the letter that comes next.
            half = self.data.endswith(b"\\") and end < len(self.data)
            self.at = len(self.data) - half
            if not self.more():
                raise _Torn


def _documents(window: _Window, max_bytes: int, document_bytes: int) -> Iterator[Element | Broken]:
    if window.peek() == b"\xef":  # a byte-order mark
        window.at += 3
    number = 0
    while first := window.peek():
        number += 1
        start = window.place
        if first not in {b"[", b"{"}:
            yield _rest(window, "not JSON" if number == 1 else "something else after the JSON")
            return
        try:
            if first == b"[":
                raise Unreadable("an array comes by its elements")
            value = parse(window.value(document_bytes), window.encoding)
        except (_Torn, _TooLong, Unreadable):
            window.seek(start)
            if not (yield from _by_elements(window, max_bytes)):
                return
        else:
            yield Element(value, number)


def _rest(window: _Window, reason: str) -> Broken:
    place = window.place
    if not window.data[window.at :]:
        window.more()
    return Broken(reason, f"byte {place + 1:,}", window.data[window.at :][:_HEAD_BYTES])


def _by_elements(window: _Window, max_bytes: int) -> Generator[Element | Broken, None, bool]:
    """The elements of the outer arrays of a document; whether the document has an end."""
    try:
        if window.peek() == b"[":
            yield from _array(window, "", {}, max_bytes)
        else:
            yield from _object(window, max_bytes)
    except _Torn:
        yield Broken("the JSON ends before it is complete", f"byte {window.place + 1:,}",
                     window.data[window.at :][:_HEAD_BYTES])  # fmt: skip
        return False
    except Unreadable as problem:
        yield _rest(window, problem.reason)
        return False
    return True


def _object(window: _Window, max_bytes: int) -> Iterator[Element | Broken]:
    head: dict[str, Any] = {}
    window.at += 1
    while (letter := _next(window)) != b"}":
        if letter == b",":
            window.at += 1
            continue
        if letter != b'"':
            raise Unreadable("not valid JSON")
        key = str(_parsed(window.value(_HEAD_BYTES)))
        if _next(window) != b":":
            raise Unreadable("not valid JSON")
        window.at += 1
        if _next(window) == b"[":
            yield from _array(window, key, head, max_bytes)
            continue
        place = window.place
        try:
            raw = window.value(_HEAD_BYTES)
        except _TooLong:
            # What is not a list of messages and long says nothing about them.
            continue
        if place == window.place:
            raise Unreadable("not valid JSON")
        head[key] = _parsed(raw)
    window.at += 1


def _parsed(raw: bytes) -> Any:
    try:
        return parse(raw)
    except Unreadable:
        return None


def _array(
    window: _Window, key: str, head: dict[str, Any], max_bytes: int
) -> Iterator[Element | Broken]:
    window.at += 1
    number = 0
    while (letter := _next(window)) != b"]":
        if letter == b",":
            window.at += 1
            continue
        if letter in b"}:":
            raise Unreadable("not valid JSON")
        number += 1
        name = f"{key or 'item'} {number}"
        try:
            raw = window.value(max_bytes)
        except _TooLong as long:
            reason = f"it has {long.size:,} bytes, more than the limit of {max_bytes:,}"
            yield Broken(reason, name)
            continue
        if letter not in b"[{":
            if not key:
                yield Broken("not a JSON object", name, raw)
            continue
        try:
            yield Element(parse(raw, window.encoding), number, key, head)
        except Unreadable as problem:
            yield Broken(problem.reason, name, raw)
    window.at += 1


def _next(window: _Window) -> bytes:
    letter = window.peek()
    if not letter:
        raise _Torn
    return letter
