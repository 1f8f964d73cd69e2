"""What the export of a ticket system is made of, whichever system wrote it.

A system's file turns documents into these parts: tickets, posts that name the ticket they belong
to, people, changes, names of things, and what cannot be read. `join` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tunesmith.collect.talk import Role
from tunesmith.collect.talk_source import Unread
from tunesmith.collect.times import parse_time_and_zone

#: A longer name or number is none.
_KEY_CHARACTERS = 200
_TIME_CHARACTERS = 64


@dataclass(frozen=True)
class Where:
    """A place in a file of an export."""

    file: str
    path: str = ""
    """As `issues[3].comments[2]`."""
    line: int | None = None
    """Of a file with one object a line."""

    def at(self, name: str) -> Where:
        """The place of something in it."""
        dot = "." if self.path and not name.startswith("[") else ""
        return replace(self, path=f"{self.path}{dot}{name}")

    @property
    def position(self) -> str:
        """As records and the ledger have it."""
        line = () if self.line is None else (f"line {self.line}",)
        return " ".join([*line, *([self.path] if self.path else [])]) or "document"

    def unread(self, reason: str, *, dropped: bool = False) -> Unread:
        """What is here cannot be read, or is left out by a rule."""
        return Unread(reason, self.position, self.line, file=self.file, dropped=dropped)


@dataclass
class Post:
    """Something that somebody wrote: the description of a ticket, or a comment."""

    where: Where
    text: str
    id: str | None = None
    ticket: str | None = None
    """The ticket, as one of its names; null where it is part of one."""
    author: str | None = None
    """The writer's identifier in the export."""
    name: str | None = None
    """The writer's name, where the post says it."""
    role: Role | None = None
    """Where the export itself says it."""
    at: datetime | None = None
    zone: str | None = None
    internal: bool = False
    automatic: str | None = None
    canned: bool = False
    accepted: bool = False
    score: int | None = None
    """What voters gave it, in systems where they vote."""
    license: str | None = None
    under: str | None = None
    """The post that it comments on, where that is not the ticket."""


@dataclass
class Ticket:
    """A ticket, an issue, a bug, a question or a topic."""

    where: Where
    id: str
    """As records have it."""
    names: set[str] = field(default_factory=set)
    """What posts and changes call it; its identifier is one of them."""
    subject: str | None = None
    body: Post | None = None
    posts: list[Post] = field(default_factory=list)
    reporter: str | None = None
    """Who asked, as identifier in the export."""
    customer: str | None = None
    """Who asked, by name."""
    category: str | None = None
    labels: list[str] = field(default_factory=list)
    status: str | None = None
    solved: bool | None = None
    reopened: int = 0
    rating: float | None = None
    license: str | None = None
    extra: list[tuple[str, str]] = field(default_factory=list)
    accepted: str | None = None
    """The post that was accepted, by its identifier."""
    answers: bool = False
    """Whether answers stand beside each other, as in forums of questions: the accepted one comes
    first, then those with more votes."""
    left: tuple[str, str] | None = None
    """Why a rule leaves it out, and its posts."""


@dataclass
class Person:
    """Somebody whom posts name by an identifier."""

    id: str
    name: str | None = None
    role: Role | None = None


@dataclass
class Change:
    """Something about a ticket that is told apart from it."""

    where: Where
    ticket: str
    reopened: int = 0
    """How often it was opened again by this change."""
    reopened_in_all: int = 0
    status: str | None = None
    solved: bool | None = None
    rating: float | None = None
    category: str | None = None
    body: Post | None = None
    customer: str | None = None


@dataclass
class Name:
    """What a thing is called that tickets name by an identifier: a project, a category."""

    id: str
    name: str


Part = Ticket | Post | Person | Change | Name | Unread


class Wrong(Exception):  # noqa: N818 - a fact about a value, caught by `each`
    """A value of the export has another type than it must have; the reason says which."""


class System(NamedTuple):
    """A ticket system, as its exports show it."""

    name: str
    title: str
    recognise: Callable[[Any], bool]
    """Whether a document looks like its export."""
    read: Callable[[Any, Where], Iterator[Part]]
    """The parts of a document; it never raises, whatever the document holds."""


# ── Values of any type ───────────────────────────────────────────────────────────────────────────

_KINDS = {
    dict: "an object", list: "a list", str: "a text", bool: "a truth value", int: "a number",
    float: "a number", type(None): "nothing",
}  # fmt: skip


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    return _KINDS[type(value)]


def get(value: Any, *names: str) -> Any:
    """What lies in nested objects, or null."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def key(value: Any) -> str | None:
    """A name or number as text, or null."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if 0 < len(text) <= _KEY_CHARACTERS else None


def word(value: Any) -> str:
    """A name or number as text, or no letter: what can be looked up."""
    return key(value) or ""


def first(*values: Any) -> str | None:
    """The first of some values that is a name or a number."""
    return next((text for value in values if (text := key(value)) is not None), None)


def subject_of(value: Any) -> str | None:
    """A title: a text, whatever its length."""
    return value.strip() or None if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """A number, also where it is written as text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(str(value)[:_TIME_CHARACTERS])
    except ValueError:
        return None
    return found if abs(found) < 1e12 else None


def count(value: Any) -> int:
    """How often: a whole number that is not negative; 0 where it is none."""
    return max(0, int(number(value) or 0))


def truth(value: Any) -> bool:
    """Whether a value says yes, in the ways that exports say it."""
    return (
        value is True
        or (value == 1 and type(value) is int)
        or (isinstance(value, str) and value in {"1", "true", "True"})
    )


def words(value: Any) -> str:
    """The text of a post; a null one is empty.

    Raises:
        Wrong: It is no text.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise Wrong(f"its text is {kind(value)}")


def strings(value: Any, *names: str) -> list[str]:
    """Labels: the texts of a list, or what its objects are called."""
    if not isinstance(value, list):
        return []
    found = (
        key(item) or next((key(item[n]) for n in names if n in item and key(item[n])), None)
        if isinstance(item, dict) and names
        else key(item)
        for item in value
    )
    return list(dict.fromkeys(text for text in found if text))


def moment(value: Any) -> tuple[datetime | None, str | None]:
    """A time in UTC and the offset that it was written with; times without one are UTC."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None, None
    found = parse_time_and_zone(str(value)[:_TIME_CHARACTERS], ZoneInfo("UTC"))
    return (None, None) if found is None else found


def keep(**values: Any) -> list[tuple[str, str]]:
    """The values that are there, as keys and texts."""
    found = ((name, key(value)) for name, value in values.items())
    return [(name, text) for name, text in found if text is not None]


def each(
    where: Where, name: str, value: Any, read: Callable[[dict[str, Any], Where], Iterator[Part]]
) -> Iterator[Part]:
    """The parts of a list of objects; what is none of it is said, and the rest is read.

    Args:
        where: The place of the object that has the list.
        name: The list's name in it.
        value: The list.
        read: Gives the parts of one object; may raise `Wrong`.
    """
    if value is None:
        return
    if not isinstance(value, list):
        yield where.at(name).unread(f"{kind(value)} where a list of objects belongs")
        return
    for index, item in enumerate(value):
        yield from one(where.at(f"{name}[{index}]"), item, read)


def one(
    where: Where, item: Any, read: Callable[[dict[str, Any], Where], Iterator[Part]]
) -> Iterator[Part]:
    """The parts of an object, or why it gives none."""
    if not isinstance(item, dict):
        yield where.unread(f"{kind(item)} where an object belongs")
        return
    try:
        yield from read(item, where)
    except Wrong as wrong:
        yield where.unread(str(wrong))


def into(ticket: Ticket, parts: Iterator[Part]) -> Iterator[Part]:
    """Put the posts among some parts into a ticket; the other parts."""
    for part in parts:
        if isinstance(part, Post):
            ticket.posts.append(part)
        else:
            yield part


def numbered(value: Any, what: str) -> str:
    """The number of a ticket.

    Raises:
        Wrong: There is none.
    """
    found = key(value)
    if found is None:
        raise Wrong(f"{what} without a number")
    return found
