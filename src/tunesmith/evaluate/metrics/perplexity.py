"""Perplexity of the reference answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics.base import FloatArray, Metric, Prediction, mean_figure


def perplexity_figure(sums: FloatArray) -> FloatArray:
    """exp(sum of nll / tokens), shape (..., 2) to (...); NaN where nothing was scored."""
    with np.errstate(over="ignore"):
        return np.exp(mean_figure(sums))


def perplexity_rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
    """(nll, tokens) of each reference, shape (n, 2)."""
    del config
    out = np.full((len(predictions), 2), np.nan)
    for i, row in enumerate(predictions):
        nll, tokens = row.get("reference_nll"), row.get("reference_tokens")
        if nll is not None and tokens and math.isfinite(nll):
            out[i] = nll, tokens
    return out


PERPLEXITY = (
    Metric(
        name="perplexity",
        label="Perplexity",
        meaning="how surprised the model is by the answers that your team wrote; 1 is not at "
        "all, lower is better",
        gloss="surprise at your team's answers, lower is better",
        unit="perplexity",
        higher_is_better=False,
        rows=perplexity_rows,
        figure=perplexity_figure,
    ),
)
