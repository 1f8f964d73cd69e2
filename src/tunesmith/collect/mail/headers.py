"""The headers of a mail: who wrote it, when, about what, and what it answers."""

from __future__ import annotations

import binascii
import codecs
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parseaddr, parsedate_tz

from tunesmith.collect.mail.charsets import decoded
from tunesmith.collect.times import written_offset

#: So much of a mail's headers is read; and of one header, so much.
HEAD_BYTES, VALUE_BYTES = 256 << 10, 16 << 10
#: So many identifiers are taken of `References`: the first, and the last ones.
MAX_REFERENCES = 64
#: So many values of one header are kept: what is asked for stands once, or is `Received`.
_REPEATS = 8

_FIELD = re.compile(rb"^([!-9;-~]{1,76})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
_FIRST = re.compile(rb"(?:>?From [^\n]*\n)?[!-9;-~]{1,76}[ \t]*:")
_END = re.compile(rb"\n\r?\n")
#: A mail has one of these; what else begins with a word and a colon is something else.
_KNOWN = {
    "from", "to", "date", "subject", "message-id", "received", "return-path", "mime-version",
    "delivered-to", "sender",
}  # fmt: skip

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_ID = re.compile(r"<([^<>\s]{1,500})>")
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}")
#: How list archives write addresses against spammers.
_HIDDEN_ADDRESS = re.compile(
    r"\A\s*([\w.+-]{1,64}) at ([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})\s*(\(.*)?\Z"
)

_REPLY = re.compile(
    r"\s*(?:re|aw|antw|antwort|wg|fw|fwd|sv|vs|ref|rv|tr|rif|odp|pd|ynt|enc|res|回复|答复|转发|返信)"
    r"\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s*[::]\s*",
    re.IGNORECASE,
)
#: `[list-name]`, which lists put first; not `[#4711]`, which tells tickets apart.
_LIST_NAME = re.compile(r"\s*\[[^\]\d]{1,60}\]\s*(?=\S)")
_FORWARDED = re.compile(r"\s*\(fwd\)\s*\Z", re.IGNORECASE)

_YEARS = range(1970, 2101)
#: More comments than a writer's name has.
_COMMENTS = 16
#: The standard library takes the year 0 for 2000, and a time without a zone for one in UTC.
_YEAR_0 = re.compile(r"\s(?:0|0{3,4})\s")
_ZONED = re.compile(r"[+-](?!0000)\d{4}\b|\+0000|\b(?:GMT|UTC?|[ECMP][SD]T|Z)\b")


class Head:
    """The headers of a mail, and where its body begins; `torn` where they end within a header.

    Args:
        raw: The mail, or its beginning.
    """

    def __init__(self, raw: bytes) -> None:
        end = _END.search(raw, 0)
        self.body = len(raw) if end is None else end.end()
        if raw[:1] == b"\n" or raw[:2] == b"\r\n":  # a part without headers
            self.body = 1 if raw[:1] == b"\n" else 2
        head = raw[: min(self.body, HEAD_BYTES)]
        self.whole = self.body <= HEAD_BYTES
        self.torn = end is None and _torn(raw)
        self.mark = head[: head.find(b"\n")] if head.startswith((b"From ", b">From ")) else b""
        self.starts = _FIRST.match(head) is not None
        self._fields: dict[str, list[bytes]] = {}
        for field in _FIELD.finditer(head):
            values = self._fields.setdefault(field[1].decode("ascii").lower(), [])
            if len(values) < _REPEATS:
                values.append(field[2])

    @property
    def of_a_mail(self) -> bool:
        """Whether these are headers of a mail."""
        return self.starts and not _KNOWN.isdisjoint(self._fields)

    def raw(self, name: str, limit: int = VALUE_BYTES) -> str | None:
        """The first value of a header on one line, its words as they are encoded."""
        values = self._fields.get(name)
        return None if values is None else _unfolded(values[0][:limit])

    def all(self, name: str) -> list[str]:
        """All values of a header, as `raw`."""
        return [_unfolded(value[:VALUE_BYTES]) for value in self._fields.get(name, [])]

    def text(self, name: str) -> str | None:
        """The first value of a header as people read it."""
        value = self.raw(name)
        return None if value is None else words(value)


def _torn(raw: bytes) -> bool:
    """Whether headers end within a line, or with one that is none."""
    if raw[-1:] not in {b"", b"\n"}:
        return True
    last = raw.rstrip(b"\r\n").rpartition(b"\n")[2]
    return bool(last) and last[:1] not in b" \t" and _FIELD.match(last) is None


def plain(raw: bytes) -> bytes:
    """A mail in a file of its own as bytes whose lines end with a line feed."""
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if raw.startswith(mark):
            raw = raw.decode(name, "replace").encode()
    raw = raw.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
    return raw.replace(b"\r", b"\n") if b"\n" not in raw[:HEAD_BYTES] else raw


def _unfolded(value: bytes) -> str:
    text, _ = decoded(value, None)
    return " ".join(text.replace("\0", "").split())


def words(value: str) -> str:
    """A header with its encoded words decoded (RFC 2047); broken ones stay as they are."""
    if "=?" not in value:
        return value
    value = _BETWEEN_WORDS.sub(r"\1", value)
    parts: list[str] = []
    place, waiting, charset = 0, b"", ""
    for word in _WORD.finditer(value):
        between = value[place : word.start()]
        data = _word_bytes(word[2], word[3])
        named = word[1].partition("*")[0]
        if between or named != charset:
            parts += [decoded(waiting, charset)[0], between]
            waiting, charset = b"", named
        if data is None:
            parts += [decoded(waiting, charset)[0], word[0]]
            waiting = b""
        else:  # a letter may lie in two words
            waiting += data
        place = word.end()
    return "".join([*parts, decoded(waiting, charset)[0], value[place:]]).replace("\0", "")


def _word_bytes(kind: str, text: str) -> bytes | None:
    data = text.encode("utf-8")
    if kind in "qQ":
        return binascii.a2b_qp(data, header=True)
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return None


# ── What it says ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Envelope:
    """What the headers say of a mail, whatever format it is kept in."""

    id: str | None = None
    answers: tuple[str, ...] = ()
    """The identifiers of the mails before it in the thread, the oldest first."""
    subject: str | None = None
    name: str | None = None
    """The writer's name."""
    address: str | None = None
    """The writer's address, in small letters."""
    people: tuple[str, ...] = ()
    """Addresses of the writer and of those it went to."""
    at: datetime | None = None
    """When, in UTC."""
    zone: str | None = None


def envelope(head: Head) -> Envelope:
    """What the headers of a mail say."""
    name, address = writer(head.text("from") or head.text("sender") or "")
    found = _date(head)
    others = [one for field in ("to", "cc", "reply-to") for one in addresses(head.raw(field) or "")]
    first = _ID.search(head.raw("message-id") or "")
    return Envelope(
        id=None if first is None else first[1],
        answers=answers(head.raw("references", HEAD_BYTES) or "", head.raw("in-reply-to") or ""),
        subject=head.text("subject") or None,
        name=name,
        address=address,
        people=tuple(dict.fromkeys(filter(None, [address or name, *others]))),
        at=None if found is None else found[0],
        zone=None if found is None else found[1],
    )


def answers(references: str, in_reply_to: str) -> tuple[str, ...]:
    """The identifiers of the mails before one: of `References`, and the first of `In-Reply-To`."""
    found = _ID.findall(references)
    if len(found) > MAX_REFERENCES:
        found = [found[0], *found[1 - MAX_REFERENCES :]]
    found += _ID.findall(in_reply_to)[:1]
    return tuple(dict.fromkeys(found))


def writer(value: str) -> tuple[str | None, str | None]:
    """Name and address of who wrote a mail; either may be missing."""
    value = value[:1000]
    hidden = _HIDDEN_ADDRESS.match(value)
    if hidden is not None:
        name = (hidden[3] or "").strip("() ")
        return words(name) or None, f"{hidden[1]}@{hidden[2]}".lower()
    if value.count("(") > _COMMENTS:  # the standard library calls itself for each that is nested
        value = value.replace("(", " ")
    name, address = parseaddr(value)
    found = _ADDRESS.search(address) or _ADDRESS.search(value)
    name = " ".join(name.split()).strip("'\" ")
    return (None if "@" in name else name or None), (None if found is None else found[0].lower())


def addresses(value: str) -> list[str]:
    """The addresses in a header, in small letters, at most 32."""
    hidden = _HIDDEN_ADDRESS.match(value)
    if hidden is not None:
        return [f"{hidden[1]}@{hidden[2]}".lower()]
    return [found.lower() for found in _ADDRESS.findall(value)[:32]]


def base_subject(subject: str) -> tuple[str, bool]:
    """A subject without what replying adds, and whether it had that (RFC 5256, 2.1)."""
    reply = False
    while True:
        mark = _REPLY.match(subject)
        reply = reply or mark is not None
        mark = mark or _LIST_NAME.match(subject)
        if mark is None:
            break
        subject = subject[mark.end() :]
    short = _FORWARDED.sub("", subject)
    return " ".join(short.casefold().split()), reply or short != subject


def _date(head: Head) -> tuple[datetime, str | None] | None:
    """When it was written; where that cannot be read, when it came."""
    given = [head.raw("date") or "", *(value.rpartition(";")[2] for value in head.all("received"))]
    if head.mark:
        given.append(" ".join(head.mark.decode("latin-1").split()[-5:]))
    return next((found for text in given if (found := moment(text)) is not None), None)


def moment(text: str) -> tuple[datetime, str | None] | None:
    """A time of RFC 5322 in UTC, and the offset it was written with; null if it is none."""
    try:
        text = text[:200]
        parts = None if _YEAR_0.search(text) else parsedate_tz(text)
        if parts is None or parts[0] not in _YEARS:
            return None
        offset = parts[9]
        zone = UTC if offset is None else timezone(timedelta(seconds=offset))
        local = datetime(*parts[:6], tzinfo=zone)
        moment = local.astimezone(UTC)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None  # the standard library's reader fails in these ways on what is no time
    if offset is None or offset % 60 or _ZONED.search(text) is None:
        return moment, None
    return moment, written_offset(local)
