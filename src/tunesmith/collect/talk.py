"""From talk to rows: questions with the answers that were accepted, out of what people wrote.

A ticket with its comments, a mail thread, a chat and a call are all *talks*: messages in order,
each by somebody with a role. A row is an *exchange*: what the customer said since the last answer,
and what the agents answered to it. Rows of a talk share a thread, from which conversations of
several turns (`messages`) are put together again. By choice a talk gives one row: the last question
with what was said before it, and the answer that was accepted.

Every message is in a row, or has a fate of its own: `dropped` with the rule that left it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from tunesmith.config import Config

Role = Literal["customer", "agent", "bot", "system"]

Treatment = Literal["keep", "drop"] | Annotated[float, Field(gt=0, lt=1)]


@dataclass(frozen=True)
class Message:
    """Something that somebody wrote or said."""

    role: Role
    text: str
    position: str
    """Its place in the file, such as `message 12`."""
    line: int | None = None
    """Its line, where the file has lines."""
    raw: bytes = b""
    """Its bytes in the file, for the digest."""
    author: str | None = None
    at: datetime | None = None
    """When, in UTC."""
    zone: str | None = None
    """The offset from UTC that the time was written with, such as `+02:00`."""
    internal: bool = False
    """A note that the customer never saw."""
    automatic: str | None = None
    """Why nobody wrote it: `automatic reply`, `delivery report`, …"""
    canned: bool = False
    """A macro: an answer that is the same for everybody."""
    accepted: bool = False
    """The customer (or a moderator) marked it as the answer."""
    id: str | None = None
    """Its own identifier in its system."""
    file: str | None = None
    """The file, where a talk comes from several."""
    notes: tuple[str, ...] = ()
    """What was done to it as it was read, for the row's `changes`."""
    extra: tuple[tuple[str, str], ...] = ()
    """What is kept of it beside its words, as keys and values: the names of attachments."""


@dataclass(frozen=True)
class Talk:
    """Messages in the order in which they were written, and what is known of them together."""

    id: str
    """Stays the same when messages are added: the ticket's number, the first mail's identifier."""
    messages: list[Message]
    subject: str | None = None
    customer: str | None = None
    """Who asked; the first customer's name where it is not given."""
    category: str | None = None
    labels: list[str] = field(default_factory=list)
    status: str | None = None
    solved: bool | None = None
    """Whether the system has it as solved; null where it does not say."""
    reopened: int = 0
    """How often it was opened again."""
    rating: float | None = None
    """How satisfied the customer was, from 0 to 1."""
    license: str | None = None
    extra: list[tuple[str, str]] = field(default_factory=list)
    """Everything else that is kept, as keys and values."""


class TalkRules(Config):
    """Which of what people wrote becomes rows, and how much a row counts.

    A rule says `keep`, `drop`, or a number between 0 and 1: the row's weight in training.
    """

    rows: Literal["exchanges", "last"] = "exchanges"
    """`exchanges`: a row for each question that was answered, in one thread. `last`: one row a
    talk, its last question with what was said before, and the answer that was accepted."""
    context_characters: int = Field(default=0, ge=0)
    """How much of what was said before a question is put in front of it, from the end; with
    `rows: last` 2,000 when it is 0."""
    subject: bool = True
    """Put the subject above the first question."""
    internal_notes: Literal["keep", "drop"] = "drop"
    """Notes that the customer never saw: `keep` takes them as answers."""
    automatic: Literal["keep", "drop"] = "drop"
    """Automatic replies, delivery reports, and what bots and the system wrote."""
    canned: Treatment = "keep"
    """Answers that are macros."""
    reopened: Treatment = 0.5
    """Answers of talks that were opened again, but for the last one."""
    bad_rating: Treatment = "drop"
    """Talks that the customer rated at `bad_rating_at` or lower."""
    bad_rating_at: float = Field(default=0.4, ge=0, le=1)
    """From 0 to 1: 0.4 are two of five stars."""
    unsolved: Treatment = "keep"
    """Talks that the system does not have as solved."""
    rejected: Treatment = "keep"
    """Answers of talks in which another one was accepted."""


class Gone(NamedTuple):
    """A message that is in no row."""

    message: Message
    reason: str


class Exchange(NamedTuple):
    """A row."""

    question: str
    answer: str
    asked: list[Message]
    answered: list[Message]
    weight: float | None
    """How much it counts; null for whole."""
    notes: list[str]
    """The rules that took part of its weight."""


#: With `rows: last`, so much of what was said before goes with the question.
_CONTEXT = 2_000

_WORDS = {
    "reopened": "reopened later",
    "bad_rating": "badly rated",
    "unsolved": "not solved",
    "rejected": "another answer was accepted",
    "canned": "a canned answer",
}


def exchanges(talk: Talk, rules: TalkRules) -> Iterator[Exchange | Gone]:
    """The rows of a talk, and the messages that are in none: each message once.

    Args:
        talk: The talk.
        rules: What to leave out.
    """
    staying: list[Message] = []
    for message in talk.messages:
        reason = _left_out(message, rules)
        if reason is not None:
            yield Gone(message, reason)
        else:
            staying.append(message)
    rows: list[tuple[list[Message], list[Message]]] = []
    for asked, answered in _turns(staying):
        if asked and answered:
            rows.append((asked, answered))
            continue
        reason = "a question that was not answered" if asked else "no question before it"
        yield from (Gone(message, reason) for message in asked or answered)
    if rules.rows == "last" and rows:
        yield from _last(talk, rows, rules)
    else:
        yield from _each(talk, rows, rules)


def judge(
    talk: Talk, answer: Message, rules: TalkRules
) -> tuple[float | None, list[str], str | None]:
    """What the rules say of an answer that stands for a whole ticket.

    Args:
        talk: What is known of the ticket; its messages are not looked at.
        answer: The answer.
        rules: The rules.

    Returns:
        How much the row counts (null for whole), the rules that say so, and the rule that drops it.
    """
    reason = _left_out(answer, rules)
    if reason is not None:
        return None, [], reason
    return _weight(talk, [answer], rules, last=False, other_accepted=False)


def _left_out(message: Message, rules: TalkRules) -> str | None:
    if not message.text.strip():
        return "an empty message"
    if message.internal and rules.internal_notes == "drop":
        return "an internal note"
    if rules.automatic == "drop":
        if message.automatic is not None:
            return message.automatic
        if message.role in {"bot", "system"}:
            return f"written by a {message.role}" if message.role == "bot" else "a system message"
    return None


def _turns(messages: list[Message]) -> list[tuple[list[Message], list[Message]]]:
    """What was asked and what was answered, by turns; either may be empty."""
    turns: list[tuple[list[Message], list[Message]]] = []
    for message in messages:
        if message.role == "customer":
            if not turns or turns[-1][1]:
                turns.append(([], []))
            turns[-1][0].append(message)
        else:
            if not turns:
                turns.append(([], []))
            turns[-1][1].append(message)
    return turns


def _each(
    talk: Talk, rows: list[tuple[list[Message], list[Message]]], rules: TalkRules
) -> Iterator[Exchange | Gone]:
    accepted = any(message.accepted for _, answered in rows for message in answered)
    before: list[Message] = []
    first = True
    for number, (asked, answered) in enumerate(rows):
        answer = _accepted(answered)
        weight, notes, reason = _weight(
            talk, answer, rules, last=number == len(rows) - 1, other_accepted=accepted
        )
        if reason is not None:
            yield from (Gone(message, reason) for message in asked + answered)
        else:
            yield from _passed_over(answered, answer)
            earlier = _fitting(before, rules.context_characters)
            question = _question(talk, asked, earlier, rules, subject=first)
            yield Exchange(question, _said(answer), asked, answer, weight, notes)
            first = False
        before += asked + answered


def _last(
    talk: Talk, rows: list[tuple[list[Message], list[Message]]], rules: TalkRules
) -> Iterator[Exchange | Gone]:
    """One row: the question whose answer was accepted, else the last one."""
    chosen = len(rows) - 1
    for number, (_, answered) in enumerate(rows):
        if any(message.accepted for message in answered):
            chosen = number
    asked, answered = rows[chosen]
    answer = _accepted(answered)
    weight, notes, reason = _weight(talk, answer, rules, last=True, other_accepted=False)
    before = [message for turn in rows[:chosen] for part in turn for message in part]
    after = [message for turn in rows[chosen + 1 :] for part in turn for message in part]
    if reason is not None:
        gone = before + asked + answered + after
        yield from (Gone(message, reason) for message in gone)
        return
    yield from (Gone(message, "said after the accepted answer") for message in after)
    yield from _passed_over(answered, answer)
    earlier = _fitting(before, rules.context_characters or _CONTEXT)
    too_early = before[: len(before) - len(earlier)]
    yield from (Gone(message, "said before the context that is kept") for message in too_early)
    question = _question(talk, asked, earlier, rules, subject=True)
    yield Exchange(question, _said(answer), earlier + asked, answer, weight, notes)


def _accepted(answered: list[Message]) -> list[Message]:
    """What counts as the answer: what was accepted, else all of it."""
    return [message for message in answered if message.accepted] or answered


def _passed_over(answered: list[Message], answer: list[Message]) -> Iterator[Gone]:
    """The answers beside the accepted ones; none where all count."""
    if len(answer) < len(answered):
        for message in answered:
            if not message.accepted:
                yield Gone(message, "another answer was accepted")


def _weight(
    talk: Talk, answer: list[Message], rules: TalkRules, *, last: bool, other_accepted: bool
) -> tuple[float | None, list[str], str | None]:
    """How much a row counts, the rules that say so, and the rule that drops it."""
    rated_badly = talk.rating is not None and talk.rating <= rules.bad_rating_at
    holds = {
        "bad_rating": rated_badly,
        "reopened": talk.reopened > 0 and not last,
        "unsolved": talk.solved is False,
        "rejected": other_accepted and not any(message.accepted for message in answer),
        "canned": all(message.canned for message in answer),
    }
    weight, notes = 1.0, []
    for name, held in holds.items():
        treatment: Treatment = getattr(rules, name)
        if not held or treatment == "keep":
            continue
        if treatment == "drop":
            return None, [], _WORDS[name]
        weight *= float(treatment)
        notes.append(f"weight {treatment:g}: {_WORDS[name]}")
    return (None if weight == 1.0 else weight), notes, None


def _question(
    talk: Talk, asked: list[Message], earlier: list[Message], rules: TalkRules, *, subject: bool
) -> str:
    parts = []
    said = _said(asked)
    if subject and rules.subject and talk.subject and not said.startswith(talk.subject):
        parts.append(talk.subject)
    return "\n\n".join([*parts, *map(_line, earlier), said])


def _fitting(before: list[Message], characters: int) -> list[Message]:
    """The last messages before a question that fit as context, in order."""
    for count, message in enumerate(reversed(before)):
        characters -= len(_line(message))
        if characters < 0:
            return before[len(before) - count :]
    return before


def _line(message: Message) -> str:
    """A message as context: who wrote it, and what."""
    return f"{'Customer' if message.role == 'customer' else 'Agent'}: {message.text.strip()}"


def _said(messages: list[Message]) -> str:
    return "\n\n".join(message.text.strip() for message in messages)
