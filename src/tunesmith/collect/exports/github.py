"""GitHub: issues and their comments, of the REST API, of `gh`, and of a migration archive.

Shapes (https://docs.github.com/rest/issues):

- issues as `GET /repos/{owner}/{repo}/issues` gives them, one or an array, and
  `{"items": […]}` of a search;
- comments as `GET /repos/{owner}/{repo}/issues/comments` gives them: `issue_url` names the issue;
- `gh issue list --json number,title,body,author,comments,labels,state,stateReason,createdAt,url`;
- issue events as `GET /repos/{owner}/{repo}/issues/events` gives them, for reopenings;
- `issues_000001.json` and `issue_comments_000001.json` of a migration archive.

Pull requests are no tickets: they and their comments are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

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
    strings,
    subject_of,
    words,
)
from tunesmith.collect.talk import Role

_STAFF = {"OWNER", "MEMBER", "COLLABORATOR"}
_ADDRESS = re.compile(r"(?:repos/|github[^/]*/)([^/]+/[^/]+)/(?:issues|pull)/(\d+)")
_PULL = "a pull request, not an issue"


def _is_issue(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and "number" in value
        and "title" in value
        and ("user" in value or "author" in value)
    ) or get(value, "type") == "issue"


def _is_comment(value: Any) -> bool:
    return isinstance(value, dict) and (
        "issue_url" in value or get(value, "type") == "issue_comment"
    )


def _is_event(value: Any) -> bool:
    return isinstance(value, dict) and "event" in value and isinstance(value.get("issue"), dict)


def _others(value: Any) -> str | None:
    """What else the API gives, by what tells it."""
    if not isinstance(value, dict):
        return None
    for names, what in (
        ({"diff_hunk", "commit_id"}, "a comment on a pull request"),
        ({"pull_request_url", "state"}, "a review of a pull request"),
        ({"head", "base", "number"}, _PULL),
        ({"sha", "commit"}, "a commit"),
        ({"content", "user", "created_at"}, "a reaction"),
        ({"login", "url", "repos_url"}, "somebody, no issue"),
        ({"full_name", "default_branch"}, "a repository, no issue"),
        ({"timelineItems"}, "events that name no issue"),
        ({"documentation_url", "message"}, "an error of the API"),
    ):
        if names <= value.keys():
            return what
    found = get(value, "data", "repository")
    if isinstance(found, dict):
        return "events that name no issue"
    return "a limit of the API" if "resources" in value and "rate" in value else None


def _items(document: Any) -> list[Any]:
    items = get(document, "items")
    if isinstance(items, list) and "total_count" in document:
        return items
    return document if isinstance(document, list) else [document]


def recognise(document: Any) -> bool:
    """Whether it has issues or comments of GitHub, or is something else of its API."""
    items = _items(document)[:5]
    return any(
        _is_issue(item) or _is_comment(item) or _is_event(item) or _others(item) for item in items
    )


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    yield from each(where, "items", _items(document), _item)


def _item(value: dict[str, Any], where: Where) -> Iterator[Part]:
    other = _others(value)
    if other is not None:
        yield where.unread(other, dropped=True)
    elif _is_event(value):
        name = _address(get(value, "issue", "url")) or key(get(value, "issue", "number"))
        if name is not None and value.get("event") == "reopened":
            yield Change(where, name, reopened=1)
    elif _is_comment(value):
        yield from _comment(value, where)
    else:
        yield from _issue(value, where)


def _issue(value: dict[str, Any], where: Where) -> Iterator[Part]:
    address = next(
        (found for n in ("html_url", "url") if (found := _address(value.get(n))) is not None), None
    )
    tail = address.rpartition("#")[2] if address else None
    number = numbered(first(value.get("number"), tail), "an issue")
    user = value.get("user", value.get("author"))
    state = key(value.get("state")) or ("closed" if value.get("closed_at") else None)
    at, zone = moment(value.get("created_at", value.get("createdAt")))
    reason = first(value.get("state_reason"), value.get("stateReason"))
    ticket = Ticket(
        where,
        address or number,
        {number, *([address] if address else [])},
        subject=subject_of(value.get("title")),
        reporter=_login(user),
        category=first(get(value, "type", "name"), get(value, "milestone", "title")),
        labels=strings(value.get("labels"), "name"),
        status=None if state is None else state.lower(),
        solved=_solved(state, reason),
        reopened=int(reason is not None and reason.lower() == "reopened"),
        extra=keep(state_reason=reason),
    )
    if value.get("pull_request") is not None:
        ticket.left = (_PULL, "a comment on a pull request")
    ticket.body = Post(
        where.at("body"), words(value.get("body")), author=ticket.reporter, role=_bot(user), at=at,
        zone=zone,
    )  # fmt: skip
    if isinstance(value.get("comments"), list):
        yield from into(ticket, each(where, "comments", value["comments"], _comment))
    yield ticket


def _solved(state: str | None, reason: str | None) -> bool | None:
    if state is None:
        return None
    declined = reason is not None and reason.lower() in {"not_planned", "duplicate"}
    return state.lower() == "closed" and not declined


def _address(value: Any) -> str | None:
    """`owner/repository#7` of an issue's address."""
    found = _ADDRESS.search(value) if isinstance(value, str) else None
    return None if found is None else key(f"{found[1]}#{found[2]}")


def _login(user: Any) -> str | None:
    """A user's name: an object's, or the last part of an address."""
    if isinstance(user, str):
        return key(user.rstrip("/").rpartition("/")[2])
    return first(get(user, "login"))


def _bot(user: Any) -> Role | None:
    login = _login(user) or ""
    is_bot = get(user, "type") == "Bot" or get(user, "is_bot") is True or login.endswith("[bot]")
    return "bot" if is_bot else None


def _comment(value: dict[str, Any], where: Where) -> Iterator[Part]:
    user = value.get("user", value.get("author"))
    standing = first(value.get("author_association"), value.get("authorAssociation"))
    at, zone = moment(value.get("created_at", value.get("createdAt")))
    hidden = value.get("isMinimized") is True
    yield Post(
        where,
        words(value.get("body")),
        id=key(value.get("id")),
        ticket=_address(value.get("issue_url")) or _address(value.get("issue")),
        author=_login(user),
        role=_bot(user) or ("agent" if standing in _STAFF else None),
        at=at,
        zone=zone,
        automatic="a comment that was hidden" if hidden else None,
    )


SYSTEM = System("github", "GitHub", recognise, read)
