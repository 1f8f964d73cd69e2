"""Merging duplicates: which rows stay, and which row stands for each of the others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.dedup.against import read as read_set
from tunesmith.dedup.clusters import Found, find
from tunesmith.dedup.earlier import EarlierRows
from tunesmith.dedup.fields import COLUMNS
from tunesmith.dedup.fields import VERSION as FIELDS_VERSION
from tunesmith.dedup.index import VERSION as DEDUP_VERSION
from tunesmith.dedup.semantic import StaticEmbedder
from tunesmith.dedup.spread import Layout, Spread
from tunesmith.dedup.told import VERSION as TOLD_VERSION
from tunesmith.dedup.told import Told
from tunesmith.io import fingerprint, write_json
from tunesmith.ledger import ORIGIN
from tunesmith.prepare.context import Context
from tunesmith.prepare.earlier import earlier_versions, rows_of
from tunesmith.prepare.within_fields import list_within_fields
from tunesmith.step import Outcome, StepCount
from tunesmith.store import cache
from tunesmith.store.cache import Stage
from tunesmith.store.kept import Kept
from tunesmith.store.versions import Version


@dataclass(frozen=True)
class Unique:
    """Rows of which no two are the same."""

    rows: Stage
    """All rows that were compared."""
    stage: Stage
    """For each of them, whether it stays, and which row stands for it."""
    earlier: list[Version]
    """The versions that they were held against, oldest first."""

    @property
    def near_sizes(self) -> list[int]:
        """The sizes of the clusters of near duplicates."""
        sizes: list[int] = self.stage.summary["near_sizes"]
        return sizes

    def kept(self) -> Kept:
        """The rows that stay."""
        return Kept(self.rows, [part.get_column("stays").to_numpy() for part in self._flags])

    def stands_for(self) -> NDArray[np.int64]:
        """The row that stands for each row: itself where it stays, -1 where none here does."""
        parts = [part.get_column("stands").to_numpy() for part in self._flags]
        return np.concatenate([np.empty(0, np.int64), *parts])

    @cached_property
    def _flags(self) -> list[pl.DataFrame]:
        return list(self.stage.frames(["stays", "stands"]))


def merge_duplicates(context: Context, rows: Stage) -> Unique:
    """Merge duplicates."""
    with context.timed("find duplicates"):
        earlier = earlier_versions(context, rows)
        stage = context.cache.stage("unique", fingerprint(_identity(context, rows, earlier)))
        files = context.beside(rows, "index", _index_settings(context))
        forests = context.forests(rows, "forest", _index_settings(context))
        shown = _told(context, rows, "shown", COLUMNS)
        origins = _told(context, rows, "origin", ORIGIN)
        if not stage.done:
            folder = stage.folder / "index"
            with context.progress.stage("find duplicates", total=2 * len(rows)) as bar:
                held = rows_of(context, earlier) if earlier else None
                found = find(
                    rows,
                    context.recipe.dedup,
                    folder,
                    sets=[read_set(one, context.base) for one in context.recipe.dedup.against],
                    earlier=held,
                    embedder=_embedder(context),
                    spread=_spread(context, rows, folder, held, files),
                    files=files,
                    forests=forests,
                    origins=origins,
                    advance=bar.advance,
                )
                _write(stage, found, bar.advance)
            listed = list_within_fields(found, stage, shown)
            stage.finish(len(rows), {"near_sizes": found.near_sizes, **listed})
            shutil.rmtree(folder)
    return Unique(rows, stage, earlier)


def _identity(context: Context, rows: Stage, earlier: list[Version]) -> dict[str, Any]:
    """What the rows that stay depend on."""
    config = context.recipe.dedup
    return {
        "format": cache.FORMAT,
        "input": rows.folder.name,
        "earlier": [version.fingerprint for version in earlier],
        "dedup": config.model_dump(mode="json"),
        "against": [one.identity(context.base) for one in config.against],
        "semantic": None if config.semantic is None else config.semantic.identity(context.base),
        "version": DEDUP_VERSION,
        "within_fields": FIELDS_VERSION,
    }


def _index_settings(context: Context) -> dict[str, Any]:
    """What the index of a part depends on, besides its rows."""
    include = {"near", "columns", "keep"}
    settings = context.recipe.dedup.model_dump(mode="json", include=include)
    return settings | {"version": DEDUP_VERSION}


def _told(context: Context, rows: Stage, name: str, columns: Sequence[str]) -> Told:
    """Columns of some rows, kept beside their parts once a run has told of them."""
    settings = {"columns": list(columns), "version": TOLD_VERSION}
    return Told(rows, columns, context.beside(rows, name, settings, "parquet"))


def _embedder(context: Context) -> StaticEmbedder | None:
    semantic = context.recipe.dedup.semantic
    if semantic is None:
        return None
    return StaticEmbedder(context.base / Path(semantic.model).expanduser())


def _spread(
    context: Context, rows: Stage, folder: Path, earlier: EarlierRows | None, files: list[Path]
) -> Spread | None:
    """The search for near duplicates on the engine's machines, if it has any but this one."""
    if context.cluster is None:
        return None
    listed = folder.resolve() / "files.json"
    write_json(listed, [str(path) for path in files])
    layout = Layout(
        rows=rows.folder.resolve(),
        folder=folder.resolve(),
        config=context.recipe.dedup,
        base=context.base,
        earlier=[] if earlier is None else [one.resolve() for one in earlier.folders],
        files=listed,
    )
    return Spread(context.cluster, layout, len(rows))


def _write(stage: Stage, found: Found, advance: Callable[..., None]) -> None:
    """Write which rows of each part stay, and the fates of the others."""
    merged = 0
    for number, flags in enumerate(_flags(found)):
        if not stage.has(number):
            fates, kept = found.fates(number), int(flags.get_column("stays").sum())
            count = StepCount("dedup", flags.height, kept)
            stage.write(number, Outcome(flags, fates, [count]))
        merged += found.removed_from(number)
        advance(note=f"{merged:,} removed")


def _flags(found: Found) -> Iterator[pl.DataFrame]:
    """For each part, which rows stay, and the row (of all) that stands for each."""
    stands = found.stands_for()
    for number in range(len(found.parts)):
        begin, end = found.offsets[number], found.offsets[number + 1]
        yield pl.DataFrame({"stays": found.staying(number), "stands": stands[begin:end]})
