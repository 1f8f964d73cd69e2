"""Launchpad: bugs, their tasks, messages and activity.

Shapes (https://api.launchpad.net/devel.html): a bug as `/bugs/{id}` gives it; `{"entries": […]}` of
bug tasks (`bug_link`), of messages (`…/+bug/1/comments/0`) and of activity; a person; and a bug
task with `bug_data`, `messages_data`, `activity_data`, as GrimoireLab's Perceval keeps them. The
description is the first message.
"""

from __future__ import annotations

import re
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
    numbered,
    one,
    strings,
    subject_of,
    word,
    words,
)

_BUG = re.compile(r"/\+?bugs?/(\d+)")
_CLOSED = {"Fix Released", "Invalid", "Won't Fix", "Expired", "Opinion", "Does Not Exist"}
_SOLVED = {"Fix Released", "Fix Committed"}


def _is_bug(value: Any) -> bool:
    return (
        isinstance(value, dict) and "description" in value and "messages_collection_link" in value
    )


def _is_entry(value: Any) -> bool:
    return isinstance(value, dict) and (
        "bug_link" in value
        or ("owner_link" in value and "content" in value)
        or "whatchanged" in value
    )


def _is_person(value: Any) -> bool:
    return isinstance(value, dict) and {"karma", "display_name", "self_link"} <= value.keys()


def recognise(document: Any) -> bool:
    """Whether it is of Launchpad's API."""
    entries = get(document, "entries")
    if isinstance(entries, list) and isinstance(document, dict):
        known = any(map(_is_entry, entries[:5])) or any(map(_is_attachment, entries[:5]))
        return known or (not entries and "total_size" in document)
    return _is_bug(document) or _is_person(document) or _is_whole(document)


def _is_attachment(value: Any) -> bool:
    return isinstance(value, dict) and "data_link" in value


def _is_whole(value: Any) -> bool:
    return isinstance(value, dict) and "bug_data" in value and "messages_data" in value


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    if isinstance(document, dict) and "entries" in document:
        yield from each(where, "entries", document["entries"], _entry)
    elif _is_whole(document):
        yield from one(where, document, _whole)
    else:
        yield from one(where, document, _person if _is_person(document) else _bug)


def _entry(value: dict[str, Any], where: Where) -> Iterator[Part]:
    if _is_attachment(value):
        yield where.unread("an attachment, no comment", dropped=True)
    elif "whatchanged" in value:
        yield from _activity(value, where)
    elif "content" in value:
        yield from _message(value, where)
    elif "bug_link" in value:
        yield from _task(value, where)
    else:
        yield where.unread("neither a task, a message nor activity")


def _named(value: Any) -> str | None:
    found = _BUG.search(value) if isinstance(value, str) else None
    return None if found is None else key(found[1])


def _bug(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = numbered(value.get("id"), "a bug")
    at, zone = moment(value.get("date_created"))
    reporter = _user(value.get("owner_link"))
    yield Ticket(
        where,
        number,
        {number},
        subject=subject_of(value.get("title")),
        body=Post(
            where.at("description"), words(value.get("description")), author=reporter, at=at,
            zone=zone,
        ),
        reporter=reporter,
        labels=strings(value.get("tags")),
        extra=keep(heat=value.get("heat")),
    )  # fmt: skip


def _user(link: Any) -> str | None:
    return key(link.rpartition("/")[2]) if isinstance(link, str) else None


def _task(value: dict[str, Any], where: Where) -> Iterator[Part]:
    """A task says where a bug is and how far it is; several of one bug each say so."""
    number = numbered(_named(value.get("bug_link")), "a task of a bug")
    status = key(value.get("status"))
    yield Change(
        where,
        number,
        status=status,
        solved=None if status is None else status in _SOLVED,
        category=key(value.get("bug_target_name")),
    )


def _message(value: dict[str, Any], where: Where) -> Iterator[Part]:
    at, zone = moment(value.get("date_created"))
    link = value.get("self_link")
    # In each page of a collection a message has its own link, which tells copies.
    tail = link.rpartition("/comments/")[2] if isinstance(link, str) else None
    yield Post(
        where,
        words(value.get("content")),
        id=key(tail),
        ticket=_named(link),
        author=_user(value.get("owner_link")),
        at=at,
        zone=zone,
    )


def _activity(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = numbered(_named(value.get("bug_link")), "activity of a bug")
    what = word(value.get("whatchanged"))
    before, after = key(value.get("oldvalue")), key(value.get("newvalue"))
    if what.endswith("status") and before in _CLOSED and after is not None and after not in _CLOSED:
        yield Change(where, number, reopened=1)


def _person(value: dict[str, Any], where: Where) -> Iterator[Part]:
    login = first(_user(value.get("self_link")), value.get("name"))
    if login is not None:
        yield Person(login, first(value.get("display_name"), value.get("name")))


def _whole(value: dict[str, Any], where: Where) -> Iterator[Part]:
    for part in one(where.at("bug_data"), value.get("bug_data"), _bug):
        if isinstance(part, Ticket):
            status = key(value.get("status"))
            part.status, part.category = status, key(value.get("bug_target_name"))
            part.solved = None if status is None else status in _SOLVED
            messages = each(where, "messages_data", value.get("messages_data"), _message)
            yield from into(part, messages)
        yield part
    if get(value, "owner_data"):
        yield from one(where.at("owner_data"), value["owner_data"], _person)
    yield from each(where, "activity_data", value.get("activity_data"), _activity)


SYSTEM = System("launchpad", "Launchpad", recognise, read)
