"""The folds of a dataset: which rows are learned from, watched and held out in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.evaluate.cross_validation.config import CrossValidationConfig
from tunesmith.evaluate.cross_validation.dealing import deal
from tunesmith.evaluate.settings import Task, label_key
from tunesmith.prompting.example import Example
from tunesmith.split import Split, SplitConfig, groups

#: The columns that folds are made from and their data quality is told from.
COLUMNS = ("id", "question", "answer", "category", "customer", "thread", "weight",
           "language", "language_confidence")  # fmt: skip


@dataclass(frozen=True)
class Fold:
    """One fold: every row of the dataset in one of three parts."""

    number: int
    """1 to the number of folds."""
    rows: pl.DataFrame
    """All rows, sorted by identifier, with `COLUMNS`, `group` (what stays together) and `split`:
    `train` (learned from), `validation` (watched in training), `test` (held out)."""

    @cached_property
    def splits(self) -> Mapping[str, Split]:
        """The part of every row, by its identifier."""
        return dict(self.rows.select("id", "split").iter_rows())

    def examples(self, split: str) -> list[Example]:
        """The rows of a part."""
        frame = self.rows.filter(pl.col("split") == split)
        return [
            Example(row[0], row[1], row[2], row[3], row[4] or row[5], row[6])
            for row in frame.select(COLUMNS[:7]).iter_rows()
        ]


def make_folds(
    rows: pl.DataFrame,
    config: CrossValidationConfig,
    together: SplitConfig,
    *,
    task: Task = "generation",
) -> list[Fold]:
    """Deal rows to folds, as safe from leaks as the split: the same rows stay together.

    In each fold a part of its own training rows is set aside for tuning to watch, dealt in the same
    way, so that what stops a training early is never what it is measured on.

    Args:
        rows: Question/answer pairs with `COLUMNS`.
        config: How many folds, and the share that is watched.
        together: Which rows stay together: those of a customer, of a thread, near questions.
        task: Folds are even in every label where answers are labels, else in every category.

    Raises:
        TunesmithError: There are too few independent rows.
    """
    ordered = rows.select(COLUMNS).sort("id")
    group = groups(ordered, together)
    ordered = ordered.with_columns(group=pl.Series(group))
    strata = strata_of(ordered, task)
    fold = _dealt(ordered, strata, folds=config.folds, seed=config.seed)
    parts = max(2, round(1 / config.validation))
    out = []
    for number in range(config.folds):
        split = np.full(len(fold), "test", dtype=object)
        learning = np.flatnonzero(fold != number)
        part = _dealt(
            ordered[learning], [strata[i] for i in learning], folds=parts, seed=config.seed
        )
        split[learning] = np.where(part == 0, "validation", "train")
        out.append(Fold(number + 1, ordered.with_columns(split=pl.Series(split.tolist()))))
    return out


def strata_of(rows: pl.DataFrame, task: Task) -> list[str | None]:
    """What folds are even in: the label of each row as the metrics compare labels, or its category.

    Args:
        rows: With `answer` and `category`.
        task: Whether answers are labels.
    """
    if task != "classification":
        return rows.get_column("category").to_list()
    answers = rows.get_column("answer").to_list()
    return [None if answer is None else label_key(answer) for answer in answers]


def stratified_by(rows: pl.DataFrame, task: Task) -> str | None:
    """`label`, `category`, or None: no row has any, so that nothing was even."""
    if all(value is None for value in strata_of(rows, task)):
        return None
    return "label" if task == "classification" else "category"


def _dealt(
    rows: pl.DataFrame, strata: Sequence[str | None], *, folds: int, seed: int
) -> NDArray[np.int64]:
    return deal(
        rows.get_column("id").to_list(),
        strata,
        rows.get_column("group").to_list(),
        folds=folds,
        seed=seed,
    )


def grouped_by(together: SplitConfig) -> list[str]:
    """What keeps rows in one fold, in words."""
    found: Sequence[tuple[bool, str]] = (
        (together.customers, "customer"),
        (together.threads, "conversation"),
        (together.near_threshold is not None, "questions nearly alike"),
        (together.near_threshold is None, "equal questions"),
    )
    return [words for joins, words in found if joins]
