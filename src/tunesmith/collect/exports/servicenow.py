"""ServiceNow: incidents, cases and requests of the Table API, with their journal.

Shapes (https://docs.servicenow.com/, Table API), each as `{"result": […]}`, with or without
`sysparm_display_value`:

- records of `incident`, `sn_customerservice_case` and other tasks: `number`, `short_description`;
- `sys_journal_field` with `element` `comments` or `work_notes`, which are notes;
- `sys_user`, which tells who `sys_created_by` is.
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
    count,
    each,
    first,
    get,
    keep,
    key,
    moment,
    numbered,
    one,
    subject_of,
    word,
    words,
)

_CLOSED = {"6", "7", "Resolved", "Closed", "Closed Complete"}


def _is_task(value: Any) -> bool:
    return isinstance(value, dict) and {"number", "short_description"} <= value.keys()


def _is_journal(value: Any) -> bool:
    return isinstance(value, dict) and {"element", "element_id", "value"} <= value.keys()


def _is_user(value: Any) -> bool:
    return isinstance(value, dict) and {"user_name", "sys_id"} <= value.keys()


def recognise(document: Any) -> bool:
    """Whether it is an answer of the Table API with tasks, journal or users."""
    result = get(document, "result")
    items = result if isinstance(result, list) else [result]
    return "error_code" not in document if isinstance(document, dict) and any(
        _is_task(item) or _is_journal(item) or _is_user(item) for item in items[:5]
    ) else False  # fmt: skip


def read(document: Any, where: Where) -> Iterator[Part]:
    """The parts of a document."""
    result = get(document, "result")
    if isinstance(result, dict):
        yield from one(where.at("result"), result, _item)
    else:
        yield from each(where, "result", result, _item)


def _item(value: dict[str, Any], where: Where) -> Iterator[Part]:
    if _is_journal(value):
        yield from _journal(value, where)
    elif _is_user(value) and not _is_task(value):
        name = key(_shown(value.get("user_name")))
        if name is not None:
            yield Person(name, first(_shown(value.get("name")), name))
    else:
        yield from _task(value, where)


def _shown(value: Any) -> Any:
    """What a field shows: with `sysparm_display_value=all` it is an object of both."""
    return value.get("display_value") if isinstance(value, dict) else value


def _stored(value: Any) -> Any:
    return value.get("value") if isinstance(value, dict) else value


def _task(value: dict[str, Any], where: Where) -> Iterator[Part]:
    number = numbered(_shown(value.get("number")), "a task")
    reporter = first(_shown(value.get("caller_id.user_name")), _shown(value.get("sys_created_by")))
    state = key(_shown(value.get("state")))
    at, zone = moment(_stored(value.get("sys_created_on")))
    ticket = Ticket(
        where,
        number,
        {name for name in (number, key(_stored(value.get("sys_id")))) if name},
        subject=subject_of(_shown(value.get("short_description"))),
        reporter=reporter,
        customer=first(_shown(value.get("caller_id")), _shown(value.get("contact"))),
        category=first(_shown(value.get("assignment_group")), _shown(value.get("category"))),
        status=state,
        solved=None if state is None else state in _CLOSED,
        reopened=count(_stored(value.get("reopen_count"))),
        extra=keep(
            priority=_shown(value.get("priority")), close_code=_shown(value.get("close_code"))
        ),
    )
    ticket.body = Post(
        where.at("description"), words(_shown(value.get("description"))), author=reporter, at=at,
        zone=zone,
    )  # fmt: skip
    notes = words(_shown(value.get("close_notes")))
    if notes.strip():
        at, zone = moment(_stored(value.get("resolved_at", value.get("closed_at"))))
        by = first(_shown(value.get("resolved_by")), _shown(value.get("closed_by")))
        close = Post(where.at("close_notes"), notes, id="close_notes", name=by, role="agent")
        close.at, close.zone = at, zone
        ticket.posts.append(close)
    yield ticket


def _journal(value: dict[str, Any], where: Where) -> Iterator[Part]:
    element = word(_stored(value.get("element")))
    at, zone = moment(_stored(value.get("sys_created_on")))
    yield Post(
        where,
        words(_shown(value.get("value"))),
        id=key(_stored(value.get("sys_id"))),
        ticket=key(_stored(value.get("element_id"))),
        author=key(_shown(value.get("sys_created_by"))),
        at=at,
        zone=zone,
        internal=element == "work_notes",
        automatic=None if element in {"comments", "work_notes"} else "an entry of another field",
    )


SYSTEM = System("servicenow", "ServiceNow", recognise, read)
