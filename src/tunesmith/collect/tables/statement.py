"""The statement that a database is asked: read only, in the order of the key."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from tunesmith.config import Config

_SELECTS = re.compile(r"(?is)^\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(select|with|values|table)\b")


def reads_only(query: str) -> bool:
    """Whether a query looks like one that only reads. The transaction is read only too."""
    return _SELECTS.match(query) is not None and ";" not in query.rstrip().rstrip(";")


class Asked(Config):
    """What is asked of a database."""

    query: str | None = None
    """A query."""
    table: str | None = None
    """Or a table, with its schema before a point."""
    order_by: list[str] = []
    """The columns that rows are ordered by."""
    since: str | None = None
    """The column that says when a row was written last."""

    def statement(self, url: Any, after: Any = None, *, empty: bool = False) -> Any:
        """The statement as SQLAlchemy has it.

        Args:
            url: The database's.
            after: Rows from this value of `since` on; all where it is null.
            empty: Whether no row is wanted, the columns alone.
        """
        from sqlalchemy import and_, bindparam, false, literal_column, select, text

        quote = url.get_dialect()().identifier_preparer.quote
        if self.table is not None:
            rows = text(_escaped(".".join(quote(part) for part in self.table.split("."))))
        else:
            # A line of its own: the query may end with a comment.
            rows = text(_escaped(f"({(self.query or '').strip().rstrip(';')}\n) tunesmith_rows"))
        asked: Any = select(literal_column("*")).select_from(rows)
        if empty:
            return asked.where(and_(false()))
        if self.since is not None and after is not None:
            column: Any = literal_column(quote(self.since))
            asked = asked.where(column >= bindparam("after", after))
        if self.order_by:
            asked = asked.order_by(*(text(_escaped(quote(name))) for name in self.order_by))
        return asked


def _escaped(sql: str) -> str:
    # A colon is a parameter to SQLAlchemy: 'at 10:30', or x::text.
    return sql.replace(":", "\\:")


def since_as_json(value: Any) -> Any:
    """The greatest value of `since`, to keep: a number, or a text with its kind before it."""
    if isinstance(value, datetime):
        return f"time {value.isoformat()}"
    if isinstance(value, date):
        return f"date {value.isoformat()}"
    return value if isinstance(value, int | float) else f"text {value}"


def since_from_json(kept: Any) -> Any:
    """What `since_as_json` was given."""
    if not isinstance(kept, str):
        return kept
    kind, _, value = kept.partition(" ")
    if kind == "time":
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if kind == "date" else value
