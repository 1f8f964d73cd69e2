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

from tunesmith.dedup.normalise import comparable
from tunesmith.dedup.texts import VERSION as TEXTS_VERSION
from tunesmith.dedup.texts import Texts
from tunesmith.hashing import text_hashes
from tunesmith.io import fingerprint
from tunesmith.prepare.context import Context
from tunesmith.prepare.duplicates import Unique
from tunesmith.prepare.texts import known_questions
from tunesmith.progress import Progress
from tunesmith.recipe import Recipe
from tunesmith.split import RANKED, named, ranks
from tunesmith.store.dealt import FORMAT, Dealt, Ranks, Rows
from tunesmith.store.facts import VERSION as FACTS_VERSION
from tunesmith.store.facts import Facts, halves
from tunesmith.store.kept import Kept
from tunesmith.store.versions import Version, read_version, versions


@dataclass(frozen=True)
class Inherited:
    """The splits that rows had before."""

    version: int
    """The version that says so."""
    splits: pl.Series
    """The split that each row that stays had, or one that it stands for: the most protected; null
    for one that had none."""
    own: Ranks
    """The rank of the split that each row that stays had itself; 0 for one that had none."""

    def count_moves(self, dealt: pl.Series, progress: Progress) -> dict[str, Any]:
        """Count the rows that kept their split, and those that the rule has moved."""
        pairs = len(RANKED) * self.own.astype(np.int64) + ranks(dealt)
        counted = np.bincount(pairs[self.own > 0], minlength=len(RANKED) ** 2)
        moves = [
            (RANKED[place // len(RANKED)], RANKED[place % len(RANKED)], int(counted[place]))
            for place in np.flatnonzero(counted).tolist()
        ]
        kept, moved = 0, {}
        for had, has, rows in sorted(moves):
            if had == has:
                kept += rows
            else:
                moved[f"{had} → {has}"] = rows
                progress.say(
                    f"{rows:,} rows move from {had} to {has}: new rows belong together with them "
                    f"and with rows of {has}"
                )
        return {"version": self.version, "kept": kept, "moved": moved}


def inherit(context: Context, unique: Unique, facts: Facts, questions: Texts) -> Inherited | None:
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
    asked, own = _dealt(context, newest).inherited(_rows(facts, questions))
    stands, best = unique.stands_for(), asked.copy()
    others = np.flatnonzero((stands >= 0) & (stands != np.arange(len(stands))))
    np.maximum.at(best, stands[others], asked[others])
    stays = np.concatenate(facts.kept.stays)
    return Inherited(newest.number, named(best[stays]), own[stays])


def remember_splits(context: Context, kept: Kept, facts: Facts, version: Version) -> None:
    """Write what the next run inherits, while the hashes are at hand."""
    folder = _folder(context, version)
    if Dealt.read(folder) is None:
        rows = _rows(facts, known_questions(context, kept.rows))
        dealt = np.zeros(rows.questions.shape[1], dtype=np.uint8)
        splits = [kept.splits_of(number) for number in range(len(kept))]
        dealt[np.concatenate(kept.stays)] = ranks(pl.concat(splits))
        Dealt(rows, dealt).write(folder)


def _dealt_alike(recipe: Recipe, version: Version) -> bool:
    """Whether a version was dealt with the recipe's settings and seed."""
    before = yaml.safe_load(version.recipe)
    mine = recipe.split.model_dump(mode="json", exclude={"keep"})
    theirs = {name: value for name, value in before["split"].items() if name != "keep"}
    return bool(theirs == mine and before["seed"] == recipe.seed)


def _rows(facts: Facts, questions: Texts) -> Rows:
    """The rows of this run, also those that do not stay."""
    kept = facts.kept
    parts = [kept.rows.name(number) for number in range(len(kept))]
    sizes = [len(stays) for stays in kept.stays]
    return Rows(parts, sizes, questions.hashes(), facts.of_every_row(halves("id")))


def _dealt(context: Context, version: Version) -> Dealt:
    """How a version was dealt: as the run that made it has said, or else by its table."""
    folder = _folder(context, version)
    known = Dealt.read(folder)
    if known is not None:
        return known
    columns = ["id", "kind", "question", "split"]
    rows = read_version(context.table, version.number, columns).filter(pl.col("kind") == "qa")
    hashes = text_hashes(comparable(rows, ["question"])), text_hashes(rows.get_column("id"))
    return Dealt(Rows([""], [rows.height], *hashes), ranks(rows.get_column("split")))


def _folder(context: Context, version: Version) -> Path:
    identity = {
        "version": version.fingerprint,
        "texts": TEXTS_VERSION,
        "facts": FACTS_VERSION,
        "format": FORMAT,
    }
    return context.cache.stage("splits", fingerprint(identity)).folder
