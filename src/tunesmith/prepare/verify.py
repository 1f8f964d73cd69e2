"""Verification of a source that was read: what is wrong with it, and what becomes of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from tunesmith import ledger, record
from tunesmith.collect.base import Piece, Source
from tunesmith.collect.schema import Schema, drift, later
from tunesmith.collect.verify import SourceFile
from tunesmith.errors import SourceError
from tunesmith.io import fingerprint
from tunesmith.prepare.context import Context
from tunesmith.prepare.last_run import LastRun
from tunesmith.step import Outcome
from tunesmith.store import cache
from tunesmith.store.cache import Stage
from tunesmith.store.seen import Seen


def files_of(pieces: Sequence[Piece]) -> list[SourceFile]:
    """The files of some pieces, each once."""
    named = {
        stretch.path: SourceFile(stretch.path, stretch.name)
        for piece in pieces
        for stretch in piece.stretches
    }
    return list(named.values())


def schema_of(stages: Sequence[Stage]) -> dict[str, str]:
    """The columns of a source's rows."""
    schema = Schema()
    for stage in stages:
        schema.merge(stage.summary["schema"])
    return schema.columns


def refuse_files(context: Context, source: Source, pieces: Sequence[Piece], seen: Seen) -> None:
    """Look at the files of a source before anything is read, if it is refused as a whole.

    Raises:
        SourceError: They are not those that the recipe expects.
    """
    if source.verify.on_failure == "refuse":
        _refuse(source, source.verify.of_files(files_of(pieces), context.base, seen))


def verified(
    context: Context,
    source: Source,
    pieces: Sequence[Piece],
    stages: Sequence[Stage],
    *,
    seen: Seen,
    last: LastRun,
    now: datetime,
) -> tuple[list[Stage], list[str]]:
    """Hold a source to what the recipe expects of it.

    Returns:
        Its stages, with every row in quarantine if it fails, and what is wrong with it.

    Raises:
        SourceError: It fails and is refused.
    """
    verify, files = source.verify, files_of(pieces)
    failures = verify.of_files(files, context.base, seen)
    failures += verify.of_rows(sum(stage.summary["rows"] for stage in stages))
    failures += verify.of_age(_newest(stages), files, now)
    before = last.schema(source.name)
    if before is not None and verify.drift != "ignore":
        changed = drift(before, schema_of(stages))
        if verify.drift == "fail":
            failures += [f"since the last run, {words}" for words in changed]
        else:
            for words in changed:
                context.progress.say(f"source '{source.name}': since the last run, {words}")
    if not failures:
        return list(stages), []
    if verify.on_failure == "refuse":
        _refuse(source, failures)
    reason = f"the source failed its verification: {'; '.join(failures)}"
    return [_quarantined(context, stage, reason) for stage in stages], failures


def _refuse(source: Source, failures: Sequence[str]) -> None:
    if failures:
        raise SourceError(
            "; ".join(failures),
            where=f"source '{source.name}' failed its verification",
            todo="export it again, or change its `verify`; with on_failure: quarantine the run "
            "goes on without it",
        )


def _newest(stages: Sequence[Stage]) -> datetime | None:
    newest = None
    for stage in stages:
        told: Any = stage.summary["newest"]
        newest = later(newest, None if told is None else datetime.fromisoformat(told))
    return newest


def _quarantined(context: Context, stage: Stage, reason: str) -> Stage:
    """The rows of a stage in quarantine, in a stage of its own."""
    key = fingerprint({"format": cache.FORMAT, "stage": stage.folder.name, "reason": reason})
    held = context.cache.stage("held", key)
    if held.done:
        return held
    parts = 0
    for number in range(len(stage)):
        rows = stage.frame(number)
        fates = ledger.fates(rows, step="verify", fate="quarantined", reason=reason)
        gone = pl.concat([stage.fates_of(number), fates])
        held.write(number, Outcome(record.empty(), gone, []))
        parts += 1
    summary = stage.summary
    left = summary["quarantined"] + summary["rows"]
    held.finish(parts, summary | {"rows": 0, "quarantined": left})
    return held
