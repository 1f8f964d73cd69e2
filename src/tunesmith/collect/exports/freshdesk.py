"""Freshdesk: tickets with conversations, and the account export.

Shapes (https://developers.freshdesk.com/api/):

- tickets as `GET /api/v2/tickets/1?include=conversations,requester,stats` gives them: one, an
  array, or one a line; `{"results": […]}` of a search;
- `[{"helpdesk_ticket": {…, "notes": […]}}]` (Admin → Account → Export data);
- conversations with `ticket_id`, contacts, agents and satisfaction ratings: the API's lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tunesmith.collect.exports.parts import (
    Change,
    Part,
    Person,
    Post,
    System,
    Ticket,
    Where,
    each,
    first,
    get,
    into,
    keep,
    key,
    moment,
    number,
    numbered,
    strings,
    subject_of,
    truth,
    word,
    words,
)

_STATUS = {"2": "Open", "3": "Pending", "4": "Resolved", "5": "Closed"}
_CLOSED = {"Resolved", "Closed"}
#: The seven faces of a survey, from extremely unhappy to extremely happy.
_RATINGS = {-103: 0.0, -102: 1 / 6, -101: 2 / 6, 100: 0.5, 101: 4 / 6, 102: 5 / 6, 103: 1.0}


def _is_ticket(value: Any) -> bool:
    return isinstance(get(value, "helpdesk_ticket"), dict) or (
        isinstance(value, dict)
        and "requester_id" in value
        and ("responder_id" in value or "description_text" in value)
    )


def _is_conversation(value: Any) -> bool:
    return isinstance(value, dict) and "incoming" in value and "private" in value


def _is_rating(value: Any) -> bool:
    return isinstance(value, dict) and "survey_id" in value and "ratings" in value


def _known(value: Any) -> bool:
    return _is_ticket(value) or _is_conversation(value) or _is_rating(value)


def _items(document: Any) -> Any:
    if isinstance(document, dict) and isinstance(document.get("results"), list):
        return document["results"]
    return document if isinstance(document, list) else [document]


def recognise(document: Any) -> bool:
    """Whether it has tickets, conversations or ratings of Freshdesk."""
    return any(_known(item) for item in _items(document)[:5])


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    yield from each(where, "tickets", _items(document), _item)


def _item(value: dict[str, Any], where: Where) -> Iterator[Part]:
    exported = value.get("helpdesk_ticket")
    if isinstance(exported, dict):
        yield from _ticket(exported, where.at("helpdesk_ticket"))
    elif _is_conversation(value):
        yield from _conversation(value, where)
    elif _is_rating(value):
        ticket = numbered(value.get("ticket_id"), "a rating of a ticket")
        yield Change(where, ticket, rating=_rating(value))
    elif "contact" in value and "requester_id" not in value:  # an agent
        name = get(value, "contact", "name")
        if key(value.get("id")) is not None:
            yield Person(str(value["id"]), key(name), "agent")
    elif "subject" not in value and "requester_id" not in value and "email" in value:  # a contact
        if key(value.get("id")) is not None:
            yield Person(str(value["id"]), first(value.get("name"), value["email"]), "customer")
    else:
        yield from _ticket(value, where)


def _rating(value: dict[str, Any]) -> float | None:
    rating = number(get(value, "ratings", "default_question"))
    return None if rating is None else _RATINGS.get(int(rating))


def _ticket(value: dict[str, Any], where: Where) -> Iterator[Part]:
    ticket_number = numbered(value.get("display_id", value.get("id")), "a ticket")
    status = key(value.get("status_name")) or _STATUS.get(word(value.get("status")))
    requester = first(value.get("requester_id"), get(value, "requester", "id"))
    at, zone = moment(value.get("created_at"))
    said = next((value[n] for n in ("description_text", "description") if value.get(n)), None)
    ticket = Ticket(
        where,
        ticket_number,
        {name for name in (key(value.get("id")), ticket_number) if name},
        subject=subject_of(value.get("subject")),
        body=Post(where.at("description"), words(said), author=requester, at=at, zone=zone),
        reporter=requester,
        customer=first(value.get("requester_name"), get(value, "requester", "name")),
        category=first(
            get(value, "group", "name"), value.get("group_name"), value.get("type"),
            value.get("ticket_type"),
        ),
        labels=strings(value.get("tags"), "name"),
        status=status or key(value.get("status")),
        solved=None if status is None else status in _CLOSED,
        reopened=int(get(value, "stats", "reopened_at") is not None),
        rating=_rating({"ratings": get(value, "satisfaction_rating", "ratings")}),
        extra=keep(priority=value.get("priority_name", value.get("priority"))),
    )  # fmt: skip
    for name in ("conversations", "notes"):
        yield from into(ticket, each(where, name, value.get(name), _conversation))
    yield ticket


def _conversation(value: dict[str, Any], where: Where) -> Iterator[Part]:
    if truth(value.get("deleted")):
        yield where.unread("a deleted comment", dropped=True)
        return
    at, zone = moment(value.get("created_at"))
    incoming = truth(value.get("incoming"))
    said = next((value[n] for n in ("body_text", "body", "body_html") if value.get(n)), None)
    yield Post(
        where,
        words(said),
        id=key(value.get("id")),
        ticket=key(value.get("ticket_id")),
        author=key(value.get("user_id")),
        role="customer" if incoming else "agent",
        at=at,
        zone=zone,
        internal=truth(value.get("private")),
        automatic="written by a rule" if value.get("automation_id") is not None else None,
    )


SYSTEM = System("freshdesk", "Freshdesk", recognise, read)
