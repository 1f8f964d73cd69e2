"""Reads sources as a run does: fetch, pieces, rows; and checks that nothing is lost twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tunesmith.collect.base import Place, Source
from tunesmith.store.seen import Seen

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def read_all(
    source: Source, base: Path, work: Path | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows and the fates of a source; identifiers are checked to be distinct."""
    work = work or base
    folder = work / "gathered"
    folder.mkdir(exist_ok=True)
    seen = Seen(work / "seen.json")
    source.gather(base, folder)
    frames, fates = [], []
    for piece in source.pieces(base, folder, seen):
        for chunk in source.read(Place(piece.stretches, NOW)):
            frames.append(chunk.frame)
            fates.append(chunk.fates)
    rows, left = pl.concat(frames), pl.concat(fates)
    ids = rows["id"].to_list() + left["id"].to_list()
    assert len(ids) == len(set(ids))
    return rows, left


def extra(row: dict, key: str) -> str | None:
    return next((item["value"] for item in row["extra"] if item["key"] == key), None)
