"""Reading one piece of a source as a task of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from tunesmith import record
from tunesmith.collect.base import Place, Source, Stretch
from tunesmith.collect.earlier_keys import EarlierKeys
from tunesmith.collect.schema import Schema, later
from tunesmith.engine import Task
from tunesmith.step import Outcome
from tunesmith.store import cache
from tunesmith.store.cache import Stage


class CollectPiece(Task):
    """Read one piece of a source into a stage of the run cache."""

    kind: ClassVar[str] = "collect_piece"

    source: Source
    """The source."""
    stretches: tuple[Stretch, ...]
    """What the piece is made of."""
    collected_at: datetime
    """The time of collection in records."""
    folder: Path
    """The stage's folder."""
    collection: str | None = None
    """Identifies the run."""
    before: tuple[Path, ...] = ()
    """The stages of the pieces that it follows."""

    def run(self) -> int:
        """Read it and close the stage.

        Raises:
            SourceError: The piece as a whole cannot be read.
        """
        stage = Stage(self.folder)
        kept = 0
        left: Counter[str] = Counter()
        schema, newest = Schema(), None
        before = EarlierKeys.of([Stage(folder) for folder in self.before]) if self.before else None
        place = Place(self.stretches, self.collected_at, self.collection, before)

        def outcomes() -> Iterator[Outcome]:
            nonlocal kept, newest
            for chunk in self.source.read(place):
                schema.look(chunk.frame)
                newest = later(newest, chunk.frame.get_column("timestamp").max())
                kept += chunk.frame.height
                left.update(chunk.fates.get_column("fate"))
                yield Outcome(chunk.frame, chunk.fates, [])

        parts = cache.fill(stage, outcomes())
        stage.finish(
            parts,
            {
                "rows": kept,
                **{fate: left[fate] for fate in ("quarantined", "dropped")},
                "newest": record.iso(newest),
                "schema": schema.columns,
            },
        )
        return kept
