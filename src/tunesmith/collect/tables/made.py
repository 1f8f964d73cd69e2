"""Rows of a table as documents and pairs, by templates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from tunesmith.collect.base import Chunk, ChunkBuilder
from tunesmith.collect.mapping import labels
from tunesmith.collect.tables.rules import Made, TableRules
from tunesmith.collect.tables.status import (
    DIGEST,
    FATE,
    FILE,
    KEY,
    LINE,
    NOTES,
    POSITION,
    leave_out,
)
from tunesmith.collect.tables.template import FormatError, MissingValueError, Template, shown
from tunesmith.collect.times import parse_time_and_zone, written_offset

_TEXTS = ("category", "customer", "thread", "author")


class Maker:
    """Makes documents and pairs of rows.

    Args:
        rules: The recipe's.
        schema: The columns that rows have, with their types.
    """

    def __init__(self, rules: TableRules, schema: pl.Schema) -> None:
        self.rules, self.schema = rules, schema
        self.named = rules.columns.named()
        self.zone = ZoneInfo(rules.timezone)
        self.made = [(one, _templates(one)) for one in rules.made]

    @cached_property
    def _others(self) -> list[str]:
        """Columns that are kept beside the texts that name them not."""
        used = {name for _, made in self.made for one in made.values() for name in one.columns}
        used |= set(self.named.values()) | set(self.rules.drop_columns)
        return [name for name in self.schema if name not in used]

    def problems(self) -> list[tuple[str, str]]:
        """Columns that are not there, and formats that do not go with their columns' types."""
        found = []
        for one, templates in self.made:
            for field, template in templates.items():
                where = field if one in self._plain else f"pairs.{self._place(one)}.{field}"
                absent = [name for name in template.columns if name not in self.schema]
                found += [(where, name) for name in absent]
                found += [
                    (where, f"'{{{name}:{form}}}' does not go with a column of type {kind}")
                    for name, form in template.formats
                    if (kind := self.schema.get(name)) is not None and not _goes(kind, form)
                ]
        return found

    @property
    def _plain(self) -> list[Made]:
        return [one for one, _ in self.made[: len(self.made) - len(self.rules.pairs)]]

    def _place(self, made: Made) -> int:
        return [one for one, _ in self.made].index(made) - len(self._plain)

    def make(self, frame: pl.DataFrame, builder: ChunkBuilder, files: list[str]) -> Iterator[Chunk]:
        """Give the builder what rows become, and what is left out; take chunks as they fill.

        Args:
            frame: Rows that went through all rules.
            builder: Gathers them.
            files: The names of the files.
        """
        leave_out(frame.filter(pl.col(FATE).is_not_null()), builder, files)
        for row in frame.filter(pl.col(FATE).is_null()).iter_rows(named=True):
            self._make(row, builder, files)
            if builder.full:
                yield builder.take()

    def _make(self, row: dict[str, Any], builder: ChunkBuilder, files: list[str]) -> None:
        about, notes = self._about(row)
        about["file"] = files[row[FILE]]
        key = row[KEY] or about["source_id"] or row[DIGEST]
        for number, (one, templates) in enumerate(self.made):
            position = row[POSITION]
            if number:
                place = position or f"line {row[LINE]}"
                position = f"{place}, text {number + 1}"
            try:
                texts = {name: self._text(template, row) for name, template in templates.items()}
            except (MissingValueError, FormatError) as problem:
                quarantined = isinstance(problem, FormatError)
                quarantined |= self.rules.missing_in_template == "quarantine"
                leave = builder.quarantine if quarantined else builder.drop
                why = f"the template cannot be filled: {problem}"
                leave(why, line=row[LINE], position=position, file=about["file"])
                continue
            values = about | texts | {"kind": "document" if one.text else "qa"}
            values["position"] = position
            values["category"] = one.category or about["category"]
            builder.add(f"{key} text {number + 1}" if number else key, values, list(notes))

    def _text(self, template: Template, row: dict[str, Any]) -> str:
        return template.fill(row, empty=self.rules.missing_in_template == "empty")

    def _about(self, row: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """What all that is made of a row says of where it comes from."""
        notes = list(row[NOTES])
        values: dict[str, Any] = {
            name: _plain_text(row[self.named[name]]) if name in self.named else None
            for name in (*_TEXTS, "id")
        }
        values["source_id"] = values.pop("id")
        values["category"] = values["category"] or self.rules.category
        values["line"], values["content_hash"] = row[LINE], row[DIGEST]
        values["labels"] = (
            labels(_plain_text(row[self.named["labels"]])) if ("labels" in self.named) else []
        )
        values["timestamp"] = values["zone"] = None
        if "timestamp" in self.named and (given := row[self.named["timestamp"]]) is not None:
            known = self._moment(given)
            if known is None:
                notes.append("timestamp unreadable")
            else:
                values["timestamp"], values["zone"] = known
        values["extra"] = [
            (name, shown(row[name], None)) for name in self._others if row[name] is not None
        ]
        return values, notes

    def _moment(self, given: Any) -> tuple[datetime, str] | None:
        """A time in UTC, and the offset that it was written with."""
        if isinstance(given, datetime):
            return given.astimezone(UTC), written_offset(given)
        return parse_time_and_zone(_plain_text(given) or "", self.zone)


def _templates(made: Made) -> dict[str, Template]:
    given = {"text": made.text, "question": made.question, "answer": made.answer}
    return {name: Template(text) for name, text in given.items() if text is not None}


def _plain_text(value: Any) -> str | None:
    return None if value is None else shown(value, None)


#: A value of each type, to try formats on.
_SAMPLES: tuple[tuple[Any, Any], ...] = (
    (pl.Boolean, True), (pl.Date, datetime(2026, 1, 31, tzinfo=UTC).date()), (pl.String, "x"),
)  # fmt: skip


def _goes(kind: pl.DataType, form: str) -> bool:
    sample: Any = 1 if kind.is_integer() else 1.5
    if isinstance(kind, pl.Datetime):
        sample = datetime(2026, 1, 31, tzinfo=UTC)
    sample = next((value for one, value in _SAMPLES if kind == one), sample)
    try:
        shown(sample, form)
    except (ValueError, TypeError):
        return False
    return True
