"""The rows that a method learns from, by its format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from tunesmith import record
from tunesmith.dedup.against import AgainstConfig, EvaluationSet
from tunesmith.dedup.normalise import comparable
from tunesmith.errors import QualityGateError, TunesmithError
from tunesmith.prepare.conversations import Conversations
from tunesmith.prepare.steps import personal_columns
from tunesmith.progress import Progress
from tunesmith.prompting.example import Example
from tunesmith.recipe import LoadedRecipe
from tunesmith.scan import scan
from tunesmith.step import apply
from tunesmith.tune.formats import (
    ChatFormat,
    CompletionFormat,
    Document,
    Format,
    InstructionFormat,
    Pair,
    PreferenceFormat,
)
from tunesmith.tune.formats.preference import read_pairs


@dataclass(frozen=True)
class TrainingRows:
    """What a method learns from, and what its validation loss is measured on."""

    train: Sequence[Any]
    """Rows as the format takes them."""
    validation: Sequence[Any]
    """Rows of the same kind that are not learned from."""


class Dataset(Protocol):
    """What rows are taken from: the dataset as it is dealt, or one of its folds."""

    def examples(self, name: str) -> list[Example]:
        """The question/answer pairs of a split."""

    def documents(self) -> list[Document]:
        """The pages."""

    def conversations(self) -> Conversations:
        """The question/answer pairs as conversations, by thread."""


def training_rows(
    data: Dataset, format_: Format, *, loaded: LoadedRecipe, progress: Progress
) -> TrainingRows:
    """The rows of a format.

    Args:
        data: The dataset.
        format_: The method's.
        loaded: The recipe: where files start from, and how they are cleaned.
        progress: Where to say what was left out.

    Raises:
        TunesmithError: The dataset has nothing of the kind, or rows that cannot be learned.
        SourceError: The file of preference pairs cannot be read.
        QualityGateError: Personal data is left in preference pairs after masking.
    """
    if isinstance(format_, PreferenceFormat):
        return _pairs(data, format_, loaded=loaded, progress=progress)
    if isinstance(format_, CompletionFormat):
        pages = data.documents()
        if not pages:
            raise TunesmithError(
                "there is no page to learn from: format: completion learns from the split "
                "`knowledge`",
                todo="add a source of kind pages",
            )
        return TrainingRows(*format_.deal(pages, seed=loaded.recipe.seed))
    if isinstance(format_, ChatFormat):
        found = data.conversations()
        if found.interrupted:
            progress.say(
                f"{found.interrupted} conversations lack a turn that was merged with a duplicate "
                "(the ledger names it); their other turns are learned in their order"
            )
        return TrainingRows(found.of("train"), found.of("validation"))
    train, validation = data.examples("train"), data.examples("validation")
    if isinstance(format_, InstructionFormat):
        format_.check_categories([*train, *validation])
    return TrainingRows(train, validation)


def _pairs(
    data: Dataset, format_: PreferenceFormat, *, loaded: LoadedRecipe, progress: Progress
) -> TrainingRows:
    """Pairs, cleaned and masked like the dataset; none near a question of the test split."""
    if format_.preferences is None:
        raise AssertionError("the recipe was checked for a file of pairs")
    pairs = _cleaned(read_pairs(loaded.base / format_.preferences), loaded)
    different = [pair for pair in pairs if pair.chosen.strip() != pair.rejected.strip()]
    tested = _near(different, data.examples("test"), loaded)
    watched = _near(different, data.examples("validation"), loaded)
    train, validation = format_.deal(
        [pair for pair, a, b in zip(different, tested, watched, strict=True) if not a and not b],
        seed=loaded.recipe.seed,
    )
    validation += [
        pair for pair, a, b in zip(different, tested, watched, strict=True) if b and not a
    ]
    if len(different) < len(pairs):
        progress.say(
            f"{len(pairs) - len(different)} preference pairs are left out: their answers differed "
            "in nothing but what cleaning changes"
        )
    if any(tested):
        progress.say(
            f"{sum(tested)} preference pairs are left out: their questions are in the test split, "
            "or near one that is"
        )
    return TrainingRows(train, validation)


def _cleaned(pairs: list[Pair], loaded: LoadedRecipe) -> list[Pair]:
    """The pairs with both answers after the recipe's cleaning, personal data masked.

    Raises:
        QualityGateError: Some is left.
    """
    clean = loaded.recipe.clean
    steps = clean.steps(personal_columns(loaded.recipe))
    answers = []
    for name in ("chosen", "rejected"):
        rows = [
            {"id": pair.id, "kind": "qa", "source": "preferences", "question": pair.question,
             "answer": getattr(pair, name)}
            for pair in pairs
        ]  # fmt: skip
        answers.append(apply(steps, record.frame(rows)).frame.select("id", "question", "answer"))
    chosen, rejected = answers
    left = scan(pl.concat(answers), clean.personal_data)[0]
    if left:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(left.items()))
        raise QualityGateError(
            f"personal data is left in the preference pairs after masking: {kinds}",
            where="leak scan",
            todo="mask it in the file, or add what is not personal to clean.personal_data.allow",
        )
    return [
        Pair(row[0], row[1], row[2], worse)
        for row, worse in zip(chosen.iter_rows(), rejected.get_column("answer"), strict=True)
    ]


def _near(pairs: list[Pair], rows: Sequence[Example], loaded: LoadedRecipe) -> list[bool]:
    """Which pairs ask a question of these rows, or nearly one (as the split counts near)."""
    if not pairs or not rows:
        return [False for _ in pairs]
    known = EvaluationSet(
        AgainstConfig(
            path="the split",
            match="question",
            threshold=loaded.recipe.split.near_threshold or 1.0,
        ),
        pl.Series([row.question for row in rows], dtype=pl.String),
    )
    asked = pl.DataFrame({"question": [pair.question for pair in pairs]})
    verdicts = known.judge(comparable(asked, ["question"]))
    return [bool(value > 0) for value in verdicts.similarity]
