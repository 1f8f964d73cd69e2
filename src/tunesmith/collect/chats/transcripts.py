"""Conversations of agents and customers in JSON: each with a list of who said what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import cached_property
from typing import Any

import orjson

from tunesmith.collect.chats.post import Conversation, Post
from tunesmith.collect.chats.roles import Roles
from tunesmith.collect.chats.services import text_in, word
from tunesmith.collect.mapping import as_text, labels
from tunesmith.collect.talk import Talk
from tunesmith.collect.times import parse_time_and_zone
from tunesmith.config import Config
from tunesmith.record import content_hash

_DEFAULTS: dict[str, tuple[str, ...]] = {
    "messages": ("messages", "turns", "original", "conversations", "conversation", "transcript",
                 "dialog", "dialogue", "utterances", "entries", "comments", "events"),
    "id": ("id", "convo_id", "conversation_id", "chat_id", "ticket_id", "session_id", "uuid"),
    "subject": ("subject", "title"),
    "category": ("category", "topic", "intent", "queue", "department"),
    "status": ("status", "state"),
    "solved": ("solved", "resolved"),
    "rating": ("rating", "csat", "satisfaction", "score"),
    "labels": ("labels", "tags"),
    "customer": ("customer", "client", "visitor", "requester"),
    "agent": ("agent", "operator", "assignee"),
    "started": ("started_at", "started", "created_at", "date"),
    "role": ("role", "from", "speaker", "sender", "author", "participant", "sender_type"),
    "author": ("name", "author_name", "sender_name", "display_name", "author", "speaker"),
    "text": ("text", "content", "message", "body", "value", "utterance", "msg"),
    "time": ("at", "time", "timestamp", "created_at", "createdAt", "date", "sent_at", "sent"),
    "internal": ("internal", "is_internal", "private", "is_private", "internal_note"),
    "message_id": ("id", "message_id"),
    "conversation": ("conversation_id", "convo_id", "chat_id", "thread_id", "session_id"),
}  # fmt: skip

_SOLVED = {"solved", "closed", "resolved", "done", "complete", "completed", "fixed"}
_UNSOLVED = {
    "open", "pending", "new", "unsolved", "unresolved", "waiting", "on-hold", "on_hold", "hold",
    "in progress", "in_progress", "abandoned", "missed", "escalated", "reopened",
}  # fmt: skip
_GOOD = {"good": 1.0, "satisfied": 1.0, "positive": 1.0, "up": 1.0, "rated good": 1.0}
_BAD = {"bad": 0.0, "unsatisfied": 0.0, "dissatisfied": 0.0, "negative": 0.0, "down": 0.0,
        "rated bad": 0.0}  # fmt: skip

#: A longer value beside the messages is not kept.
_MAX_EXTRA = 2_000


class Fields(Config):
    """What the fields of a transcript are called, where it is not one of the names that are known.

    A dot leads into an object: `scenario.flow`.
    """

    messages: str | None = None
    """The list of messages."""
    id: str | None = None
    """The conversation's own identifier."""
    subject: str | None = None
    """Its title."""
    category: str | None = None
    """Its topic or intent."""
    status: str | None = None
    """Such as `solved` or `open`."""
    solved: str | None = None
    """Whether it was solved, as true or false."""
    rating: str | None = None
    """How satisfied the customer was."""
    labels: str | None = None
    """Its tags."""
    customer: str | None = None
    """The customer's name or number."""
    agent: str | None = None
    """The agent's name, where messages do not say it."""
    started: str | None = None
    """When it began, where messages have no time."""
    role: str | None = None
    """Of a message: whether a customer or an agent wrote it, or who."""
    author: str | None = None
    """Of a message: the name of who wrote it."""
    text: str | None = None
    """Of a message: its words."""
    time: str | None = None
    """Of a message: when it was written."""
    internal: str | None = None
    """Of a message: whether it is a note that the customer never saw."""
    message_id: str | None = None
    """Of a message: its own identifier."""
    conversation: str | None = None
    """Of a message that stands alone: the identifier of its conversation."""


@dataclass(frozen=True)
class Reader:
    """Reads transcripts with the settings of a source."""

    fields: Fields
    roles: Roles
    scale: tuple[float, float]
    zone: tzinfo
    dropped: frozenset[str] = frozenset()

    def messages(self, record: Any) -> list[Any] | None:
        """The list of messages of a transcript; null where this is none."""
        if isinstance(record, list):
            return record
        for name in self._names["messages"]:
            found = _at(record, name)
            if isinstance(found, list) and all(isinstance(one, dict | list) for one in found):
                return found
        return None

    def talk(
        self, record: Any, said: list[Any], position: str, name: str, line: int | None,
        copies: Counter[str],
    ) -> Talk:  # fmt: skip
        """A transcript as a talk.

        Args:
            record: The transcript.
            said: Its messages.
            position: Its place in the file.
            name: The file's name: makes the identifiers of nameless conversations its own.
            line: Its line, where each has one.
            copies: How often nameless conversations of the file have come; counts this one.
        """
        about = record if isinstance(record, dict) else {}
        started, zone = self._moment(self._get(about, "started"))
        key = word(self._get(about, "id"))
        customer = _person(self._get(about, "customer"))
        agent = _person(self._get(about, "agent"))
        posts = [
            self._numbered(self._post(one, position, started, zone), number, line)
            for number, one in enumerate(said, 1)
        ]
        given = key or self._nameless(said, name, copies)
        talk = self.roles.talk_of(Conversation(given, posts))
        if agent is not None:
            talk = _with_agent(talk, agent)
        status = word(self._get(about, "status"))
        rating = self._rating(self._get(about, "rating"))
        used = {value for _, value in self.fields if value is not None} | self.dropped | _KNOWN
        if rating is not None:
            used |= {*_DEFAULTS["rating"]}
        return Talk(
            id=talk.id,
            messages=talk.messages,
            subject=word(self._get(about, "subject")),
            customer=customer,
            category=word(self._get(about, "category")),
            labels=labels(self._get(about, "labels")),
            status=status,
            solved=_solved(self._get(about, "solved"), status),
            rating=rating,
            license=word(about.get("license")),
            extra=[
                (name, text)
                for name, value in about.items()
                if value is not None
                and value is not said
                and name not in used
                and len(text := as_text(value)) <= _MAX_EXTRA
            ],
        )

    def is_post(self, record: dict[str, Any]) -> bool:
        """Whether somebody says something in it: it is a message that stands alone."""
        return self._get(record, "text") is not None and self._get(record, "role") is not None

    def post(self, record: dict[str, Any], position: str) -> Post | None:
        """A message that stands alone; null where there are no words or nobody said them."""
        if not self.is_post(record):
            return None
        post = self._post(record, position, None, None)
        thread = word(self._get(record, "conversation"))
        return post if thread is None else replace(post, thread=thread)

    @staticmethod
    def _nameless(said: list[Any], name: str, copies: Counter[str]) -> str:
        digest = content_hash(orjson.dumps(said, default=str))
        copies[digest] += 1
        return f"{name} {digest}" + (f"#{copies[digest]}" if copies[digest] > 1 else "")

    @staticmethod
    def _numbered(post: Post, number: int, line: int | None) -> Post:
        """A message with its place; what it is known by does not move when others are added."""
        name = f"message {number}"
        position = f"{post.position}, {name}"
        return replace(post, position=position, line=line, id=post.id or name)

    def _post(
        self, one: Any, position: str, started: datetime | None, started_zone: str | None
    ) -> Post:
        if isinstance(one, list):  # ["agent", "Hello"]
            pair = [*one, None, None][:2]
            return self._said(pair[0], pair[1], {}, position, started, started_zone)
        return self._said(
            self._get(one, "role"), self._get(one, "text"), one, position, started, started_zone
        )

    def _said(
        self, who: Any, words: Any, one: dict[str, Any], position: str,
        started: datetime | None, started_zone: str | None,
    ) -> Post:  # fmt: skip
        at, zone = self._moment(self._get(one, "time"))
        if at is None:
            at, zone = started, started_zone
        person = who if isinstance(who, dict) else {}
        role = word(person.get("role") or person.get("type")) if person else word(who)
        author = _person(self._get(one, "author")) or _person(person)
        if role is not None and self.roles.known(role) is None:
            author = author or role
        elif author == role:
            author = None
        seen = self._get(one, "internal")
        hidden = one.get("public") is False or one.get("visibility") == "internal"
        return Post(
            text=text_in(words),
            author=author,
            author_id=word(person.get("id")),
            position=position,
            at=at,
            zone=zone,
            id=word(self._get(one, "message_id")),
            role=role,
            internal=hidden or seen is True or str(seen).casefold() in {"true", "1", "yes"},
        )

    def _get(self, record: dict[str, Any], field: str) -> Any:
        for name in self._names[field]:
            value = _at(record, name)
            if value is not None:
                return value
        return None

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        """By field, what it may be called."""
        given = {name: (value,) for name, value in self.fields if value is not None}
        return _DEFAULTS | given

    def _moment(self, value: Any) -> tuple[datetime | None, str | None]:
        known = None if word(value) is None else parse_time_and_zone(str(value), self.zone)
        return (None, None) if known is None else known

    def _rating(self, value: Any) -> float | None:
        """From 0 to 1; null for what the scale does not hold."""
        if isinstance(value, dict):
            value = value.get("score") or value.get("value")
        if isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            known = (_GOOD | _BAD).get(value.strip().casefold())
            if known is not None:
                return known
        try:
            number = float(value)
        except (TypeError, ValueError):
            return None
        low, high = self.scale
        return (number - low) / (high - low) if low <= number <= high else None


_KNOWN = {
    name
    for field in ("id", "subject", "category", "status", "labels", "customer", "agent")
    for name in _DEFAULTS[field]
} | {"license"}


def _at(record: Any, path: str) -> Any:
    if isinstance(record, dict):
        value = record.get(path)
        if value is not None or "." not in path:
            return value
    for name in path.split("."):
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def _person(value: Any) -> str | None:
    if isinstance(value, dict):
        value = next((value[n] for n in ("name", "username", "email", "id") if value.get(n)), None)
    return word(value)


def _solved(value: Any, status: str | None) -> bool | None:
    if isinstance(value, bool):
        return value
    if status is None:
        return None
    known = status.strip().casefold()
    return True if known in _SOLVED else False if known in _UNSOLVED else None


def _with_agent(talk: Talk, agent: str) -> Talk:
    """Agents whom the messages do not name are the one that the conversation names."""
    messages = [
        replace(m, author=agent) if m.role == "agent" and m.author is None else m
        for m in talk.messages
    ]
    return replace(talk, messages=messages)
