"""What a source is, and the rows and fates that reading one of its pieces gives."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from tunesmith import ledger, record
from tunesmith.collect.earlier_keys import EarlierKeys
from tunesmith.collect.verify import Verification
from tunesmith.config import Config
from tunesmith.errors import SourceError
from tunesmith.store.seen import Seen

#: Rows in a part of the cache: the unit that a killed run does again.
CHUNK_ROWS = 16_384

#: The columns of a record, as Arrow has them.
ARROW = record.empty().to_arrow().schema


@dataclass(frozen=True)
class Chunk:
    """Some rows of one piece, and the fates of what gave no row."""

    frame: pl.DataFrame
    fates: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes of a file: what lies from `start` up to `end`, or up to the file's end."""

    path: Path
    name: str  # as records carry it: relative to the recipe's folder
    start: int = 0
    end: int | None = None
    number: int | None = field(default=None, kw_only=True)
    """Which one it is in its file, from 1, where the file holds many of its kind."""
    group: int = field(default=0, kw_only=True)
    """Stretches of a piece with the same number belong together: the mails of a conversation."""
    line: int = field(default=1, kw_only=True)
    """The number of the line that begins at `start`, where lines count."""


@dataclass(frozen=True)
class Piece:
    """What is read as one, and kept in the cache as one: a file, or what belongs together.

    Most sources read a file at a time. Those whose rows are made of several files (the parts of an
    export) or of places far apart in them (the mails of a conversation) say so by `stretches`.
    """

    stretches: tuple[Stretch, ...]
    """What it is made of, in order; the first one names it."""
    digest: str
    """Changes with every byte that its rows depend on."""
    follows: bool = False
    """Whether it is read after the piece before it, whose keys count in the numbering of its own:
    what has been added to a file that was read before."""


@dataclass(frozen=True)
class Place:
    """What is read, and when."""

    stretches: tuple[Stretch, ...]
    collected_at: datetime
    collection: str | None = None  # identifies the run that reads it
    before: EarlierKeys | None = None  # the keys of the pieces that it follows

    @classmethod
    def file(cls, path: Path, name: str, collected_at: datetime) -> Place:
        """A whole file."""
        return cls((Stretch(path, name),), collected_at)

    @property
    def path(self) -> Path:
        """The file, or the first of them."""
        return self.stretches[0].path

    @property
    def name(self) -> str:
        """The name that records carry where they come from no other file."""
        return self.stretches[0].name


class Source(Config):
    """A named place that rows come from. Its subclasses add `kind` and what they need to know."""

    outside: ClassVar[bool] = False
    """Whether it is not the company's own: its licence must be known."""

    name: str
    """The source's name in ledgers and reports; each source needs its own."""
    license: str | None = None
    """The licence of the content: an SPDX identifier, or words such as `proprietary`."""
    domain: str | None = None
    """The subject area, written to every row's metadata."""
    verify: Verification = Verification()
    """What must be true of the source before its rows are used."""

    @property
    def foreign(self) -> bool:
        """Whether rows of which no licence is known may not simply be used."""
        return self.outside

    def files(self, base: Path) -> list[Path]:
        """The files on this machine that it reads, sorted; none where rows are fetched.

        Raises:
            SourceError: Nothing is there.
        """
        return []

    def settings(self) -> dict[str, Any]:
        """All settings that rows depend on, as JSON can hold them; where files lie is not one."""
        settings = self.model_dump(mode="json", exclude={"path", "verify"})
        return settings | ({} if self.verify.trust is None else {"trust": self.verify.trust})

    def gather(self, base: Path, folder: Path) -> None:
        """Fetch what is not on this machine; called once a run, before `pieces`.

        Args:
            base: The folder that the recipe's paths start from.
            folder: Where to put it; what the last run has put there is still in it.

        Raises:
            SourceError: It cannot be fetched.
        """

    @abstractmethod
    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """What is read as one each, in order.

        Args:
            base: As of `gather`.
            folder: As of `gather`.
            seen: Remembers files that were looked at before.

        Raises:
            SourceError: Nothing is there.
        """

    @abstractmethod
    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one piece, in chunks of at most `CHUNK_ROWS` rows.

        Raises:
            SourceError: The piece as a whole cannot be read with these settings.
        """

    @abstractmethod
    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """What is wrong with the source before a run: `(field, what is wrong)`, all at once.

        Files in which nothing was wrong, and that nobody has written since, are not read again
        where `seen` remembers them.
        """


class FileSource(Source):
    """A source of files on this machine; each is a piece of its own."""

    path: str
    """A file, a folder or a pattern such as `exports/*.csv`, relative to the recipe's folder."""

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

    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """Each file; see `Source.pieces`."""
        return [
            Piece((Stretch(path.resolve(), self.display_name(path, base)),), seen.sha256(path))
            for path in self.files(base)
        ]

    def display_name(self, path: Path, base: Path) -> str:
        """A file's name in records: relative to the recipe's folder, or to what the source names.

        The folders above are left out: they may hold a user's name.
        """
        if path.resolve().is_relative_to(base.resolve()):
            return path.resolve().relative_to(base.resolve()).as_posix()
        given = Path(self.path).expanduser()
        root = _fixed(given if given.is_absolute() else base / given)
        if root.is_dir():
            return (Path(root.name) / path.relative_to(root)).as_posix()
        return path.name


def _fixed(place: Path) -> Path:
    """What of a path comes before the first part with a wildcard."""
    for number, part in enumerate(place.parts):
        if any(letter in part for letter in "*?["):
            return Path(*place.parts[:number])
    return place


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


class ChunkBuilder:
    """Gathers the rows of one piece, and what is left out or cannot be read, into chunks.

    Args:
        source: The source.
        place: The piece.
    """

    def __init__(self, source: Source, place: Place) -> None:
        self.source, self.place = source, place
        self._tables: list[pa.Table] = []
        self._columns: dict[str, list[Any]] = {}
        self._count = 0
        self._left: list[dict[str, Any]] = []
        self._seen: dict[str, int] = {}

    @property
    def room(self) -> int:
        """How many rows may come before a chunk should be taken."""
        return CHUNK_ROWS - sum(map(len, self._tables)) - self._count - len(self._left)

    @property
    def full(self) -> bool:
        """Whether a chunk should be taken now."""
        return self.room <= 0

    def identify(self, key: str, file: str | None = None) -> str:
        """An identifier for the next row with this key; a key that comes back is numbered."""
        file = self.place.name if file is None else file
        return record.record_id(self.source.name, file, self._position(key, file))

    def _position(self, key: str, file: str) -> str:
        seen = key if file == self.place.name else f"{file}\x1f{key}"
        if self.place.before is not None and seen not in self._seen:
            self._seen |= self.place.before.counts([seen])
        count = self._seen[seen] = self._seen.get(seen, 0) + 1
        return key if count == 1 else f"{key}#{count}"

    def add(self, key: str, values: dict[str, Any], notes: list[str]) -> None:
        """Add one row.

        Args:
            key: What stays the same of the row when others come before it: its own number, or the
                digest of its bytes.
            values: The columns of the record that this source knows; `file` where the row comes
                from another one than the first of the piece.
            notes: What was done to it.
        """
        values["id"] = self.identify(key, values.get("file"))
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
        if self.place.before is not None:
            self._seen |= self.place.before.counts([key for key in keys if key not in self._seen])
        positions = [self._position(key, self.place.name) for key in keys]
        ids = record.record_ids(self.source.name, self.place.name, positions)
        self._tables.append(_table(columns | {"id": ids}, len(keys)))

    def quarantine(
        self,
        reason: str,
        *,
        line: int | None = None,
        position: str | None = None,
        raw: bytes = b"",
        file: str | None = None,
    ) -> None:
        """Record that something could not be read, and why.

        Args:
            reason: What is wrong, without anything of the content.
            line: Its line.
            position: Its place where lines say nothing; without either it is the file.
            raw: Its bytes, for the digest.
            file: The file, if it is another one than the first of the piece.
        """
        self._leave("quarantined", reason, line, position, raw, file)

    def drop(
        self,
        reason: str,
        *,
        line: int | None = None,
        position: str | None = None,
        raw: bytes = b"",
        file: str | None = None,
    ) -> None:
        """Record that a rule of the source leaves something out, such as an automatic reply."""
        self._leave("dropped", reason, line, position, raw, file)

    def _leave(
        self,
        fate: ledger.Fate,
        reason: str,
        line: int | None,
        position: str | None,
        raw: bytes,
        file: str | None,
    ) -> None:
        place = position or ("file" if line is None else f"line {line}")
        self._left.append(
            {
                "id": self.identify(f"{fate} {place}", file),
                "fate": fate,
                "step": "collect",
                "reason": reason,
                "source": self.source.name,
                "file": file or self.place.name,
                "line": line,
                "position": position,
                "content_hash": record.content_hash(raw) if raw else None,
                "license": self.source.license,
                "collected_at": self.place.collected_at,
                "collection": self.place.collection,
                "changes": [],
            }
        )

    def take(self) -> Chunk:
        """The chunk gathered so far; the builder starts the next one."""
        self._gather()
        tables = self._tables or [_table({}, 0)]
        frame = pl.DataFrame(pa.concat_tables(tables)).with_columns(
            source=pl.lit(self.source.name),
            file=pl.col("file").fill_null(pl.lit(self.place.name)),
            collected_at=pl.lit(self.place.collected_at, record.TIME),
            collection=pl.lit(self.place.collection, pl.String),
            license=pl.col("license").fill_null(pl.lit(self.source.license, pl.String)),
            domain=pl.col("domain").fill_null(pl.lit(self.source.domain, pl.String)),
            labels=pl.col("labels").fill_null([]),
            extra=self._extra(),
        )
        frame = frame.cast(pl.Schema(record.SCHEMA))
        fates = pl.DataFrame(self._left, schema=ledger.SCHEMA) if self._left else ledger.empty()
        self._tables, self._left = [], []
        return Chunk(frame, fates)

    def _extra(self) -> pl.Expr:
        extra = pl.col("extra").fill_null([])
        trust = self.source.verify.trust
        if trust is None:
            return extra
        told = pl.lit([{"key": "trust", "value": trust}], record.EXTRA)
        return extra.list.concat(told)

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
