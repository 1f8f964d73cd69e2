"""Tables in databases: what a query gives, through SQLAlchemy or ADBC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

import polars as pl
from pydantic import Field, field_validator, model_validator

from tunesmith.collect.base import Chunk, ChunkBuilder, Piece, Place, Source, Stretch
from tunesmith.collect.tables.address import absent_names, address, written_password
from tunesmith.collect.tables.blocks import Blocks
from tunesmith.collect.tables.contexts import Context, contexts, raw_rows
from tunesmith.collect.tables.drivers import Batch, Driver, Reader
from tunesmith.collect.tables.problems import missing_columns, rule_problems
from tunesmith.collect.tables.process import Table
from tunesmith.collect.tables.rules import TableRules
from tunesmith.collect.tables.statement import (
    Asked,
    reads_only,
    since_as_json,
    since_from_json,
)
from tunesmith.errors import MissingExtraError, SourceError
from tunesmith.io import fingerprint, read_json, write_json
from tunesmith.store.seen import Seen


class DatabaseSource(TableRules, Source):
    """What a query to a database gives: its rows become documents and pairs by templates."""

    kind: Literal["database"] = "database"
    """The tag that names this kind of source."""
    url: str
    """Where it is, as SQLAlchemy writes it: `sqlite:///support.db`,
    `postgresql://reader:${DB_PASSWORD}@db.example.com/support`. `${NAME}` is taken from the
    environment; a password may stand nowhere else."""
    query: str | None = None
    """A query that selects; or `table`."""
    table: str | None = Field(default=None, min_length=1)
    """The table to read, with its schema before a point where it needs one."""
    key: str | list[str] = []
    """The columns that name a row. A row keeps its identity by them when others change, and rows
    come in their order; without a key a row is told by all of its values."""
    order_by: list[str] = []
    """The columns that rows are ordered by, where it is not the key."""
    since: str | None = None
    """A column that grows whenever a row is written, such as `updated_at`: only rows from its last
    greatest value on are read again. Rows that were deleted are seen by `full` reads only."""
    full: bool = False
    """Whether all rows are read although `since` is given."""
    driver: Driver = "auto"
    """`sqlalchemy`, `adbc` (PostgreSQL and SQLite), or `auto`: ADBC for PostgreSQL, SQLAlchemy for
    the others."""
    timeout_s: float = Field(default=300.0, gt=0)
    """How long the server may work on the query, and a lock is waited for (at most 30 s)."""
    rows_at_once: int = Field(default=4_096, ge=1, le=100_000)
    """How many rows are held at once."""

    @field_validator("url")
    @classmethod
    def _no_password(cls, url: str) -> str:
        if written_password(url):
            raise ValueError(
                "a password stands in the URL; write it as ${NAME} and set NAME in the environment"
            )
        return url

    @model_validator(mode="after")
    def _one_is_asked(self) -> Self:
        if (self.query is None) == (self.table is None):
            raise ValueError("say what to read: either query or table")
        if self.query is not None and not reads_only(self.query):
            raise ValueError("query must be one statement that selects")
        if self.since is not None and not self.key:
            raise ValueError("since needs key: a row that comes again takes the old one's place")
        return self

    def settings(self) -> dict[str, Any]:
        """All settings that rows depend on; where the database is, and how it is read, are none."""
        left_out = {"url", "driver", "timeout_s", "rows_at_once", "full", "since"}
        return self.model_dump(mode="json", exclude=left_out)

    @property
    def _key(self) -> list[str]:
        return [self.key] if isinstance(self.key, str) else self.key

    @property
    def _asked(self) -> Asked:
        return Asked(
            query=self.query,
            table=self.table,
            order_by=self.order_by or self._key,
            since=self.since,
        )

    def _reader(self, base: Path) -> Reader:
        url = address(self.url, base)
        return Reader(url, driver=self.driver, timeout_s=self.timeout_s, rows=self.rows_at_once)

    def gather(self, base: Path, folder: Path) -> None:
        """Read what the query gives into blocks in the folder; see `Source.gather`."""
        try:
            self._gather(base, Blocks(folder))
        except SourceError as error:
            where = f"source '{self.name}'" + (f", {error.where}" if error.where else "")
            raise SourceError(error.what, where=where, todo=error.todo) from None

    def _gather(self, base: Path, blocks: Blocks) -> None:
        about = blocks.about
        asked = fingerprint([self._asked.model_dump(), self._key, self.url])
        known = about.get("asked") == asked and about.get("latest") is not None
        after = since_from_json(about["latest"]) if known and not self.full else None
        latest = _Latest(after)
        frames = latest.of(self._reader(base).batches(self._asked, after))
        if after is not None:
            frames = self._changed(blocks, list(frames))
        names = blocks.replace(frames, self._key, {"asked": asked, "latest": None})
        if latest.value is not None:
            kept = {"asked": asked, "latest": since_as_json(latest.value), "blocks": names}
            write_json(blocks.folder / "blocks.json", kept)
        if not names:
            return
        columns = list(pl.read_parquet_schema(blocks.path(names[0])))
        if absent := missing_columns(self, list(columns)):
            raise SourceError("; ".join(words for _, words in absent))
        table = self._table(list(columns))
        for name, context in zip(names, contexts(table, blocks, self._key), strict=True):
            write_json(blocks.folder / f"{name}.json", context.as_json())
        for path in blocks.folder.glob("*.json"):
            if path.stem not in {"blocks", *names}:
                path.unlink()

    def _changed(self, blocks: Blocks, new: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The rows of the blocks with those that came again in their places, and new ones last."""
        if not new:
            yield from blocks.frames()
            return
        rows = pl.concat(new)
        if rows.select(self._key).is_duplicated().any():
            raise SourceError(
                "two rows have the same key",
                where="key",
                todo="name the columns that tell rows apart, or read without since",
            )
        numbered = rows.select(self._key).with_row_index("#new")
        placed = pl.Series("#new", [], pl.UInt32)
        for frame in blocks.frames():
            at = frame.select(self._key).join(
                numbered, on=self._key, how="left", nulls_equal=True, maintain_order="left"
            )["#new"]
            if frame.columns != rows.columns:
                raise SourceError(
                    "the table has other columns than at the last run",
                    where="since",
                    todo="read it once with full: true",
                )
            own = pl.int_range(frame.height, eager=True)
            places = pl.select(pl.coalesce(at.cast(pl.Int64) + frame.height, own)).to_series()
            placed = pl.concat([placed, at.drop_nulls()])
            yield pl.concat([frame, rows])[places]
        yield rows.filter(~numbered["#new"].is_in(placed.to_list()))

    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """Each block, with what it depends on besides its own rows; see `Source.pieces`."""
        blocks = Blocks(folder)
        name = f"db:{self.table or 'query'}"
        found = []
        for one in blocks.names():
            context = folder / f"{one}.json"
            stretches = (
                Stretch(blocks.path(one).resolve(), name),
                Stretch(context.resolve(), name),
            )
            found.append(Piece(stretches, fingerprint([one, read_json(context)])))
        return found

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one block; see `Source.read`."""
        frame = pl.read_parquet(place.path)
        table = self._table(frame.columns)
        context = Context.from_json(read_json(place.stretches[1].path), table.schema)
        raw = raw_rows(frame, place.path.stem, self._key, context.again)
        yield from table.part(raw, context.found, ChunkBuilder(self, place), [place.name])

    def _table(self, columns: list[str]) -> Table:
        try:
            return Table(self, columns)
        except ValueError as error:
            raise SourceError(str(error)) from None

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """A database that cannot be reached, columns that are not there, rules that do not fit."""
        if absent := absent_names(self.url):
            return [("url", f"the environment has no {', '.join(absent)}: set it before the run")]
        try:
            columns = self._reader(base).columns(self._asked)
        except MissingExtraError as error:
            return [("url", error.message)]
        except SourceError as error:
            field = error.where if error.where in {"url", "driver", "query"} else "url"
            return [(field, f"{error.what} → {error.todo}" if error.todo else error.what)]
        named = [("key", name) for name in self._key]
        named += [("order_by", name) for name in self.order_by]
        named += [("since", name) for name in [self.since] if name is not None]
        found = [
            (field, f"there is no column '{name}' (there are: {', '.join(columns)})")
            for field, name in named
            if name not in columns
        ]
        return found + rule_problems(self, columns, {})


class _Latest:
    """Remembers the greatest value of `since` of the batches that pass."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def of(self, batches: Iterator[Batch]) -> Iterator[pl.DataFrame]:
        """The rows of the batches."""
        for batch in batches:
            if batch.latest is not None and (self.value is None or batch.latest > self.value):
                self.value = batch.latest
            yield batch.frame
