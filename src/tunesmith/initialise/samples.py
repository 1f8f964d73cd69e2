"""The columns and some rows of a file that may be a table, whatever its format."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunesmith.collect import rows as raw_rows
from tunesmith.collect.encoding import Encoding, detect
from tunesmith.collect.exports.documents import Limits, lines
from tunesmith.collect.json_rows import is_document, read_json
from tunesmith.collect.sandbox import Unreadable, shared
from tunesmith.collect.spreadsheet import read_sheet
from tunesmith.collect.tables.reading import FileShape, TableFile
from tunesmith.errors import MissingExtraError, SourceError
from tunesmith.initialise.guess import Guess, guess_columns

#: So many rows tell what columns mean.
SAMPLE_ROWS = 500

#: Of a JSONL file or an array of objects, whose rows need not have all columns.
_COLUMN_ROWS = 200

#: Shorter texts are taken for questions and answers only where their columns are called so.
_SENTENCE_LETTERS = 30
_LINE_BYTES, _DOCUMENT_BYTES = 8 << 20, 64 << 20


@dataclass(frozen=True)
class Look:
    """What a table seems to hold."""

    form: raw_rows.Format
    names: tuple[str, ...]
    guess: Guess
    told: bool
    """Whether what would be questions and answers are texts: sentences, where their columns are
    not called so."""

    @property
    def answers_named(self) -> bool:
        """Whether the names of columns say where questions and answers are."""
        named = self.guess.notes.get("answer") == "by its name"
        return named and self.answers and self.guess.notes.get("question") == "by its name"

    @property
    def answers(self) -> bool:
        """Whether there seem to be questions and answers."""
        return self.told and {"question", "answer"} <= self.guess.columns.keys()


def look(path: Path) -> Look | None:
    """What a file holds if it is a table with a row; null where it is none."""
    about = path.stat()
    return _looked(path, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=4_096)
def _looked(path: Path, _written: int, size: int) -> Look | None:
    form = raw_rows.format_of(path)
    if form is None or size == 0:
        return None
    try:
        rows = sample(path)
        names = _names(path, form, rows)
    except (SourceError, Unreadable, MissingExtraError):
        return None
    if not rows or not names:
        return None
    guess = guess_columns(names, rows)
    told = all(_is_told(guess, field, rows) for field in ("question", "answer"))
    return Look(form, tuple(names), guess, told)


def _is_told(guess: Guess, field: str, rows: list[dict[str, Any]]) -> bool:
    column = guess.columns.get(field)
    name = column[-1] if isinstance(column, list) else column
    values = [row[name] for row in rows if name is not None and row.get(name) is not None]
    texts = [value for value in values if isinstance(value, str)]
    if not texts or 2 * len(texts) < len(values):
        return False
    named = guess.notes.get(field) == "by its name"
    return named or sum(map(len, texts)) >= _SENTENCE_LETTERS * len(texts)


def sample(path: Path) -> list[dict[str, Any]]:
    """The first rows of a table; what cannot be read is left out.

    Raises:
        SourceError: The file is no table.
        Unreadable: Likewise.
        MissingExtraError: A package that it needs is not installed.
    """
    found = itertools.islice(_rows(path), SAMPLE_ROWS)
    return [row.values for row in found if isinstance(row, raw_rows.Row)]


def _rows(path: Path) -> Iterator[raw_rows.Row | raw_rows.BadRow]:
    form = raw_rows.format_of(path)
    if form == "parquet":
        return raw_rows.read_parquet(path)
    if form == "spreadsheet":
        return read_sheet(path, None)
    if form == "csv":
        return raw_rows.read_csv(path, detect(path), delimiter=None, max_bytes=_LINE_BYTES)
    if form == "json" and is_document(path):
        return read_json(path, detect(path), max_bytes=_DOCUMENT_BYTES)
    if form == "json" and not lines(path, Limits(_DOCUMENT_BYTES, _LINE_BYTES)):
        return iter(())  # an object, whose lines are no rows
    return raw_rows.read_jsonl(path, detect(path), max_bytes=_LINE_BYTES)


def _names(path: Path, form: raw_rows.Format, rows: list[dict[str, Any]]) -> list[str]:
    if form in {"csv", "parquet"}:
        encoding = detect(path) if form == "csv" else Encoding("utf-8", declared=True)
        return raw_rows.column_names(path, form, encoding, None)
    return list(dict.fromkeys(name for row in rows[:_COLUMN_ROWS] for name in row))


def of_a_table(path: Path) -> list[str]:
    """The columns of a file as a source of tables sees them; none where it cannot read it."""
    try:
        return TableFile(path, 0, FileShape(), shared()).columns()
    except (SourceError, Unreadable, MissingExtraError):
        return []
