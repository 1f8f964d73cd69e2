"""Spreadsheets (XLSX, XLSM, XLSB, XLS, ODS) by calamine; called in the sandbox.

A file lies opened between calls, so that a large sheet comes in bounded answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import MissingExtraError

#: Cells of one answer.
_CELLS = 200_000

#: A sheet that says it is wider than this is not a table.
MAX_COLUMNS = 2_000

#: The sheet that is being read: its file and number, the row that comes next, and the rows.
_open: dict[str, Any] = {}


def outline(path: str, header_row: int, wanted: list[str | int]) -> list[dict[str, Any]]:
    """The sheets of a workbook that are read: number from 1, header, and the columns it names.

    Args:
        path: The file.
        header_row: The row of column names, from 1.
        wanted: Names or numbers of sheets; all where it is empty.

    Raises:
        Unreadable: It is no workbook, has a password, or has not the sheets that are wanted.
    """
    book = _book(path)
    names = list(book.sheet_names)
    chosen = range(1, len(names) + 1)
    numbers = [_number(one, names) for one in wanted] or [
        number
        for number, about in zip(chosen, book.sheets_metadata, strict=True)
        if str(about.typ).endswith("WorkSheet")
    ]
    found = []
    for number in numbers:
        header = next(islice(_rows(book, number), header_row - 1, None), [])
        while header and header[-1] is None:
            header = header[:-1]
        columns = [name for name in header if name is not None]
        found.append({"number": number, "header": header, "columns": list(dict.fromkeys(columns))})
    return found


def rows(path: str, number: int, header_row: int, start: int) -> list[tuple[int, list[str | None]]]:
    """Rows of a sheet with their numbers as the sheet shows them, from 1; those after `start` rows.

    Empty rows are left out. An empty list says that there are no more.
    """
    key = [path, number, header_row, start]
    if _open.get("key") != key:
        left = _there(_rows(_book(path), number), header_row)
        _open.clear()
        _open["rows"] = islice(left, start, None)
    found: list[tuple[int, list[str | None]]] = []
    cells = 0
    for row in _open["rows"]:
        found.append(row)
        cells += len(row[1])
        if cells >= _CELLS:
            break
    _open["key"] = [path, number, header_row, start + len(found)]
    return found


def _there(
    all_rows: Iterator[list[str | None]], header_row: int
) -> Iterator[tuple[int, list[str | None]]]:
    for number, cells in enumerate(all_rows, 1):
        if number > header_row and any(cell is not None for cell in cells):
            yield number, cells


def _number(wanted: str | int, names: list[str]) -> int:
    if isinstance(wanted, str):
        if wanted not in names:
            raise Unreadable("the workbook has no sheet of a name that the recipe asks for")
        return names.index(wanted) + 1
    if not 1 <= wanted <= len(names):
        raise Unreadable(f"the workbook has {len(names)} sheets, and no sheet {wanted}")
    return wanted


def _book(path: str) -> Any:
    try:
        import python_calamine as calamine
    except ImportError:
        raise MissingExtraError("python-calamine", "tables") from None
    try:
        return calamine.load_workbook(path)
    except calamine.PasswordError:
        raise Unreadable("the workbook is protected by a password") from None
    except (calamine.CalamineError, OSError, ValueError):
        raise Unreadable("this is not a whole workbook that can be read") from None


def _rows(book: Any, number: int) -> Iterator[list[str | None]]:
    """The rows of a sheet from its first one on, as texts."""
    import python_calamine as calamine

    try:
        sheet = book.get_sheet_by_index(number - 1)
        if sheet.start is None:
            return
        width = sheet.end[1] - sheet.start[1] + 1
        if width > MAX_COLUMNS:
            words = f"it has {width:,} columns, more than {MAX_COLUMNS:,}"
            raise Unreadable(words, f"sheet {number}")
        for cells in sheet.iter_rows():  # from the first row of the sheet, empty or not
            yield [_text(cell) for cell in cells]
    except calamine.CalamineError:
        raise Unreadable("the sheet cannot be read", f"sheet {number}") from None


def _text(cell: Any) -> str | None:
    """A cell as text; a formula is what it gave when the file was saved."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        plain = cell.time() == time()
        return cell.date().isoformat() if plain else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return f"{cell.total_seconds():g} s"
    return str(cell).strip() or None
