"""The source of mail: files, folders and mailboxes become threads, threads become rows."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from tunesmith.collect.base import Piece, Place, Stretch
from tunesmith.collect.mail.boundaries import Bounds, Form, form_of, mails
from tunesmith.collect.mail.conversation import (
    PEOPLE,
    Agents,
    Placed,
    position_of,
    talk_of,
    without_copies,
)
from tunesmith.collect.mail.cuts import pieces_of
from tunesmith.collect.mail.headers import Envelope, Head, envelope, plain
from tunesmith.collect.mail.index import FORMAT, Index, Kept, indexed
from tunesmith.collect.mail.outlook import read_outlook
from tunesmith.collect.mail.reading import (
    Files,
    Stripping,
    Wanted,
    outlook_envelope,
    read_mail,
    stretches_by_group,
)
from tunesmith.collect.mail.threads import threads_of
from tunesmith.collect.sandbox import Unreadable, shared
from tunesmith.collect.talk import Talk
from tunesmith.collect.talk_source import TalkSource, Unread
from tunesmith.errors import SourceError
from tunesmith.io import fingerprint
from tunesmith.store.seen import Seen

_MIB = 1 << 20
_DAY_S = 86_400.0


class MailSource(TalkSource):
    """Mail: `.eml` and `.msg` files, mailboxes (`.mbox`, with or without suffix), Maildir folders.

    Threads are put together across all files. What customers wrote is asked, what agents wrote is
    answered; who the agents are says `agents`.
    """

    kind: Literal["mail"] = "mail"
    """The tag that names this kind of source."""
    agents: tuple[str, ...] = ()
    """Who answers: addresses (`help@shop.com`), domains (`shop.com` or `*@shop.com`), or domains
    with all below them (`*.shop.com`). Without it the first who writes in a thread is the customer,
    and all others answer."""
    strip: Stripping = Stripping()
    """What is taken out of what somebody wrote."""
    lists: Literal["automatic", "keep"] = "automatic"
    """Mail of mailing lists and bulk mail: `automatic` treats it as `talk.automatic` says; `keep`
    takes it as what people wrote, for archives of lists and shared mailboxes that are lists."""
    thread_days: float = Field(default=30.0, ge=0)
    """So many days may lie between two mails that nothing but subject and participants tie
    together."""
    max_message_mib: float = Field(default=32.0, gt=0)
    """A larger mail is quarantined."""

    @field_validator("agents", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("agents")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            domain = one.strip().rpartition("@")[2].removeprefix("*.")
            if not domain or "*" in domain or any(letter.isspace() for letter in one.strip()):
                raise ValueError(f"'{one}' is no address (help@shop.com) and no domain (shop.com)")
        return value

    @property
    def personal_columns(self) -> list[str]:
        """The extra columns that name people."""
        return [f"person {place}" for place in range(1, PEOPLE + 1)]

    @property
    def max_message_bytes(self) -> int:
        """`max_message_mib` in bytes."""
        return int(self.max_message_mib * _MIB)

    def files(self, base: Path) -> list[Path]:
        """As `FileSource.files`, with folders that Maildir hides, without what is on its way.

        Raises:
            SourceError: Nothing is there.
        """
        given = Path(self.path).expanduser()
        place = given if given.is_absolute() else base / given
        found: list[Path] = []
        if place.is_dir():
            for box in sorted({one.parent for one in place.rglob("cur") if one.is_dir()}):
                found += [path for name in ("cur", "new") for path in (box / name).glob("*")]
        try:
            usual = super().files(base)
        except SourceError:
            if not found:
                raise
            usual = []
        kept = [path for path in usual if not _on_its_way(path)]
        return sorted({*kept, *(path for path in found if path.is_file())})

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, or a package that Outlook's files need."""
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        outlook = any(path.suffix.lower() == ".msg" for path in files)
        missing = [
            name
            for name, needed in (("olefile", outlook), ("selectolax", True))
            if needed and importlib.util.find_spec(name) is None
        ]
        return [
            ("path", f"Outlook's files need the package {name}: pip install 'tunesmith[documents]'")
            for name in missing
        ]

    # ── Threads ──────────────────────────────────────────────────────────────────────────────────

    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """Threads put together, about 1,000 mails each; see `Source.pieces`."""
        files = [(path.resolve(), self.display_name(path, base)) for path in self.files(base)]
        kept = Kept(folder / "mail.index")
        indexes = [self._index(path, name, kept, seen) for path, name in files]
        kept.close()
        return pieces_of(threads_of(indexes, self.thread_days * _DAY_S), files)

    def _index(self, path: Path, name: str, kept: Kept, seen: Seen) -> Index:
        settings = fingerprint([FORMAT, sorted(self.agents)])
        made: list[Index] = []

        def work() -> str:
            index = self._indexed(path, kept.of_file(name))
            made.append(index)
            data = b"".join(array.tobytes() for array in index.arrays)
            return hashlib.blake2b(data + settings.encode(), digest_size=16).hexdigest()

        token = seen.worked_out(path, f"mail {settings}", work)
        index = made[0] if made else kept.under(token)
        if index is None:  # the run remembers the file, and its index is gone
            index = self._indexed(path, None)
        kept.keep(token, name, index)
        return index

    def _indexed(self, path: Path, before: Index | None) -> Index:
        form = form_of(path)
        agents = Agents(self.agents)
        bounds = mails(path, form, max_bytes=self.max_message_bytes)
        return indexed(bounds, partial(_envelope, path, form), agents.__contains__, before)

    # ── Reading ──────────────────────────────────────────────────────────────────────────────────

    def talks(self, place: Place) -> Iterator[Talk | Unread]:
        """The threads of a piece; see `TalkSource.talks`."""
        agents = Agents(self.agents) if self.agents else None
        with Files() as files:
            for group in stretches_by_group(place.stretches):
                found: list[Placed] = []
                for stretch in group:
                    one = self._read(files, stretch)
                    if isinstance(one, Placed):
                        found.append(one)
                    else:
                        yield one
                kept, copies = without_copies(found)
                yield from (_left(one, "a copy of another mail", dropped=True) for one in copies)
                if kept:
                    yield talk_of(kept, agents)

    def _read(self, files: Files, stretch: Stretch) -> Placed | Unread:
        size = (stretch.end or 0) - stretch.start
        if stretch.end is not None and size > self.max_message_bytes:
            reason = f"it has {size:,} bytes, more than the limit of {self.max_message_bytes:,}"
            return _unread(stretch, reason)
        wanted = Wanted(self.strip, self.lists == "automatic")
        raw = files.bytes(stretch)
        try:
            mail = read_mail(files, stretch, raw, wanted)
        except Unreadable as problem:
            return _unread(stretch, problem.reason, raw)
        return Placed(mail, stretch, hashlib.blake2b(raw, digest_size=16).digest())


def _unread(stretch: Stretch, reason: str, raw: bytes = b"") -> Unread:
    return Unread(reason, position=position_of(stretch), raw=raw, file=stretch.name)


def _left(one: Placed, reason: str, *, dropped: bool) -> Unread:
    where = position_of(one.stretch)
    return Unread(reason, where, raw=one.digest, file=one.stretch.name, dropped=dropped)


def _envelope(path: Path, form: Form, one: Bounds) -> Envelope | None:
    """What the headers of a mail say; null where they cannot be read: reading it says why."""
    if form == "outlook":
        try:
            return outlook_envelope(shared().call(read_outlook, str(path)))
        except Unreadable:
            return None
    head = Head(plain(one.head) if form == "mail" else one.head)
    return envelope(head) if head.of_a_mail else None


def _on_its_way(path: Path) -> bool:
    """Whether it lies in the `tmp` of a Maildir, where mail is that is not delivered yet."""
    return path.parent.name == "tmp" and (path.parent.parent / "cur").is_dir()
