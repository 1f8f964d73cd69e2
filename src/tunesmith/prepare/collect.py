"""Collecting: every piece of every source becomes rows, and a stage of the cache."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from tunesmith import ledger
from tunesmith.collect.base import Piece, Source
from tunesmith.collect.task import CollectPiece
from tunesmith.errors import SourceError
from tunesmith.io import fingerprint
from tunesmith.prepare.context import Context
from tunesmith.report.wording import plural
from tunesmith.store import cache
from tunesmith.store.cache import Stage
from tunesmith.store.seen import Seen


@dataclass
class Collected:
    """What the sources gave."""

    stages: list[Stage] = field(default_factory=list)
    """One a piece, in order."""
    sources: list[dict[str, Any]] = field(default_factory=list)
    """Of each source, its files and its rows, counted."""
    source_of: dict[str, str] = field(default_factory=dict)
    """By the name of a stage's folder, the source of its rows."""

    @property
    def readable(self) -> int:
        """Rows that could be read."""
        total: int = sum(source["rows"] for source in self.sources)
        return total

    @property
    def rows(self) -> int:
        """All rows, those that could not be read or that a source's rule left out included."""
        left: int = sum(source["quarantined"] + source["dropped"] for source in self.sources)
        return self.readable + left

    def begin(self, source: Source, files: int) -> None:
        """Start to count a source."""
        self.sources.append(
            {
                "source": source.name,
                "kind": getattr(source, "kind", ""),
                "license": source.license,
                "files": files,
                "rows": 0,
                "quarantined": 0,
                "dropped": 0,
            }
        )

    def add(self, stage: Stage) -> None:
        """Count a piece of the source that was begun last."""
        mine, summary = self.sources[-1], stage.summary
        for name in ("rows", "quarantined", "dropped"):
            mine[name] += summary[name]
        self.stages.append(stage)
        self.source_of[stage.folder.name] = mine["source"]


def collect_files(context: Context) -> Collected:
    """Read every piece that is not in the cache.

    Raises:
        SourceError: A source cannot be read, or gives no row.
    """
    collected = Collected()
    with context.timed("collect"):
        seen = Seen(context.cache.folder / "seen.json")
        found = [(source, pieces_of(context, source, seen)) for source in context.recipe.sources]
        seen.close()
        stages = [[_stage(context, source, piece) for piece in pieces] for source, pieces in found]
        waiting = [[not stage.done for stage in mine] for mine in stages]
        tasks = [
            _task(source, piece, stage)
            for (source, pieces), mine, waits in zip(found, stages, waiting, strict=True)
            for piece, stage, waits_for in zip(pieces, mine, waits, strict=True)
            if waits_for
        ]
        with context.progress.stage("collect", total=sum(map(len, stages))) as bar:
            done = context.each(tasks)
            for (source, pieces), mine, waits in zip(found, stages, waiting, strict=True):
                files = {stretch.path for piece in pieces for stretch in piece.stretches}
                collected.begin(source, len(files))
                for stage, waits_for in zip(mine, waits, strict=True):
                    if waits_for:
                        next(done)
                    collected.add(stage)
                    bar.advance(note=plural(collected.rows, "row"))
    for counted in collected.sources:
        if counted["rows"] == 0:
            raise _nothing_read(collected, counted)
    return collected


def pieces_of(context: Context, source: Source, seen: Seen) -> list[Piece]:
    """The pieces of a source, fetched first where they are not on this machine.

    Raises:
        SourceError: Nothing is there.
    """
    folder = context.cache.gathered(source.name)
    source.gather(context.base, folder)
    return source.pieces(context.base, folder, seen)


def _nothing_read(collected: Collected, counted: dict[str, Any]) -> SourceError:
    where = f"source '{counted['source']}'"
    if not counted["quarantined"]:
        return SourceError("the files have no row", where=where, todo="export them again")
    fates = pl.concat(
        stage.fates()
        for stage in collected.stages
        if collected.source_of[stage.folder.name] == counted["source"]
    )
    first = fates.row(0, named=True)
    place = ledger.place(first)
    return SourceError(
        f"no row could be read ({counted['quarantined']:,} quarantined)",
        where=where,
        todo=f"mend what was found; the first is {place}: {first['reason']}",
    )


def _stage(context: Context, source: Source, piece: Piece) -> Stage:
    identity = {
        "format": cache.FORMAT,
        "source": source.settings(),
        "files": [stretch.name for stretch in piece.stretches],
        "digest": piece.digest,
    }
    return context.cache.stage("collect", fingerprint(identity))


def _task(source: Source, piece: Piece, stage: Stage) -> CollectPiece:
    return CollectPiece(
        source=source,
        stretches=piece.stretches,
        collected_at=collection_time(),
        folder=stage.folder.resolve(),
    )


def collection_time() -> datetime:
    """Now, or the moment in `SOURCE_DATE_EPOCH` (reproducible-builds.org), in whole seconds."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is not None:
        return datetime.fromtimestamp(int(fixed), UTC)
    return datetime.now(UTC).replace(microsecond=0)
