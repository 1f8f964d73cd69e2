"""One mail as RFC 5322 text, and an mbox of many, built by hand.

Nothing here goes through Python's own message writer, whose folding differs between versions.
"""

from __future__ import annotations

import base64
import quopri
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from channel_pictures import photo_png
from channel_talk import HOME, Person

OUTLOOK = "-----Original Message-----"


@dataclass(frozen=True)
class Mail:
    """One message. ``said`` is what its sender wrote; ``body`` is all of its text."""

    kind: str
    sent: datetime
    sender: Person
    to: Person
    subject: str
    number: int
    said: str
    rule: str = ""
    parent: Mail | None = None
    linked: bool = True
    quote: str = "top"  # top, bottom, outlook or none
    signature: str = ""
    shape: str = "plain"  # plain, alternative, html, photo or report
    coding: tuple[str, str] = ("utf-8", "quoted-printable")
    headers: tuple[str, ...] = ()
    wrapped: bool = False

    @property
    def id(self) -> str:
        host = self.sender.address.split("@")[1]
        return f"<{self.sent:%Y%m%d%H%M%S}.{self.number}@{host}>"

    @property
    def chain(self) -> tuple[str, ...]:
        """Message-IDs of the messages before this one, as References name them."""
        if self.parent is None or not self.linked:
            return ()
        return (*self.parent.chain, self.parent.id)

    @property
    def body(self) -> str:
        said = self.said
        if self.wrapped:
            said = "\n".join(textwrap.fill(line, 72) for line in said.splitlines())
        if self.parent is None or self.quote == "none":
            return "\n\n".join(filter(None, (said, self.signature)))
        old = self.parent
        if self.quote == "outlook":
            head = (
                f"From: {old.sender.name}\nSent: {old.sent:%d %B %Y %H:%M}\nTo: {old.to.name}\n"
                f"Subject: {old.subject}"
            )
            parts = [said, self.signature, f"{OUTLOOK}\n{head}\n\n{old.body}"]
        else:
            quoted = f"{attribution(old)}\n{_quoted(old.body)}"
            parts = [said, quoted] if self.quote == "top" else [quoted, said]
            parts.append(self.signature)
        return "\n\n".join(filter(None, parts))


def attribution(old: Mail) -> str:
    """Introduce what a mail quotes."""
    who = f"{old.sender.name} <{old.sender.address}>"
    return f"On {old.sent:%a, %d %b %Y at %H:%M}, {who} wrote:"


def _quoted(text: str) -> str:
    lines = []
    for line in text.splitlines():
        said = line.lstrip(">")
        depth = len(line) - len(said) + 1
        pieces = textwrap.wrap(said.strip(), 70) or [""]
        lines += [f"{'>' * depth} {piece}".rstrip() for piece in pieces]
    return "\n".join(lines)


def mail_bytes(mail: Mail) -> bytes:
    """Write one message with line feeds alone."""
    headers = [
        f"Message-ID: {mail.id}",
        f"Date: {mail.sent:%a, %d %b %Y %H:%M:%S %z}",
        f"From: {_address(mail.sender)}",
        f"To: {_address(mail.to)}",
        f"Subject: {_words(mail.subject)}",
    ]
    if mail.chain:
        headers.append(f"In-Reply-To: {mail.chain[-1]}")
        headers.append("References: " + "\n ".join(mail.chain))
    headers += [*mail.headers, "MIME-Version: 1.0"]
    return "\n".join(headers).encode("ascii") + b"\n" + _content(mail)


def _words(text: str) -> str:
    """Encode a header value after RFC 2047, where it needs it."""
    if text.isascii():
        return text
    return f"=?utf-8?B?{base64.b64encode(text.encode()).decode()}?="


def _address(person: Person) -> str:
    name = _words(person.name)
    # Some programs write names in Latin-1 and in quoted-printable.
    if name != person.name and person.address.endswith(".com"):
        quoted = quopri.encodestring(person.name.encode("latin-1"), header=True)
        name = f"=?iso-8859-1?Q?{quoted.decode()}?="
    return f"{name} <{person.address}>"


def _coded(text: str, coding: tuple[str, str]) -> tuple[tuple[str, str], bytes]:
    """Encode a text; in UTF-8 where the charset that was drawn can't hold it."""
    charset, transfer = coding
    if charset == "windows-1252":
        text = text.replace("'", "\u2019").replace(" - ", " \u2013 ")
    try:
        data = text.encode(charset)
    except UnicodeEncodeError:
        charset, transfer, data = "utf-8", "quoted-printable", text.encode()
    if transfer == "quoted-printable":
        return (charset, transfer), quopri.encodestring(data)
    if transfer == "base64":
        return (charset, transfer), base64.encodebytes(data)
    return (charset, transfer), data


def _part(kind: str, text: str, coding: tuple[str, str]) -> bytes:
    (charset, transfer), data = _coded(text + "\n", coding)
    head = f"Content-Type: {kind}; charset={charset}\nContent-Transfer-Encoding: {transfer}\n\n"
    return head.encode() + data


def _content(mail: Mail) -> bytes:
    plain = _part("text/plain", mail.body, mail.coding)
    if mail.shape == "html":
        return _part("text/html", _html(mail), mail.coding)
    if mail.shape == "alternative":
        return _multipart(
            mail, "alternative", (plain, _part("text/html", _html(mail), mail.coding))
        )
    if mail.shape == "photo":
        name = "no-show.png"
        head = (
            f"Content-Type: image/png; name={name}\nContent-Transfer-Encoding: base64\n"
            f"Content-Disposition: attachment; filename={name}\n\n"
        )
        return _multipart(mail, "mixed", (plain, head.encode() + base64.encodebytes(photo_png())))
    if mail.shape == "report" and mail.parent is not None:
        kind = "report; report-type=delivery-status"
        return _multipart(mail, kind, (plain, *_report(mail.parent)))
    return plain


def _multipart(mail: Mail, kind: str, parts: Sequence[bytes]) -> bytes:
    line = f"=_{mail.number}_{mail.sent:%H%M%S}"
    out = f'Content-Type: multipart/{kind};\n boundary="{line}"\n\n'.encode()
    for part in parts:
        out += f"--{line}\n".encode() + part + b"\n"
    return out + f"--{line}--\n".encode()


def _report(lost: Mail) -> tuple[bytes, bytes]:
    """Write the machine's half of a bounce after RFC 3464."""
    status = (
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.{HOME}\n\n"
        f"Final-Recipient: rfc822; {lost.to.address}\nAction: failed\nStatus: 5.2.2\n"
        "Diagnostic-Code: smtp; 552 5.2.2 Mailbox full\n"
    )
    headers = (
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: {lost.id}\n"
        f"From: {_address(lost.sender)}\nTo: {_address(lost.to)}\n"
        f"Subject: {_words(lost.subject)}\n"
    )
    return status.encode(), headers.encode()


def _html(mail: Mail) -> str:
    said = escape(mail.said, quote=False).replace("\n", "<br>\n")
    out = f'<html><head><style>p{{margin:0}}</style></head><body><div dir="ltr"><p>{said}</p></div>'
    if mail.parent is not None and mail.quote != "none":
        old = escape(mail.parent.said, quote=False).replace("\n", "<br>\n")
        said_then = escape(attribution(mail.parent), quote=False)
        out += f'\n<div class="gmail_quote"><div class="gmail_attr">{said_then}<br></div>'
        out += f'<blockquote class="gmail_quote">{old}</blockquote></div>'
    if mail.signature:
        signature = escape(mail.signature, quote=False).replace("\n", "<br>\n")
        out += f'\n<div class="gmail_signature">{signature}</div>'
    return out + "</body></html>"


def mbox_bytes(mails: Sequence[Mail], torn: bytes) -> bytes:
    """Write an mbox (the ``mboxrd`` way: a ``From`` line in a body gets a ``>``)."""
    out = b""
    for mail in mails:
        lines = mail_bytes(mail).split(b"\n")
        lines = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
        stamp = f"From {mail.sender.address} {mail.sent:%a %b %d %H:%M:%S %Y}\n"
        out += stamp.encode() + b"\n".join(lines).rstrip(b"\n") + b"\n\n"
    return out + torn
