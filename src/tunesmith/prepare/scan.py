"""The leak scan of the rows that are about to be published; any leak fails the run."""

from __future__ import annotations

from collections import Counter

from tunesmith.errors import QualityGateError
from tunesmith.io import read_json
from tunesmith.prepare.context import Context
from tunesmith.prepare.duplicates import Unique
from tunesmith.scan import VERSION as SCAN_VERSION
from tunesmith.scan import ScanPart


def scan_for_leaks(context: Context, unique: Unique) -> Counter[str]:
    """Look for personal data once more.

    Raises:
        QualityGateError: Some is left.
    """
    leaks: Counter[str] = Counter()
    places: set[str] = set()
    rows: list[str] = []
    with context.timed("scan for leaks"):
        tasks = _tasks(context, unique)
        with context.progress.stage("scan for leaks", total=len(tasks)) as bar:
            for task, found in zip(tasks, context.each(tasks), strict=True):
                if found:
                    said = read_json(task.found)
                    leaks.update(said["leaks"])
                    places.update(said["columns"])
                    rows += said["rows"]
                bar.advance()
    if leaks:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(leaks.items()))
        raise QualityGateError(
            f"personal data is left after the last step: {kinds} in {', '.join(sorted(places))} "
            f"(first in {', '.join(rows[:3])})",
            where="leak scan",
            todo="nothing was published; look for a terminology entry or a column that brings "
            "it back, or add what is not personal to clean.personal_data.allow",
        )
    return leaks


def _tasks(context: Context, unique: Unique) -> list[ScanPart]:
    detector = context.recipe.clean.personal_data
    settings = {"detector": detector.identity(), "version": SCAN_VERSION}
    folder = unique.stage.folder.resolve()
    return [
        ScanPart(
            rows=unique.rows.folder.resolve(),
            number=number,
            unique=folder,
            detector=detector,
            clean=path,
            found=folder / f"leaks-{number:05d}.json",
        )
        for number, path in enumerate(context.beside(unique.rows, "clean", settings))
    ]
