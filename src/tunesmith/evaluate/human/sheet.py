"""CSV that a spreadsheet opens, and what it makes of it when it saves.

Written with a byte order mark, so that Excel reads UTF-8. A cell that a spreadsheet would take for
a formula gets an apostrophe before it (OWASP, "CSV Injection"), which reading takes off again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tunesmith.errors import TunesmithError
from tunesmith.io import write_bytes

_STARTS = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"  # the last four are the full-width forms
_FORMULA, _GUARDED = re.compile(f"'*{_STARTS}"), re.compile(f"'+{_STARTS}")
_SEPARATORS = (",", ";", "\t")
_MOST = 2**31 - 1  # characters of a cell; the reader's own limit is 131,072


def guard(text: str) -> str:
    """A cell's text that no spreadsheet takes for a formula; `restore` undoes it."""
    return f"'{text}" if _FORMULA.match(text) else text


def restore(cell: str) -> str:
    """The text that `guard` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell


def write_sheet(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as CSV, atomically; None is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for row in rows:
        cells = ("" if row.get(name) is None else str(row[name]) for name in columns)
        writer.writerow([guard(cell) for cell in cells])
    write_bytes(path, text.getvalue().encode("utf-8-sig"))


def read_sheet(path: Path, needed: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Read CSV that a person has saved: any separator, order of columns, and blank rows.

    Args:
        path: The file.
        needed: Columns without which nothing can be read.

    Returns:
        For each row the line it begins on, and its cells by column (small letters), trimmed where
        they are one line, with guards taken off.

    Raises:
        TunesmithError: It is not text in UTF-8 or UTF-16, is torn, or a column is missing.
    """
    text = _decoded(path)
    skipped = 0
    if text[:4].lower() == "sep=":  # what Excel puts before the columns
        first, _, text = text.partition("\n")
        skipped = 1
        separators: Sequence[str] = (first.strip()[4:] or ",",)
    else:
        separators = _SEPARATORS
    csv.field_size_limit(_MOST)
    found = [_rows(text, separator, path) for separator in separators]
    rows = max(found, key=lambda rows: len(_known(rows, needed)), default=[])
    missing = [name for name in needed if name not in _known(rows, needed)]
    if missing:
        raise TunesmithError(
            f"the column {', '.join(map(repr, missing))} is missing",
            where=path.name,
            todo="keep the first row as it was written; only fill cells in",
        )
    columns = [cell.strip().lower() for cell in rows[0][1]]
    out = []
    for line, cells in rows[1:]:
        named = dict(zip(columns, map(restore, cells), strict=False))
        if any(cell.strip() for cell in cells):
            out.append((line + skipped, named))
    return out


def _rows(text: str, separator: str, path: Path) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    out, line = [], 1
    try:
        for cells in reader:
            out.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise TunesmithError(
            f"this is not a table of cells ({error})",
            where=f"{path.name}:{line}",
            todo="save it from the spreadsheet as CSV once more",
        ) from None
    while out and not any(cell.strip() for cell in out[0][1]):
        del out[0]
    return out


def _known(rows: Sequence[tuple[int, list[str]]], needed: Sequence[str]) -> set[str]:
    head = {cell.strip().lower() for cell in rows[0][1]} if rows else set()
    return head & set(needed)


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    utf16 = data[:2] in {b"\xff\xfe", b"\xfe\xff"}
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise TunesmithError(
            "this is not text in UTF-8",
            where=path.name,
            todo="save it as 'CSV UTF-8' (LibreOffice: character set Unicode UTF-8)",
        ) from None
