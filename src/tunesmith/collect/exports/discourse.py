"""Discourse: topics with their posts.

Shapes (https://docs.discourse.org/): a topic as `GET /t/{id}.json` gives it, more of its posts as
`GET /t/{id}/posts.json` gives them, a post as `GET /posts/{id}.json` gives it, posts as
`GET /posts.json` gives them (`latest_posts`), names of categories as `GET /categories.json` does.

Whispers are notes. Staff is who the post says is admin, moderator or staff. A post marked
`accepted_answer` is the answer, as is the one that the topic names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tunesmith.collect.exports.parts import (
    Name,
    Part,
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
    number,
    numbered,
    one,
    strings,
    subject_of,
    truth,
    words,
)
from tunesmith.collect.talk import Role

_REGULAR, _WHISPER = 1, 4


def _is_post(value: Any) -> bool:
    return isinstance(value, dict) and "post_number" in value and "topic_id" in value


def _is_topic(value: Any) -> bool:
    return isinstance(get(value, "post_stream"), dict)


def recognise(document: Any) -> bool:
    """Whether it is a topic, posts, or a list of topics or categories."""
    if isinstance(document, list):
        return any(_is_post(item) or _is_topic(item) for item in document[:5])
    return (
        _is_topic(document)
        or _is_post(document)
        or isinstance(get(document, "latest_posts"), list)
        or isinstance(get(document, "topic_list"), dict)
        or isinstance(get(document, "category_list", "categories"), list)
    )


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    if isinstance(document, list):
        yield from each(where, "items", document, _item)
        return
    if isinstance(get(document, "topic_list"), dict):
        yield where.at("topic_list").unread("a list of topics without their posts", dropped=True)
        return
    categories = get(document, "category_list", "categories")
    if categories is not None:
        yield from each(where, "category_list.categories", categories, _category)
    elif get(document, "latest_posts") is not None:
        yield from each(where, "latest_posts", document["latest_posts"], _post)
    else:
        yield from one(where, document, _item)


def _item(value: dict[str, Any], where: Where) -> Iterator[Part]:
    if not _is_topic(value):
        yield from _post(value, where)
    elif "title" not in value:  # more posts of a topic
        yield from each(where, "post_stream.posts", get(value, "post_stream", "posts"), _post)
    else:
        yield from _topic(value, where)


def _category(value: dict[str, Any], where: Where) -> Iterator[Part]:
    found, name = key(value.get("id")), key(value.get("name"))
    if found is not None and name is not None:
        yield Name(f"category {found}", name)


def _topic(value: dict[str, Any], where: Where) -> Iterator[Part]:
    topic = numbered(value.get("id"), "a topic")
    creator = get(value, "details", "created_by")
    category = key(value.get("category_id"))
    ticket = Ticket(
        where,
        topic,
        {topic},
        subject=subject_of(value.get("title")),
        reporter=first(value.get("user_id"), get(creator, "id")),
        category=None if category is None else f"category {category}",
        labels=strings(value.get("tags"), "name"),
        status="closed" if truth(value.get("closed")) else "open",
        extra=keep(views=value.get("views"), likes=value.get("like_count")),
    )
    accepted = number(get(value, "accepted_answer", "post_number"))
    for part in each(where, "post_stream.posts", get(value, "post_stream", "posts"), _post):
        if not isinstance(part, Post):
            yield part
            continue
        # A page has posts of its topic only, whatever copies of it say.
        part.ticket = None
        if ticket.body is None and part.score == 1:
            ticket.reporter = part.author or ticket.reporter
            ticket.body, part.score = part, None
            continue
        part.accepted = part.accepted or (accepted is not None and part.score == accepted)
        part.score = None
        ticket.posts.append(part)
    if any(post.accepted for post in ticket.posts):
        ticket.solved = True
    yield ticket


def _role(value: dict[str, Any]) -> Role | None:
    if (number(value.get("user_id")) or 0) < 0:
        return "bot"
    staff = any(truth(value.get(name)) for name in ("admin", "moderator", "staff"))
    return "agent" if staff else None


def _post(value: dict[str, Any], where: Where) -> Iterator[Part]:
    if value.get("deleted_at") is not None:
        yield where.unread("a deleted post", dropped=True)
        return
    at, zone = moment(value.get("created_at"))
    what = number(value.get("post_type"))
    said = value["raw"] if isinstance(value.get("raw"), str) else value.get("cooked")
    event = what not in {None, float(_REGULAR), float(_WHISPER)} or bool(value.get("action_code"))
    post = Post(
        where,
        words(said),
        id=key(value.get("id")),
        ticket=key(value.get("topic_id")),
        author=key(value.get("user_id")),
        name=first(value.get("username"), value.get("name")),
        role="system" if event else _role(value),
        at=at,
        zone=zone,
        internal=what == _WHISPER,
        automatic="a hidden post" if truth(value.get("hidden")) else None,
        accepted=truth(value.get("accepted_answer")),
    )
    place = number(value.get("post_number"))
    post.score = None if place is None else int(place)
    yield post


SYSTEM = System("discourse", "Discourse", recognise, read)
