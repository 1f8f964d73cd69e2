"""A post: what somebody wrote in a chat, before it is known who asks and who answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Post:
    """A message as a chat system has it."""

    text: str
    author: str | None = None
    author_id: str | None = None
    also: tuple[str, ...] = ()
    """What its author is known as besides: a handle, an e-mail address, a title."""
    position: str = ""
    line: int | None = None
    raw: bytes = b""
    at: datetime | None = None
    """When, in UTC."""
    zone: str | None = None
    clock: float | None = None
    """Seconds since some moment, where the day is not known: silence is measured by it."""
    id: str | None = None
    file: str | None = None
    channel: str = ""
    thread: str | None = None
    """The conversation that the system (or who annotated it) has it in."""
    role: str | None = None
    """What its author is, in the words of the data."""
    bot: bool = False
    system: bool = False
    internal: bool = False
    automatic: str | None = None
    """Why it says nothing: a reaction, an attachment without words."""

    @property
    def seconds(self) -> float | None:
        """When, to measure silence by."""
        return self.clock if self.at is None else self.at.timestamp()

    def names(self) -> Iterator[str]:
        """What its author is known as."""
        for name in (self.author, self.author_id, *self.also):
            if name:
                yield name


@dataclass(frozen=True)
class Conversation:
    """Posts that belong together, in order."""

    id: str
    posts: list[Post]
