"""Dealing the rows that stay to splits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from tunesmith.dedup.texts import Texts
from tunesmith.equal import first_equal
from tunesmith.prepare.context import Context
from tunesmith.prepare.duplicates import Unique
from tunesmith.prepare.inherit import inherit
from tunesmith.prepare.texts import known_questions, known_texts, text_settings
from tunesmith.split import PAIRS, Alike, SplitConfig, near_questions, split
from tunesmith.store.facts import DIGEST, Facts, fingerprints, halves
from tunesmith.store.kept import Kept


@dataclass(frozen=True)
class DealtRows:
    """The rows that stay, with their splits."""

    kept: Kept
    """The rows."""
    splits_from: dict[str, Any] | None
    """The version that rows have kept their splits from, and how many kept and changed them."""
    prints: list[str]
    """A fingerprint of the rows of each part, with their splits."""
    fingerprint: str
    """The dataset's: see `store.facts.combined`."""


def deal_rows(context: Context, unique: Unique, facts: Facts) -> DealtRows:
    """Deal the rows that stay; those that were dealt before keep their split."""
    with context.timed("split"):
        kept = facts.kept
        with context.progress.stage("split", total=1) as bar:
            questions = known_questions(context, kept.rows)
            alike = _alike(context, facts, questions)
            before = inherit(context, unique, facts, questions)
            had = None if before is None else before.splits
            splits = split(
                frame_of(facts, context.recipe.split, had),
                context.recipe.split,
                seed=context.recipe.seed,
                alike=alike,
                before=had,
            )
            moves = None if before is None else before.count_moves(splits, context.progress)
            kept = kept.dealt(splits)
            bar.advance()
        parts = range(len(kept))
        prints = fingerprints((facts.part(part, DIGEST), kept.splits_of(part)) for part in parts)
    return DealtRows(kept, moves, *prints)


def frame_of(facts: Facts, config: SplitConfig, before: pl.Series | None) -> pl.DataFrame:
    """What dealing needs of the rows that stay, of which few are read.

    Customers and threads are numbers, the same for the same one. The identifier is null in parts
    all whose rows had a split before: nobody deals them.
    """
    places, categories = facts.coded("category")
    kinds = pl.Series("kind", ["document", "qa"])
    columns = [
        _identifiers(facts, before),
        kinds.gather(facts.pairs.astype(np.uint32)),
        categories.gather(places).alias("category"),
    ]
    joining = {"customer": config.customers, "thread": config.threads}
    columns += [_numbered(facts, name) for name, joins in joining.items() if joins]
    if config.by == "time":
        columns.append(facts.kept.table(["timestamp"]).to_series())
    return pl.DataFrame(columns)


def _identifiers(facts: Facts, before: pl.Series | None) -> pl.Series:
    new = facts.pairs if before is None else facts.pairs & before.is_null().to_numpy()
    found, begin = [pl.Series("id", [], dtype=pl.String)], 0
    for number, stays in enumerate(facts.kept.stays):
        height = int(stays.sum())
        if new[begin : begin + height].any():
            found.append(facts.kept.frame(number, ["id"]).get_column("id"))
        else:
            found.append(pl.repeat(None, height, dtype=pl.String, eager=True).alias("id"))
        begin += height
    return pl.concat(found)


def _numbered(facts: Facts, name: str) -> pl.Series:
    """For each row the first row with its value, null where it has none."""
    high, low = facts.of_all(halves(name))
    some = np.flatnonzero(high | low)
    if not len(some):
        return pl.repeat(None, len(high), dtype=pl.Int64, eager=True).alias(name)
    first = np.full(len(high), -1, dtype=np.int64)
    first[some] = some[first_equal(high[some], low[some])]
    return pl.Series(name, first).replace(-1, None)


def _alike(context: Context, facts: Facts, questions: Texts) -> Alike:
    """What the texts of the pairs that stay have in common."""
    dedup, rows = context.recipe.dedup, facts.kept.rows
    pairs = np.concatenate(facts.kept.stays)
    pairs[pairs] = facts.pairs
    wanted = [] if near_questions(context.recipe.split) is None else [questions]
    merged = (
        dedup.near is not None
        and dedup.near.threshold <= PAIRS.threshold
        and {"question", "answer"} <= set(dedup.columns)
    )
    if not merged:
        wanted.append(known_texts(context, rows, ["question", "answer"], PAIRS))
    places = np.cumsum(pairs) - 1
    links = []
    with TemporaryDirectory(prefix="split-", dir=context.cache.folder) as folder:
        for texts in wanted:
            settings = text_settings(texts.columns, texts.near)
            forests = context.forests(rows, "alike", settings)
            found = texts.links(pairs, Path(folder), forests)
            links.append((places[found.left], places[found.right]))
    return Alike(questions.hashes(pairs), links)
