"""Rows of spreadsheets: XLSX, XLSB, XLS and ODS, by calamine in the `Sandbox`.

Formulas are not evaluated: a cell has the value that the program which wrote the file left in it.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import orjson

from tunesmith.collect.rows import BadRow, Row
from tunesmith.collect.sandbox import Unreadable, shared
from tunesmith.errors import MissingExtraError

#: Rows that come from the child at once.
BLOCK_ROWS = 20_000

#: Whole numbers up to here are exact where a sheet keeps them as floating-point numbers.
_EXACT = 1 << 53


def read_sheet(path: Path, sheet: str | None) -> Iterator[Row | BadRow]:
    """The rows of a sheet by the names in its first row that is not empty; `line` is the number.

    Args:
        path: The file.
        sheet: The sheet's name; the first one when it is not given.

    Raises:
        Unreadable: It is no spreadsheet, is encrypted, or names a column twice.
        MissingExtraError: python-calamine is not installed.
    """
    start = 0
    while True:
        block = shared().call(sheet_rows, str(path), sheet, start, BLOCK_ROWS)
        names = block["names"]
        for number, cells in block["rows"]:
            values = dict(zip(names, cells, strict=True))
            yield Row(number, orjson.dumps(values), values)
        start += BLOCK_ROWS
        if start >= block["total"]:
            return


def sheet_names(path: Path, sheet: str | None) -> list[str]:
    """The names of a sheet's columns.

    Raises:
        Unreadable: As of `read_sheet`.
        MissingExtraError: As of `read_sheet`.
    """
    names: list[str] = shared().call(sheet_rows, str(path), sheet, 0, 0)["names"]
    return names


# ── In the sandbox ───────────────────────────────────────────────────────────────────────────────


def sheet_rows(path: str, sheet: str | None, start: int, rows: int) -> dict[str, Any]:
    """Some rows of a sheet, as JSON can hold them.

    Args:
        path: The file.
        sheet: The sheet's name; the first one when it is not given.
        start: The first row, counted from the one behind the names.
        rows: How many, empty ones among them, which are left out.

    Returns:
        `names` of the columns, `rows` as pairs of number and cells, and how many there are in
        `total`.

    Raises:
        Unreadable: As of `read_sheet`.
        MissingExtraError: As of `read_sheet`.
    """
    about = os.stat(path)  # noqa: PTH116 - what tells one version of the file from the next
    head, names, cells = _opened(path, about.st_mtime_ns, about.st_size, sheet)
    found = []
    for index, row in enumerate(cells[start : start + rows], start):
        values = [_plain(value) for value in row]
        if any(value is not None for value in values):
            found.append((head + index + 1, values))
    return {"names": names, "rows": found, "total": len(cells)}


@functools.lru_cache(maxsize=1)
def _opened(
    path: str, _written: int, _size: int, sheet: str | None
) -> tuple[int, list[str], list[list[Any]]]:
    """The number of the row of names, the names, and the rows behind it."""
    try:
        import python_calamine as calamine
    except ImportError:
        raise MissingExtraError("python-calamine", "tables") from None
    try:
        with calamine.CalamineWorkbook.from_path(path) as book:
            if sheet is not None and sheet not in book.sheet_names:
                raise Unreadable("there is no sheet of that name")
            if not book.sheet_names:
                raise Unreadable("there is no sheet in it")
            page = book.get_sheet_by_index(0) if sheet is None else book.get_sheet_by_name(sheet)
            cells: list[list[Any]] = page.to_python(skip_empty_area=False)
    except calamine.PasswordError:
        raise Unreadable("the spreadsheet is encrypted") from None
    except calamine.CalamineError:
        raise Unreadable("this is not a whole spreadsheet") from None
    for number, row in enumerate(cells, 1):
        if any(_plain(value) is not None for value in row):
            return number, _header(row), cells[number:]
    return 0, [], []


def _header(row: list[Any]) -> list[str]:
    names = []
    for index, value in enumerate(row, 1):
        text = _plain(value)
        names.append(f"column {index}" if text is None else str(text).strip())
    if len(set(names)) < len(names):
        raise Unreadable("the header names a column more than once")
    return names


def _plain(value: Any) -> Any:
    """A cell as JSON can hold it: times as ISO 8601, whole numbers whole; null where empty."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return None if value is None or value == "" else value
