"""Askbot: question pages as HTML, comments and questions of the API.

Shapes: the page of a question (`/question/{id}/`, each page of its answers), as
`markup.askbot_page` reads it; the array that `/s/post_comments` gives; a question, or
`{"questions": […]}`, as `/api/v1/questions/` gives them, without their answers.
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
    truth,
    words,
)


def _is_question(value: Any) -> bool:
    return isinstance(value, dict) and {"answer_ids", "title", "id"} <= value.keys()


def _is_comment(value: Any) -> bool:
    return isinstance(value, dict) and {"comment_added_at", "object_id"} <= value.keys()


def recognise(document: Any) -> bool:
    """Whether it is a page, a question or comments of Askbot."""
    if isinstance(document, list):
        return any(_is_comment(item) or _is_question(item) for item in document[:5])
    questions = get(document, "questions")
    return (
        get(document, "askbot") is not None
        or _is_question(document)
        or (isinstance(questions, list) and any(map(_is_question, questions[:5])))
    )


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    if isinstance(document, list):
        yield from each(where, "items", document, _item)
    elif get(document, "askbot") is not None:
        yield from one(where, document["askbot"], _page)
    elif _is_question(document):
        yield from one(where, document, _item)
    else:
        yield from each(where, "questions", get(document, "questions"), _item)


def _item(value: dict[str, Any], where: Where) -> Iterator[Part]:
    yield from _comment(value, where) if _is_comment(value) else _question(value, where)


def _question(value: dict[str, Any], where: Where) -> Iterator[Part]:
    question = numbered(value.get("id"), "a question")
    at, zone = moment(value.get("added_at"))
    reporter = key(get(value, "author", "id"))
    body = Post(
        where, words(value.get("summary")), id=question, author=reporter,
        name=key(get(value, "author", "username")), at=at, zone=zone,
    )  # fmt: skip
    yield Ticket(
        where,
        question,
        {question, *strings(value.get("answer_ids"))},
        subject=subject_of(value.get("title")),
        body=body,
        reporter=reporter,
        customer=body.name,
        labels=strings(value.get("tags")),
        solved=True if value.get("accepted_answer_id") is not None else None,
        extra=keep(score=value.get("score"), views=value.get("view_count")),
        accepted=key(value.get("accepted_answer_id")),
        answers=True,
    )


def _comment(value: dict[str, Any], where: Where) -> Iterator[Part]:
    at, zone = moment(value.get("comment_added_at"))
    staff = truth(value.get("user_is_administrator")) or truth(value.get("user_is_moderator"))
    on = key(value.get("object_id"))
    yield Post(
        where,
        words(value.get("html", value.get("text"))),
        id=key(value.get("id")),
        ticket=on,
        author=key(value.get("user_id")),
        name=key(value.get("user_display_name")),
        role="agent" if staff else None,
        at=at,
        zone=zone,
        under=on,
    )


def _page(value: dict[str, Any], where: Where) -> Iterator[Part]:
    question = numbered(value.get("id"), "a question")
    ticket = Ticket(
        where,
        question,
        {question},
        subject=subject_of(value.get("title")),
        labels=strings(value.get("tags")),
        answers=True,
    )

    def post(item: dict[str, Any], place: Where) -> Iterator[Part]:
        at, zone = moment(item.get("at"))
        score = number(item.get("score"))
        found = Post(
            place,
            words(item.get("html")),
            id=key(item.get("id")),
            author=first(item.get("author")),
            name=key(item.get("name")),
            at=at,
            zone=zone,
            accepted=truth(item.get("accepted")),
            score=0 if score is None else int(score),
        )
        if found.id is not None:
            ticket.names.add(found.id)
        if found.id == question and ticket.body is None:
            found.score, ticket.body = None, found
            ticket.reporter, ticket.customer = found.author, found.name
        else:
            yield found

    def comment(item: dict[str, Any], place: Where) -> Iterator[Part]:
        at, zone = moment(item.get("at"))
        yield Post(
            place,
            words(item.get("html")),
            id=key(item.get("id")),
            author=first(item.get("author")),
            name=key(item.get("name")),
            at=at,
            zone=zone,
            under=key(item.get("on")),
        )

    yield from into(ticket, each(where, "posts", value.get("posts"), post))
    yield from into(ticket, each(where, "comments", value.get("comments"), comment))
    if any(found.accepted for found in ticket.posts):
        ticket.solved = True
    yield ticket


SYSTEM = System("askbot", "Askbot", recognise, read)
