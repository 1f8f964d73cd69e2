"""Redmine: issues with their journals.

Shapes (https://www.redmine.org/projects/redmine/wiki/Rest_api): `{"issue": {…}}` of
`/issues/{id}.json?include=journals`, `{"issues": […]}` of a list, and `{"user": {…}}`.
A change from the statuses 5 and 6 (closed and rejected, as after installation) to another one
opened an issue again. Private notes are notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tunesmith.collect.exports.parts import (
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
    numbered,
    one,
    subject_of,
    truth,
    words,
)

_CLOSED = {"5", "6"}


def _is_issue(value: Any) -> bool:
    return isinstance(value, dict) and {"id", "subject", "tracker"} <= value.keys()


def recognise(document: Any) -> bool:
    """Whether it has issues or a user of Redmine."""
    issues, user = get(document, "issues"), get(document, "user")
    return (
        _is_issue(get(document, "issue"))
        or (isinstance(issues, list) and any(map(_is_issue, issues[:5])))
        or (isinstance(issues, list) and not issues and "total_count" in document)
        or (isinstance(user, dict) and "firstname" in user)
    )


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    if get(document, "issue") is not None:
        yield from one(where.at("issue"), document["issue"], _issue)
    if get(document, "user") is not None:
        yield from one(where.at("user"), document["user"], _user)
    yield from each(where, "issues", get(document, "issues"), _issue)


def _issue(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = numbered(value.get("id"), "an issue")
    author, status = value.get("author"), value.get("status")
    closed = get(status, "is_closed")
    at, zone = moment(value.get("created_on"))
    journals = value.get("journals")
    ticket = Ticket(
        where,
        number,
        {number},
        subject=subject_of(value.get("subject")),
        reporter=key(get(author, "id")),
        customer=key(get(author, "name")),
        category=first(get(value, "category", "name"), get(value, "project", "name")),
        status=key(get(status, "name")),
        solved=closed if isinstance(closed, bool) else None,
        reopened=sum(map(_reopens, journals if isinstance(journals, list) else ())),
        extra=keep(tracker=get(value, "tracker", "name"), priority=get(value, "priority", "name")),
    )
    ticket.body = Post(
        where.at("description"),
        words(value.get("description")),
        author=ticket.reporter,
        name=ticket.customer,
        at=at,
        zone=zone,
    )
    yield from into(ticket, each(where, "journals", journals, _journal))
    yield ticket


def _reopens(journal: Any) -> bool:
    details = get(journal, "details")
    return any(
        get(item, "name") == "status_id"
        and key(get(item, "old_value")) in _CLOSED
        and key(get(item, "new_value")) not in _CLOSED
        for item in (details if isinstance(details, list) else ())
    )


def _journal(value: dict[str, Any], where: Where) -> Iterator[Part]:
    if value.get("notes") is None or value["notes"] == "":
        return  # a change of fields: nobody said anything
    at, zone = moment(value.get("created_on"))
    yield Post(
        where,
        words(value.get("notes")),
        id=key(value.get("id")),
        author=key(get(value, "user", "id")),
        name=key(get(value, "user", "name")),
        at=at,
        zone=zone,
        internal=truth(value.get("private_notes")),
    )


def _user(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = key(value.get("id"))
    names = (key(value.get("firstname")), key(value.get("lastname")))
    if number is not None:
        full = " ".join(name for name in names if name)
        yield Person(number, full or first(value.get("login")))


SYSTEM = System("redmine", "Redmine", recognise, read)
