"""The parts of a mail (MIME, RFC 2045–2047): what to read of it, and its attachments.

The parts are cut here and not by the standard library, whose parser takes time that grows with the
square of the depth; what stands in a part's headers is read by the standard library.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message as Headers

from tunesmith.collect.mail.charsets import decoded, is_text
from tunesmith.collect.mail.headers import Head, words
from tunesmith.collect.sandbox import Unreadable

#: How deep parts may lie in each other, and how many there may be.
MAX_DEPTH, MAX_PARTS = 24, 2_000
_TOO_MANY = f"it has more than {MAX_PARTS:,} parts"

_SPACE = b" \t\r\n\0"
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_UU = re.compile(rb"^begin [0-7]{3,4} [^\n]*\n", re.MULTILINE)
_ENCRYPTED = ("-----BEGIN PGP MESSAGE-----", "-----BEGIN PKCS7-----")
_SIGNED, _SIGNATURE = "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----"
#: Nobody writes a longer text by hand.
MAX_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Attachment:
    """A part that is not read."""

    name: str | None
    type: str
    size: int
    """Its bytes, decoded."""

    def __str__(self) -> str:
        return f"{self.name or 'without a name'}, {self.type}, {self.size:,} bytes"


@dataclass(frozen=True)
class Text:
    """A part that is read."""

    words: str
    html: bool
    notes: tuple[str, ...] = ()


@dataclass
class Content:
    """What a mail is made of."""

    type: str = "text/plain"
    report: str | None = None
    """Of `multipart/report`, what it reports."""
    texts: list[Text] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)


@dataclass(frozen=True)
class _Part:
    about: Headers
    body: bytes
    torn: bool = False
    """No boundary ends it."""

    @property
    def type(self) -> str:
        return str(self.about.get_content_type())

    @property
    def name(self) -> str | None:
        name = self.about.get_filename()
        return None if name is None else " ".join(words(name).replace("\0", "").split())[:200]

    @property
    def attached(self) -> bool:
        return self.about.get_content_disposition() == "attachment" or self.name is not None


def content_of(raw: bytes, head: Head) -> Content:
    """The texts and attachments of a mail.

    Args:
        raw: All of it.
        head: Its headers.

    Raises:
        Unreadable: It is encrypted, torn, nested too deep, or its text cannot be decoded.
    """
    part = _part(head, raw[head.body :])
    content = Content(part.type)
    if part.type == "multipart/report":
        content.report = str(part.about.get_param("report-type", "")).lower() or None
    reader = _Reader(content)
    content.texts = reader.texts(part, 0)
    return content


def _part(head: Head, body: bytes, *, torn: bool = False) -> _Part:
    about = Headers()
    for name in ("content-type", "content-transfer-encoding", "content-disposition"):
        value = head.raw(name, 2_000)
        if value is not None:
            about[name] = value
    return _Part(about, body, torn)


class _Reader:
    def __init__(self, content: Content) -> None:
        self.content, self._count = content, 0

    def texts(self, part: _Part, depth: int) -> list[Text]:
        self._count += 1
        if depth > MAX_DEPTH:
            raise Unreadable(f"its parts lie more than {MAX_DEPTH} deep in each other")
        if self._count > MAX_PARTS:
            raise Unreadable(_TOO_MANY)
        kind = part.type
        if kind == "multipart/encrypted" or _enveloped(part):
            raise Unreadable("it is encrypted")
        if kind.startswith("multipart/"):
            return self._of_several(part, kind, depth)
        if kind in {"text/plain", "text/html"} and not (depth and part.attached):
            return [_text(part, html=kind == "text/html")]
        if kind.startswith("text/") and not depth:
            return [_text(part, html=False)]
        self.content.attachments.append(Attachment(part.name, kind, _size(part)))
        return []

    def _of_several(self, part: _Part, kind: str, depth: int) -> list[Text]:
        boundary = part.about.get_boundary()
        parts = [] if not boundary else list(_split(part.body, boundary, torn=part.torn))
        if not parts:
            plain = Headers()
            return [_text(_Part(plain, part.body), html=False)]
        if kind == "multipart/digest":
            for one in parts:
                if "content-type" not in one.about:
                    one.about["content-type"] = "message/rfc822"
        found = [self.texts(one, depth + 1) for one in parts]
        if kind == "multipart/alternative":
            return _best(found)
        return [text for texts in found for text in texts]


def _best(found: list[list[Text]]) -> list[Text]:
    """Of alternatives the plain one, unless nothing stands in it."""
    full = [texts for texts in found if any(text.words.strip() for text in texts)]
    plain = [texts for texts in full if not any(text.html for text in texts)]
    return (plain or full or [[]])[0]


def _enveloped(part: _Part) -> bool:
    if part.type not in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
        return False
    return str(part.about.get_param("smime-type", "")).lower() != "certs-only"


def _split(body: bytes, boundary: str, *, torn: bool) -> Iterator[_Part]:
    """The parts between the boundaries."""
    mark = re.escape(boundary.encode("utf-8", "replace"))
    lines = re.compile(rb"(?:\A|\n)--" + mark + rb"(--)?[ \t]*\r?(?=\n|\Z)")
    opened: int | None = None
    for count, line in enumerate(lines.finditer(body)):
        if count > MAX_PARTS:
            raise Unreadable(_TOO_MANY)
        if opened is not None:
            yield _cut_out(body[opened : line.start()])
        if line[1]:
            return
        opened = line.end() + 1
    if opened is not None:
        yield _cut_out(body[opened:], torn=True)


def _cut_out(raw: bytes, *, torn: bool = False) -> _Part:
    head = Head(raw)
    if not head.starts and head.body > 2:
        return _part(Head(b"\n"), raw, torn=torn)
    return _part(head, raw[head.body :], torn=torn)


# ── Decoding ─────────────────────────────────────────────────────────────────────────────────────


def _encoding(part: _Part) -> str:
    return str(part.about.get("content-transfer-encoding", "")).strip().lower()


def _size(part: _Part) -> int:
    encoding, body = _encoding(part), part.body
    if encoding == "base64":
        data = body.translate(None, _SPACE)
        return len(data) * 3 // 4 - data[-2:].count(b"=")
    return len(binascii.a2b_qp(body)) if encoding == "quoted-printable" else len(body)


def _text(part: _Part, *, html: bool) -> Text:
    if part.torn:
        raise Unreadable("it is torn: no boundary ends the part with its text")
    notes: list[str] = []
    data, note = _bytes(part)
    notes += [note] if note else []
    given = part.about.get_content_charset()
    text, note = decoded(data, given)
    notes += [note] if note else []
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_CHARACTERS:
        raise Unreadable(f"its text has more than {MAX_CHARACTERS:,} letters")
    if not is_text(text):
        raise Unreadable("what should be its text is something else")
    if "\0" in text:
        text = text.replace("\0", "")
        notes.append("NUL removed")
    if html:
        return Text(text, html, tuple(notes))
    if str(part.about.get_param("format", "")).lower() == "flowed":
        text = unflowed(text, joined=str(part.about.get_param("delsp", "")).lower() == "yes")
    if any(text.lstrip().startswith(mark) for mark in _ENCRYPTED):
        raise Unreadable("it is encrypted")
    return Text(_unsigned(text), html, tuple(notes))


def _unsigned(text: str) -> str:
    """What was signed (RFC 4880, 7)."""
    begin = text.find(_SIGNED)
    start, end = text.find("\n\n", begin), text.find(_SIGNATURE, begin)
    return text[start + 2 : end].rstrip("\n") if 0 <= begin < start < end else text


def _bytes(part: _Part) -> tuple[bytes, str | None]:
    encoding, body = _encoding(part), part.body
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body), None
    if encoding == "base64":
        return _from_base64(body)
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        return _from_uu(body), None
    return body, None


def _from_base64(body: bytes) -> tuple[bytes, str | None]:
    data = body.translate(None, _SPACE)
    match = _BASE64.match(data)
    whole = match[0] if match is not None else b""
    if len(whole) * 2 < len(data):
        raise Unreadable("its base64 is damaged")
    whole = whole.rstrip(b"=")
    note = None if len(whole) + 2 >= len(data) else "what follows its base64 left out"
    if len(whole) % 4 == 1:
        whole, note = whole[:-1], "torn base64"
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4)), note


def _from_uu(body: bytes) -> bytes:
    begin = _UU.search(body)
    if begin is None:
        raise Unreadable("its uuencoding has no beginning")
    lines = []
    for line in body[begin.end() :].split(b"\n"):
        if line.strip() in {b"end", b"`", b""}:
            break
        try:
            lines.append(binascii.a2b_uu(line))
        except binascii.Error:
            raise Unreadable("its uuencoding is damaged") from None
    return b"".join(lines)


def unflowed(text: str, *, joined: bool) -> str:
    """Text with `format=flowed` (RFC 3676) as paragraphs: a line that ends with a space goes on.

    Args:
        text: The text.
        joined: Whether the space goes too (`DelSp=yes`).
    """
    lines: list[str] = []
    goes_on, depth = False, 0
    for line in text.split("\n"):
        rest = line.lstrip(">")
        quoted = len(line) - len(rest)
        rest = rest.removeprefix(" ")
        if goes_on and quoted == depth and rest != "-- ":
            lines[-1] += rest
        else:
            lines.append(f"{'>' * quoted} {rest}" if quoted else rest)
        goes_on, depth = rest.endswith(" ") and rest != "-- ", quoted
        if goes_on and joined:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)
