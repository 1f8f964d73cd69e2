"""Tickets: question and answer pairs from CSV, JSONL and Parquet files, by a column mapping."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson
from pydantic import Field, field_validator

from tunesmith.collect import rows as raw_rows
from tunesmith.collect.base import Chunk, ChunkBuilder, Place, Source
from tunesmith.collect.encoding import Encoding, detect
from tunesmith.collect.times import parse_time
from tunesmith.config import Config
from tunesmith.errors import SourceError
from tunesmith.record import content_hash


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

    def mapped(self) -> dict[str, list[str]]:
        """Columns of the file by the field they fill."""
        given = {name: value for name, value in self if value is not None}
        return {name: [value] if isinstance(value, str) else value for name, value in given.items()}


class TicketSource(Source):
    """Tickets in files with one row each."""

    kind: Literal["tickets"] = "tickets"
    """The tag that names this kind of source."""
    columns: Columns
    """Which column means what."""
    format: raw_rows.Format | None = None
    """`csv`, `jsonl` or `parquet`; found from the file's name when it is not given."""
    encoding: str | None = None
    """Such as `utf-8` or `cp1252`; detected when it is not given."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """Of a CSV file; detected when it is not given."""
    timezone: str = "UTC"
    """The zone of times that name none, such as `Europe/Berlin`."""
    timestamp_format: str | None = None
    """A `strptime` format such as `%m/%d/%Y %H:%M`, needed where times are ambiguous."""
    max_line_mib: float = Field(default=8.0, gt=0)
    """A longer line is quarantined."""
    drop_columns: list[str] = []
    """Columns that are not kept."""
    personal_columns: list[str] = []
    """Other columns that name a person (requester_name, …): kept as pseudonyms."""

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"'{name}' is not a time zone; write one such as Europe/Berlin"
            ) from None
        return name

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                "".encode(name)
            except LookupError:
                raise ValueError(f"'{name}' is not an encoding; write one such as utf-8") from None
        return name

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one file; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        if place.path.stat().st_size == 0:
            builder.quarantine("the file is empty", line=None)
            yield builder.take()
            return
        form = self._format_of(place.path)
        encoding = self._encoding_of(place.path, form)
        missing = self._missing(place.path, form, encoding)
        if missing and form != "jsonl":
            raise SourceError(
                "; ".join(words for _, words in missing), where=f"{self.name}: {place.name}"
            )
        reader = _RowReader(self)
        for row in self._rows(place.path, form, encoding):
            if isinstance(row, raw_rows.BadRow):
                builder.quarantine(row.reason, line=row.line, raw=row.raw)
            else:
                builder.add(*reader.record(row))
            if builder.full:
                yield builder.take()
        yield builder.take()

    def problems(self, base: Path) -> list[tuple[str, str]]:
        """Missing files, unknown formats, columns that are not there, no row: all at once."""
        found: list[tuple[str, str]] = []
        rows = False
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        for file in files:
            if file.stat().st_size == 0:
                if len(files) == 1:
                    found.append(("path", f"{file.name} is empty"))
                continue
            try:
                form = self._format_of(file)
                encoding = self._encoding_of(file, form)
                found += [
                    (field, f"{words} in {file.name}")
                    for field, words in self._missing(file, form, encoding)
                ]
                rows = rows or any(True for _ in self._rows(file, form, encoding))
            except SourceError as error:
                found.append(("path", f"{file.name}: {error.what}"))
        if not found and not rows:
            found.append(("path", f"{_names(files)} no row, at most a line of column names"))
        return found

    def _format_of(self, path: Path) -> raw_rows.Format:
        form = self.format or raw_rows.format_of(path)
        if form is None:
            raise SourceError(
                f"the name '{path.name}' does not tell the format",
                where=f"source '{self.name}'",
                todo="set the source's format to csv, jsonl or parquet",
            )
        return form

    def _encoding_of(self, path: Path, form: raw_rows.Format) -> Encoding:
        if self.encoding is not None:
            return Encoding(self.encoding.lower(), declared=True)
        return Encoding("utf-8", declared=True) if form == "parquet" else detect(path)

    def _rows(
        self, path: Path, form: raw_rows.Format, encoding: Encoding
    ) -> Iterator[raw_rows.Row | raw_rows.BadRow]:
        limit = int(self.max_line_mib * (1 << 20))
        if form == "csv":
            return raw_rows.read_csv(path, encoding, delimiter=self.delimiter, max_bytes=limit)
        if form == "jsonl":
            return raw_rows.read_jsonl(path, encoding, max_bytes=limit)
        return raw_rows.read_parquet(path)

    def _missing(
        self, path: Path, form: raw_rows.Format, encoding: Encoding
    ) -> list[tuple[str, str]]:
        there = raw_rows.column_names(path, form, encoding, self.delimiter)
        wanted = [
            (f"columns.{field}", name)
            for field, names in self.columns.mapped().items()
            for name in names
        ]
        wanted += [("drop_columns", name) for name in self.drop_columns]
        wanted += [("personal_columns", name) for name in self.personal_columns]
        found = []
        for field, name in wanted:
            if name not in there:
                near = difflib.get_close_matches(name, there, n=1, cutoff=0.5)
                hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(there)}"
                found.append((field, f"there is no column '{name}' ({hint})"))
        return found


def _names(files: list[Path]) -> str:
    return f"{files[0].name} has" if len(files) == 1 else f"{len(files)} files have"


class _RowReader:
    """Turns raw rows into records, by the mapping of one source."""

    def __init__(self, source: TicketSource) -> None:
        self.source = source
        self.mapped = source.columns.mapped()
        self.zone = ZoneInfo(source.timezone)
        self.personal = set(source.personal_columns)

    @cached_property
    def _plain(self) -> list[str]:
        return [
            name for name in ("category", "customer", "thread", "author") if name in self.mapped
        ]

    @cached_property
    def _used(self) -> set[str]:
        used = {name for names in self.mapped.values() for name in names}
        return used | set(self.source.drop_columns)

    def record(self, row: raw_rows.Row) -> tuple[str, dict[str, Any], list[str]]:
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
        for name in self._plain:
            values[name] = self._text(row, name)
        if "labels" in self.mapped:
            values["labels"] = _labels(row.values.get(self.mapped["labels"][0]))
        if "timestamp" in self.mapped:
            values["timestamp"] = self._time(row, notes)
        values["extra"] = [
            (name, as_text(value))  # key, value
            for name, value in row.values.items()
            if name not in self._used and value is not None
        ]
        return source_id or digest, values, notes

    def _text(self, row: raw_rows.Row, field: str) -> str | None:
        names = self.mapped.get(field, ())
        if len(names) == 1:
            value = row.values.get(names[0])
            return value or None if value is None or isinstance(value, str) else as_text(value)
        parts: list[str] = []
        for name in names:
            value = row.values.get(name)
            text = None if value is None else as_text(value)
            if text and not (parts and text.startswith(parts[-1])):
                parts.append(text)
            elif text:
                parts[-1] = text  # a description that begins with the subject says it already
        return "\n".join(parts) if parts else None

    def _time(self, row: raw_rows.Row, notes: list[str]) -> datetime | None:
        value = row.values.get(self.mapped["timestamp"][0])
        if value is None or value == "":
            return None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day, tzinfo=self.zone)
        if isinstance(value, datetime):
            value = value.isoformat()
        moment = parse_time(str(value), self.zone, self.source.timestamp_format)
        if moment is None:
            notes.append("timestamp unreadable")
        return moment


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


def _labels(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return [as_text(item) for item in value]
    text = as_text(value)
    for mark in ",;|":
        text = text.replace(mark, "\x1f")
    return [word.strip() for word in text.split("\x1f") if word.strip()]
