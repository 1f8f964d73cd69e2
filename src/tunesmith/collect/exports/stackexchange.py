"""StackExchange: questions of the API, and the dump's `Posts.xml`, `Comments.xml` and `Users.xml`.

Shapes (https://api.stackexchange.com/docs, https://archive.org/details/stackexchange):

- `{"items": […]}` of `/questions` with a filter that has answers, comments and bodies;
- rows of the dump.

Each post has its licence: the one that it names, else that of its day
(https://stackoverflow.com/help/licensing): CC BY-SA 2.5 before 2011-04-08, 3.0 before 2018-05-02,
4.0 from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tunesmith.collect.exports import tree
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
    number,
    numbered,
    strings,
    subject_of,
    word,
    words,
)

_LICENCE = re.compile(r"CC[ -]BY-SA[ -](\d\.\d)")
_LICENCES = (
    (datetime(2018, 5, 2, tzinfo=UTC), "CC-BY-SA-4.0"),
    (datetime(2011, 4, 8, tzinfo=UTC), "CC-BY-SA-3.0"),
    (datetime(2008, 1, 1, tzinfo=UTC), "CC-BY-SA-2.5"),
)
_TAG = re.compile(r"[<|]([^<>|]+)")
_ROOTS = {"posts", "comments", "users"}


def _is_question(value: Any) -> bool:
    return isinstance(value, dict) and "question_id" in value and "title" in value


def _items(document: Any) -> Any:
    return document if isinstance(document, list) else get(document, "items")


def recognise(document: Any) -> bool:
    """Whether it has questions of StackExchange."""
    if word(get(document, "xml")) in _ROOTS:
        return True
    items = _items(document)
    if isinstance(items, list) and any(_is_question(item) for item in items[:5]):
        return True
    return isinstance(document, dict) and {"items", "quota_max"} <= document.keys()


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    root = get(document, "xml")
    if root is not None:
        reader = {"posts": _row, "comments": _comment_row}.get(word(root), _user_row)
        yield from each(where, "row", tree.records(document), reader)
    else:
        yield from each(where, "items", _items(document), _question)


def licence(named: Any, at: datetime | None) -> str | None:
    """The licence of a post as SPDX, from what it names or from its day."""
    found = _LICENCE.search(named) if isinstance(named, str) else None
    if found is not None:
        return f"CC-BY-SA-{found[1]}"
    if at is None:
        return None
    return next((name for since, name in _LICENCES if at >= since), None)


def _question(value: dict[str, Any], where: Where) -> Iterator[Part]:
    question = numbered(value.get("question_id"), "a question")
    body = _post(value, where, question)
    body.score = None
    ticket = Ticket(
        where,
        question,
        {question},
        subject=subject_of(value.get("title")),
        body=body,
        reporter=body.author,
        customer=body.name,
        labels=strings(value.get("tags")),
        status="closed" if value.get("closed_date") is not None else "open",
        solved=True if value.get("accepted_answer_id") is not None else None,
        extra=keep(score=value.get("score"), views=value.get("view_count"), link=value.get("link")),
        accepted=key(value.get("accepted_answer_id")),
        answers=True,
    )
    yield from into(ticket, each(where, "comments", value.get("comments"), _comment))

    def answer(item: dict[str, Any], place: Where) -> Iterator[Part]:
        number_ = key(item.get("answer_id"))
        yield _post(item, place, number_)
        if number_ is not None:
            ticket.names.add(number_)
        yield from each(place, "comments", item.get("comments"), _comment)

    yield from into(ticket, each(where, "answers", value.get("answers"), answer))
    yield ticket


def _post(value: dict[str, Any], where: Where, number_: str | None) -> Post:
    at, zone = moment(value.get("creation_date"))
    said = value.get("body_markdown")
    score = number(value.get("score"))
    return Post(
        where,
        words(said if said is not None else value.get("body")),
        id=number_,
        author=_owner(value),
        name=first(get(value, "owner", "display_name")),
        at=at,
        zone=zone,
        accepted=value.get("is_accepted") is True,
        score=0 if score is None else int(score),
        license=licence(value.get("content_license"), at),
    )


def _owner(value: dict[str, Any]) -> str | None:
    return first(get(value, "owner", "user_id"), get(value, "owner", "display_name"))


def _comment(value: dict[str, Any], where: Where) -> Iterator[Part]:
    post = _post(value, where, None)
    found = key(value.get("comment_id"))
    post.id = None if found is None else f"comment {found}"
    post.score, post.under = None, key(value.get("post_id"))
    yield post


# ── The dump ─────────────────────────────────────────────────────────────────────────────────────


def _row(value: dict[str, Any], where: Where) -> Iterator[Part]:
    a = {name: tree.attribute(value, name) for name in (
        "Id", "PostTypeId", "ParentId", "AcceptedAnswerId", "CreationDate", "Score", "ViewCount",
        "Body", "OwnerUserId", "OwnerDisplayName", "Title", "Tags", "ClosedDate", "ContentLicense",
    )}  # fmt: skip
    if a["PostTypeId"] not in {"1", "2"}:
        yield where.unread("neither a question nor an answer", dropped=True)
        return
    number_ = numbered(a["Id"], "a post")
    at, zone = moment(a["CreationDate"])
    score = number(a["Score"])
    post = Post(
        where,
        a["Body"] or "",
        id=number_,
        author=first(a["OwnerUserId"], a["OwnerDisplayName"]),
        name=key(a["OwnerDisplayName"]),
        at=at,
        zone=zone,
        score=0 if score is None else int(score),
        license=licence(a["ContentLicense"], at),
    )
    if a["PostTypeId"] == "2":
        post.ticket = key(a["ParentId"])
        yield post
        return
    post.score = None
    yield Ticket(
        where,
        number_,
        {number_},
        subject=subject_of(a["Title"]),
        body=post,
        reporter=post.author,
        labels=_TAG.findall(a["Tags"] or ""),
        status="open" if a["ClosedDate"] is None else "closed",
        solved=None if a["AcceptedAnswerId"] is None else True,
        extra=keep(score=a["Score"], views=a["ViewCount"]),
        accepted=key(a["AcceptedAnswerId"]),
        answers=True,
    )


def _comment_row(value: dict[str, Any], where: Where) -> Iterator[Part]:
    at, zone = moment(tree.attribute(value, "CreationDate"))
    found, on = tree.attribute(value, "Id"), key(tree.attribute(value, "PostId"))
    yield Post(
        where,
        tree.attribute(value, "Text") or "",
        id=None if found is None else f"comment {found}",
        ticket=on,
        author=first(tree.attribute(value, "UserId"), tree.attribute(value, "UserDisplayName")),
        at=at,
        zone=zone,
        license=licence(tree.attribute(value, "ContentLicense"), at),
        under=on,
    )


def _user_row(value: dict[str, Any], where: Where) -> Iterator[Part]:
    found = key(tree.attribute(value, "Id"))
    if found is not None:
        yield Person(found, key(tree.attribute(value, "DisplayName")))


SYSTEM = System("stackexchange", "StackExchange", recognise, read)
