"""Jira and Jira Service Management: issues of the REST API, their comments, and the XML export.

Shapes (https://developer.atlassian.com/cloud/jira/platform/rest/v3/):

- `{"issues": […]}` of a search, one issue, an array, or one a line, with `fields.comment` and, with
  `expand=changelog`, `changelog`;
- `{"comments": […]}` of `/issue/{key}/comment`, told apart by each comment's `self`;
- the RSS of an issue navigator (Export → XML).

Comments of a service desk are notes where `jsdPublic` is false or `sd.public.comment` is internal,
and so are comments that only a role or a group may see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tunesmith.collect.exports import tree
from tunesmith.collect.exports.adf import adf_text
from tunesmith.collect.exports.parts import (
    Part,
    Post,
    System,
    Ticket,
    Where,
    Wrong,
    each,
    first,
    get,
    into,
    keep,
    key,
    kind,
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

_ISSUE = re.compile(r"/issue/([^/]+)/comment")
_REOPENED = {"reopened", "reopen"}
_ACCOUNTS: dict[str, Role] = {"customer": "customer", "app": "bot"}


def _is_issue(value: Any) -> bool:
    return (
        isinstance(get(value, "fields"), dict)
        and "key" in value
        and ("summary" in value["fields"] or "issuetype" in value["fields"])
    )


def _is_comment(value: Any) -> bool:
    return isinstance(value, dict) and bool(_ISSUE.search(word(value.get("self"))))


def _is_fields(document: Any) -> bool:
    return (
        isinstance(document, list)
        and bool(document)
        and isinstance(document[0], dict)
        and "clauseNames" in document[0]
        and "schema" in document[0]
    )


def recognise(document: Any) -> bool:
    """Whether it has issues or comments of Jira."""
    if isinstance(document, list):
        return any(_is_issue(item) for item in document[:5]) or _is_fields(document)
    issues, comments = get(document, "issues"), get(document, "comments")
    paged = "startAt" in document if isinstance(document, dict) else False
    return (
        _is_issue(document)
        or _is_comment(document)
        or (
            isinstance(issues, list) and (any(map(_is_issue, issues[:5])) or (not issues and paged))
        )
        or (isinstance(comments, list) and (any(map(_is_comment, comments[:5])) or paged))
        or (
            get(document, "xml") == "rss"
            and any(tree.child(item, "project") for item in tree.records(document)[:5])
        )
    )


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    if _is_fields(document):
        yield where.unread("the names of fields, no issue", dropped=True)
    elif isinstance(document, list):
        yield from each(where, "issues", document, _issue)
    elif get(document, "xml") == "rss":
        yield from each(where, "item", tree.records(document), _item)
    elif _is_issue(document):
        yield from one(where, document, _issue)
    elif _is_comment(document):
        yield from one(where, document, _comment)
    else:
        yield from each(where, "issues", get(document, "issues"), _issue)
        yield from each(where, "comments", get(document, "comments"), _comment)


def _issue(value: dict[str, Any], where: Where) -> Iterator[Part]:
    fields = value.get("fields")
    number_ = numbered(first(value.get("key"), value.get("id")), "an issue")
    reporter = get(fields, "reporter") or get(fields, "creator")
    resolution = get(fields, "resolution", "name")
    done = get(fields, "status", "statusCategory", "key") == "done" or key(resolution) is not None
    at, zone = moment(get(fields, "created"))
    rating, request = _service_desk(fields)
    ticket = Ticket(
        where,
        number_,
        {name for name in (number_, key(value.get("id"))) if name},
        subject=subject_of(get(fields, "summary")),
        reporter=_account(reporter),
        customer=key(get(reporter, "displayName")),
        category=first(
            request, *strings(get(fields, "components"), "name"), get(fields, "project", "name")
        ),
        labels=strings(get(fields, "labels")),
        status=key(get(fields, "status", "name")),
        solved=done if get(fields, "status") is not None else None,
        reopened=_reopenings(get(value, "changelog", "histories")),
        rating=rating,
        extra=keep(
            priority=get(fields, "priority", "name"),
            type=get(fields, "issuetype", "name"),
            resolution=resolution,
        ),
    )
    ticket.body = Post(
        where.at("fields.description"),
        _text(get(fields, "description")),
        author=ticket.reporter,
        name=ticket.customer,
        at=at,
        zone=zone,
    )
    comments = get(fields, "comment")
    if isinstance(comments, dict):
        comments = comments.get("comments")
    yield from into(ticket, each(where, "fields.comment.comments", comments, _comment))
    yield ticket


def _text(value: Any) -> str:
    """Wiki text as it is, or the text of a document in Atlassian's format.

    Raises:
        Wrong: It is neither.
    """
    if isinstance(value, dict):
        if value.get("type") != "doc":
            raise Wrong(f"its text is {kind(value)}")
        return adf_text(value)
    return words(value)


def _account(value: Any) -> str | None:
    return first(get(value, "accountId"), get(value, "key"), get(value, "name"))


def _service_desk(fields: Any) -> tuple[float | None, Any]:
    """The satisfaction from 0 to 1 and the request type: custom fields, told by what they hold."""
    rating: float | None = None
    request: Any = None
    for name, value in fields.items() if isinstance(fields, dict) else ():
        if not name.startswith("customfield_") or not isinstance(value, dict):
            continue
        stars = number(value.get("rating"))
        if stars is not None and 1 <= stars <= 5:
            rating = (stars - 1) / 4
        request = request or get(value, "requestType", "name")
    return rating, request


def _reopenings(histories: Any) -> int:
    """Changes that took the resolution away, or went to a status that says so."""
    found = 0
    for history in histories if isinstance(histories, list) else ():
        items = get(history, "items")
        found += any(_reopens(item) for item in (items if isinstance(items, list) else ()))
    return found


def _reopens(item: Any) -> bool:
    if get(item, "field") == "resolution":
        return bool(key(get(item, "fromString"))) and not key(get(item, "toString"))
    return get(item, "field") == "status" and word(get(item, "toString")).lower() in _REOPENED


def _comment(value: dict[str, Any], where: Where) -> Iterator[Part]:
    author = value.get("author")
    found = _ISSUE.search(word(value.get("self")))
    at, zone = moment(value.get("created"))
    yield Post(
        where,
        _text(value.get("body")),
        id=key(value.get("id")),
        ticket=None if found is None else key(found[1]),
        author=_account(author),
        name=key(get(author, "displayName")),
        role=_ACCOUNTS.get(word(get(author, "accountType"))),
        at=at,
        zone=zone,
        internal=_internal(value),
    )


def _internal(value: dict[str, Any]) -> bool:
    properties = value.get("properties")
    hidden = any(
        get(item, "key") == "sd.public.comment" and get(item, "value", "internal") is True
        for item in (properties if isinstance(properties, list) else ())
    )
    restricted = isinstance(value.get("visibility"), dict)
    return value.get("jsdPublic") is False or hidden or restricted


# ── The XML export ───────────────────────────────────────────────────────────────────────────────


def _item(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number_ = numbered(tree.text(value, "key"), "an issue")
    reporter = tree.child(value, "reporter")
    resolution = tree.text(value, "resolution")
    at, zone = moment(tree.text(value, "created"))
    ticket = Ticket(
        where,
        number_,
        {name for name in (number_, tree.attribute(tree.child(value, "key"), "id")) if name},
        subject=subject_of(tree.text(value, "summary")),
        reporter=first(*(tree.attribute(reporter, name) for name in ("accountid", "username"))),
        customer=tree.own_text(reporter),
        category=first(tree.text(value, "component"), tree.text(value, "project")),
        labels=tree.texts(tree.child(value, "labels"), "label"),
        status=tree.text(value, "status"),
        solved=None if resolution is None else resolution != "Unresolved",
        extra=keep(
            priority=tree.text(value, "priority"),
            type=tree.text(value, "type"),
            resolution=resolution,
        ),
    )
    ticket.body = Post(
        where.at("description"),
        tree.text(value, "description") or "",
        author=ticket.reporter,
        name=ticket.customer,
        at=at,
        zone=zone,
    )
    comments = tree.children(tree.child(value, "comments"), "comment")
    yield from into(ticket, each(where, "comments", comments, _item_comment))
    yield ticket


def _item_comment(value: dict[str, Any], where: Where) -> Iterator[Part]:
    at, zone = moment(tree.attribute(value, "created"))
    yield Post(
        where,
        tree.own_text(value) or "",
        id=tree.attribute(value, "id"),
        author=tree.attribute(value, "author"),
        at=at,
        zone=zone,
        internal=bool(tree.attribute(value, "grouplevel") or tree.attribute(value, "rolelevel")),
    )


SYSTEM = System("jira", "Jira and Jira Service Management", recognise, read)
