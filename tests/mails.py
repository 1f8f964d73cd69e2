"""Mails, and what collecting them gives: for the tests of `collect/mail/`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from tunesmith.collect.base import Piece, Place
from tunesmith.collect.mail.source import MailSource
from tunesmith.collect.talk import Talk
from tunesmith.collect.talk_source import Unread
from tunesmith.store.seen import Seen

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def mail(
    sender: str = "Ann <ann@example.net>",
    text: str = "Where is my order?",
    *,
    to: str = "help@shop.example",
    subject: str = "Order",
    name: str | None = None,
    answers: tuple[str, ...] = (),
    day: int = 1,
    more: str = "",
) -> bytes:
    """A mail as bytes."""
    lines = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Date: Mon, {day} Jan 2024 10:00:00 +0100",
    ]
    if name is not None:
        lines.append(f"Message-ID: <{name}>")
    if answers:
        lines.append("References: " + " ".join(f"<{one}>" for one in answers))
    return ("\n".join(lines) + f"\n{more}\n{text}\n").encode()


def mbox(mails: list[bytes]) -> bytes:
    """Mails as an mbox (mboxrd)."""
    out = []
    for one in mails:
        lines = [
            b">" + line if line.lstrip(b">").startswith(b"From ") else line
            for line in one.split(b"\n")
        ]
        out.append(b"From x@example.net Mon Jan  1 10:00:00 2024\n" + b"\n".join(lines) + b"\n")
    return b"".join(out)


class Collected(NamedTuple):
    """What a source gave."""

    frame: pl.DataFrame
    fates: pl.DataFrame
    talks: list[Talk]
    unread: list[Unread]
    pieces: list[Piece]

    @property
    def mails(self) -> int:
        """How many mails were indexed."""
        return sum(len(piece.stretches) for piece in self.pieces)


def collected(path: Path, cache: Path, **settings: Any) -> Collected:
    """All that a mail source gives."""
    source = MailSource(name="mail", path=str(path), **settings)
    cache.mkdir(exist_ok=True)
    seen = Seen(cache / "seen.json")
    pieces = source.pieces(path.parent, cache, seen)
    seen.close()
    places = [Place(piece.stretches, NOW) for piece in pieces]
    found = [one for place in places for one in source.talks(place)]
    chunks = [chunk for place in places for chunk in source.read(place)]
    return Collected(
        pl.concat([chunk.frame for chunk in chunks]),
        pl.concat([chunk.fates for chunk in chunks]),
        [one for one in found if isinstance(one, Talk)],
        [one for one in found if isinstance(one, Unread)],
        pieces,
    )
