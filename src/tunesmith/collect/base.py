"""What a source is, and the rows, notes and quarantine that reading one of its files gives."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from tunesmith import ledger, record
from tunesmith.config import Config
from tunesmith.errors import SourceError
from tunesmith.store.seen import Seen

#: Rows in a part of the cache: the unit that a killed run does again.
CHUNK_ROWS = 16_384

#: The columns of a record, as Arrow has them.
ARROW = record.empty().to_arrow().schema


@dataclass(frozen=True)
class Chunk:
    """Some rows of one file, and the fates of those that could not be read."""

    frame: pl.DataFrame
    fates: pl.DataFrame


@dataclass(frozen=True)
class Place:
    """Where and when a file is read."""

    path: Path
    name: str  # relative to the recipe's folder, as records carry it
    collected_at: datetime


class Source(Config):
    """A named place that rows come from. Its subclasses add `kind` and what they need to know."""

    name: str
    """The source's name in ledgers and reports; each source needs its own."""
    path: str
    """A file, a folder or a pattern such as `exports/*.csv`, relative to the recipe's folder."""
    license: str | None = None
    """The licence of the content: an SPDX identifier, or words such as `proprietary`."""
    domain: str | None = None
    """The subject area, written to every row's metadata."""

    def files(self, base: Path) -> list[Path]:
        """The files this source reads, sorted.

        Raises:
            SourceError: Nothing is there.
        """
        given = Path(self.path).expanduser()
        place = given if given.is_absolute() else base / given
        if place.is_file():
            return [place]
        if place.is_dir():
            found = [
                path for path in place.rglob("*") if path.is_file() and not _hidden(path, place)
            ]
        elif any(letter in self.path for letter in "*?["):
            root = Path(place.anchor) if given.is_absolute() else base
            pattern = str(place.relative_to(root)) if given.is_absolute() else self.path
            found = [path for path in root.glob(pattern) if path.is_file()]
        else:
            raise SourceError(
                f"there is no file or folder '{self.path}'",
                where=f"source '{self.name}'",
                todo=f"a relative path starts at {base}",
            )
        if not found:
            raise SourceError(f"no file matches '{self.path}'", where=f"source '{self.name}'")
        return sorted(found)

    @abstractmethod
    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one file, in chunks of at most `CHUNK_ROWS` rows.

        Raises:
            SourceError: The file as a whole cannot be read with these settings.
        """

    @abstractmethod
    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """What is wrong with the source before a run: `(field, what is wrong)`, all at once.

        Files in which nothing was wrong, and that nobody has written since, are not read again
        where `seen` remembers them.
        """


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


class ChunkBuilder:
    """Gathers rows and quarantined positions of one file into chunks.

    Args:
        source: The source's name.
        place: The file.
    """

    def __init__(self, source: Source, place: Place) -> None:
        self.source, self.place = source, place
        self._tables: list[pa.Table] = []
        self._columns: dict[str, list[Any]] = {}
        self._count = 0
        self._bad: list[dict[str, Any]] = []
        self._seen: dict[str, int] = {}

    @property
    def room(self) -> int:
        """How many rows may come before a chunk should be taken."""
        return CHUNK_ROWS - sum(map(len, self._tables)) - self._count - len(self._bad)

    @property
    def full(self) -> bool:
        """Whether a chunk should be taken now."""
        return self.room <= 0

    def identify(self, key: str) -> str:
        """An identifier for the next row with this key; a key that comes back is numbered."""
        return record.record_id(self.source.name, self.place.name, self._position(key))

    def _position(self, key: str) -> str:
        count = self._seen[key] = self._seen.get(key, 0) + 1
        return key if count == 1 else f"{key}#{count}"

    def add(self, key: str, values: dict[str, Any], notes: list[str]) -> None:
        """Add one row; `values` has the columns of the record that this source knows."""
        values["id"] = self.identify(key)
        values["changes"] = notes
        if values.keys() != self._columns.keys():
            for name in values.keys() - self._columns.keys():
                self._columns[name] = [None] * self._count
            values = dict.fromkeys(self._columns) | values
        for name, value in values.items():
            self._columns[name].append(value)
        self._count += 1

    def add_all(self, keys: list[str], columns: dict[str, Any]) -> None:
        """Add rows by column: of each a list or an Arrow array, notes as `changes` among them."""
        self._gather()
        positions = list(map(self._position, keys))
        ids = record.record_ids(self.source.name, self.place.name, positions)
        self._tables.append(_table(columns | {"id": ids}, len(keys)))

    def quarantine(self, reason: str, *, line: int | None, raw: bytes = b"") -> None:
        """Record that a row (or, without a line, the file) could not be read, and why."""
        position = "file" if line is None else f"line {line}"
        self._bad.append(
            {
                "id": self.identify(f"quarantine {position}"),
                "fate": "quarantined",
                "step": "collect",
                "reason": reason,
                "source": self.source.name,
                "file": self.place.name,
                "line": line,
                "content_hash": record.content_hash(raw) if raw else None,
                "changes": [],
            }
        )

    def take(self) -> Chunk:
        """The chunk gathered so far; the builder starts the next one."""
        self._gather()
        tables = self._tables or [_table({}, 0)]
        frame = pl.DataFrame(pa.concat_tables(tables)).with_columns(
            source=pl.lit(self.source.name),
            file=pl.lit(self.place.name),
            collected_at=pl.lit(self.place.collected_at, record.TIME),
            license=pl.col("license").fill_null(pl.lit(self.source.license, pl.String)),
            domain=pl.col("domain").fill_null(pl.lit(self.source.domain, pl.String)),
            labels=pl.col("labels").fill_null([]),
            extra=pl.col("extra").fill_null([]),
        )
        frame = frame.cast(pl.Schema(record.SCHEMA))
        fates = pl.DataFrame(self._bad, schema=ledger.SCHEMA) if self._bad else ledger.empty()
        self._tables, self._bad = [], []
        return Chunk(frame, fates)

    def _gather(self) -> None:
        """Put the rows that were added one by one with those that came by column."""
        if self._count:
            self._tables.append(_table(self._columns, self._count))
            self._columns, self._count = {}, 0


def _table(columns: dict[str, Any], rows: int) -> pa.Table:
    # Arrow builds nested columns from Python values ten times faster than Polars does.
    arrays = [
        _array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(rows, field.type)
        for field in ARROW
    ]
    return pa.Table.from_arrays(arrays, schema=ARROW)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values, type=kind)
