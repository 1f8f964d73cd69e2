"""Quality figures by name, a file for each family (see `base` for what a figure is).

`overlap` (token F1, exact match, ROUGE), `corpus` (BLEU, chrF), `perplexity`, `classification`
(accuracy, precision, recall, F1), `adherence` (length, format), `groundedness`, `refusal`,
`embedding` (embedding similarity, BERTScore). To add one: write a `Metric` in its family's
file, its name in `config.MetricName`, and its words in `report.glossary`.
"""

from __future__ import annotations

from tunesmith.evaluate.config import MetricName
from tunesmith.evaluate.metrics.adherence import ADHERENCE
from tunesmith.evaluate.metrics.base import (
    FloatArray,
    Metric,
    Prediction,
    mean_figure,
    mean_rows,
)
from tunesmith.evaluate.metrics.classification import CLASSIFICATION
from tunesmith.evaluate.metrics.corpus import CORPUS, bleu_figure, chrf_figure, signatures
from tunesmith.evaluate.metrics.embedding import EMBEDDING
from tunesmith.evaluate.metrics.groundedness import GROUNDEDNESS
from tunesmith.evaluate.metrics.overlap import OVERLAP
from tunesmith.evaluate.metrics.perplexity import PERPLEXITY, perplexity_figure
from tunesmith.evaluate.metrics.refusal import REFUSAL

__all__ = [
    "METRICS",
    "FloatArray",
    "Metric",
    "Prediction",
    "bleu_figure",
    "chrf_figure",
    "mean_figure",
    "mean_rows",
    "perplexity_figure",
    "signatures",
]

METRICS: dict[MetricName, Metric] = {
    metric.name: metric
    for metric in (
        *CLASSIFICATION,
        *OVERLAP,
        *CORPUS,
        *PERPLEXITY,
        *ADHERENCE,
        *GROUNDEDNESS,
        *REFUSAL,
        *EMBEDDING,
    )
}
"""Every quality figure by name."""
