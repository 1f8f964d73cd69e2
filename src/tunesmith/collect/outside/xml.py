"""XML that strangers wrote, as events, in bounded memory; entities and DTDs are never followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from tunesmith.collect.sandbox import Unreadable

_BLOCK = 1 << 16

#: A single mark (a tag with its attributes, a comment) has at most so many bytes.
MAX_MARK_BYTES = 4 << 20

#: Elements lie within each other at most so deep.
MAX_DEPTH = 500


class Handler:
    """What is told of the elements; names are without their namespaces."""

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def ends(self, name: str) -> None:
        """An element ends."""

    def says(self, words: str) -> None:
        """Words between marks; they may come in several parts."""


class SafeParser:
    """Feeds XML to a handler. A document type is allowed, what it declares is not.

    Args:
        handler: Told of all that comes.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._depth = 0
        self._since = 0
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = _refuse
        parser.CommentHandler = self._moved
        # Without a handler expat neither fetches nor reads an external DTD.
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.UseForeignDTD(False)

    @property
    def byte(self) -> int:
        """Where in the bytes that were fed the parser stands."""
        return max(0, self._parser.CurrentByteIndex)

    @property
    def line(self) -> int:
        """The line it stands in."""
        return self._parser.CurrentLineNumber

    def feed(self, block: bytes, *, last: bool = False) -> None:
        """Parse some bytes.

        Raises:
            Unreadable: They are not XML, or declare entities, or are nested too deep.
        """
        self._since += len(block)
        try:
            self._parser.Parse(block, last)
        except expat.ExpatError as error:
            words = expat.ErrorString(error.code) or "it is not XML"
            raise Unreadable(f"not valid XML: {words}", f"line {error.lineno}") from None
        if self._since > MAX_MARK_BYTES:
            raise Unreadable("a mark has no end", f"line {self.line}")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._since = 0
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable("it is nested too deep", f"line {self.line}")
        plain = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        self._handler.begins(name.rpartition(" ")[2], plain)

    def _end(self, name: str) -> None:
        self._since = 0
        self._depth -= 1
        self._handler.ends(name.rpartition(" ")[2])

    def _text(self, words: str) -> None:
        self._since = 0
        self._handler.says(words)

    def _moved(self, _: str) -> None:
        self._since = 0


def _refuse(*_: object) -> None:
    raise Unreadable("it declares entities, which are not followed")


def blocks_of(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file, a block at a time."""
    while block := file.read(_BLOCK):
        yield block


def parse(raw: bytes, handler: Handler) -> None:
    """Parse a whole document.

    Raises:
        Unreadable: As of `SafeParser.feed`.
    """
    parser = SafeParser(handler)
    for start in range(0, len(raw), _BLOCK):
        parser.feed(raw[start : start + _BLOCK])
    parser.feed(b"", last=True)
