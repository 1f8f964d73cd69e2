"""Reading one file as a piece of work of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from tunesmith.collect.base import Place, Source
from tunesmith.engine import Task
from tunesmith.step import Outcome
from tunesmith.store import cache
from tunesmith.store.cache import Stage


class CollectFile(Task):
    """Read one file of a source into a stage of the run cache."""

    kind: ClassVar[str] = "collect_file"

    source: Source
    """The source."""
    path: Path
    """The file."""
    name: str
    """The file's name in records."""
    collected_at: datetime
    """The time of collection in records."""
    folder: Path
    """The stage's folder."""

    def run(self) -> int:
        """Read the file and close the stage.

        Raises:
            SourceError: The file as a whole cannot be read.
        """
        stage = Stage(self.folder)
        kept = bad = 0

        def outcomes() -> Iterator[Outcome]:
            nonlocal kept, bad
            for chunk in self.source.read(Place(self.path, self.name, self.collected_at)):
                kept += chunk.frame.height
                bad += chunk.fates.height
                yield Outcome(chunk.frame, chunk.fates, [])

        parts = cache.fill(stage, outcomes())
        stage.finish(parts, {"rows": kept, "quarantined": bad})
        return kept
