"""Zendesk: the JSON export, the API's lists with side-loads, and its incremental exports.

Shapes (https://developer.zendesk.com/api-reference/ticketing/):

- a ticket a line with `comments`, `requester`, `metric_set` (Admin Center: Reports, Export, JSON);
- `{"tickets": […], "users": […], "metric_sets": […]}`, also of `/api/v2/incremental/tickets`;
- `{"ticket_events": […]}` with `include=comment_events`, and `{"audits": […]}`;
- `{"ticket_metrics": […]}`, `{"satisfaction_ratings": […]}`, `{"users": […]}`, `{"groups": […]}`;
- `{"ticket": {…}, "comments": […]}`: a ticket together with what `/tickets/1/comments` gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tunesmith.collect.exports.parts import (
    Change,
    Name,
    Part,
    Person,
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
    numbered,
    one,
    strings,
    subject_of,
    word,
    words,
)
from tunesmith.collect.talk import Role

_LISTS = (
    "ticket_events", "audits", "ticket_metrics", "metric_sets", "satisfaction_ratings",
)  # fmt: skip
_RATINGS = {"good": 1.0, "bad": 0.0}
_CLOSED = {"solved", "closed"}
_ROLES: dict[str, Role] = {"end-user": "customer", "agent": "agent", "admin": "agent"}
_RULES = {"rule", "trigger", "automation", "system"}
_MACROS = {"AgentMacroReference", "MacroReference"}


def _is_ticket(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "requester_id" in value
        and ("submitter_id" in value or "via" in value or "metric_set" in value)
        and "responder_id" not in value
    ) or (
        isinstance(get(value, "requester"), dict)
        and "submitter" in value
        and ("comments" in value or "subject" in value)
    )


def recognise(document: Any) -> bool:
    """Whether it is a Zendesk ticket, or a list of them or of what belongs to them."""
    if isinstance(document, list):
        return any(_is_ticket(item) for item in document[:5])
    if not isinstance(document, dict):
        return False
    tickets = document.get("tickets")
    users = document.get("users")
    return (
        _is_ticket(document)
        or _is_ticket(document.get("ticket"))
        or (isinstance(tickets, list) and (not tickets or any(map(_is_ticket, tickets[:5]))))
        or any(isinstance(document.get(name), list) for name in _LISTS)
        or (
            isinstance(users, list) and any(word(get(user, "role")) in _ROLES for user in users[:5])
        )
    )


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    if isinstance(document, list):
        yield from each(where, "tickets", document, _ticket)
        return
    if _is_ticket(document):
        yield from one(where, document, _ticket)
        return
    for name, reader in (
        ("users", _user),
        ("groups", _group),
        ("tickets", _ticket),
        ("ticket_events", _event),
        ("audits", _event),
        ("ticket_metrics", _metric),
        ("metric_sets", _metric),
        ("satisfaction_ratings", _rating),
    ):
        yield from each(where, name, get(document, name), reader)
    ticket = get(document, "ticket")
    comments = get(document, "comments")
    if isinstance(ticket, dict):
        yield from one(where.at("ticket"), {"comments": comments} | ticket, _ticket)
    else:
        yield from each(where, "comments", comments, _comment)


def _ticket(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = numbered(value.get("id"), "a ticket")
    requester = first(value.get("requester_id"), get(value, "requester", "id"))
    metrics = value.get("metric_set")
    status = key(value.get("status"))
    ticket = Ticket(
        where,
        number,
        {number},
        subject=subject_of(value.get("subject") or value.get("raw_subject")),
        reporter=requester,
        category=first(get(value, "group", "name"), value.get("group_id")),
        labels=strings(value.get("tags")),
        status=status,
        solved=None if status is None else status.lower() in _CLOSED,
        reopened=count(get(metrics, "reopens")),
        rating=_RATINGS.get(word(get(value, "satisfaction_rating", "score"))),
        extra=keep(priority=value.get("priority"), type=value.get("type"), channel=_channel(value)),
    )
    for name in ("requester", "submitter", "assignee"):
        if isinstance(value.get(name), dict):
            yield from one(where.at(name), value[name], _user)
    # The description is the first comment; it stands for it where there are no comments.
    at, zone = moment(value.get("created_at"))
    ticket.body = Post(
        where.at("description"),
        words(value.get("description")),
        author=requester,
        at=at,
        zone=zone,
    )
    if value.get("comments"):
        yield from into(ticket, each(where, "comments", value["comments"], _comment))
    if not ticket.body.text and ticket.posts:
        ticket.body = None
    yield ticket


def _channel(value: dict[str, Any]) -> Any:
    return get(value, "via", "channel")


def _comment(value: dict[str, Any], where: Where) -> Iterator[Part]:
    at, zone = moment(value.get("created_at"))
    text = next(
        (value[name] for name in ("plain_body", "body", "html_body") if value.get(name)), None
    )
    yield Post(
        where,
        words(text),
        id=key(value.get("id")),
        ticket=key(value.get("ticket_id")),
        author=key(value.get("author_id")),
        at=at,
        zone=zone,
        internal=value.get("public") is False,
        automatic="written by a rule" if word(_channel(value)) in _RULES else None,
        role="system" if key(value.get("author_id")) == "-1" else None,
    )


def _event(value: dict[str, Any], where: Where) -> Iterator[Part]:
    """An audit, or an event of the incremental export: comments and changes made at once."""
    number = numbered(value.get("ticket_id"), "an event of a ticket")
    name = "events" if "events" in value else "child_events"
    events = value.get(name)
    shared = {
        "author_id": value.get("author_id", value.get("updater_id")),
        "created_at": value.get("created_at"),
        "via": value.get("via"),
        "ticket_id": number,
    }
    known = [item for item in events if isinstance(item, dict)] if isinstance(events, list) else []
    canned = any(_event_type(item) in _MACROS for item in known)

    def part(item: dict[str, Any], place: Where) -> Iterator[Part]:
        what = _event_type(item)
        if what == "Comment":
            own = {name: given for name, given in item.items() if given is not None}
            for post in _comment(shared | own, place):
                if isinstance(post, Post):
                    post.canned = canned
                yield post
        elif what == "Change" and _reopens(item):
            yield Change(place, number, reopened=1)

    yield from each(where, name, events, part)


def _event_type(item: dict[str, Any]) -> str:
    return first(item.get("type"), item.get("event_type")) or ""


def _reopens(item: dict[str, Any]) -> bool:
    """Whether the status went from solved to another one, in either way of telling it."""
    if item.get("field_name") == "status":
        after = key(item.get("value"))
    else:
        after = key(item.get("status"))
    before = key(item.get("previous_value"))
    return before == "solved" and after is not None and after not in _CLOSED


def _metric(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = numbered(value.get("ticket_id"), "metrics of a ticket")
    yield Change(where, number, reopened_in_all=count(value.get("reopens")))


def _rating(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = numbered(value.get("ticket_id"), "a rating of a ticket")
    yield Change(where, number, rating=_RATINGS.get(word(value.get("score"))))


def _user(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = key(value.get("id"))
    if number is not None:
        role = _ROLES.get(word(value.get("role")))
        yield Person(number, first(value.get("name"), value.get("email")), role)


def _group(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number, name = key(value.get("id")), key(value.get("name"))
    if number is not None and name is not None:
        yield Name(number, name)


SYSTEM = System("zendesk", "Zendesk", recognise, read)
