"""What the columns of a file mean: which one fills what of the record, and values as text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from tunesmith.collect.rows import Row
from tunesmith.collect.times import parse_time_and_zone
from tunesmith.config import Config
from tunesmith.record import content_hash

#: Fields beside question and answer that are texts.
_TEXTS = ("category", "customer", "thread", "author", "role", "license")


class Columns(Config):
    """Which column of the file means what. Every other column is kept in the row's metadata."""

    question: str | list[str]
    """What the customer asked; several columns (subject and description) are joined by a line."""
    answer: str | list[str]
    """What was answered."""
    category: str | None = None
    """The queue, topic or intent: splits are stratified by it."""
    timestamp: str | None = None
    """When it was asked."""
    customer: str | None = None
    """Who asked: becomes a pseudonym, and never crosses from training to test."""
    thread: str | None = None
    """The conversation it belongs to: becomes a pseudonym, and never crosses either."""
    author: str | None = None
    """Who answered: becomes a pseudonym."""
    id: str | None = None
    """The ticket's own number."""
    labels: str | None = None
    """Tags: a list, or words separated by commas, semicolons or bars."""
    role: str | None = None
    """Who answered: `agent`, `customer`, `bot` or `system`."""
    license: str | None = None
    """The licence of the row, where rows differ."""
    status: str | None = None
    """How far the ticket is: see the source's `solved`."""
    rating: str | None = None
    """How satisfied the customer was: a number of the source's `rating_scale`, `good` or `bad`."""
    reopened: str | None = None
    """How often the ticket was opened again, or whether."""
    internal: str | None = None
    """Whether the customer never saw the answer."""

    def mapped(self) -> dict[str, list[str]]:
        """Columns of the file by the field they fill."""
        given = {name: value for name, value in self if value is not None}
        return {name: [value] if isinstance(value, str) else value for name, value in given.items()}


class RowReader:
    """Turns raw rows into records, by the mapping of one source.

    Args:
        columns: Which column means what.
        dropped: Columns that are not kept.
        zone: The zone of times that name none.
        time_format: As of `parse_time`.
    """

    def __init__(
        self, columns: Columns, *, dropped: list[str], zone: str, time_format: str | None
    ) -> None:
        self.mapped = columns.mapped()
        self.texts = [name for name in _TEXTS if name in self.mapped]
        self.used = {name for names in self.mapped.values() for name in names} | set(dropped)
        self.zone, self.time_format = ZoneInfo(zone), time_format

    def record(self, row: Row) -> tuple[str, dict[str, Any], list[str]]:
        """The row's key, its columns of the record, and notes."""
        notes = list(row.notes)
        digest = content_hash(row.raw)
        source_id = self._text(row, "id")
        values: dict[str, Any] = {
            "kind": "qa",
            "line": row.line,
            "content_hash": digest,
            "source_id": source_id,
            "question": self._text(row, "question"),
            "answer": self._text(row, "answer"),
        }
        for name in self.texts:
            values[name] = self._text(row, name)
        if "labels" in self.mapped:
            values["labels"] = labels(row.values.get(self.mapped["labels"][0]))
        if "timestamp" in self.mapped:
            value = row.values.get(self.mapped["timestamp"][0])
            values["timestamp"], values["zone"], unreadable = self.moment(value)
            notes += unreadable
        values["extra"] = self.others(row.values)
        return source_id or digest, values, notes

    def _text(self, row: Row, field: str) -> str | None:
        names = self.mapped.get(field, ())
        if len(names) == 1:
            return field_text(row.values.get(names[0]))
        return joined(row.values.get(name) for name in names)

    def others(self, values: dict[str, Any]) -> list[tuple[str, str]]:
        """Keys and values of every other column."""
        return [
            (name, as_text(value))
            for name, value in values.items()
            if name not in self.used and value is not None
        ]

    def moment(self, value: Any) -> tuple[datetime | None, str | None, list[str]]:
        """A time, its offset, and a note where there is a time that cannot be read."""
        if value is None or value == "":
            return None, None, []
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day, tzinfo=self.zone)
        if isinstance(value, datetime):
            value = value.isoformat()
        known = parse_time_and_zone(str(value), self.zone, self.time_format)
        return (None, None, ["timestamp unreadable"]) if known is None else (*known, [])


def field_text(value: Any) -> str | None:
    """A field that one column fills; an empty text is null."""
    return value or None if value is None or isinstance(value, str) else as_text(value)


def joined(values: Iterable[Any]) -> str | None:
    """A field that several columns fill, one a line."""
    parts: list[str] = []
    for value in values:
        text = None if value is None else as_text(value)
        if text and not (parts and text.startswith(parts[-1])):
            parts.append(text)
        elif text:
            parts[-1] = text  # a description that begins with the subject says it already
    return "\n".join(parts) if parts else None


def as_text(value: Any) -> str:
    """A value of a raw row as text: lists by commas, nested things as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(map(str, value))
    if isinstance(value, list | dict):
        return orjson.dumps(value, default=str).decode()
    return str(value)


def labels(value: Any) -> list[str]:
    """Tags: the items of a list, or the words between commas, semicolons and bars."""
    if value is None:
        return []
    if isinstance(value, list):
        return [as_text(item) for item in value]
    text = as_text(value)
    for mark in ",;|":
        text = text.replace(mark, "\x1f")
    return [word.strip() for word in text.split("\x1f") if word.strip()]
