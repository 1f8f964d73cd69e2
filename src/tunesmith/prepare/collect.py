"""Collecting: every piece of every source becomes rows, and a stage of the cache."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from tunesmith import ledger, record
from tunesmith.collect.base import Piece, Source
from tunesmith.collect.task import CollectPiece
from tunesmith.errors import SourceError
from tunesmith.io import fingerprint
from tunesmith.prepare.context import Context
from tunesmith.prepare.last_run import LastRun
from tunesmith.prepare.verify import files_of, refuse_files, schema_of, verified
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

    last: LastRun | None = None
    """What the next run needs to know of this one."""

    def begin(self, source: Source, files: int) -> None:
        """Start to count a source."""
        self.sources.append(
            {
                "source": source.name,
                "kind": getattr(source, "kind", ""),
                "license": source.license,
                "trust": source.verify.trust,
                "files": files,
                "rows": 0,
                "quarantined": 0,
                "dropped": 0,
                "newest": None,
                "failures": [],
                "since_last_run": None,
            }
        )

    def add(self, stage: Stage) -> None:
        """Count a piece of the source that was begun last."""
        mine, summary = self.sources[-1], stage.summary
        for name in ("rows", "quarantined", "dropped"):
            mine[name] += summary[name]
        mine["newest"] = max(filter(None, (mine["newest"], summary["newest"])), default=None)
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
        for source, pieces in found:
            refuse_files(context, source, pieces, seen)
        stages = [_stages(context, source, pieces) for source, pieces in found]
        now = collection_time()
        _read_missing(context, found, stages, now)
        last = collected.last = LastRun(context.cache)
        fetched = context.cache.folder.resolve()  # what a source made of what it fetched
        for (source, pieces), mine in zip(found, stages, strict=True):
            given = sum(not one.path.is_relative_to(fetched) for one in files_of(pieces))
            collected.begin(source, given)
            counted = collected.sources[-1]
            held, failures = verified(context, source, pieces, mine, seen=seen, last=last, now=now)
            counted["failures"] = failures
            changes = last.changes(source.name, mine)
            counted["since_last_run"] = None if changes is None else asdict(changes)
            last.note(source.name, mine, schema_of(mine))
            for stage in held:
                collected.add(stage)
        seen.close()
    _refuse_nothing(context, collected)
    return collected


def _refuse_nothing(context: Context, collected: Collected) -> None:
    """See that there are rows; a source of which its own rules leave nothing is only named.

    Raises:
        SourceError: Nothing of a source could be read, or there is no row at all.
    """
    without = [one for one in collected.sources if not one["rows"] and not one["failures"]]
    for counted in without:
        problem = _nothing_read(collected, counted)
        if not counted["dropped"] or not collected.readable:
            raise problem
        context.progress.say(problem.message)
    if not collected.readable:
        raise SourceError("every source failed its verification, so there is no row")


def _read_missing(
    context: Context,
    found: Sequence[tuple[Source, list[Piece]]],
    stages: Sequence[list[Stage]],
    now: datetime,
) -> None:
    """Read the pieces that are not in the cache; those that follow another, after it."""
    waves: list[list[CollectPiece]] = []
    for (source, pieces), mine in zip(found, stages, strict=True):
        run = collection_id(now, source.settings())
        chain, wave = list[Stage](), 0
        for piece, stage in zip(pieces, mine, strict=True):
            if not piece.follows:
                chain, wave = [], 0
            if not stage.done:
                if wave == len(waves):
                    waves.append([])
                waves[wave].append(_task(source, piece, stage, now, run, chain))
                wave += 1
            chain.append(stage)
    total = sum(map(len, stages))
    with context.progress.stage("collect", total=total) as bar:
        bar.advance(total - sum(map(len, waves)))
        rows = 0
        for tasks in waves:
            for read in context.each(tasks):
                rows += read
                bar.advance(note=f"{plural(rows, 'row')} read")


def collection_id(now: datetime, settings: dict[str, Any]) -> str:
    """Identifies the run that reads a source: its time, and a digest of what the source says.

    Nothing of the machine or of what was read before is in it, so that a fixed time (see
    `collection_time`) gives the same bytes.

    >>> from datetime import datetime, timezone
    >>> collection_id(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), {})[:17]
    '20260102T030405Z-'
    """
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{record.lettered(fingerprint(settings)[:6])}"


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
    if not counted["quarantined"] and not counted["dropped"]:
        return SourceError("the files have no row", where=where, todo="export them again")
    fates = pl.concat(
        stage.fates()
        for stage in collected.stages
        if collected.source_of[stage.folder.name] == counted["source"]
    )
    said = [f"{counted[fate]:,} {fate}" for fate in ("quarantined", "dropped") if counted[fate]]
    most = ledger.reasons(fates).row(0, named=True)
    first = fates.filter(fate=most["fate"], reason=most["reason"]).row(0, named=True)
    return SourceError(
        f"no row could be made ({', '.join(said)})",
        where=where,
        todo=f"most often because of this: {most['reason']}; the first is {ledger.place(first)}",
    )


def _stages(context: Context, source: Source, pieces: list[Piece]) -> list[Stage]:
    settings = source.settings()
    return [
        context.cache.stage(
            "collect",
            fingerprint(
                {
                    "format": cache.FORMAT,
                    "source": settings,
                    "files": [stretch.name for stretch in piece.stretches],
                    "digest": piece.digest,
                    "follows": piece.follows,
                }
            ),
        )
        for piece in pieces
    ]


def _task(
    source: Source, piece: Piece, stage: Stage, now: datetime, run: str, before: list[Stage]
) -> CollectPiece:
    return CollectPiece(
        source=source,
        stretches=piece.stretches,
        collected_at=now,
        folder=stage.folder.resolve(),
        collection=run,
        before=tuple(stage.folder.resolve() for stage in before),
    )


def collection_time() -> datetime:
    """Now, or the moment in `SOURCE_DATE_EPOCH` (reproducible-builds.org), in whole seconds."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is not None:
        return datetime.fromtimestamp(int(fixed), UTC)
    return datetime.now(UTC).replace(microsecond=0)
