"""Tables in files: CSV, TSV, Parquet and spreadsheets, by a declared schema and templates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from tunesmith.collect.base import Chunk, ChunkBuilder, FileSource, Piece, Place, Stretch
from tunesmith.collect.encoding import EncodingName
from tunesmith.collect.sandbox import Sandbox, Unreadable
from tunesmith.collect.tables.problems import missing_columns, rule_problems
from tunesmith.collect.tables.process import Table
from tunesmith.collect.tables.reading import FileShape, Format, TableFile
from tunesmith.collect.tables.rules import TableRules
from tunesmith.collect.tables.status import BadRow
from tunesmith.errors import MissingExtraError, SourceError
from tunesmith.store.seen import Seen


class TableSource(TableRules, FileSource):
    """A table in one file or several: its rows become documents and pairs by templates."""

    kind: Literal["table"] = "table"
    """The tag that names this kind of source."""
    format: Format | None = None
    """`csv` (TSV too), `parquet` or `spreadsheet` (XLSX, XLSM, XLSB, XLS, ODS); found from the
    file's name when it is not given."""
    encoding: EncodingName | None = None
    """Of a CSV file, such as `utf-8` or `cp1252`; detected when it is not given."""
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    """Of a CSV file; detected when it is not given."""
    max_line_mib: float = Field(default=8.0, gt=0)
    """A longer line of a CSV file is quarantined."""
    header_row: int = Field(default=1, ge=1)
    """The row of a sheet that names the columns."""
    sheets: list[str | Annotated[int, Field(ge=1)]] = []
    """Which sheets of a workbook are read, by name or number from 1; all of them when none is
    given. A sheet without the columns that the recipe names is quarantined."""
    memory_mib: int = Field(default=1_024, ge=64)
    """Memory that a workbook may take while it is parsed (MiB); one that takes more is
    quarantined."""
    cpu_s: float = Field(default=60.0, gt=0)
    """CPU seconds that a step of parsing a workbook may take."""

    def pieces(self, base: Path, folder: Path, seen: Seen) -> list[Piece]:
        """Each file; all of them as one where rows depend on each other. See `Source.pieces`."""
        single = super().pieces(base, folder, seen)
        if not self.whole or len(single) == 1:
            return single
        stretches = tuple(stretch for piece in single for stretch in piece.stretches)
        parts = [f"{one.stretches[0].name}\x1f{one.digest}" for one in single]
        return [Piece(stretches, hashlib.sha256("\x1e".join(parts).encode()).hexdigest())]

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one piece; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        names = [stretch.name for stretch in place.stretches]
        sandbox = Sandbox(cpu_s=self.cpu_s, memory_mib=self.memory_mib)
        try:
            files, bad = self._opened(place.stretches, sandbox)
            columns = list(dict.fromkeys(name for _, there in files for name in there))
            table = None
            if files:
                table = self._table(files, columns, place.name)
            for one in bad:
                builder.quarantine(one.reason, position=one.position, file=names[one.file])
            if table is None:
                yield builder.take()
                return
            batches = (
                batch
                for file, _ in files
                for batch in file.batches(columns, set(self.wanted_columns))
            )
            yield from table.rows(batches, builder, names)
        finally:
            sandbox.close()

    def _opened(
        self, stretches: tuple[Stretch, ...], sandbox: Sandbox
    ) -> tuple[list[tuple[TableFile, list[str]]], list[BadRow]]:
        """Files with their columns, and those that cannot be read."""
        files: list[tuple[TableFile, list[str]]] = []
        bad: list[BadRow] = []
        for number, stretch in enumerate(stretches):
            if stretch.path.stat().st_size == 0:
                bad.append(BadRow("the file is empty", number))
                continue
            file = TableFile(stretch.path, number, self._shape, sandbox)
            try:
                files.append((file, file.columns()))
            except Unreadable as problem:
                bad.append(BadRow(problem.reason, number, position=problem.position))
            except SourceError as problem:
                if file.form != "parquet":
                    raise
                bad.append(BadRow(problem.what, number))
        return files, bad

    def _table(
        self, files: list[tuple[TableFile, list[str]]], columns: list[str], name: str
    ) -> Table:
        where = f"{self.name}: {name}"
        for file, there in files:
            # Sheets are looked at one by one: a workbook may have others beside the table.
            absent = [] if file.form == "spreadsheet" else missing_columns(self, there)
            if absent:
                raise SourceError("; ".join(words for _, words in absent), where=where)
        native = {k: v for file, _ in reversed(files) for k, v in file.native().items()}
        if not set(self.wanted_columns) <= set(columns):
            columns += [name for name in self.wanted_columns if name not in columns]
        try:
            return Table(self, columns, native)
        except ValueError as error:
            raise SourceError(str(error), where=where) from None

    @cached_property
    def _shape(self) -> FileShape:
        return FileShape(
            format=self.format,
            encoding=self.encoding,
            delimiter=self.delimiter,
            max_line_bytes=int(self.max_line_mib * (1 << 20)),
            header_row=self.header_row,
            sheets=tuple(self.sheets),
        )

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, unknown formats, columns that are not there, rules that do not fit."""
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        found: list[tuple[str, str]] = []
        sandbox = Sandbox(cpu_s=self.cpu_s, memory_mib=self.memory_mib)
        try:
            for path in files:
                found += self._problems_of(path, sandbox)
        finally:
            sandbox.close()
        return list(dict.fromkeys(found))

    def _problems_of(self, path: Path, sandbox: Sandbox) -> list[tuple[str, str]]:
        if path.stat().st_size == 0:
            return []  # it is quarantined, and the other files are read
        try:
            file = TableFile(path, 0, self._shape, sandbox)
            columns = file.columns()
            found = rule_problems(self, columns, file.native())
        except MissingExtraError as error:
            return [("path", error.message)]
        except Unreadable:
            return []  # likewise
        except SourceError as error:
            return [] if error.todo and "Parquet" in error.todo else [("path", error.message)]
        return [(field, f"{words} in {path.name}") for field, words in found]
