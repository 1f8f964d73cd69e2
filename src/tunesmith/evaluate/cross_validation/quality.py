"""The data quality of a fold: its sizes, what its training rows lack, and that nothing crosses."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tunesmith.dedup.normalise import comparable
from tunesmith.errors import ConservationError
from tunesmith.evaluate.cross_validation.folds import Fold
from tunesmith.hashing import text_hashes

_MOST_NAMED = 20


def fold_quality(fold: Fold) -> dict[str, Any]:
    """Figures of a fold's rows.

    Returns:
        `groups` (independent ones, by part), `categories` (in all, in the training rows, in the
        held-out rows), `missing_in_training` (categories of held-out rows that no training row
        has, at most 20 named), `rows_missing_in_training`, `largest_deviation` (of a category's
        share of the held-out rows from its share of all), `duplicate_questions` (held-out rows
        whose question, normalised, is in the other rows: always 0), `question_words` and
        `answer_words` (means of the training and of the held-out rows), `languages` (rows by
        language), `language_confidence` (mean; null where no language was told).

    Raises:
        ConservationError: A group is in two parts, or a question crosses: a bug in tunesmith.
    """
    rows = fold.rows
    held, learned = rows.filter(split="test"), rows.filter(pl.col("split") != "test")
    train = rows.filter(split="train")
    parts = rows.group_by("group").agg(pl.col("split").n_unique())
    crossing = int((parts.get_column("split") > 1).sum())
    duplicates = _crossing(held, learned)
    if crossing or duplicates:
        raise ConservationError(
            f"fold {fold.number}: {crossing} groups of rows and {duplicates} questions are on both "
            "sides of it"
        )
    known = set(train.get_column("category"))
    missing = [name for name in held.get_column("category") if name not in known]
    names = sorted(set(map(str, missing)))
    return {
        "groups": {
            name: rows.filter(split=name).get_column("group").n_unique()
            for name in ("train", "validation", "test")
        },
        "categories": {
            "all": rows.get_column("category").n_unique(),
            "train": len(known),
            "held_out": held.get_column("category").n_unique(),
        },
        "missing_in_training": names[:_MOST_NAMED],
        "rows_missing_in_training": len(missing),
        "largest_deviation": _largest_deviation(rows, held),
        "duplicate_questions": duplicates,
        "question_words": {
            "train": _words(train, "question"),
            "held_out": _words(held, "question"),
        },
        "answer_words": {"train": _words(train, "answer"), "held_out": _words(held, "answer")},
        "languages": {
            str(name): count
            for name, count in sorted(
                held.group_by("language").len().iter_rows(), key=lambda row: str(row[0])
            )
        },
        "language_confidence": held.get_column("language_confidence").mean(),
    }


def _crossing(held: pl.DataFrame, learned: pl.DataFrame) -> int:
    """Rows held out whose question, as de-duplication compares it, is in the others too."""
    ours, theirs = (text_hashes(comparable(part, ["question"])) for part in (held, learned))
    known = set(zip(*theirs.tolist(), strict=True)) - {(0, 0)}
    return int(np.sum([pair in known for pair in zip(*ours.tolist(), strict=True)]))


def _largest_deviation(rows: pl.DataFrame, held: pl.DataFrame) -> float:
    overall: dict[str | None, int] = dict(rows.group_by("category").len().iter_rows())
    inside: dict[str | None, int] = dict(held.group_by("category").len().iter_rows())
    return max(
        abs(inside.get(name, 0) / held.height - count / rows.height)
        for name, count in overall.items()
    )


def _words(rows: pl.DataFrame, column: str) -> float | None:
    counts = rows.get_column(column).str.split(" ").list.len()
    return counts.mean()  # type: ignore[return-value]
