"""Where the mails of a file lie: an mbox is cut, streamed; any other file is one mail."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from tunesmith.collect.mail.headers import HEAD_BYTES

Form = Literal["mbox", "mail", "outlook"]

#: What begins an OLE compound file, as Outlook's `.msg` is one.
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BLOCK_BYTES = 1 << 20
#: The line `From …` and the one after it are looked at up to here.
_CONTEXT_BYTES = 4 << 10
_DATED = re.compile(rb"\n?From [^\n]*\d{1,2}:\d\d[^\n]*\d{4}")
_HEADER_NEXT = re.compile(rb"\n?From [^\n]*\n(?:>?From |[!-9;-~]{1,76}[ \t]*:)")


class Bounds(NamedTuple):
    """A mail in its file."""

    start: int
    end: int
    digest: bytes
    """16 bytes of BLAKE2b over all of it."""
    head: bytes
    """Its beginning: the headers of all mails but hostile ones."""


def form_of(path: Path) -> Form:
    """What a file is, by how it begins; of what begins like an mbox, `.eml` is one mail."""
    with path.open("rb") as file:
        start = file.read(_CONTEXT_BYTES)
    if start.startswith(_OLE):
        return "outlook"
    suffix = path.suffix.lower()
    begins = start.lstrip(b"\r\n").startswith(b"From ")
    if suffix in {".mbox", ".mbx"} or (begins and suffix != ".eml"):
        return "mbox"
    return "mail"


def mails(path: Path, form: Form, *, max_bytes: int) -> Iterator[Bounds]:
    """The mails of a file, in order; together they are all of it.

    An mbox is cut at lines `From …` (mboxo, mboxrd) that follow a blank line and have a time, or
    headers after them; where no blank line is before it, both.

    Args:
        path: The file.
        form: What it is.
        max_bytes: Of a longer mail no more than this is held at once.
    """
    with path.open("rb") as file:
        if form == "mbox":
            yield from _cut(file, max_bytes)
        else:
            yield _whole(file)


def _whole(file: BinaryIO) -> Bounds:
    digest, head, size = hashlib.blake2b(digest_size=16), b"", 0
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
        head = head or block[: HEAD_BYTES + 1]
        size += len(block)
    return Bounds(0, size, digest.digest(), head)


class _Open:
    """The mail that is being read: what of it was put away because it is long."""

    def __init__(self, start: int) -> None:
        self.start, self.size, self.head = start, 0, b""
        self.digest = hashlib.blake2b(digest_size=16)

    def put_away(self, data: bytes) -> None:
        self.head = self.head or data[: HEAD_BYTES + 1]
        self.digest.update(data)
        self.size += len(data)

    def closed(self) -> Bounds:
        end = self.start + self.size
        return Bounds(self.start, end, self.digest.digest(), self.head)


def _cut(file: BinaryIO, max_bytes: int) -> Iterator[Bounds]:
    buffer, searched, mail = bytearray(), 0, _Open(0)
    limit = max(min(max_bytes, 8 * _BLOCK_BYTES), 2 * HEAD_BYTES)
    more = True
    while more:
        block = file.read(_BLOCK_BYTES)
        more = bool(block)
        buffer += block
        while (at := buffer.find(b"\nFrom ", searched)) >= 0:
            if more and len(buffer) - at < _CONTEXT_BYTES:
                break  # what follows decides, and is not read yet
            searched = at + 1
            if _begins_a_mail(buffer, at):
                mail.put_away(bytes(buffer[: at + 1]))
                yield mail.closed()
                mail = _Open(mail.start + mail.size)
                del buffer[: at + 1]
                searched = 0
        else:
            searched = max(searched, len(buffer) - _CONTEXT_BYTES)
        if len(buffer) > limit:
            ready = min(searched, len(buffer)) - _CONTEXT_BYTES
            if ready > 0:
                mail.put_away(bytes(buffer[:ready]))
                del buffer[:ready]
                searched -= ready
    mail.put_away(bytes(buffer))
    yield mail.closed()


def _begins_a_mail(buffer: bytearray, at: int) -> bool:
    context = bytes(buffer[at : at + _CONTEXT_BYTES])
    dated, headed = _DATED.match(context) is not None, _HEADER_NEXT.match(context) is not None
    before = bytes(buffer[max(0, at - 2) : at])
    blank = at == 0 or before.endswith(b"\n") or before == b"\n\r"
    return (dated or headed) if blank else (dated and headed)
