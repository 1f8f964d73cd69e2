"""Spreadsheets (.xlsx, .xlsm, .xlsb, .xls, .ods) as tables: python-calamine (MIT)."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

from tunesmith.collect.documents.archive import Archive
from tunesmith.collect.documents.blocks import Blocks, Document, Problem, table_row
from tunesmith.collect.documents.properties import take_core, take_dublin_core
from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import MissingExtraError

#: Rows of a sheet in one block, below the sheet's header each.
BLOCK_ROWS = 50
#: Cells of a sheet: what has more is a table for a tables source, or made to exhaust memory.
MAX_CELLS = 5_000_000


def read_sheets(path: str) -> Document:
    """A workbook: a heading for each sheet, then its rows, their cells divided by ` | `.

    The first row with text is the header and comes again above each block of rows. Formulas are
    what they gave when the file was saved.

    Raises:
        MissingExtraError: python-calamine is not installed.
        Unreadable: It is damaged or encrypted.
    """
    document = Document()
    if zipfile.is_zipfile(path):
        archive = Archive(path)
        take_core(archive, document)
        if "meta.xml" in archive:
            take_dublin_core(archive.xml("meta.xml"), document)
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError
    except ModuleNotFoundError:
        raise MissingExtraError("python-calamine", "documents") from None
    try:
        workbook = CalamineWorkbook.from_path(path)
    except PasswordError:
        raise Unreadable("it is encrypted") from None
    except (CalamineError, OSError, ValueError):
        raise Unreadable("the workbook is damaged") from None
    blocks = Blocks(document)
    for number, about in enumerate(workbook.sheets_metadata, 1):
        position = f"sheet {number}"
        if not str(about.visible).endswith(".Visible"):
            document.problems.append(Problem("a hidden sheet", position, dropped=True))
            continue
        try:
            sheet = workbook.get_sheet_by_index(number - 1)
        except (CalamineError, ValueError):
            if "WorkSheet" in str(about.typ):
                document.problems.append(Problem("the sheet is damaged", position))
            continue  # a sheet that is one chart or a macro has no cells
        if sheet.total_height * sheet.total_width > MAX_CELLS:
            reason = f"the sheet has more than {MAX_CELLS:,} cells"
            document.problems.append(Problem(reason, position))
            continue
        _read_sheet(sheet, about.name, position, blocks)
    return document


def _read_sheet(sheet: Any, name: str, position: str, blocks: Blocks) -> None:
    start = (sheet.start or (0, 0))[0]
    rows = [
        (start + number, line)
        for number, row in enumerate(sheet.to_python(skip_empty_area=True), 1)
        if (line := table_row([_cell(value) for value in row]))
    ]
    if not rows:
        return
    blocks.position = position
    blocks.add("heading", name, 2)
    header = rows[0][1] if len(rows) > 1 else None
    body = rows[1:] if header is not None else rows
    for first in range(0, len(body), BLOCK_ROWS):
        part = body[first : first + BLOCK_ROWS]
        blocks.position = f"{position} rows {part[0][0]}-{part[-1][0]}"
        blocks.add("table", "\n".join(line for _, line in part), header=header)


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, (date, time, timedelta)):
        return str(value)
    return str(value)
