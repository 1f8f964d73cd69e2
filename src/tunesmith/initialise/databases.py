"""Sources of an SQLite database: one for each of its tables."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunesmith.errors import SourceError
from tunesmith.initialise.guess import Guess, guess_columns
from tunesmith.initialise.samples import SAMPLE_ROWS
from tunesmith.initialise.tables import fits_templates, has_text, table_lines
from tunesmith.initialise.written import one_or_many, quoted


@dataclass(frozen=True)
class DatabaseTable:
    """A table of a database, and what its columns seem to mean."""

    name: str
    columns: list[str]
    key: list[str]
    guess: Guess
    rows: bool
    """Whether it has any."""


def tables_of(path: Path) -> list[DatabaseTable]:
    """The tables of a database, without those of SQLite itself.

    Raises:
        SourceError: It cannot be read.
    """
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=5.0)) as database:
            database.row_factory = sqlite3.Row
            found = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'"
                " ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
            ).fetchall()
            return [_table(database, row["name"]) for row in found]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise SourceError(
            "this SQLite database cannot be read", where=str(path), todo="copy it again"
        ) from error


def _table(database: sqlite3.Connection, name: str) -> DatabaseTable:
    quoted_name = '"' + name.replace('"', '""') + '"'
    about = database.execute(f"PRAGMA table_info({quoted_name})").fetchall()
    columns = [row["name"] for row in about]
    key = [row["name"] for row in sorted(about, key=lambda row: row["pk"]) if row["pk"]]
    cursor = database.execute(f"SELECT * FROM {quoted_name} LIMIT {SAMPLE_ROWS}")  # noqa: S608
    rows: list[dict[str, Any]] = [dict(row) for row in cursor]
    return DatabaseTable(name, columns, key, guess_columns(columns, rows), bool(rows))


def can_be_told(table: DatabaseTable) -> bool:
    """Whether texts can be made of its rows."""
    return table.rows and has_text(table.columns, table.guess)


def database_lines(table: DatabaseTable, address: str) -> list[str]:
    """The lines of a source of one table, below its name.

    Args:
        table: The table.
        address: The database's file, relative to the recipe's folder or absolute.
    """
    lines = [f"url: {quoted(f'sqlite:///{address}')}", f"table: {quoted(table.name)}"]
    if table.key:
        lines.append(f"key: {one_or_many(table.key)}")
    else:
        lines.append("# key: COLUMN   # names a row: it keeps its identity when others change")
    answer, question = (_asked(table.guess, field) for field in ("answer", "question"))
    named = table.guess.notes.get("answer") == "by its name"
    if named and answer and question and all(map(fits_templates, (*question, *answer))):
        return [*lines, *_pair_lines(table, question, answer)]
    return [*lines, *table_lines(table.columns, table.guess)]


def _pair_lines(table: DatabaseTable, question: list[str], answer: list[str]) -> list[str]:
    made = [
        f"{field}: {quoted(chr(10).join(f'{{{name}}}' for name in names))}   # guessed"
        for field, names in (("question", question), ("answer", answer))
    ]
    rest = table_lines(table.columns, table.guess)
    at = next(i for i, line in enumerate(rest) if line.startswith("text:"))
    end = next(i for i, line in enumerate(rest) if i >= at and line.endswith('"'))
    return [rest[0], *made, *rest[end + 1 :]]


def _asked(guess: Guess, field: str) -> list[str]:
    column = guess.columns.get(field)
    return [column] if isinstance(column, str) else list(column or [])
