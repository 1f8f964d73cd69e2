"""The leak scan: personal data is looked for once more in the rows that are about to be published.

A row that was found clean is not scanned again with the same settings: verdicts lie beside the
part that the row is in.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith import record
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.engine import Task
from tunesmith.io import atomic_write, write_json
from tunesmith.store.cache import Stage

#: Raised when the scan finds other things with the same settings.
VERSION = 3

#: What masking notes of a row: `MAC_ADDRESS×1` is nobody called Mac.
_NOTE = r"^[A-Z_]+×\d+$"
#: Rows of a part that a failure names.
_NAMED = 3


def scan(frame: pl.DataFrame, detector: MaskPersonalData) -> tuple[Counter[str], list[str]]:
    """Look for personal data in every text of a frame.

    Returns:
        How much of each kind there is, and the columns it is in.
    """
    total: Counter[str] = Counter()
    places: list[str] = []
    columns: dict[str, pl.Series] = {}
    for name, kind in frame.schema.items():
        if kind == pl.String:
            columns[name] = frame.get_column(name)
        elif kind == pl.List(pl.String):
            columns[name] = frame.get_column(name).explode()
        elif kind == record.EXTRA:
            pairs = frame.get_column(name).explode().struct
            columns[f"{name} (names)"] = pairs.field("key")
            columns[f"{name} (values)"] = pairs.field("value")
    changes = columns.get("changes")
    if changes is not None:
        columns["changes"] = changes.filter(~changes.str.contains(_NOTE))
    for name, texts in columns.items():
        found = detector.scan(texts.drop_nulls())
        if found:
            total += found
            places.append(name)
    return total, places


def leaking_rows(frame: pl.DataFrame, detector: MaskPersonalData, most: int) -> list[str]:
    """The first rows with personal data, as `FILE:LINE` (the line is that of the source)."""
    if most <= 0 or frame.is_empty() or not scan(frame, detector)[0]:
        return []
    if frame.height == 1:
        file, line = frame.select("file", "line").row(0)
        return [str(file) if line is None else f"{file}:{line}"]
    half = frame.height // 2
    left = leaking_rows(frame[:half], detector, most)
    return left + leaking_rows(frame[half:], detector, most - len(left))


class ScanPart(Task):
    """Scan those rows of a part that stay and were not found clean before."""

    kind: ClassVar[str] = "scan_part"

    rows: Path
    """The stage that holds the rows."""
    number: int
    """The part."""
    unique: Path
    """The stage that says which of them stay."""
    detector: MaskPersonalData
    """What looks."""
    clean: Path
    """The file that keeps which rows were found clean."""
    found: Path
    """The file for what was found: counts by kind, columns, and the first rows."""

    def run(self) -> int:
        """Scan; returns how much was found."""
        stays = self._stays()
        known = self._known(len(stays))
        wanted = stays & ~known
        if not wanted.any():
            return 0
        frame = Stage(self.rows).frame(self.number).filter(pl.Series(wanted))
        leaks, columns = scan(frame, self.detector)
        if leaks:
            rows = leaking_rows(frame, self.detector, _NAMED)
            write_json(self.found, {"leaks": dict(leaks), "columns": columns, "rows": rows})
            return sum(leaks.values())
        with atomic_write(self.clean) as file:
            np.save(file, known | wanted)
        return 0

    def _stays(self) -> NDArray[np.bool_]:
        flags = Stage(self.unique).frame(self.number, ["stays"])
        stays: NDArray[np.bool_] = flags.get_column("stays").to_numpy()
        return stays

    def _known(self, height: int) -> NDArray[np.bool_]:
        if not self.clean.exists():
            return np.zeros(height, dtype=bool)
        known: NDArray[np.bool_] = np.load(self.clean)
        return known
