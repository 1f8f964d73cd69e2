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
from tunesmith.io import fingerprint
from tunesmith.prepare.context import Context
from tunesmith.prepare.duplicates import Unique
from tunesmith.prepare.tables import write_parquet
from tunesmith.prepare.texts import known_questions
from tunesmith.progress import Progress
from tunesmith.recipe import Recipe
from tunesmith.split import PROTECTED
from tunesmith.store.kept import Kept
from tunesmith.store.versions import Version, read_version, versions


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
    if not _dealt_alike(context.recipe, newest):
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
    if not (folder / "rows.parquet").exists():
        hashes = known_questions(context, kept.rows).hashes(np.concatenate(kept.stays))
        rows = kept.table(["id", "split"])
        _write(folder, hashes, rows.get_column("id"), rows.get_column("split"))


def _dealt_alike(recipe: Recipe, version: Version) -> bool:
    """Whether a version was dealt with the recipe's settings and seed."""
    before = yaml.safe_load(version.recipe)
    mine = recipe.split.model_dump(mode="json", exclude={"keep"})
    theirs = {name: value for name, value in before["split"].items() if name != "keep"}
    return bool(theirs == mine and before["seed"] == recipe.seed)


def _read(context: Context, version: Version) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The split of each question of a version, and of each row: see `_ranked`."""
    folder = _folder(context, version)
    if not (folder / "rows.parquet").exists():
        columns = ["id", "kind", "question", "split"]
        rows = read_version(context.table, version.number, columns)
        rows = rows.filter(pl.col("kind") == "qa")
        hashes = text_hashes(comparable(rows, ["question"]))
        _write(folder, hashes, rows.get_column("id"), rows.get_column("split"))
    return pl.read_parquet(folder / "questions.parquet"), pl.read_parquet(folder / "rows.parquet")


def _write(folder: Path, hashes: NDArray[np.uint64], ids: pl.Series, splits: pl.Series) -> None:
    write_parquet(folder / "questions.parquet", _ranked(hashes, splits))
    write_parquet(folder / "rows.parquet", _ranked(text_hashes(ids), splits))


def _folder(context: Context, version: Version) -> Path:
    identity = {"version": version.fingerprint, "texts": TEXTS_VERSION}
    return context.cache.stage("splits", fingerprint(identity)).folder


def _ranked(hashes: NDArray[np.uint64], splits: pl.Series) -> pl.DataFrame:
    """By 128-bit hash (columns high, low), the split as a rank: the highest is protected most."""
    ranks = {name: rank for rank, name in enumerate(reversed(PROTECTED), start=1)}
    return (
        pl.DataFrame({"high": hashes[0], "low": hashes[1], "split": splits})
        .filter((pl.col("high") | pl.col("low")) != 0, pl.col("split").is_in(list(ranks)))
        .group_by("high", "low")
        .agg(pl.col("split").replace_strict(ranks, return_dtype=pl.UInt8).max().alias("rank"))
        .sort("high", "low")  # the same bytes every time
    )


def _looked_up(ranked: pl.DataFrame, hashes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The rank of each hash, 0 for one that has none."""
    wanted = pl.DataFrame({"high": hashes[0], "low": hashes[1]})
    found = wanted.join(ranked, on=["high", "low"], how="left", maintain_order="left")
    ranks: NDArray[np.uint8] = found.get_column("rank").fill_null(0).to_numpy()
    return ranks


def _named(ranks: NDArray[np.uint8]) -> pl.Series:
    """The splits of ranks, null for 0."""
    names = np.array([None, *reversed(PROTECTED)], dtype=object)
    return pl.Series(names[ranks].tolist(), dtype=pl.String)
