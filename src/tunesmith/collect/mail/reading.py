"""One mail as it is read: what its headers say, its words, its attachments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from tunesmith.collect.base import Stretch
from tunesmith.collect.mail.automatic import MESSAGE, RECEIPT, REPLY, REPORT, automatic
from tunesmith.collect.mail.boundaries import Form, form_of
from tunesmith.collect.mail.disclaimers import without_disclaimers
from tunesmith.collect.mail.headers import (
    Envelope,
    Head,
    addresses,
    answers,
    envelope,
    plain,
    writer,
)
from tunesmith.collect.mail.html import text_of
from tunesmith.collect.mail.outlook import read_outlook
from tunesmith.collect.mail.parts import Attachment, Text, content_of
from tunesmith.collect.mail.quotes import without_quotes
from tunesmith.collect.mail.signatures import without_signature
from tunesmith.collect.sandbox import Unreadable, shared
from tunesmith.config import Config

#: Open files at once.
_HANDLES = 16
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)


class Stripping(Config):
    """What is taken out of what somebody wrote."""

    quoted_replies: bool = True
    """The mails that a mail quotes below or between its own words."""
    signatures: bool = True
    """The signature at its end."""
    disclaimers: bool = True
    """What a company, a mailing list or a mail service adds below it."""


@dataclass(frozen=True)
class Mail:
    """A mail that was read."""

    about: Envelope
    text: str
    automatic: str | None = None
    """Why nobody wrote it."""
    attachments: tuple[Attachment, ...] = ()
    notes: tuple[str, ...] = ()


class Wanted(NamedTuple):
    """What is read of mails, and how."""

    strip: Stripping
    lists: bool
    """Whether mail of lists counts as automatic."""


class Files:
    """Bytes of files, whose stretches come in any order."""

    def __init__(self) -> None:
        self._open: dict[Path, tuple[BinaryIO, Form]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:
            for file, _form in self._open.values():
                stack.callback(file.close)
        self._open.clear()

    def form(self, path: Path) -> Form:
        """What a file is."""
        return self._file(path)[1]

    def bytes(self, stretch: Stretch) -> bytes:
        """What lies in a stretch."""
        file, form = self._file(stretch.path)
        file.seek(stretch.start)
        raw = file.read(-1 if stretch.end is None else stretch.end - stretch.start)
        return plain(raw) if form == "mail" else raw

    def _file(self, path: Path) -> tuple[BinaryIO, Form]:
        found = self._open.pop(path, None)
        if found is None:
            if len(self._open) >= _HANDLES:
                self._open.pop(next(iter(self._open)))[0].close()
            found = path.open("rb"), form_of(path)
        self._open[path] = found
        return found


def read_mail(files: Files, stretch: Stretch, raw: bytes, wanted: Wanted) -> Mail:
    """Read one mail.

    Args:
        files: Where it lies.
        stretch: Its place.
        raw: Its bytes.
        wanted: What is read.

    Raises:
        Unreadable: It cannot be read.
        MissingExtraError: An Outlook file, and olefile is not installed.
    """
    if not raw.strip():
        raise Unreadable("it is empty")
    if files.form(stretch.path) == "outlook":
        return _outlook(stretch.path, wanted)
    if files.form(stretch.path) == "mbox":
        raw = unescaped(raw)
    head = Head(raw)
    if not head.of_a_mail:
        raise Unreadable("it does not begin with the headers of a mail")
    if head.torn:
        raise Unreadable("it is torn: it ends within its headers")
    about = envelope(head)
    content = content_of(raw, head)
    why = automatic(head, content.type, content.report, lists=wanted.lists)
    notes = [note for text in content.texts for note in text.notes]
    if about.at is None and head.raw("date"):
        notes.append("its date cannot be read")
    if not head.whole:
        notes.append("headers beyond 256 KiB left out")
    return Mail(
        about,
        _written(content.texts, wanted.strip),
        why,
        tuple(content.attachments),
        tuple(dict.fromkeys(notes)),
    )


def unescaped(raw: bytes) -> bytes:
    """A mail of an mbox without the `>` that was put before lines `From …` (mboxrd)."""
    return _ESCAPED.sub(rb"\1", raw) if b"\n>" in raw else raw


def _written(texts: list[Text], strip: Stripping) -> str:
    """What somebody wrote, without what is to be taken out."""
    said = (
        shared().call(text_of, text.words, not strip.quoted_replies, not strip.signatures)
        if text.html
        else text.words
        for text in texts
    )
    words = "\n\n".join(part.strip("\n") for part in said if part.strip()).rstrip()
    if strip.disclaimers:
        words = without_disclaimers(words)
    if strip.quoted_replies:
        words = without_quotes(words)
    if strip.disclaimers:  # also those above what was quoted
        words = without_disclaimers(words)
    return without_signature(words).strip("\n") if strip.signatures else words.strip("\n")


# ── Outlook ──────────────────────────────────────────────────────────────────────────────────────

#: Classes of items (MS-OXOMSG) that are mails, and why nobody wrote them.
_CLASSES: dict[str, str | None] = {
    "ipm.note.rules.oof": REPLY,
    "ipm.note.rules.reply": REPLY,
    "ipm.note": None,
    "report.ipm.note.ipnrn": RECEIPT,
    "report": REPORT,
    "ipm.outlook.recall": MESSAGE,
}


def _outlook(path: Path, wanted: Wanted) -> Mail:
    item = shared().call(read_outlook, str(path))
    kind = str(item["class"] or "IPM.Note").lower()
    found = next((why for name, why in _CLASSES.items() if kind.startswith(name)), kind)
    if found == kind:
        raise Unreadable("it is an Outlook item of another kind than a mail")
    head = _transport(item)
    why = found or automatic(head, "", None, lists=wanted.lists)
    texts = [Text(str(item["body"]), html=False)] if item["body"] else []
    if not texts and item["html"]:
        texts = [Text(str(item["html"]), html=True)]
    texts = [Text(_lines(text.words), text.html) for text in texts]
    files = tuple(Attachment(*one) for one in item["attachments"])
    return Mail(outlook_envelope(item), _written(texts, wanted.strip), why, files)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _transport(item: dict[str, Any]) -> Head:
    return Head(str(item["headers"] or "").replace("\r\n", "\n").encode() + b"\n\n")


def outlook_envelope(item: dict[str, Any]) -> Envelope:
    """What `read_outlook` gave says of a mail; its transport headers say it where they are."""
    about = envelope(_transport(item))
    identity, _ = writer(str(item["mail"] or ""))
    address = about.address or writer(str(item["mail"] or ""))[1]
    name = about.name or item["name"] or identity
    at = about.at or (datetime.fromisoformat(item["at"]) if item["at"] else None)
    found = addresses(f"{item['id'] or ''}")
    return Envelope(
        id=about.id or (str(item["id"]).strip(" <>") if item["id"] and found else None),
        answers=about.answers
        or answers(str(item["references"] or ""), str(item["in_reply_to"] or "")),
        subject=about.subject or item["subject"],
        name=name,
        address=address,
        people=tuple(
            dict.fromkeys(
                filter(None, [address or name, *about.people, *map(_address, item["to"])])
            )
        ),
        at=at,
        zone=about.zone,
    )


def _address(value: str | None) -> str | None:
    return next(iter(addresses(value or "")), None)


def stretches_by_group(stretches: tuple[Stretch, ...]) -> Iterator[list[Stretch]]:
    """The stretches of a piece, those of each thread together."""
    group: list[Stretch] = []
    for stretch in stretches:
        if group and group[-1].group != stretch.group:
            yield group
            group = []
        group.append(stretch)
    if group:
        yield group
