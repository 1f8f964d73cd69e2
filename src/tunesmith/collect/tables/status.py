"""Where a row of a table comes from, and what becomes of it on its way: columns beside its own."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tunesmith.collect.base import ChunkBuilder

#: Columns that say where a row comes from; no column of a table can have such a name.
FILE, LINE, POSITION, DIGEST, KEY = "#file", "#line", "#position", "#digest", "#key"
ORIGIN = (FILE, LINE, POSITION, DIGEST, KEY)

#: What became of a row so far, why, and what was done to it.
FATE, REASON, NOTES = "#fate", "#reason", "#notes"


@dataclass(frozen=True)
class BadRow:
    """A place in a table that cannot be read, or that a rule leaves out."""

    reason: str
    file: int
    line: int | None = None
    position: str | None = None
    raw: bytes = b""
    dropped: bool = False


def leave_out(frame: pl.DataFrame, builder: ChunkBuilder, files: list[str]) -> None:
    """Tell the builder of rows that are dropped or quarantined."""
    columns = frame.select(FATE, REASON, LINE, POSITION, FILE)
    for fate, reason, line, position, file in columns.iter_rows():
        leave = builder.drop if fate == "dropped" else builder.quarantine
        leave(reason, line=line, position=position, file=files[file])
