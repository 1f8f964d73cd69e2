"""Memorisation: rows of training that come back word by word.

The question and the first tokens of its answer are given, and the method goes on greedily (prefix
extraction: Carlini et al. 2021, arXiv:2012.07805; 2023, arXiv:2202.07646). Rows that were held out
say how much of that is the way such answers are always written; the base model says what it would
have written untrained.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunesmith.evaluate.behaviour.suite import Memorisation
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.estimate import estimated
from tunesmith.evaluate.likelihood import (
    Begun,
    Going,
    Subject,
    continuations,
)
from tunesmith.evaluate.metrics import FloatArray, mean_figure, mean_rows
from tunesmith.progress import Progress
from tunesmith.prompting.template import PromptConfig

#: Rows that are tried until enough are long enough, for each that is wanted.
_TRIED = 6


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was learned from, or held out.

    Attributes:
        id: The row's identifier.
        text: The answer, or a page's text.
        question: The question; None for a page.
        instruction: What training wrote before the question.
        group: Rows of one group are not independent.
    """

    id: str
    text: str
    question: str | None = None
    instruction: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Rows:
    """What a method has learned from, and rows of the same kind that it has not."""

    learned: Sequence[Row] = ()
    held_out: Sequence[Row] = ()


@dataclass(frozen=True)
class Reader:
    """Where and how models are asked.

    Attributes:
        trained: The method.
        untrained: The base model.
        store: Where results are kept.
        prompt: The recipe's prompt.
        batch_size: Texts read together.
        progress: Where to say how far it is.
    """

    trained: Subject
    untrained: Subject
    store: Path
    prompt: PromptConfig
    batch_size: int
    progress: Progress


@dataclass(frozen=True)
class Repeated:
    """What was found of a test.

    Attributes:
        ids: The cases: rows of training, or canaries.
        groups: Their groups.
        failed: Whether each came back.
        why: How, for those that did.
        beside: Figures to stand beside the share that failed.
        over: What the limit is held against, where it is not that share.
    """

    ids: list[str]
    groups: list[str | None]
    failed: list[bool]
    why: list[str]
    beside: dict[str, Any]
    over: float | None = None


def drawn(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Rows in an order that follows from the seed and their identifiers, at most `count`."""

    def place(row: Row) -> bytes:
        return hashlib.sha256(f"{seed} {row.id}".encode()).digest()

    return sorted(rows, key=place)[:count]


def repeated_rows(
    test: Memorisation, rows: Rows, reader: Reader, *, seed: int, evaluation: EvaluateConfig
) -> Repeated:
    """Which rows of training the method goes on with word by word, and the base model does not."""
    sets = {
        "learned": drawn(rows.learned, _TRIED * test.rows, seed),
        "held_out": drawn(rows.held_out, _TRIED * test.rows, seed),
    }
    begun = [
        Begun(f"{name} {row.id}", name, row.text, row.question, row.instruction)
        for name, chosen in sets.items()
        for row in chosen
    ]
    going = Going(given=test.given_tokens, wanted=test.repeated_tokens, most=test.rows)
    by_method, by_base = (
        continuations(
            begun,
            subject,
            going=going,
            store=reader.store,
            prompt=reader.prompt,
            batch_size=reader.batch_size,
            progress=reader.progress,
        )
        for subject in (reader.trained, reader.untrained)
    )

    def repeats(name: str, row: Row) -> tuple[bool, bool] | None:
        key = f"{name} {row.id}"
        if key not in by_method or key not in by_base:
            return None
        least = test.repeated_tokens
        return by_method[key] >= least, by_base[key] >= least

    asked = {
        name: [(row, found) for row in chosen if (found := repeats(name, row)) is not None]
        for name, chosen in sets.items()
    }
    learned, held = asked["learned"], asked["held_out"]
    failed = [method and not base for _, (method, base) in learned]
    kept = [method and not base for _, (method, base) in held]
    groups, held_groups = ([row.group for row, _ in asked[name]] for name in sets)
    beside = {
        "held_out": _share(
            kept,
            held_groups,
            evaluation,
            "Held-out rows repeated",
            "the share of rows it has never seen that it goes on with all the same",
        ),
        "base": _share(
            [base for _, (_, base) in learned],
            groups,
            evaluation,
            "Training rows that the base model repeats",
            "the share that needs no training to repeat",
        ),
        "excess": _excess(failed, kept, groups, held_groups, evaluation),
    }
    words = f"goes on with {test.repeated_tokens} tokens of the row's answer, word by word"
    return Repeated(
        [row.id for row, _ in learned],
        groups,
        failed,
        [words if bad else "" for bad in failed],
        beside,
        beside["excess"]["value"],
    )


def _share(
    bad: Sequence[bool],
    groups: Sequence[str | None],
    evaluation: EvaluateConfig,
    label: str,
    meaning: str,
) -> dict[str, Any]:
    return estimated(
        mean_rows([float(one) for one in bad]),
        mean_figure,
        unit="share",
        groups=groups,
        config=evaluation,
        label=label,
        meaning=meaning,
    )


def _excess(
    learned: Sequence[bool],
    held: Sequence[bool],
    groups: Sequence[str | None],
    held_groups: Sequence[str | None],
    evaluation: EvaluateConfig,
) -> dict[str, Any]:
    """The share of training rows repeated less that of held-out rows.

    The rows of both sets are resampled together, each knowing which set it is of.
    """
    rows: FloatArray = np.zeros((len(learned) + len(held), 4))
    for place, bad in enumerate(learned):
        rows[place, :2] = float(bad), 1
    for place, bad in enumerate(held, len(learned)):
        rows[place, 2:] = float(bad), 1

    def difference(sums: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.nan_to_num(sums[..., 0] / sums[..., 1]) - np.nan_to_num(
                sums[..., 2] / sums[..., 3]
            )

    return estimated(
        rows,
        difference,
        unit="share difference",
        groups=[*groups, *held_groups],
        config=evaluation,
        label="Training rows repeated, over held-out rows",
        meaning="how much oftener it repeats what it has learned than what it has never seen",
    )
