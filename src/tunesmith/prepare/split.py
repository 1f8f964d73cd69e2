"""Dealing the rows that stay to splits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from tunesmith.dedup.texts import Texts
from tunesmith.prepare.context import Context
from tunesmith.prepare.duplicates import Unique
from tunesmith.prepare.inherit import inherit
from tunesmith.prepare.texts import known_questions, known_texts, text_settings
from tunesmith.split import PAIRS, Alike, near_questions, split
from tunesmith.store.kept import Kept


@dataclass(frozen=True)
class Dealt:
    """The rows that stay, with their splits."""

    kept: Kept
    """The rows."""
    splits_from: dict[str, Any] | None
    """The version that rows have kept their splits from, and how many kept and changed them."""


def deal_rows(context: Context, unique: Unique) -> Dealt:
    """Deal the rows that stay; those that were dealt before keep their split."""
    with context.timed("split"):
        kept = unique.kept()
        with context.progress.stage("split", total=1) as bar:
            frame = kept.table(["id", "kind", "category", "customer", "thread", "timestamp"])
            questions = known_questions(context, kept.rows)
            alike = _alike(context, kept, frame, questions)
            before = inherit(context, unique, kept, questions, frame.get_column("id"))
            splits = split(
                frame,
                context.recipe.split,
                seed=context.recipe.seed,
                alike=alike,
                before=None if before is None else before.splits,
            )
            moves = None if before is None else before.count_moves(splits, context.progress)
            kept = kept.dealt(splits)
            bar.advance()
    return Dealt(kept, moves)


def _alike(context: Context, kept: Kept, frame: pl.DataFrame, questions: Texts) -> Alike:
    """What the texts of the pairs that stay have in common."""
    dedup, rows = context.recipe.dedup, kept.rows
    pairs = np.concatenate(kept.stays)
    pairs[pairs] = (frame.get_column("kind") == "qa").to_numpy()
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
