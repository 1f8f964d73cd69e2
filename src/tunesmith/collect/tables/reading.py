"""Raw rows of table files, all cells as text: CSV and the like, Parquet, and spreadsheets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from tunesmith.collect import rows as raw_rows
from tunesmith.collect import runs
from tunesmith.collect.encoding import Encoding, detect
from tunesmith.collect.mapping import as_text
from tunesmith.collect.rows import BadRow as BadLine
from tunesmith.collect.sandbox import Sandbox, Unreadable
from tunesmith.collect.tables import sheets
from tunesmith.collect.tables.rules import ColumnRules
from tunesmith.collect.tables.status import DIGEST, FILE, KEY, LINE, POSITION, BadRow
from tunesmith.errors import SourceError
from tunesmith.record import content_hashes

Format = Literal["csv", "parquet", "spreadsheet"]

_SUFFIXES: dict[str, Format] = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), "csv"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "spreadsheet"),
}

#: Rows that are held at once.
_BATCH = 16_384


@dataclass(frozen=True)
class FileShape:
    """How the files of a table are laid out."""

    format: Format | None = None
    encoding: str | None = None
    delimiter: str | None = None
    max_line_bytes: int = 8 << 20
    header_row: int = 1
    sheets: tuple[str | int, ...] = ()


def format_of(path: Path) -> Format | None:
    """The format that a file's name promises, or null."""
    return _SUFFIXES.get(path.suffix.lower())


class TableFile:
    """One file of a table.

    Args:
        path: The file.
        number: Which of the files it is; rows carry it.
        shape: How it is laid out.
        sandbox: Where spreadsheets are parsed.

    Raises:
        SourceError: The name does not tell the format.
    """

    def __init__(self, path: Path, number: int, shape: FileShape, sandbox: Sandbox) -> None:
        self.path, self.number, self.shape, self.sandbox = path, number, shape, sandbox
        form = shape.format or format_of(path)
        if form is None:
            raise SourceError(
                f"the name '{path.name}' does not tell the format",
                todo="set the source's format to csv, parquet or spreadsheet",
            )
        self.form = form

    def columns(self) -> list[str]:
        """The columns that it has; of a workbook, those of all sheets that are read.

        Raises:
            SourceError: The header cannot be read.
            Unreadable: The workbook cannot be read.
        """
        if self.form == "spreadsheet":
            found = [name for sheet in self._sheets() for name in sheet["columns"]]
            return list(dict.fromkeys(found))
        if self.form == "parquet":
            return [field.name for field in _parquet_schema(self.path)]
        return raw_rows.column_names(self.path, "csv", self._encoding, self.shape.delimiter)

    def native(self) -> dict[str, ColumnRules]:
        """What columns hold, where the file says so: numbers, dates and truth values of Parquet."""
        if self.form != "parquet":
            return {}
        return {
            field.name: ColumnRules(type=kind)
            for field in _parquet_schema(self.path)
            if (kind := _native(field.type)) is not None
        }

    def batches(self, names: list[str], needed: set[str]) -> Iterator[pl.DataFrame | BadRow]:
        """Its rows, as texts in columns with these names, and what cannot be read.

        Args:
            names: All columns of the table; one that this file does not have is null.
            needed: Those without which a sheet is not part of the table.
        """
        if self.form == "parquet":
            return self._of_parquet(names)
        return self._of_sheets(names, needed) if self.form == "spreadsheet" else self._of_csv(names)

    # ── CSV ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def _encoding(self) -> Encoding:
        if self.shape.encoding is not None:
            return Encoding(self.shape.encoding.lower(), declared=True)
        return detect(self.path)

    def _of_csv(self, names: list[str]) -> Iterator[pl.DataFrame | BadRow]:
        found = runs.read_csv_runs(
            self.path,
            self._encoding,
            delimiter=self.shape.delimiter,
            max_bytes=self.shape.max_line_bytes,
        )
        for row in runs.gathered(found):
            if isinstance(row, BadLine):
                yield BadRow(row.reason, self.number, line=row.line, raw=row.raw)
                continue
            run = (
                row if isinstance(row, runs.Run) else runs.Run([row.line], [row.raw], [row.values])
            )
            again = [_is_header(values) for values in run.values]
            for line, raw, header in zip(run.lines, run.raws, again, strict=True):
                if header:
                    words = "the line repeats the header"
                    yield BadRow(words, self.number, line=line, raw=raw, dropped=True)
            frame = _frame(names, run.values, content_hashes(run.raws), self.number)
            frame = frame.with_columns(pl.Series(LINE, run.lines, pl.Int64))
            yield frame.filter(~pl.Series(again)) if any(again) else frame

    # ── Parquet ──────────────────────────────────────────────────────────────────────────────────

    def _of_parquet(self, names: list[str]) -> Iterator[pl.DataFrame | BadRow]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        there = [name for name in names if name in set(self.columns())]
        number = 0
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_size=_BATCH, columns=there):
                    frame = _as_texts(batch)
                    lines = list(range(number + 1, number + 1 + frame.height))
                    number += frame.height
                    yield self._numbered(frame, names, [f"row {line}" for line in lines])
        except (pa.ArrowException, OSError):
            where = "" if not number else f" after row {number}"
            yield BadRow(f"the Parquet file is damaged{where}", self.number)

    def _numbered(
        self, frame: pl.DataFrame, names: list[str], positions: list[str]
    ) -> pl.DataFrame:
        whole = frame.select(
            pl.col(name) if name in frame.columns else pl.lit(None, pl.String).alias(name)
            for name in names
        )
        return whole.with_columns(
            pl.Series(DIGEST, digests(frame), pl.String),
            pl.Series(POSITION, positions, pl.String),
            pl.lit(None, pl.Int64).alias(LINE),
            pl.lit(None, pl.String).alias(KEY),
            pl.lit(self.number, pl.Int32).alias(FILE),
        )

    # ── Spreadsheets ─────────────────────────────────────────────────────────────────────────────

    def _sheets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.call(
            sheets.outline, str(self.path), self.shape.header_row, list(self.shape.sheets)
        )
        return found

    def _of_sheets(self, names: list[str], needed: set[str]) -> Iterator[pl.DataFrame | BadRow]:
        try:
            outline = self._sheets()
        except Unreadable as problem:
            yield BadRow(problem.reason, self.number, position=problem.position)
            return
        for sheet in outline:
            where = f"sheet {sheet['number']}"
            absent = sorted(needed - set(sheet["columns"]))
            if words := _sheet_problem(sheet, absent):
                yield BadRow(words, self.number, position=where, dropped=not sheet["columns"])
                continue
            try:
                yield from self._of_sheet(sheet, where, names)
            except Unreadable as failed:
                yield BadRow(failed.reason, self.number, position=failed.position or where)

    def _of_sheet(
        self, sheet: dict[str, Any], where: str, names: list[str]
    ) -> Iterator[pl.DataFrame | BadRow]:
        header: list[str | None] = sheet["header"]
        there = [(at, name) for at, name in enumerate(header) if name is not None]
        start = 0
        while True:
            rows: list[tuple[int, list[str | None]]] = self.sandbox.call(
                sheets.rows, str(self.path), sheet["number"], self.shape.header_row, start
            )
            if not rows:
                return
            start += len(rows)
            values = [{name: cells[at] for at, name in there} for _, cells in rows]
            frame = pl.DataFrame(values, schema={name: pl.String for _, name in there})
            positions = [f"{where}, row {number}" for number, _ in rows]
            yield self._numbered(frame, names, positions)

    def close(self) -> None:
        """Nothing more is read."""
        self.sandbox.close()


def _sheet_problem(sheet: dict[str, Any], absent: list[str]) -> str | None:
    if not sheet["columns"]:
        return "the sheet is empty"
    twice = sorted({name for name in sheet["columns"] if sheet["header"].count(name) > 1})
    if twice:
        return f"the header names {', '.join(map(repr, twice))} more than once"
    if absent:
        return f"the sheet has no column {', '.join(map(repr, absent))}"
    return None


def _is_header(values: dict[str, str | None]) -> bool:
    return len(values) > 1 and all(name == (value or "").strip() for name, value in values.items())


def _frame(
    names: list[str], rows: list[dict[str, Any]], digests: list[str], number: int
) -> pl.DataFrame:
    columns = [pl.Series(name, [row.get(name) for row in rows], pl.String) for name in names]
    return pl.DataFrame(columns).with_columns(
        pl.Series(DIGEST, digests, pl.String),
        pl.lit(None, pl.String).alias(POSITION),
        pl.lit(None, pl.String).alias(KEY),
        pl.lit(number, pl.Int32).alias(FILE),
    )


def digests(frame: pl.DataFrame) -> list[str]:
    """The content hash of each row of texts."""
    cells = [pl.col(name).fill_null("\x00") for name in frame.columns]
    texts = frame.select(pl.concat_str(cells, separator="\x1f")).to_series().to_list()
    return content_hashes([text.encode() for text in texts])


def _parquet_schema(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path)
    except (pa.ArrowException, OSError):
        raise SourceError(
            "this is not a whole Parquet file",
            todo="export it again; a Parquet file cannot be read in part",
        ) from None


def _native(kind: Any) -> Any:
    from pyarrow import types

    for test, name in (
        (types.is_boolean, "boolean"),
        (types.is_integer, "integer"),
        (types.is_floating, "number"),
        (types.is_decimal, "number"),
        (types.is_date, "date"),
        (types.is_timestamp, "time"),
    ):
        if test(kind):
            return name
    return None


def _as_texts(batch: Any) -> pl.DataFrame:
    """A batch of Arrow with all cells as text."""
    columns = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        columns.append(texts_of(name, column))
    return pl.DataFrame(columns)


def texts_of(name: str, column: Any) -> pl.Series:
    """An Arrow column as text: times as ISO 8601, lists by commas, nested values as JSON."""
    import pyarrow as pa

    with contextlib.suppress(pa.ArrowException, pl.exceptions.PolarsError):
        series = pl.Series(name, pl.from_arrow(column))
        if isinstance(series.dtype, pl.Datetime):
            zoned = "%:z" if series.dtype.time_zone else ""
            return series.dt.to_string(f"%Y-%m-%dT%H:%M:%S%.6f{zoned}")
        if series.dtype in {pl.String, pl.Boolean, pl.Date} or series.dtype.is_numeric():
            return series.cast(pl.String)
    values = [
        None if value is None else value.hex() if isinstance(value, bytes) else as_text(value)
        for value in column.to_pylist()
    ]
    return pl.Series(name, values, pl.String)
