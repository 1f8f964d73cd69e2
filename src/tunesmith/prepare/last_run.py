"""What the last run read of each source: which of its rows are new now, changed or gone.

Pieces that are as they were are not looked at: only rows of the others are compared, by their
identifiers and, where a row has moved to another place or file, by their own number or content.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith.io import read_json, write_json
from tunesmith.store.cache import RunCache, Stage

_COLUMNS = ["id", "source_id", "content_hash", "question", "answer", "text"]


@dataclass(frozen=True)
class Changes:
    """How the rows of a source differ from those of the last run."""

    new: int = 0
    changed: int = 0
    deleted: int = 0
    moved: int = 0
    """Rows that are as they were, at another place."""

    @property
    def words(self) -> str:
        """`12 new, 3 changed, 1 deleted`; empty where nothing is different."""
        told = asdict(self)
        return ", ".join(f"{count:,} {name}" for name, count in told.items() if count)


class LastRun:
    """What a run remembers of its sources for the next one.

    Args:
        cache: The run's cache.
    """

    def __init__(self, cache: RunCache) -> None:
        self._cache = cache
        self._path = cache.stage("collected", "1").folder / "sources.json"
        self._before: dict[str, Any] = read_json(self._path) if self._path.exists() else {}
        self._now: dict[str, Any] = {}

    def schema(self, source: str) -> dict[str, str] | None:
        """The columns that a source's rows had, if it was read before."""
        known = self._before.get(source)
        return None if known is None else known["schema"]

    def changes(self, source: str, stages: Sequence[Stage]) -> Changes | None:
        """What is different in a source; none where it was not read before."""
        known = self._before.get(source)
        if known is None:
            return None
        names = {stage.folder.name for stage in stages}
        gone = [Stage(self._folder(name)) for name in known["stages"] if name not in names]
        if not all(stage.done for stage in gone):
            return None  # somebody has emptied the cache: nothing says what there was
        new = [stage for stage in stages if stage.folder.name not in known["stages"]]
        return compared(_rows(gone), _rows(new))

    def note(self, source: str, stages: Sequence[Stage], schema: dict[str, str]) -> None:
        """Remember what was read of a source."""
        self._now[source] = {
            "stages": [stage.folder.name for stage in stages], "schema": schema,
        }  # fmt: skip

    def close(self) -> None:
        """Make this the last run."""
        if self._now != self._before:
            write_json(self._path, self._now)

    def _folder(self, name: str) -> Path:
        return self._cache.folder / name


def _rows(stages: Iterable[Stage]) -> pl.DataFrame:
    """Of each row its `id`, its `key` (own number, or content) and the `digest` of its content."""
    texts = pl.concat_str("question", "answer", "text", separator="\x1f", ignore_nulls=True)
    digest = pl.coalesce("content_hash", texts.hash().cast(pl.String)).alias("digest")
    frames = [
        frame.select("id", pl.coalesce("source_id", digest).alias("key"), digest)
        for stage in stages
        for frame in stage.frames(_COLUMNS)
    ]
    empty = pl.DataFrame(schema=dict.fromkeys(("id", "key", "digest"), pl.String))
    return pl.concat([empty, *frames])


def compared(before: pl.DataFrame, now: pl.DataFrame) -> Changes:
    """How some rows differ from those that were there before.

    Args:
        before: Columns id, key, digest.
        now: The same.
    """
    same = before.join(now, on="id")
    changed = same.filter(pl.col("digest") != pl.col("digest_right")).height
    gone = _numbered(before.join(now, on="id", how="anti"))
    new = _numbered(now.join(before, on="id", how="anti"))
    moved = gone.join(new, on=["key", "number"])
    edited = moved.filter(pl.col("digest") != pl.col("digest_right")).height
    return Changes(
        new=new.height - moved.height,
        changed=changed + edited,
        deleted=gone.height - moved.height,
        moved=moved.height - edited,
    )


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that share a key, told apart by their order."""
    return rows.with_columns(number=pl.int_range(pl.len()).over("key"))
