"""Phabricator (and Phorge): tasks, their transactions, users and names.

Shapes (https://secure.phabricator.com/conduit/), each as Conduit wraps it in `{"result": …}`:

- `maniphest.search`; - `maniphest.gettasktransactions` (by task number) and `transaction.search`;
- `user.query`, `user.search`, `phid.query` and `project.search`, for names.

Text is Remarkup; it is kept as it is.
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
    each,
    first,
    get,
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

_CLOSED = {"resolved", "wontfix", "invalid", "spite", "duplicate", "declined"}
_COMMENTS = {"core:comment", "comment"}


def _result(document: Any) -> Any:
    result = get(document, "result")
    return get(result, "data") if isinstance(get(result, "data"), list) else result


def recognise(document: Any) -> bool:
    """Whether Conduit answered with it."""
    return isinstance(document, dict) and "result" in document and "error_code" in document


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    if get(document, "error_code") is not None and get(document, "result") is None:
        yield where.unread("an error of the API", dropped=True)
        return
    result, where = _result(document), where.at("result")
    if isinstance(result, dict):
        for index, (number, value) in enumerate(result.items()):
            place = where.at(f"[{index}]")
            if isinstance(value, list):
                yield from _transactions(number, value, place)
            else:
                yield from one(place, value, _item)
    else:
        yield from each(where, "data", result, _item)


def _item(value: dict[str, Any], where: Where) -> Iterator[Part]:
    kind, fields = value.get("type"), value.get("fields")
    phid = first(value.get("phid"))
    if kind == "TASK":
        yield from _task(value, where)
    elif "objectPHID" in value:
        yield from _modern_transaction(value, where)
    elif phid is not None and phid.startswith("PHID-USER-"):
        roles = value.get("roles") if "roles" in value else get(fields, "roles")
        is_bot = isinstance(roles, list) and ("bot" in roles or "agent" in roles)
        name = first(
            value.get("realName"), get(fields, "realName"), value.get("userName"),
            value.get("fullName"),
        )  # fmt: skip
        yield Person(phid, name, "bot" if is_bot else None)
    elif phid is not None:
        name = first(value.get("fullName"), get(fields, "name"), value.get("name"))
        if phid.startswith("PHID-APPS-"):
            yield Person(phid, name, "system")
        elif name is not None:
            yield Name(phid, name)
    else:
        yield where.unread("neither a task, a transaction nor a name")


def _task(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = numbered(value.get("id"), "a task")
    fields = value.get("fields")
    projects = strings(get(value, "attachments", "projects", "projectPHIDs"))
    status = first(get(fields, "status", "value"), get(fields, "status", "name"))
    ticket = Ticket(
        where,
        number,
        {name for name in (number, key(value.get("phid"))) if name},
        subject=subject_of(get(fields, "name")),
        reporter=key(get(fields, "authorPHID")),
        category=projects[0] if projects else None,
        labels=projects,
        status=status,
        solved=None if status is None else status.lower() == "resolved",
        extra=keep(priority=get(fields, "priority", "name")),
    )
    said = get(fields, "description")
    said = get(said, "raw") if isinstance(said, dict) else said
    if said is not None:
        at, zone = moment(get(fields, "dateCreated"))
        ticket.body = Post(
            where.at("fields.description"), words(said), author=ticket.reporter, at=at, zone=zone
        )
    yield ticket


def _transactions(number: str, value: list[Any], where: Where) -> Iterator[Part]:
    described = False

    def part(item: dict[str, Any], place: Where) -> Iterator[Part]:
        nonlocal described
        task, what = first(item.get("taskID"), number), item.get("transactionType")
        if task is None:
            return
        at, zone = moment(item.get("dateCreated"))
        author = key(item.get("authorPHID"))
        if word(what) in _COMMENTS:
            yield Post(
                place,
                words(item.get("comments")),
                id=first(item.get("transactionPHID"), item.get("transactionID")),
                ticket=task,
                author=author,
                at=at,
                zone=zone,
            )
        elif what == "status" and _reopens(item.get("oldValue"), item.get("newValue")):
            yield Change(place, task, reopened=1)
        elif what == "description" and item.get("newValue") is not None and not described:
            # The newest comes first: what the description says now.
            described = True
            body = Post(place, words(item["newValue"]), author=author, at=at, zone=zone)
            yield Change(place, task, body=body)

    yield from each(where, "", value, part)


def _reopens(before: Any, after: Any) -> bool:
    return key(before) in _CLOSED and key(after) is not None and key(after) not in _CLOSED


def _modern_transaction(value: dict[str, Any], where: Where) -> Iterator[Part]:
    task = numbered(value.get("objectPHID"), "a transaction of a task")
    if value.get("type") == "status":
        fields = value.get("fields")
        if _reopens(get(fields, "old"), get(fields, "new")):
            yield Change(where, task, reopened=1)
        return
    if value.get("type") != "comment":
        return
    author = key(value.get("authorPHID"))

    def comment(item: dict[str, Any], place: Where) -> Iterator[Part]:
        if item.get("removed") is True:
            yield place.unread("a removed comment", dropped=True)
            return
        at, zone = moment(item.get("dateCreated", value.get("dateCreated")))
        yield Post(
            place,
            words(get(item, "content", "raw")),
            id=first(item.get("phid"), value.get("phid")),
            ticket=task,
            author=author,
            at=at,
            zone=zone,
        )

    # Each edit of a comment is kept; the first is what it says now.
    comments = value.get("comments")
    yield from each(
        where, "comments", comments[:1] if isinstance(comments, list) else comments, comment
    )


SYSTEM = System("phabricator", "Phabricator", recognise, read)
