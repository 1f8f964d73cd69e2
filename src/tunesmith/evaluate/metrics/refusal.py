"""The share of answers that refuse.

What your team's own answers refuse is counted apart: a refusal is needless only where the reference
does not refuse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics.base import (
    FloatArray,
    Metric,
    Prediction,
    mean_figure,
    mean_rows,
    rare,
)
from tunesmith.evaluate.refusal import refuses


def refusal_counts(predictions: Sequence[Prediction]) -> dict[str, int]:
    """How many answers, references and pairs of both refuse, over the answers that were made."""
    made = [row for row in predictions if row["prediction"] is not None]
    both = [(refuses(row["prediction"]), refuses(row["reference"] or "")) for row in made]
    return {
        "answers": sum(ours for ours, _ in both),
        "references": sum(theirs for _, theirs in both),
        "both": sum(ours and theirs for ours, theirs in both),
    }


def _refusal_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    del config
    return mean_rows([_refused(row["prediction"]) for row in predictions])


def _needless_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    del config
    return mean_rows(
        [_refused(row["prediction"]) * (not refuses(row["reference"] or "")) for row in predictions]
    )


def _refused(answer: str | None) -> float:
    return math.nan if answer is None else float(refuses(answer))


REFUSAL = (
    Metric(
        name="refusal",
        label="Refusals",
        meaning="the share of answers in which the model says that it cannot or may not help "
        "(rules, for English above all)",
        gloss="answers that refuse, 0 is none",
        unit="share",
        higher_is_better=False,
        rows=_refusal_rows,
        figure=mean_figure,
        binary=True,
        caution=rare,
    ),
    Metric(
        name="needless_refusal",
        label="Needless refusals",
        meaning="the share of answers that refuse a question which your team answered (rules, for "
        "English above all)",
        gloss="answers that refuse what your team answered, 0 is none",
        unit="share",
        higher_is_better=False,
        rows=_needless_rows,
        figure=mean_figure,
        binary=True,
        caution=rare,
    ),
)
