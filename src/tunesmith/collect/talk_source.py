"""Sources of talks: tickets with comments, mail threads, chats and calls, as rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tunesmith.collect.base import Chunk, ChunkBuilder, FileSource, Place
from tunesmith.collect.talk import Exchange, Gone, Message, Talk, TalkRules, exchanges
from tunesmith.record import content_hash


@dataclass(frozen=True)
class Unread:
    """A place in a file that cannot be read, or that a rule of the source leaves out."""

    reason: str
    position: str | None = None
    line: int | None = None
    raw: bytes = b""
    file: str | None = None
    dropped: bool = False
    """Left out by a rule, not unreadable."""


class TalkSource(FileSource):
    """A source of talks. A subclass says how files become talks."""

    category: str | None = None
    """The category of talks that name none."""
    talk: TalkRules = TalkRules()
    """Which of what people wrote becomes rows, and how much a row counts."""

    @abstractmethod
    def talks(self, place: Place) -> Iterator[Talk | Unread]:
        """The talks of one piece, in order, and what of it cannot be read.

        Raises:
            SourceError: The piece as a whole cannot be read with these settings.
        """

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one piece; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        for found in self.talks(place):
            if isinstance(found, Unread):
                leave = builder.drop if found.dropped else builder.quarantine
                leave(
                    found.reason,
                    line=found.line,
                    position=found.position,
                    raw=found.raw,
                    file=found.file,
                )
            else:
                self._add(builder, found)
            if builder.full:
                yield builder.take()
        yield builder.take()

    def _add(self, builder: ChunkBuilder, talk: Talk) -> None:
        for one in exchanges(talk, self.talk):
            if isinstance(one, Gone):
                message = one.message
                builder.drop(
                    one.reason,
                    line=message.line,
                    position=message.position,
                    raw=message.raw or message.text.encode(),
                    file=message.file,
                )
                continue
            first = one.asked[0]
            key = f"{talk.id} {first.id or first.position}"
            notes = [note for message in one.asked + one.answered for note in message.notes]
            builder.add(key, self._row(talk, one), list(dict.fromkeys([*notes, *one.notes])))

    def _row(self, talk: Talk, row: Exchange) -> dict[str, Any]:
        asked, answered = row.asked, row.answered
        start = asked[0]
        raw = b"\0".join(message.raw or message.text.encode() for message in asked + answered)
        values: dict[str, Any] = {
            "kind": "qa",
            "question": row.question,
            "answer": row.answer,
            "category": talk.category or self.category,
            "labels": talk.labels,
            "line": start.line,
            "position": start.position,
            "source_id": talk.id,
            "timestamp": start.at,
            "zone": start.zone,
            "author": _one(answered, "author"),
            "role": answered[-1].role,
            "customer": talk.customer or _one(asked, "author"),
            "thread": talk.id,
            "content_hash": content_hash(raw),
            "weight": row.weight,
            "license": talk.license,
            "extra": _extra(talk, asked + answered),
        }
        if start.file is not None:
            values["file"] = start.file
        return values


def _one(messages: list[Message], name: str) -> str | None:
    """What the last message that has it says."""
    return next((value for m in reversed(messages) if (value := getattr(m, name))), None)


def _extra(talk: Talk, messages: list[Message]) -> list[dict[str, str]]:
    known = [("status", talk.status), ("subject", talk.subject)]
    if talk.rating is not None:
        known.append(("rating", f"{talk.rating:g}"))
    if talk.reopened:
        known.append(("reopened", str(talk.reopened)))
    given = [(name, value) for name, value in known if value]
    given += [*talk.extra, *(pair for message in messages for pair in message.extra)]
    return [{"key": name, "value": value} for name, value in _numbered(given)]


def _numbered(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Keys that come again get a number: `attachment`, `attachment 2`."""
    seen: dict[str, int] = {}
    for name, value in pairs:
        count = seen[name] = seen.get(name, 0) + 1
        yield (name if count == 1 else f"{name} {count}"), value
