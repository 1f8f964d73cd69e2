"""Guessing what the columns of a file mean, from their names and from what is in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from tunesmith.clean.pii.detect import find
from tunesmith.collect.mapping import as_text
from tunesmith.collect.times import parse_time

#: Words of a column's name, best first, for each field of the record.
NAMES: dict[str, tuple[str, ...]] = {
    "answer": (
        "answer", "resolution", "response", "reply", "agent_response", "output", "completion",
        "solution", "body_reply", "reply_text", "answer_text", "comment_public",
    ),
    "question": (
        "question", "description", "instruction", "query", "customer_text", "body", "message",
        "text", "prompt", "input", "request", "content", "issue", "problem", "utterance",
    ),
    "subject": ("subject", "title", "summary", "headline"),
    "category": (
        "category", "queue", "topic", "intent", "department", "group", "class", "product_area",
    ),
    "timestamp": (
        "created_at", "created", "opened_at", "opened", "timestamp", "date", "time", "submitted_at",
        "received_at", "created_time",
    ),
    "customer": (
        "customer_id", "customer", "requester_id", "requester", "client_id", "client", "user_id",
        "account", "account_id", "contact_id", "user",
    ),
    "thread": ("thread_id", "thread", "conversation_id", "conversation", "session_id", "chat_id"),
    "author": ("agent", "agent_id", "assignee", "owner", "author", "handled_by", "responder"),
    "id": (
        "ticket_id", "id", "case_id", "ticket", "number", "no", "key", "case", "issue_id",
        "case_number",
    ),
    "labels": ("tags", "labels", "tag", "label"),
}  # fmt: skip

#: The order in which fields choose their columns.
_BY_NAME = (
    "answer", "question", "category", "timestamp", "customer", "thread", "author", "id", "labels",
)  # fmt: skip

#: Columns whose name says that they hold a person's particulars.
_PERSONAL = re.compile(
    r"(?:^|[_. ])(?:e-?mail|phone|mobile|contact|address|first_?name|last_?name|full_?name|"
    r"surname|requester_name|customer_name|agent_name|name|ssn|iban|birth\w*)(?:$|[_. ])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Guess:
    """What the columns of a file seem to mean."""

    columns: dict[str, str | list[str]]
    """The field of the record → the column, or columns, of the file."""
    personal: list[str] = field(default_factory=list)
    """Columns that name a person."""
    notes: dict[str, str] = field(default_factory=dict)
    """Why, in a few words, by field."""


def guess_columns(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> Guess:
    """Guess the mapping of a ticket file.

    Args:
        names: The file's columns.
        rows: Some of its rows, as raw values by column name.
    """
    texts = {
        name: [as_text(row[name]) for row in rows if row.get(name) is not None] for name in names
    }
    columns: dict[str, str | list[str]] = {}
    notes: dict[str, str] = {}
    taken: set[str] = set()

    def take(field: str, name: str | None, why: str) -> None:
        if name is not None:
            columns[field] = name
            notes[field] = why
            taken.add(name)

    for field_name in _BY_NAME:
        free = [name for name in names if name not in taken]
        for name in _by_name(free, NAMES[field_name]):
            if _fits(field_name, texts[name]):
                take(field_name, name, "by its name")
                break
    _from_content(names, texts, columns, taken, take)
    subject = next(iter(_by_name([n for n in names if n not in taken], NAMES["subject"])), None)
    if subject is not None and "question" in columns:
        columns["question"] = [subject, str(columns["question"])]
        taken.add(subject)
    elif subject is not None:
        take("question", subject, "by its name")
    personal = [name for name in names if name not in taken and _is_personal(name, texts[name])]
    return Guess(columns, personal, notes)


def _by_name(names: Sequence[str], known: tuple[str, ...]) -> list[str]:
    """The names that are, or end in, a known word: exact ones first, in the order of `known`.

    Of a dotted name, such as `conversation.thread`, the last part counts as the name too.
    """
    folded = {name: _folded(name) for name in names}
    last = {name: _folded(name.rpartition(".")[2]) for name in names}
    exact = [name for word in known for name in names if word in {folded[name], last[name]}]
    ending = [
        name for word in known for name in names
        if folded[name].endswith(f"_{word}") or folded[name].startswith(f"{word}_")
    ]  # fmt: skip
    return list(dict.fromkeys(exact + ending))


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _fits(field_name: str, values: list[str]) -> bool:
    if not values:
        return True
    if field_name == "timestamp":
        return _share_of_times(values) >= 0.8
    if field_name in {"question", "answer"}:
        return _mean_length(values) >= 12 or " " in "".join(values[:20])
    if field_name == "category":
        return len(set(values)) <= max(2, len(values) // 2) or len(values) < 10
    return _mean_length(values) <= 80


def _from_content(
    names: Sequence[str], texts: dict[str, list[str]], columns: dict[str, str | list[str]],
    taken: set[str], take: Any,
) -> None:  # fmt: skip
    """Where names tell nothing: the two longest texts are the question and the longer answer."""
    free = [
        name
        for name in names
        if name not in taken
        and _mean_length(texts[name]) >= 15
        and _share_of_times(texts[name]) < 0.5
    ]
    longest = sorted(free, key=lambda name: -_mean_length(texts[name]))
    if "answer" not in columns and longest:
        take("answer", longest.pop(0), "it holds the longest texts")
    if "question" not in columns and longest:
        take("question", longest.pop(0), "it holds long texts")
    if "timestamp" not in columns:
        times = [
            name for name in names if name not in taken and _share_of_times(texts[name]) >= 0.9
        ]
        if times:
            take("timestamp", times[0], "its values are times")


def _mean_length(values: list[str]) -> float:
    return sum(map(len, values)) / len(values) if values else 0.0


def _share_of_times(values: list[str]) -> float:
    zone = ZoneInfo("UTC")
    return (
        sum(parse_time(value, zone) is not None for value in values) / len(values) if values else 0
    )


def _is_personal(name: str, values: list[str]) -> bool:
    if _PERSONAL.search(name):
        return True
    hits = sum(1 for value in values if _is_one_finding(value))
    return bool(values) and hits >= 0.3 * len(values)


def _is_one_finding(value: str) -> bool:
    spans = find(value)
    return len(spans) == 1 and spans[0].end - spans[0].start >= 0.8 * len(value.strip())
