"""Intercom: conversations with their parts, and tickets.

Shapes (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations):
a conversation as `GET /conversations/{id}` gives it, with `source` and `conversation_parts`; a list
of them as `{"conversations": […]}`, an array, one a line; `{"tickets": […]}` with `ticket_parts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tunesmith.collect.exports.parts import (
    Part,
    Post,
    System,
    Ticket,
    Where,
    count,
    each,
    first,
    get,
    into,
    keep,
    key,
    moment,
    number,
    numbered,
    one,
    strings,
    subject_of,
    word,
    words,
)
from tunesmith.collect.talk import Role

_ROLES: dict[str, Role] = {
    "user": "customer", "lead": "customer", "contact": "customer", "admin": "agent",
    "team": "agent", "bot": "bot",
}  # fmt: skip
_NOTES = {"note", "note_and_reopen"}
_SAID = {"comment", "quick_reply", "open", "close", *_NOTES}


def _is_conversation(value: Any) -> bool:
    return isinstance(value, dict) and (
        isinstance(value.get("conversation_parts"), dict | list)
        or isinstance(value.get("ticket_parts"), dict | list)
        or (value.get("type") == "conversation" and "source" in value)
    )


def recognise(document: Any) -> bool:
    """Whether it is a conversation, or a list of them."""
    if isinstance(document, list):
        return any(_is_conversation(item) for item in document[:5])
    if not isinstance(document, dict):
        return False
    return (
        _is_conversation(document)
        or word(document.get("type")) in {"conversation.list", "ticket.list"}
        or any(
            _is_conversation(item)
            for name in ("conversations", "tickets")
            if isinstance(document.get(name), list)
            for item in document[name][:5]
        )
    )


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    if isinstance(document, list):
        yield from each(where, "conversations", document, _conversation)
    elif _is_conversation(document):
        yield from one(where, document, _conversation)
    else:
        for name in ("conversations", "tickets"):
            yield from each(where, name, get(document, name), _conversation)


def _conversation(value: dict[str, Any], where: Where) -> Iterator[Part]:
    source, attributes = value.get("source"), value.get("ticket_attributes")
    asker = get(source, "author")
    contacts = get(value, "contacts", "contacts")
    contact = contacts[0] if isinstance(contacts, list) and contacts else None
    state = first(
        value.get("state"), get(value, "ticket_state"), get(value, "ticket_state", "category")
    )
    rating = number(get(value, "conversation_rating", "rating"))
    ticket = Ticket(
        where,
        numbered(value.get("id"), "a conversation"),
        subject=subject_of(
            get(source, "subject") or value.get("title") or get(attributes, "_default_title_")
        ),
        reporter=first(get(asker, "id"), get(contact, "id")),
        customer=first(get(contact, "name"), get(contact, "email")),
        category=first(_topic(value), get(value, "ticket_type", "name")),
        labels=strings(get(value, "tags", "tags"), "name"),
        status=state,
        solved=None if state is None else state in {"closed", "resolved"},
        reopened=count(get(value, "statistics", "count_reopens")),
        rating=(rating - 1) / 4 if rating is not None and 1 <= rating <= 5 else None,
        extra=keep(
            channel=get(source, "type"), team=value.get("team_assignee_id"),
            priority=value.get("priority"),
        ),
    )  # fmt: skip
    at, zone = moment(value.get("created_at"))
    said = get(source, "body")
    if said is None:
        said = get(attributes, "_default_description_")
    role = _ROLES.get(word(get(asker, "type")))
    body = Post(
        where.at("source"),
        words(said),
        id=key(get(source, "id")),
        author=ticket.reporter,
        name=first(get(asker, "name"), get(asker, "email")),
        role=role,
        at=at,
        zone=zone,
        automatic="an automatic message" if get(source, "delivered_as") == "automated" else None,
    )
    if role in {None, "customer"}:
        ticket.body = body
    elif body.text.strip():  # staff wrote first: a campaign, or a message to a customer
        ticket.reporter = key(get(contact, "id"))
        ticket.posts.append(body)
    parts = value.get("conversation_parts", value.get("ticket_parts"))
    name = "conversation_parts" if "conversation_parts" in value else "ticket_parts"
    if isinstance(parts, dict):
        parts = parts.get(name)
    yield from into(ticket, each(where, name, parts, _part))
    yield ticket


def _topic(value: dict[str, Any]) -> Any:
    topics = get(value, "topics", "topics")
    return get(topics[0], "name") if isinstance(topics, list) and topics else None


def _part(value: dict[str, Any], where: Where) -> Iterator[Part]:
    what = word(value.get("part_type"))
    if value.get("body") is None and what not in {"comment", *_NOTES}:
        return  # an assignment, a change of state: nobody said anything
    author = value.get("author")
    at, zone = moment(value.get("created_at"))
    yield Post(
        where,
        words(value.get("body")),
        id=key(value.get("id")),
        author=key(get(author, "id")),
        name=first(get(author, "name"), get(author, "email")),
        role=_ROLES.get(word(get(author, "type"))),
        at=at,
        zone=zone,
        internal=what in _NOTES,
        automatic=None if what in _SAID else "an event of the conversation",
    )


SYSTEM = System("intercom", "Intercom", recognise, read)
