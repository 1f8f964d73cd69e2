"""Tickets: question and answer pairs from tables and lists of objects, by a column mapping."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from tunesmith.collect import columnar, runs
from tunesmith.collect import rows as raw_rows
from tunesmith.collect.base import Chunk, ChunkBuilder, FileSource, Piece, Place
from tunesmith.collect.encoding import Encoding, EncodingName, detect
from tunesmith.collect.growth import GROWS_FROM_BYTES, Growth, last_csv_row_end, last_line_end
from tunesmith.collect.json_rows import is_document, read_json
from tunesmith.collect.lines import Part
from tunesmith.collect.mapping import Columns, RowReader
from tunesmith.collect.sandbox import Unreadable
from tunesmith.collect.spreadsheet import read_sheet, sheet_names
from tunesmith.collect.talk import TalkRules
from tunesmith.collect.ticket_rules import RULED, TicketFacts, judged
from tunesmith.collect.times import ZoneName
from tunesmith.errors import MissingExtraError, SourceError
from tunesmith.io import fingerprint
from tunesmith.store.seen import Seen

#: Raised when other things are wrong with the same files.
_LOOKED = 1

#: Formats whose rows need not have all columns, and so many of their rows are looked at for them.
_LOOSE: frozenset[raw_rows.Format] = frozenset({"jsonl", "json"})
_LOOKED_AT = 200

#: Formats that are not text.
_BINARY: frozenset[raw_rows.Format] = frozenset({"parquet", "spreadsheet"})


class TicketSource(FileSource):
    """Tickets in files with one row each."""

    kind: Literal["tickets"] = "tickets"
    """The tag that names this kind of source."""
    columns: Columns
    """Which column means what."""
    format: raw_rows.Format | None = None
    """`csv`, `jsonl`, `parquet`, `json` (one array of objects) or `spreadsheet` (XLSX, XLS, ODS);
    found from the file's name when it is not given."""
    sheet: str | None = None
    """Of a spreadsheet; the first one when it is not given."""
    encoding: EncodingName | None = None
    """Such as `utf-8` or `cp1252`; detected when it is not given."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """Of a CSV file; detected when it is not given."""
    timezone: ZoneName = "UTC"
    """The zone of times that name none, such as `Europe/Berlin`."""
    timestamp_format: str | None = None
    """A `strptime` format such as `%m/%d/%Y %H:%M`, needed where times are ambiguous."""
    max_line_mib: float = Field(default=8.0, gt=0)
    """A longer line is quarantined."""
    max_document_mib: float = Field(default=64.0, gt=0)
    """A larger JSON document is quarantined: all of it is in memory at once."""
    drop_columns: list[str] = []
    """Columns that are not kept."""
    personal_columns: list[str] = []
    """Other columns that name a person (requester_name, …): kept as pseudonyms."""
    solved: list[str] = ["solved", "closed", "resolved", "done", "fixed", "completed"]
    """What `columns.status` says of solved tickets, in any case; all others are not solved."""
    rating_scale: tuple[float, float] = (1.0, 5.0)
    """The worst and the best number of `columns.rating`."""
    talk: TalkRules = TalkRules()
    """What becomes of rows whose columns say that they are internal, badly rated, not solved,
    opened again, or written by a bot."""

    @field_validator("rating_scale")
    @classmethod
    def _scale_has_two_ends(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if scale[0] == scale[1]:
            raise ValueError("the worst and the best rating must differ")
        return scale

    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """Each file; of a large one, what was read before, and each time what was added."""
        growth, found = Growth(folder), list[Piece]()
        for piece in super().pieces(base, folder, seen):
            found += self._grown(piece, growth) or [piece]
        growth.close()
        return found

    def _grown(self, piece: Piece, growth: Growth) -> list[Piece]:
        """The pieces of a file of which parts can be read; none where it is read whole."""
        stretch = piece.stretches[0]
        if stretch.path.stat().st_size < GROWS_FROM_BYTES:
            return []
        try:
            form = self._format_of(stretch.path)
            encoding = self._encoding_of(stretch.path, form)
            if form not in {"csv", "jsonl"} or not runs.is_utf8(encoding):
                return []
            if form == "jsonl":
                find = partial(last_line_end, stretch.path)
                return growth.pieces(piece, form=f"jsonl {encoding}", last_row_end=find)
            head = raw_rows.csv_head(stretch.path, encoding, self.delimiter, self._limit)
        except SourceError:
            return []  # reading the file says what is wrong

        def last_row_end(begin: int) -> int:
            found = last_csv_row_end(
                stretch.path,
                max(begin, head.end),
                delimiter=head.delimiter,
                width=head.width,
                max_bytes=self._limit,
            )
            return found if found > head.end else begin

        return growth.pieces(piece, form=f"csv {encoding}", last_row_end=last_row_end)

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one file, or a part of it; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        if place.path.stat().st_size == 0:
            builder.quarantine("the file is empty")
            yield builder.take()
            return
        form = self._format_of(place.path)
        encoding = self._encoding_of(place.path, form)
        stretch = place.stretches[0]
        part = Part(stretch.start, stretch.end, stretch.line)
        try:
            missing = self._missing(place.path, form, encoding)
            if missing and form not in _LOOSE:
                raise SourceError(
                    "; ".join(words for _, words in missing), where=f"{self.name}: {place.name}"
                )
            for row in self._runs(place.path, form, encoding, part):
                if isinstance(row, runs.Run):
                    yield from self._add_run(builder, row)
                elif isinstance(row, raw_rows.BadRow):
                    builder.quarantine(row.reason, line=row.line, raw=row.raw)
                else:
                    self._add_row(builder, row)
                if builder.full:
                    yield builder.take()
        except Unreadable as problem:
            builder.quarantine(problem.reason, position=problem.position)
        yield builder.take()

    def _add_row(self, builder: ChunkBuilder, row: raw_rows.Row) -> None:
        key, values, notes = self._reader.record(row)
        if self._ruled:
            reason, said = judged(row.values, self._reader.mapped, values, self._facts, self.talk)
            if reason is not None:
                builder.drop(reason, line=row.line, raw=row.raw)
                return
            notes += said
        builder.add(key, values, notes)

    def _add_run(self, builder: ChunkBuilder, run: runs.Run) -> Iterator[Chunk]:
        if self._ruled:
            for line, raw, values in zip(*run, strict=True):
                self._add_row(builder, raw_rows.Row(line, raw, values))
                if builder.full:
                    yield builder.take()
            return
        while run.lines:
            now, run = run.cut(builder.room)
            builder.add_all(*columnar.records(self._reader, now))
            if builder.full:
                yield builder.take()

    @cached_property
    def _ruled(self) -> bool:
        """Whether a column says what the rules look at."""
        return any(name in self._reader.mapped for name in RULED)

    @cached_property
    def _facts(self) -> TicketFacts:
        return TicketFacts(self.solved, self.rating_scale)

    @cached_property
    def _reader(self) -> RowReader:
        return RowReader(
            self.columns,
            dropped=self.drop_columns,
            zone=self.timezone,
            time_format=self.timestamp_format,
        )

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, unknown formats, columns that are not there, no row: all at once."""
        found: list[tuple[str, str]] = []
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        rows = False
        for file in files:
            if file.stat().st_size == 0:
                if len(files) == 1:
                    found.append(("path", f"{file.name} is empty"))
                continue
            rows = self._has_rows(file, found, seen) or rows
        if not found and not rows:
            found.append(("path", f"{_names(files)} no row, at most a line of column names"))
        return found

    def _has_rows(self, file: Path, found: list[tuple[str, str]], seen: Seen | None) -> bool:
        """Whether a file has a row; what is wrong with it is added to what was found."""

        def look() -> bool | None:
            try:
                form = self._format_of(file)
                encoding = self._encoding_of(file, form)
                missing = self._missing(file, form, encoding)
                found.extend((field, f"{words} in {file.name}") for field, words in missing)
                rows = any(True for _ in self._rows(file, form, encoding))
            except SourceError as error:
                found.append(("path", f"{file.name}: {error.what}"))
                return None
            except MissingExtraError as error:
                found.append(("path", f"{file.name}: {error.message}"))
                return None
            except Unreadable:  # it is quarantined, and others may have rows
                return False
            return None if missing else rows

        return bool(look() if seen is None else seen.worked_out(file, self._settings, look))

    @cached_property
    def _settings(self) -> str:
        """Names all that the problems of a file depend on, besides its bytes and its name."""
        return fingerprint([_LOOKED, self.settings()])

    def _format_of(self, path: Path) -> raw_rows.Format:
        form = self.format or raw_rows.format_of(path)
        if form is None:
            raise SourceError(
                f"the name '{path.name}' does not tell the format",
                where=f"source '{self.name}'",
                todo="set the source's format to csv, jsonl, parquet, json or spreadsheet",
            )
        if form == "json" and self.format is None and not is_document(path):
            return "jsonl"  # one object a line, in a file named .json
        return form

    def _encoding_of(self, path: Path, form: raw_rows.Format) -> Encoding:
        if self.encoding is not None:
            return Encoding(self.encoding.lower(), declared=True)
        return Encoding("utf-8", declared=True) if form in _BINARY else detect(path)

    def _runs(
        self, path: Path, form: raw_rows.Format, encoding: Encoding, part: Part
    ) -> Iterator[runs.Run | raw_rows.Row | raw_rows.BadRow]:
        if form == "csv":
            found = runs.read_csv_runs(
                path, encoding, delimiter=self.delimiter, max_bytes=self._limit, part=part
            )
        elif form == "jsonl":
            found = runs.read_jsonl_runs(path, encoding, max_bytes=self._limit, part=part)
        else:
            found = self._rows(path, form, encoding)
        return runs.gathered(found)

    @property
    def _limit(self) -> int:
        return int(self.max_line_mib * (1 << 20))

    def _rows(
        self, path: Path, form: raw_rows.Format, encoding: Encoding
    ) -> Iterator[raw_rows.Row | raw_rows.BadRow]:
        if form == "csv":
            return raw_rows.read_csv(
                path, encoding, delimiter=self.delimiter, max_bytes=self._limit
            )
        if form == "jsonl":
            return raw_rows.read_jsonl(path, encoding, max_bytes=self._limit)
        if form == "json":
            return read_json(path, encoding, max_bytes=int(self.max_document_mib * (1 << 20)))
        if form == "spreadsheet":
            return read_sheet(path, self.sheet)
        return raw_rows.read_parquet(path)

    def _column_names(self, path: Path, form: raw_rows.Format, encoding: Encoding) -> Iterable[str]:
        if form == "spreadsheet":
            return sheet_names(path, self.sheet)
        if form == "json":
            rows = itertools.islice(self._rows(path, form, encoding), _LOOKED_AT)
            return {
                name: None for row in rows if isinstance(row, raw_rows.Row) for name in row.values
            }
        return raw_rows.column_names(path, form, encoding, self.delimiter)

    def _missing(
        self, path: Path, form: raw_rows.Format, encoding: Encoding
    ) -> list[tuple[str, str]]:
        there = list(self._column_names(path, form, encoding))
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
