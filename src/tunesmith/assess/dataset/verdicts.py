"""People's verdicts on rows: which of them are right."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import orjson

from tunesmith.errors import TunesmithError

_YES = {"true", "yes", "1", "correct", "right"}
_NO = {"false", "no", "0", "incorrect", "wrong"}


def read_verdicts(path: Path) -> dict[str, bool]:
    """Read a file of verdicts: `id` and `correct` (yes or no) in each row, JSONL or CSV.

    Raises:
        TunesmithError: The file is not there, a row lacks a field or says neither yes nor no, or
            two rows judge one row differently; the line is named, no text of it.
    """
    if not path.is_file():
        raise TunesmithError("there is no such file", where=str(path), todo="name a verdicts file")
    found: dict[str, bool] = {}
    for line, row in _rows(path):
        said = str(row.get("correct", "")).strip().lower()
        identifier = str(row.get("id") or "").strip()
        if not identifier or said not in _YES | _NO:
            raise TunesmithError(
                "a verdict needs an id, and correct: yes or no",
                where=f"{path}:{line}",
                todo="fill both columns, or leave the row out",
            )
        right = said in _YES
        if found.setdefault(identifier, right) != right:
            raise TunesmithError(
                f"row {identifier} is judged right and wrong",
                where=f"{path}:{line}",
                todo="settle it, so that each row has one verdict",
            )
    if not found:
        raise TunesmithError("the file has no verdict", where=str(path), todo="write some rows")
    return found


def _rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    data = path.read_bytes()
    if path.suffix.lower() == ".csv":
        text = data.decode("utf-8-sig", errors="replace").splitlines()
        return [(line, dict(row)) for line, row in enumerate(csv.DictReader(text), start=2)]
    found = []
    for line, raw in enumerate(data.splitlines(), start=1):
        if not raw.strip():
            continue
        try:
            row = orjson.loads(raw)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            raise TunesmithError(
                "this line is not a JSON object", where=f"{path}:{line}", todo="mend the line"
            )
        found.append((line, row))
    return found
