"""Publishing: the exports and a version of the dataset, part by part."""

from __future__ import annotations

from functools import partial
from typing import Any

from tunesmith.io import fingerprint
from tunesmith.prepare.collect import Collected
from tunesmith.prepare.context import Context
from tunesmith.prepare.duplicates import Unique
from tunesmith.prepare.earlier import rows_of
from tunesmith.prepare.inherit import remember_splits
from tunesmith.prepare.rows import Checked
from tunesmith.prepare.split import DealtRows
from tunesmith.split import SPLITS
from tunesmith.store.conversations import FOLDER as CONVERSATIONS
from tunesmith.store.conversations import VERSION as CONVERSATIONS_VERSION
from tunesmith.store.conversations import export_conversations
from tunesmith.store.export import VERSION as EXPORT_VERSION
from tunesmith.store.export import ExportPart, export
from tunesmith.store.facts import Facts
from tunesmith.store.versions import Version, VersionPart, write_version


def publish_version(
    context: Context,
    collected: Collected,
    checked: Checked,
    unique: Unique,
    dealt: DealtRows,
    facts: Facts,
    counts: dict[str, int],
) -> Version:
    """Write the exports and the dataset version, and what the next run needs to know of it.

    Args:
        context: The run.
        collected: What the sources gave.
        checked: The steps that were run.
        unique: The earlier versions.
        dealt: The rows.
        facts: What is known of them.
        counts: Rows by fate.
    """
    kept = dealt.kept
    with context.timed("publish"), context.progress.stage("publish", total=2) as bar:
        frames = [partial(kept.frame, number) for number in range(len(kept))]
        names = [f"{kept.rows.name(n)}-{mine}" for n, mine in enumerate(dealt.prints)]
        export(
            context.out / "export",
            [ExportPart(name, frame) for name, frame in zip(names, frames, strict=True)],
            SPLITS,
            index=context.cache.stage("exported", str(EXPORT_VERSION)).folder / "lines.json",
        )
        _write_conversations(context, dealt)
        bar.advance()
        version = write_version(
            context.table,
            [VersionPart(mine, frame) for mine, frame in zip(dealt.prints, frames, strict=True)],
            rows=kept.height,
            fingerprint=dealt.fingerprint,
            recipe=context.loaded.as_run(),
            lineage=_lineage(context, collected, checked, dealt, counts),
        )
        remember_splits(context, kept, facts, version)
        if context.recipe.dedup.against_versions is True:
            known = {before.number for before in unique.earlier}
            new = [] if version.number in known else [version]
            rows_of(context, [*unique.earlier, *new], kept)
        bar.advance()
    return version


def _write_conversations(context: Context, dealt: DealtRows) -> None:
    """Write conversations of several turns, where the rows have changed."""
    key = fingerprint([CONVERSATIONS_VERSION, dealt.fingerprint])
    stage = context.cache.stage("conversations", key)
    folder = context.out / "export"
    made = stage.summary["files"] if stage.done else []
    if not stage.done or not all((folder / CONVERSATIONS / name).exists() for name in made):
        stage.finish(0, {"files": export_conversations(folder, dealt.kept)})


def _lineage(
    context: Context,
    collected: Collected,
    checked: Checked,
    dealt: DealtRows,
    counts: dict[str, int],
) -> dict[str, Any]:
    """What the version was made of, and how."""
    lineage = {
        "counts": counts,
        "recipe": context.recipe.fingerprint(),
        "checked": checked.rows.folder.name,
        "rows_stage": [step.identity() for step in checked.steps],
        "sources": collected.sources,
    }
    if dealt.splits_from is not None:
        lineage["splits_from"] = dealt.splits_from
    return lineage
