"""Rows that were dealt before keep their split: what the newest version says of each.

Questions say who is who: a row may have moved to another file, or another may stand for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from tunesmith.dedup.normalise import comparable
from tunesmith.dedup.texts import VERSION as TEXTS_VERSION
from tunesmith.dedup.texts import Texts
from tunesmith.hashing import text_hashes
from tunesmith.io import atomic_write, fingerprint
from tunesmith.prepare.context import Context
from tunesmith.prepare.duplicates import Unique
from tunesmith.prepare.texts import known_questions
from tunesmith.progress import Progress
from tunesmith.recipe import Recipe
from tunesmith.split import PROTECTED
from tunesmith.store.kept import Kept
from tunesmith.store.versions import Version, read_version, versions

U64 = NDArray[np.uint64]

#: Raised when the files of the hashes become others.
_FORMAT = 2
_QUESTIONS, _ROWS = "questions.npy", "rows.npy"


@dataclass(frozen=True)
class Inherited:
    """The splits that rows had before; null for one that had none."""

    version: int
    """The version that says so."""
    splits: pl.Series
    """The split that each row that stays had, or one that it stands for: the most protected."""
    own: pl.Series
    """The split that each row that stays had itself."""

    def count_moves(self, dealt: pl.Series, progress: Progress) -> dict[str, Any]:
        """Count the rows that kept their split, and those that the rule has moved."""
        moves = pl.DataFrame({"had": self.own, "has": dealt}).drop_nulls("had")
        counted = moves.group_by("had", "has").len().sort("had", "has")
        kept, moved = 0, {}
        for had, has, rows in counted.iter_rows():
            if had == has:
                kept += rows
            else:
                moved[f"{had} → {has}"] = rows
                progress.say(
                    f"{rows:,} rows move from {had} to {has}: new rows belong together with them "
                    f"and with rows of {has}"
                )
        return {"version": self.version, "kept": kept, "moved": moved}


def inherit(
    context: Context, unique: Unique, kept: Kept, questions: Texts, ids: pl.Series
) -> Inherited | None:
    """The splits of the newest version, if rows keep theirs."""
    config, there = context.recipe.split, versions(context.table)
    if not config.keep or config.by == "time" or not there:
        return None
    newest = there[-1]
    if newest.recipe != context.loaded.as_run() and not _dealt_alike(context.recipe, newest):
        context.progress.say(
            f"rows are dealt anew: version {newest.number} has other split settings or another seed"
        )
        return None
    asked, known = _read(context, newest)
    before = _looked_up(asked, questions.hashes())
    stands = pl.concat(unique.stage.frames(["stands"])).get_column("stands").to_numpy()
    ranks = np.zeros(len(before), dtype=np.uint8)
    inside = stands >= 0
    np.maximum.at(ranks, stands[inside], before[inside])
    own = _named(_looked_up(known, text_hashes(ids)))
    return Inherited(newest.number, _named(ranks[np.concatenate(kept.stays)]), own)


def remember_splits(context: Context, kept: Kept, version: Version) -> None:
    """Write what the next run inherits, while the hashes are at hand."""
    folder = _folder(context, version)
    if not (folder / _ROWS).exists():
        hashes = known_questions(context, kept.rows).hashes(np.concatenate(kept.stays))
        rows = kept.table(["id", "split"])
        _write(folder, hashes, rows.get_column("id"), rows.get_column("split"))


def _dealt_alike(recipe: Recipe, version: Version) -> bool:
    """Whether a version was dealt with the recipe's settings and seed."""
    before = yaml.safe_load(version.recipe)
    mine = recipe.split.model_dump(mode="json", exclude={"keep"})
    theirs = {name: value for name, value in before["split"].items() if name != "keep"}
    return bool(theirs == mine and before["seed"] == recipe.seed)


def _read(context: Context, version: Version) -> tuple[U64, U64]:
    """The split of each question of a version, and of each row: see `_ranked`."""
    folder = _folder(context, version)
    if not (folder / _ROWS).exists():
        columns = ["id", "kind", "question", "split"]
        rows = read_version(context.table, version.number, columns)
        rows = rows.filter(pl.col("kind") == "qa")
        hashes = text_hashes(comparable(rows, ["question"]))
        _write(folder, hashes, rows.get_column("id"), rows.get_column("split"))
    return np.load(folder / _QUESTIONS), np.load(folder / _ROWS)


def _write(folder: Path, hashes: U64, ids: pl.Series, splits: pl.Series) -> None:
    ranks = _ranks(splits)
    for name, of in ((_QUESTIONS, hashes), (_ROWS, text_hashes(ids))):
        with atomic_write(folder / name) as file:
            np.save(file, _ranked(of, ranks))


def _folder(context: Context, version: Version) -> Path:
    identity = {"version": version.fingerprint, "texts": TEXTS_VERSION, "format": _FORMAT}
    return context.cache.stage("splits", fingerprint(identity)).folder


def _ranks(splits: pl.Series) -> U64:
    """The splits as ranks: the highest is protected most, 0 for one that nobody keeps."""
    ranks = {name: rank for rank, name in enumerate(reversed(PROTECTED), start=1)}
    found: U64 = splits.replace_strict(ranks, default=0, return_dtype=pl.UInt64).to_numpy()
    return found


def _ranked(hashes: U64, ranks: U64) -> U64:
    """By 128-bit hash, rising, the highest rank: rows high, low, rank; shape (3, hashes)."""
    some = ((hashes[0] | hashes[1]) != 0) & (ranks > 0)
    high, low, ranks = hashes[0][some], hashes[1][some], ranks[some]
    order = np.argsort(high)
    if (high[order[1:]] == high[order[:-1]]).any():  # rising low halves within a high one
        order = np.lexsort((low, high))
    table = np.stack([high[order], low[order], ranks[order]])
    first = np.ones(table.shape[1], dtype=bool)
    first[1:] = (table[:2, 1:] != table[:2, :-1]).any(axis=0)
    if first.all():
        return table
    best = np.maximum.reduceat(table[2], np.flatnonzero(first))
    return np.concatenate([table[:2, first], best[np.newaxis]])


def _looked_up(ranked: U64, hashes: U64) -> NDArray[np.uint8]:
    """The rank of each hash, 0 for one that has none."""
    table = pl.DataFrame({"high": ranked[0], "low": ranked[1], "rank": ranked[2]})
    wanted = pl.DataFrame({"high": hashes[0], "low": hashes[1]})
    found = wanted.join(table, on=["high", "low"], how="left", maintain_order="left")
    ranks: NDArray[np.uint8] = found.get_column("rank").fill_null(0).cast(pl.UInt8).to_numpy()
    return ranks


def _named(ranks: NDArray[np.uint8]) -> pl.Series:
    """The splits of ranks, null for 0."""
    names = np.array([None, *reversed(PROTECTED)], dtype=object)
    return pl.Series(names[ranks].tolist(), dtype=pl.String)
