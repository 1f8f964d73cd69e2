"""Bugzilla: bugs, comments and history of the REST API, and the XML of bugs.

Shapes (https://bugzilla.readthedocs.io/en/latest/api/):

- `{"bugs": [{"id", "summary", …}]}` of `GET /rest/bug`;
- `{"bugs": {"35": {"comments": […]}}}` of `GET /rest/bug/35/comment`;
- `{"bugs": [{"id", "history": […]}]}` of `GET /rest/bug/35/history`, for reopenings;
- the XML of `show_bug.cgi?ctype=xml&id=35`, with `long_desc`.

The description is the first comment. Private comments are notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tunesmith.collect.exports import tree
from tunesmith.collect.exports.parts import (
    Change,
    Part,
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
    truth,
    word,
    words,
)

_CLOSED = {"RESOLVED", "VERIFIED", "CLOSED"}
_DECLINED = {"INVALID", "WONTFIX", "WORKSFORME", "INCOMPLETE", "DUPLICATE", "EXPIRED", "MOVED"}


def recognise(document: Any) -> bool:
    """Whether it has bugs, or what belongs to bugs."""
    if get(document, "xml") == "bugzilla":
        return True
    bugs = get(document, "bugs")
    if isinstance(bugs, dict):
        return True
    if isinstance(bugs, list):
        return not bugs or any(
            isinstance(bug, dict) and ("history" in bug or "summary" in bug) for bug in bugs[:5]
        )
    return "error" in document and "code" in document if isinstance(document, dict) else False


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    if get(document, "xml") is not None:
        records = tree.records(document)
        yield from each(where, "bug", records, _xml_bug)
        return
    bugs = get(document, "bugs")
    if isinstance(bugs, dict):
        for index, (number, value) in enumerate(bugs.items()):
            yield from _of_bug(number, value, where.at(f"bugs[{index}]"))
    elif bugs is not None:
        yield from each(where, "bugs", bugs, _bug)
    else:
        yield where.unread("an error of the API", dropped=True)


def _of_bug(number: str, value: Any, where: Where) -> Iterator[Part]:
    """Comments of a bug, or its attachments, which say nothing."""
    if isinstance(value, list):
        for index in range(len(value)):
            yield where.at(f"[{index}]").unread("an attachment, no comment", dropped=True)
        return

    def comment(item: dict[str, Any], place: Where) -> Iterator[Part]:
        for part in _comment(item, place):
            if isinstance(part, Post):
                part.ticket = part.ticket or key(number)
            yield part

    yield from one(
        where, value, lambda item, at: each(at, "comments", item.get("comments"), comment)
    )


def _bug(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = numbered(value.get("id"), "a bug")
    if "history" in value and "summary" not in value:
        history = value["history"]
        changes = history if isinstance(history, list) else []
        yield Change(where, number, reopened=sum(map(_reopens, changes)))
        return
    creator = value.get("creator")
    ticket = Ticket(
        where,
        number,
        {number},
        subject=subject_of(value.get("summary")),
        reporter=key(creator),
        customer=first(get(value, "creator_detail", "real_name"), creator),
        category=_category(value.get("product"), value.get("component")),
        labels=strings(value.get("keywords")),
        status=key(value.get("status")),
        solved=_solved(value.get("status"), value.get("resolution")),
        extra=keep(resolution=value.get("resolution"), severity=value.get("severity")),
    )
    yield from into(ticket, each(where, "comments", value.get("comments"), _comment))
    yield ticket


def _category(product: Any, component: Any) -> str | None:
    return " / ".join(text for text in (key(product), key(component)) if text) or None


def _solved(status: Any, resolution: Any) -> bool | None:
    if key(status) is None:
        return None
    return word(status) in _CLOSED and word(resolution) not in _DECLINED


def _reopens(entry: Any) -> bool:
    changes = get(entry, "changes")
    return any(
        word(get(change, "field_name")) in {"status", "bug_status"}
        and word(get(change, "removed")) in _CLOSED
        and word(get(change, "added")) not in _CLOSED
        for change in (changes if isinstance(changes, list) else ())
    )


def _comment(value: dict[str, Any], where: Where) -> Iterator[Part]:
    at, zone = moment(value.get("creation_time", value.get("time")))
    yield Post(
        where,
        words(value.get("text", value.get("raw_text"))),
        id=key(value.get("id")),
        ticket=key(value.get("bug_id")),
        author=first(value.get("creator"), value.get("author")),
        at=at,
        zone=zone,
        internal=truth(value.get("is_private")),
    )


# ── XML ──────────────────────────────────────────────────────────────────────────────────────────


def _xml_bug(value: dict[str, Any], where: Where) -> Iterator[Part]:
    if tree.attribute(value, "error"):
        yield where.unread("a bug that the system did not give", dropped=True)
        return
    number = numbered(tree.text(value, "bug_id"), "a bug")
    reporter = tree.child(value, "reporter")
    status, resolution = tree.text(value, "bug_status"), tree.text(value, "resolution")
    ticket = Ticket(
        where,
        number,
        {number},
        subject=subject_of(tree.text(value, "short_desc")),
        reporter=tree.own_text(reporter),
        customer=tree.attribute(reporter, "name") or tree.own_text(reporter),
        category=_category(tree.text(value, "product"), tree.text(value, "component")),
        labels=[word.strip() for text in tree.texts(value, "keywords") for word in text.split(",")],
        status=status,
        solved=_solved(status, resolution),
        extra=keep(resolution=resolution, severity=tree.text(value, "bug_severity")),
    )
    comments = tree.children(value, "long_desc")
    yield from into(ticket, each(where, "long_desc", comments, _xml_comment))
    yield ticket


def _xml_comment(value: dict[str, Any], where: Where) -> Iterator[Part]:
    who = tree.child(value, "who")
    at, zone = moment(tree.text(value, "bug_when"))
    yield Post(
        where,
        tree.text(value, "thetext") or "",
        id=tree.text(value, "commentid"),
        author=tree.own_text(who),
        name=tree.attribute(who, "name"),
        at=at,
        zone=zone,
        internal=tree.attribute(value, "isprivate") == "1",
    )


SYSTEM = System("bugzilla", "Bugzilla", recognise, read)
