"""Collecting: every file of every source becomes rows, and a stage of the cache."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith.collect.base import Source
from tunesmith.collect.task import CollectFile
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
    """One a file, in order."""
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
        """All rows, those that could not be read (quarantined) included."""
        quarantined: int = sum(source["quarantined"] for source in self.sources)
        return self.readable + quarantined

    def add(self, source: Source, stage: Stage) -> None:
        """Count a file that was collected; the files of a source come one after the other."""
        if not self.sources or self.sources[-1]["source"] != source.name:
            self.sources.append(
                {
                    "source": source.name,
                    "kind": getattr(source, "kind", ""),
                    "license": source.license,
                    "files": 0,
                    "rows": 0,
                    "quarantined": 0,
                }
            )
        mine, summary = self.sources[-1], stage.summary
        mine["files"] += 1
        mine["rows"] += summary["rows"]
        mine["quarantined"] += summary["quarantined"]
        self.stages.append(stage)
        self.source_of[stage.folder.name] = source.name


def collect_files(context: Context) -> Collected:
    """Read every file that is not in the cache.

    Raises:
        SourceError: A source cannot be read, or gives no row.
    """
    collected = Collected()
    with context.timed("collect"):
        places = [
            (source, path)
            for source in context.recipe.sources
            for path in source.files(context.base)
        ]
        with context.progress.stage("collect", total=len(places)) as bar:
            seen = Seen(context.cache.folder / "seen.json")
            stages = [_stage(context, source, path, seen) for source, path in places]
            seen.close()
            waiting = [not stage.done for stage in stages]
            tasks = [
                _task(context, source, path, stage)
                for (source, path), stage, waits in zip(places, stages, waiting, strict=True)
                if waits
            ]
            done = context.each(tasks)
            for (source, _), stage, waits in zip(places, stages, waiting, strict=True):
                if waits:
                    next(done)
                collected.add(source, stage)
                bar.advance(note=plural(collected.rows, "row"))
    for counted in collected.sources:
        if counted["rows"] == 0:
            raise _nothing_read(collected, counted)
    return collected


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
    place = first["file"] if first["line"] is None else f"{first['file']}:{first['line']}"
    return SourceError(
        f"no row could be read ({counted['quarantined']:,} quarantined)",
        where=where,
        todo=f"mend what was found; the first is {place}: {first['reason']}",
    )


def _stage(context: Context, source: Source, path: Path, seen: Seen) -> Stage:
    identity = {
        "format": cache.FORMAT,
        "source": source.model_dump(mode="json", exclude={"path"}),
        "file": display_name(path, source, context.base),
        "sha256": seen.sha256(path),
    }
    return context.cache.stage("collect", fingerprint(identity))


def _task(context: Context, source: Source, path: Path, stage: Stage) -> CollectFile:
    return CollectFile(
        source=source,
        path=path.resolve(),
        name=display_name(path, source, context.base),
        collected_at=collection_time(),
        folder=stage.folder.resolve(),
    )


def collection_time() -> datetime:
    """Now, or the moment in `SOURCE_DATE_EPOCH` (reproducible-builds.org), in whole seconds."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is not None:
        return datetime.fromtimestamp(int(fixed), UTC)
    return datetime.now(UTC).replace(microsecond=0)


def display_name(path: Path, source: Source, base: Path) -> str:
    """A file's name in records: relative to the recipe's folder, or to what the source names.

    The folders above are left out: they may hold a user's name.
    """
    if path.resolve().is_relative_to(base.resolve()):
        return path.resolve().relative_to(base.resolve()).as_posix()
    given = Path(source.path).expanduser()
    root = given if given.is_absolute() else base / given
    if root.is_dir():
        return (Path(root.name) / path.relative_to(root)).as_posix()
    return path.name
