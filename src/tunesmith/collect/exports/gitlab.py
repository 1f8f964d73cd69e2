"""GitLab: issues and notes of the REST API, and the files of a project export.

Shapes (https://docs.gitlab.com/api/issues/,
https://docs.gitlab.com/user/project/settings/import_export/):

- issues as `GET /projects/{id}/issues` gives them, one or an array;
- notes as `GET /projects/{id}/issues/{iid}/notes` gives them (`noteable_iid` names the issue), and
  discussions with their `notes`;
- `tree/project/issues.ndjson` of a project export, with `notes`, and `project_members.ndjson`.

Merge requests are no tickets. What GitLab notes by itself (`system`) is a system message;
`reopened` among it counts.
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
from tunesmith.collect.talk import Role

_BOT = re.compile(r"(project|group)_\d+_bot|support-bot|alert-bot|GitLab-Admin-Bot")
_TAIL = re.compile(r"([^/]+/[^/]+)(?:/-)?/issues/(\d+)$")
_MERGE = "a merge request, not an issue"
#: Reporter and above are of the project; guests are not.
_STAFF_LEVEL = 20


def _is_issue(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "iid" in value
        and "title" in value
        and ("author" in value or "author_id" in value or "state" in value)
    )


def _is_note(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "noteable_type" in value
        and ("body" in value or "note" in value)
    )


def _is_discussion(value: Any) -> bool:
    return isinstance(value, dict) and "individual_note" in value and "notes" in value


def _is_member(value: Any) -> bool:
    return isinstance(value, dict) and "access_level" in value and "user_id" in value


def _others(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    if "merge_status" in value or "source_branch" in value or _is_merge_address(value):
        return _MERGE
    for names, what in (
        ({"awardable_id"}, "a reaction"),
        ({"head_commit_sha", "diffs"}, "a version of a merge request"),
        ({"head_commit_sha", "base_commit_sha"}, "a version of a merge request"),
        ({"short_id", "author_name"}, "a commit"),
        ({"path_with_namespace"}, "a project, no issue"),
    ):
        if names <= value.keys():
            return what
    return None


def _is_merge_address(value: dict[str, Any]) -> bool:
    return "/merge_requests/" in word(value.get("web_url"))


def _items(document: Any) -> list[Any]:
    if isinstance(document, list) and document and all(isinstance(item, list) for item in document):
        return [item for page in document for item in page]
    return document if isinstance(document, list) else [document]


def recognise(document: Any) -> bool:
    """Whether it has issues or notes of GitLab, or is something else of its API."""
    return any(
        _is_issue(item) or _is_note(item) or _is_discussion(item) or _is_member(item)
        or _others(item) is not None
        for item in _items(document)[:5]
    )  # fmt: skip


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    yield from each(where, "items", _items(document), _item)


def _item(value: dict[str, Any], where: Where) -> Iterator[Part]:
    other = _others(value)
    if other is not None:
        yield where.unread(other, dropped=True)
    elif _is_discussion(value):
        yield from each(where, "notes", value["notes"], _loose_note)
    elif _is_note(value):
        yield from _loose_note(value, where)
    elif _is_member(value):
        yield from _member(value)
    else:
        yield from _issue(value, where)


def _issue(value: dict[str, Any], where: Where) -> Iterator[Part]:
    found = _TAIL.search(word(value.get("web_url")))
    iid = numbered(value.get("iid"), "an issue")
    # Of copies of an issue the address tells the number that notes have.
    iid = found[2] if found is not None else iid
    author = value.get("author")
    state = key(value.get("state"))
    at, zone = moment(value.get("created_at"))
    outside = key(value.get("service_desk_reply_to"))
    events = value.get("resource_state_events")
    links = value.get("label_links")
    milestone = first(get(value, "milestone", "title"))
    ticket = Ticket(
        where,
        key(f"{found[1]}#{iid}") or iid if found is not None else iid,
        {iid, *_name("id", value.get("id"))},
        subject=subject_of(value.get("title")),
        reporter=first(get(author, "id"), value.get("author_id")),
        customer=outside or first(get(author, "name"), get(author, "username")),
        category=milestone,
        labels=strings(value.get("labels"), "name", "title")
        or strings([get(link, "label") for link in links] if isinstance(links, list) else None,
                   "title"),
        status=state,
        solved=None if state is None else state == "closed",
        reopened=sum(
            get(event, "state") == "reopened"
            for event in (events if isinstance(events, list) else ())
        ),
        extra=keep(type=first(value.get("issue_type"))),
    )  # fmt: skip
    ticket.body = Post(
        where.at("description"),
        words(value.get("description")),
        author=ticket.reporter,
        name=outside or first(get(author, "name"), get(author, "username")),
        role=None if outside is not None else _bot(author),
        at=at,
        zone=zone,
    )
    for part in each(where, "notes", value.get("notes"), _note):
        if isinstance(part, Post):
            ticket.posts.append(part)
            ticket.reopened += _reopens(part)
        else:
            yield part
    yield ticket


def _name(what: str, value: Any) -> list[str]:
    found = key(value)
    return [] if found is None else [f"{what} {found}"]


def _loose_note(value: dict[str, Any], where: Where) -> Iterator[Part]:
    """A note that names its issue by the number in the project, or by the identifier."""
    if word(value.get("noteable_type")) not in {"", "Issue"}:
        yield where.unread("a note on something that is no issue", dropped=True)
        return
    ticket = first(value.get("noteable_iid"), *_name("id", value.get("noteable_id")))
    for part in _note(value, where):
        if isinstance(part, Post):
            part.ticket = ticket
            if _reopens(part) and ticket is not None:
                yield Change(where, ticket, reopened=1)
        yield part


def _note(value: dict[str, Any], where: Where) -> Iterator[Part]:
    author = value.get("author")
    at, zone = moment(value.get("created_at"))
    yield Post(
        where,
        words(value.get("body", value.get("note"))),
        id=key(value.get("id")),
        author=first(get(author, "id"), value.get("author_id")),
        name=first(get(author, "name"), get(author, "username")),
        role="system" if truth(value.get("system")) else _bot(author),
        at=at,
        zone=zone,
        internal=truth(value.get("internal")) or truth(value.get("confidential")),
    )


def _reopens(post: Post) -> bool:
    return post.role == "system" and post.text.strip() == "reopened"


def _bot(author: Any) -> Role | None:
    name = get(author, "username")
    is_bot = get(author, "bot") is True or (isinstance(name, str) and bool(_BOT.match(name)))
    return "bot" if is_bot else None


def _member(value: dict[str, Any]) -> Iterator[Part]:
    user = key(value.get("user_id"))
    level = number(value.get("access_level"))
    if user is not None and level is not None:
        name = first(get(value, "user", "name"), get(value, "user", "username"))
        yield Person(user, name, "agent" if level >= _STAFF_LEVEL else None)


SYSTEM = System("gitlab", "GitLab", recognise, read)
