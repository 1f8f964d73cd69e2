"""Raw rows from CSV, JSONL and Parquet files: values by column name, or why there are none."""

from __future__ import annotations

import codecs
import csv
import itertools
from collections import deque
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson

from tunesmith.collect.encoding import Encoding
from tunesmith.collect.lines import Line, read_lines
from tunesmith.errors import SourceError

Format = Literal["csv", "jsonl", "parquet", "json", "spreadsheet"]

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".json": "json", ".xlsx": "spreadsheet", ".xlsm": "spreadsheet", ".xlsb": "spreadsheet",
    ".xls": "spreadsheet", ".ods": "spreadsheet",
}  # fmt: skip

#: A quoted CSV field may span lines; one that spans more is an open quote, not a field.
MAX_RECORD_LINES = 1_000

#: Objects and lists lie within each other at most so deep; no export comes near it.
MAX_DEPTH = 100

TORN = "the file ends in the middle of this row"


class Row(NamedTuple):
    """A row that could be read."""

    line: int
    raw: bytes
    values: dict[str, Any]
    notes: tuple[str, ...] = ()


class BadRow(NamedTuple):
    """A row that could not be read, and why."""

    line: int
    raw: bytes
    reason: str


def format_of(path: Path) -> Format | None:
    """The format that a file's name promises, or null."""
    return _SUFFIXES.get(path.suffix.lower())


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────


def guess_delimiter(header: str) -> str:
    """The delimiter that cuts a header line into the most fields (a comma when none does)."""
    widths = {mark: len(next(csv.reader([header], delimiter=mark), [])) for mark in ",;\t|"}
    return max(widths, key=lambda mark: widths[mark])


class _Feed:
    """Gives text lines to `csv.reader` and remembers those that the row at hand took."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.lines = lines
        self.again: deque[Line] = deque()
        self.taken: list[Line] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MAX_RECORD_LINES:
            raise csv.Error(f"a quote is not closed within {MAX_RECORD_LINES} lines")
        line = self.again.popleft() if self.again else next(self.lines)
        self.taken.append(line)
        if line.text is None:
            raise csv.Error(line.problem)
        return line.text

    def give_back(self) -> Line:
        """Keep the first line of the row at hand as bad and put the others back."""
        first, *rest = self.taken
        self.again.extendleft(reversed(rest))
        self.taken = []
        return first


def read_csv(
    path: Path, encoding: Encoding, *, delimiter: str | None, max_bytes: int
) -> Iterator[Row | BadRow]:
    """The rows of a CSV file with a header; see `CsvRows`.

    Raises:
        SourceError: The header cannot be read or names a column twice.
    """
    lines = read_lines(path, encoding, max_bytes=max_bytes)
    yield from CsvRows(path, lines, delimiter=delimiter, max_bytes=max_bytes)


class CsvRows:
    """The rows of a CSV file, from its lines.

    A row that does not fit the header, or a quote that is never closed, costs one line: the line
    is reported and reading goes on at the next one, so a stray quote cannot swallow the rows
    after it.

    Args:
        path: The file, for errors.
        lines: Its lines; the header is taken at once.
        delimiter: What stands between fields; guessed from the header when it is not given.
        max_bytes: The limit of a line, and so of a field.

    Raises:
        SourceError: The header cannot be read or names a column twice.
    """

    def __init__(
        self, path: Path, lines: Iterator[Line], *, delimiter: str | None, max_bytes: int
    ) -> None:
        self._feed = _Feed(lines)
        self.header, self.delimiter = _header(path, self._feed, delimiter)
        csv.field_size_limit(max(csv.field_size_limit(), max_bytes))
        self._start()

    def _start(self) -> None:
        self._reader = csv.reader(self._feed, delimiter=self.delimiter, strict=True)

    @property
    def waiting(self) -> bool:
        """Whether lines were taken that belong to the rows that come next."""
        return bool(self._feed.again)

    def __iter__(self) -> Iterator[Row | BadRow]:
        return self

    def __next__(self) -> Row | BadRow:
        feed = self._feed
        fields: list[str] = []
        problem = ""
        while not fields and not problem:  # blank lines
            feed.taken = []
            try:
                fields = next(self._reader)
            except csv.Error as error:
                problem = str(error)
        if not problem and len(fields) != len(self.header):
            problem = f"{len(fields)} fields where the header has {len(self.header)}"
        if problem:
            torn = not feed.taken[-1].ended and feed.taken[-1].text is not None
            line = feed.give_back()
            self._start()
            return BadRow(line.number, line.raw, f"{TORN} ({problem})" if torn else problem)
        taken = feed.taken
        raw = taken[0].raw if len(taken) == 1 else b"".join(line.raw for line in taken)
        notes = tuple(sorted({line.note for line in taken if line.note is not None}))
        values = {name: (text or None) for name, text in zip(self.header, fields, strict=True)}
        return Row(taken[0].number, raw, values, notes)


class CsvHead(NamedTuple):
    """The beginning of a CSV file."""

    lines: list[Line]  # of the header
    end: int  # the byte after them
    width: int  # the number of columns
    delimiter: str


def csv_head(path: Path, encoding: Encoding, delimiter: str | None, max_bytes: int) -> CsvHead:
    """The header of a CSV file whose lines can be cut as bytes.

    Raises:
        SourceError: As of `CsvRows`.
    """
    feed = _Feed(read_lines(path, encoding, max_bytes=max_bytes))
    names, delimiter = _header(path, feed, delimiter)
    mark = len(codecs.BOM_UTF8) if encoding.name == "utf-8-sig" else 0
    end = mark + sum(len(line.raw) for line in feed.taken) if feed.taken else 0
    return CsvHead(feed.taken, end, len(names), delimiter)


def _header(path: Path, feed: _Feed, delimiter: str | None) -> tuple[list[str], str]:
    try:
        line = next(feed)
    except StopIteration:
        return [], delimiter or ","
    except csv.Error as error:
        raise SourceError(f"the header cannot be read: {error}", where=str(path)) from None
    again = itertools.chain([line], feed)
    try:
        delimiter = delimiter or guess_delimiter(line)
        header = [
            name.strip() for name in next(csv.reader(again, delimiter=delimiter, strict=True))
        ]
    except csv.Error as error:
        raise SourceError(f"the header cannot be read: {error}", where=str(path)) from None
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise SourceError(
            f"the header names {', '.join(map(repr, twice))} more than once",
            where=f"{path}:1",
            todo="give each column a name of its own",
        )
    return header, delimiter


# ── JSONL ────────────────────────────────────────────────────────────────────────────────────────


def read_jsonl(path: Path, encoding: Encoding, *, max_bytes: int) -> Iterator[Row | BadRow]:
    """The rows of a file with one JSON object a line; nested objects become dotted names.

    Raises:
        SourceError: The file is one JSON document, not one object a line.
    """
    for line in read_lines(path, encoding, max_bytes=max_bytes):
        row = jsonl_row(line, path)
        if row is not None:
            yield row


def jsonl_row(line: Line, path: Path) -> Row | BadRow | None:
    """The row on a line of a JSONL file; null for a blank line.

    Raises:
        SourceError: It is the first line of one JSON document.
    """
    if line.text is None:
        return BadRow(line.number, line.raw, line.problem or "not text")
    text = line.text.strip()
    if not text:
        return None
    if line.number == 1 and text in {"[", "{"}:
        raise SourceError(
            "this is one JSON document, not one object a line",
            where=str(path),
            todo="write one object a line, for example with: jq -c '.[]' IN.json > OUT.jsonl",
        )
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        problem = f"not valid JSON at column {error.colno}"
        return BadRow(line.number, line.raw, problem if line.ended else f"{TORN} ({problem})")
    if not isinstance(value, dict):
        kind = {list: "an array", str: "a text", bool: "a truth value"}.get(type(value), "a value")
        return BadRow(line.number, line.raw, f"{kind}, not an object with named fields")
    try:
        values = flatten(value)
    except NestingError as error:
        return BadRow(line.number, line.raw, str(error))
    return Row(line.number, line.raw, values, () if line.note is None else (line.note,))


class NestingError(ValueError):
    """Objects and lists of a row lie within each other deeper than `MAX_DEPTH`."""

    def __init__(self) -> None:
        super().__init__(f"objects or lists nested more than {MAX_DEPTH} deep")


def flatten(value: dict[str, Any]) -> dict[str, Any]:
    """Nested objects as dotted names.

    Raises:
        NestingError: They are nested too deep.

    >>> flatten({"a": 1, "b": {"c": 2}})
    {'a': 1, 'b.c': 2}
    """
    kinds = set(map(type, value.values()))
    if kinds.isdisjoint(_NESTED):
        return value
    _check_depth(value)
    return _flat(value, "") if dict in kinds else value


_NESTED = {dict, list}


def _check_depth(value: dict[str, Any]) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        items = chain.from_iterable(
            outer.values() if type(outer) is dict else outer for outer in level
        )
        level = [item for item in items if type(item) in _NESTED]
        if not level:
            return
    raise NestingError


def _flat(value: dict[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, item in value.items():
        if isinstance(item, dict):
            flat |= _flat(item, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = item
    return flat


# ── Parquet ──────────────────────────────────────────────────────────────────────────────────────


def read_parquet(path: Path) -> Iterator[Row | BadRow]:
    """The rows of a Parquet file; `line` is the row number, from 1.

    Raises:
        SourceError: The file is torn or not Parquet.
    """
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    try:
        file = pq.ParquetFile(path)
        number = 0
        for batch in file.iter_batches(batch_size=4_096):
            for values in batch.to_pylist():
                number += 1
                try:
                    flat = flatten(values)
                except NestingError as error:
                    yield BadRow(number, b"", str(error))
                    continue
                raw = orjson.dumps(
                    values,
                    default=_plain,
                    option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME,
                )
                yield Row(number, raw, flat)
    except (ArrowException, OSError) as error:
        raise SourceError(
            "this is not a whole Parquet file",
            where=str(path),
            todo="export it again; a Parquet file cannot be read in part",
        ) from error


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def column_names(path: Path, form: Format, encoding: Encoding, delimiter: str | None) -> list[str]:
    """The columns that a file has; of a JSONL file, those of its first 200 rows.

    Raises:
        SourceError: The file cannot be read.
    """
    if form == "parquet":
        first = next(iter(read_parquet(path)), None)
        return list(first.values) if isinstance(first, Row) else []
    if form == "csv":
        feed = _Feed(read_lines(path, encoding, max_bytes=16 << 20))
        return _header(path, feed, delimiter)[0]
    names: dict[str, None] = {}
    rows = read_jsonl(path, encoding, max_bytes=16 << 20)
    for row in itertools.islice(rows, 200):
        if isinstance(row, Row):
            names |= dict.fromkeys(row.values)
    return list(names)
