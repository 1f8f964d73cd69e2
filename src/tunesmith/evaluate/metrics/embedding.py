"""Likeness in meaning, from embeddings that a model made (`evaluate.embeddings`)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics.base import (
    FloatArray,
    Metric,
    Prediction,
    Rows,
    mean_figure,
    mean_rows,
)

EMBEDDED = ("embedding_similarity", "bert_score")
"""Metrics whose values `evaluate.embeddings` writes into the rows, each under its name."""


def _written(name: str) -> Rows:
    def rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
        del config
        found = [row.get(name) for row in predictions]
        return mean_rows([math.nan if value is None else float(value) for value in found])

    return rows


EMBEDDING = (
    Metric(
        name="embedding_similarity",
        label="Embedding similarity",
        meaning="how alike an answer and your team's are to a language model as a whole: 1 is the "
        "same, 0 is no more than two of your team's answers to different questions; topic and "
        "tone count, a wrong detail hardly does",
        gloss="likeness to your team's answers as a model sees it, 1 is the same",
        unit="similarity",
        higher_is_better=True,
        rows=_written("embedding_similarity"),
        figure=mean_figure,
    ),
    Metric(
        name="bert_score",
        label="BERTScore",
        meaning="how well the words of an answer and of your team's match, each with the one most "
        "like it to a language model: 1 is the same, 0 is no better than two of your team's "
        "answers to different questions",
        gloss="words like those of your team's answers to a model, 1 is the same",
        unit="similarity",
        higher_is_better=True,
        rows=_written("bert_score"),
        figure=mean_figure,
    ),
)
