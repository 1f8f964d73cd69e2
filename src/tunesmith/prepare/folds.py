"""The folds of a dataset, and what the methods learn from in each."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tunesmith.evaluate.cross_validation.config import CrossValidationConfig
from tunesmith.evaluate.cross_validation.folds import COLUMNS, Fold, make_folds
from tunesmith.evaluate.settings import Task
from tunesmith.prepare.conversations import Conversations, conversations
from tunesmith.prepare.prepared import Prepared
from tunesmith.prepare.training import Dataset, TrainingRows, training_rows
from tunesmith.progress import Progress
from tunesmith.prompting.example import Example
from tunesmith.recipe import LoadedRecipe
from tunesmith.split import SplitConfig
from tunesmith.tune import TrainedConfig
from tunesmith.tune.formats import Document


def dataset_folds(
    data: Prepared, config: CrossValidationConfig, together: SplitConfig, task: Task = "generation"
) -> list[Fold]:
    """Deal the rows of a dataset to folds; see `make_folds`.

    Raises:
        TunesmithError: There are too few independent rows.
    """
    wanted = pl.col("kind") == "qa"
    if config.over != "all":
        wanted &= pl.col("split").is_in(["train", "validation"])
    rows = pl.concat(
        part.filter(wanted).select(COLUMNS)
        for part in data.rows.frames([*COLUMNS, "kind", "split"])
    )
    return make_folds(rows, config, together, task=task)


@dataclass(frozen=True)
class _FoldData:
    """A fold as a dataset: its held-out rows are the test split."""

    data: Prepared
    fold: Fold

    def examples(self, name: str) -> list[Example]:
        return self.fold.examples(name)

    def documents(self) -> list[Document]:
        return self.data.documents()

    def conversations(self) -> Conversations:
        return conversations(self.data.rows, self.fold.splits)


def fold_rows(
    data: Prepared,
    fold: Fold,
    method: TrainedConfig,
    progress: Progress,
    *,
    loaded: LoadedRecipe,
) -> TrainingRows:
    """What a method learns from in a fold, in its format.

    Pages (format: completion) are no questions, so all folds learn from the same ones. Preference
    pairs near a held-out question are left out.

    Raises:
        TunesmithError: The dataset has nothing of the kind, or rows that cannot be learned.
    """
    dataset: Dataset = _FoldData(data, fold)
    return training_rows(dataset, method.format, loaded=loaded, progress=progress)
