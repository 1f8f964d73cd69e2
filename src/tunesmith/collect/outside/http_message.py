"""An HTTP answer as web archives keep it: its status, its head and its decoded body."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from tunesmith.collect.sandbox import Unreadable

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})\b")
_CHUNK = re.compile(rb"\s{0,4}([0-9a-fA-F]{1,8})[^\r\n]{0,200}\r?\n")
_MAX_HEAD = 256 << 10


@dataclass(frozen=True)
class HttpAnswer:
    """A status, headers by their names in lower case, and the body without its transfer coding."""

    status: int
    headers: dict[str, str]
    body: bytes


def parse_answer(raw: bytes, max_bytes: int) -> HttpAnswer:
    """An answer from its bytes.

    Args:
        raw: As they were sent.
        max_bytes: The limit of the decoded body.

    Raises:
        Unreadable: It is no HTTP answer, or its body cannot be decoded.
    """
    status = _STATUS.match(raw)
    if status is None:
        raise Unreadable("the record holds no HTTP answer")
    head, gap, body = _split(raw)
    if not gap:
        raise Unreadable("the head of the HTTP answer has no end")
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _unchunked(body)
    return HttpAnswer(int(status[1]), headers, _inflated(body, headers, max_bytes))


def _split(raw: bytes) -> tuple[bytes, bool, bytes]:
    ends = [(raw.find(mark, 0, _MAX_HEAD), mark) for mark in (b"\r\n\r\n", b"\n\n")]
    found = [(at, mark) for at, mark in ends if at >= 0]
    if not found:
        return raw, False, b""
    at, mark = min(found)
    return raw[:at], True, raw[at + len(mark) :]


def _unchunked(raw: bytes) -> bytes:
    """The chunks put together; a body that says it is in chunks and is not stays as it is."""
    parts: list[bytes] = []
    place = 0
    while True:
        match = _CHUNK.match(raw, place)
        if match is None:
            return b"".join(parts) + raw[place:] if parts else raw
        size = int(match[1], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(raw[match.end() : match.end() + size])
        place = match.end() + size


def _inflated(body: bytes, headers: dict[str, str], max_bytes: int) -> bytes:
    """The body without its content coding; crawlers often take it off and leave the header.

    Raises:
        Unreadable: It is torn, expands too far, or is in a coding that is not known.
    """
    coding = headers.get("content-encoding", "").strip().lower()
    if coding in {"gzip", "x-gzip", "deflate"}:
        looks = body[:2] == b"\x1f\x8b" if coding != "deflate" else body[:1] == b"\x78"
        if looks:
            return _unpacked(body, 47, max_bytes)
        if coding == "deflate" and body[:64].lstrip()[:1] != b"<":
            return _unpacked(body, -15, max_bytes)
    elif coding not in {"", "identity", "none"} and body[:64].lstrip()[:1] != b"<":
        raise Unreadable("the page is in a content coding that is not read")
    if len(body) > max_bytes:
        raise Unreadable(f"the page has more than {max_bytes:,} bytes")
    return body


def _unpacked(body: bytes, bits: int, max_bytes: int) -> bytes:
    decoder = zlib.decompressobj(bits)
    try:
        plain = decoder.decompress(body, max_bytes + 1)
    except zlib.error:
        raise Unreadable("the page cannot be decompressed") from None
    if len(plain) > max_bytes:
        raise Unreadable(f"the page has more than {max_bytes:,} bytes")
    return plain
