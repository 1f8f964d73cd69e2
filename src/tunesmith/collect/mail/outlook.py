"""Outlook's `.msg` files (MS-OXMSG): called in the sandbox, for they are OLE compound files."""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

from tunesmith.collect.mail.charsets import decoded
from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import MissingExtraError

#: Properties by their numbers (MS-OXPROPS).
_CLASS, _SUBJECT, _HEADERS, _BODY, _RTF, _HTML = "001A", "0037", "007D", "1000", "1009", "1013"
_ID, _REFERENCES, _IN_REPLY_TO = "1035", "1039", "1042"
_SENDER_NAME, _SENDER_MAIL, _SENDER_SMTP = "0C1A", "0C1F", "5D01"
_FROM_NAME, _FROM_MAIL, _FROM_SMTP = "0042", "0065", "5D02"
_NAME, _MAIL, _SMTP = "3001", "3003", "39FE"
_LONG_NAME, _SHORT_NAME, _TYPE, _DATA = "3707", "3704", "370E", "3701"
_SUBMITTED, _DELIVERED, _CODE_PAGE = 0x0039, 0x0E06, 0x3FDE

_MOST_BYTES = 64 << 20
_FIXED = re.compile(r"__substg1\.0_([0-9A-F]{4})([0-9A-F]{4})\Z")


def read_outlook(path: str) -> dict[str, Any]:
    """What is in a `.msg` file.

    Returns:
        class, subject, headers, body, html, id, references, in_reply_to, name, mail, to (mails of
        those it went to), at (ISO 8601 or null), attachments ([name, type, bytes]). Texts that
        are not there are null.

    Raises:
        Unreadable: It is no such file.
        MissingExtraError: olefile is not installed.
    """
    try:
        import olefile
    except ImportError:
        raise MissingExtraError("olefile", "documents") from None
    try:
        with olefile.OleFileIO(path) as file:
            return _read(file)
    except OSError:
        raise Unreadable("it is a damaged OLE file") from None


def _read(file: Any) -> dict[str, Any]:
    if not file.exists("__properties_version1.0"):
        raise Unreadable("it is an OLE file, but no Outlook item")
    top = _Folder(file, [])
    page = top.number(_CODE_PAGE)
    texts = {name: top.text(key, page) for name, key in _TEXTS.items()}
    html = top.data(_HTML)
    if not texts["body"] and html is None:
        texts["body"] = _from_rtf(top.data(_RTF))
    people = [_Folder(file, path) for path in _folders(file, "__recip_version1.0")]
    files = [_Folder(file, path) for path in _folders(file, "__attach_version1.0")]
    mail = top.text(_SENDER_SMTP, page) or top.text(_FROM_SMTP, page)
    return texts | {
        "html": None if html is None else decoded(html, _charset_of(html, page))[0],
        "name": top.text(_SENDER_NAME, page) or top.text(_FROM_NAME, page),
        "mail": mail or top.text(_SENDER_MAIL, page) or top.text(_FROM_MAIL, page),
        "to": [one.text(_SMTP, page) or one.text(_MAIL, page) for one in people],
        "at": top.time(_SUBMITTED) or top.time(_DELIVERED),
        "attachments": [
            [
                one.text(_LONG_NAME, page) or one.text(_SHORT_NAME, page) or one.text(_NAME, page),
                one.text(_TYPE, page) or "application/octet-stream",
                one.size(_DATA),
            ]
            for one in files
        ],
    }


_TEXTS = {
    "class": _CLASS, "subject": _SUBJECT, "headers": _HEADERS, "body": _BODY, "id": _ID,
    "references": _REFERENCES, "in_reply_to": _IN_REPLY_TO,
}  # fmt: skip


def _from_rtf(data: bytes | None) -> str | None:
    if data is None:
        return None
    try:
        from striprtf.striprtf import rtf_to_text
    except ImportError:
        raise MissingExtraError("striprtf", "documents") from None
    return str(rtf_to_text(decompressed(data).decode("latin-1"), errors="ignore")) or None


def _folders(file: Any, prefix: str) -> list[list[str]]:
    names = {entry[0] for entry in file.listdir(storages=True) if entry[0].startswith(prefix)}
    return [[name] for name in sorted(names)][:2_000]


class _Folder:
    """The properties of a message, of one who gets it, or of an attachment."""

    def __init__(self, file: Any, path: list[str]) -> None:
        self.file, self.path = file, path
        self._kinds: dict[str, str] = {}
        for entry in file.listdir():
            found = _FIXED.match(entry[-1])
            if found is not None and entry[:-1] == path:
                self._kinds[found[1]] = found[2]

    def data(self, key: str, kind: str = "0102") -> bytes | None:
        """A property's bytes."""
        if self._kinds.get(key) != kind:
            return None
        name = [*self.path, f"__substg1.0_{key}{kind}"]
        if self.file.get_size(name) > _MOST_BYTES:
            raise Unreadable(f"a property has more than {_MOST_BYTES:,} bytes")
        with self.file.openstream(name) as stream:
            return bytes(stream.read())

    def size(self, key: str) -> int:
        """How many bytes a property has."""
        name = [*self.path, f"__substg1.0_{key}0102"]
        return int(self.file.get_size(name)) if self._kinds.get(key) == "0102" else 0

    def text(self, key: str, page: int | None) -> str | None:
        """A property's text; null where it is not there or empty."""
        wide = self.data(key, "001F")
        if wide is not None:
            return wide.decode("utf-16-le", "replace").rstrip("\0") or None
        narrow = self.data(key, "001E")
        if narrow is None:
            return None
        return decoded(narrow.rstrip(b"\0"), f"cp{page}" if page else None)[0] or None

    def number(self, key: int) -> int | None:
        """A property that is a number of 32 bits."""
        value = self._fixed(key, 0x0003)
        return None if value is None else int(struct.unpack("<I", value[:4])[0])

    def time(self, key: int) -> str | None:
        """A property that is a time, as ISO 8601."""
        value = self._fixed(key, 0x0040)
        if value is None:
            return None
        steps = struct.unpack("<Q", value)[0]  # of 100 ns, since 1601
        try:
            moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=steps // 10)
        except OverflowError:
            return None
        return moment.isoformat()

    def _fixed(self, key: int, kind: int) -> bytes | None:
        with self.file.openstream([*self.path, "__properties_version1.0"]) as stream:
            table = stream.read(1 << 20)
        for place in range(8 if self.path else 32, len(table) - 15, 16):
            found, number = struct.unpack_from("<HH", table, place)
            if number == key and found == kind:
                return bytes(table[place + 8 : place + 16])
        return None


def _charset_of(html: bytes, page: int | None) -> str | None:
    """What an HTML page says of its letters, else the item's code page."""
    found = re.search(rb"charset=[\"']?([\w-]{2,40})", html[:4096], re.IGNORECASE)
    if found is not None:
        return found[1].decode("ascii")
    return f"cp{page}" if page else None


#: What a compressed text begins with in its reader's memory (MS-OXRTFCP, 2.1.3.1.1).
_FILLED = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def decompressed(data: bytes) -> bytes:
    """The RTF of `PidTagRtfCompressed` (MS-OXRTFCP).

    Raises:
        Unreadable: It is none.
    """
    if len(data) < 16:
        raise Unreadable("its RTF is torn")
    _, size, kind, _ = struct.unpack_from("<IIII", data)
    if kind == 0x414C454D:
        return data[16 : 16 + size]
    if kind != 0x75465A4C or size > _MOST_BYTES:
        raise Unreadable("its RTF is damaged")
    window = bytearray(_FILLED.ljust(4096, b" "))
    write, place, out = len(_FILLED), 16, bytearray()
    while place < len(data) and len(out) < size:
        control, place = data[place], place + 1
        for bit in range(8):
            if place >= len(data) or len(out) >= size:
                break
            if not control >> bit & 1:
                found, place = data[place : place + 1], place + 1
            else:
                pair, place = int.from_bytes(data[place : place + 2], "big"), place + 2
                start, count = pair >> 4, (pair & 15) + 2
                if start == write:
                    return bytes(out)
                found = b""
                for step in range(count):  # what is copied may be what was just written
                    letter = window[(start + step) % 4096]
                    window[(write + step) % 4096] = letter
                    found += bytes([letter])
            for letter in found:
                window[write], write = letter, (write + 1) % 4096
            out += found
    return bytes(out)
