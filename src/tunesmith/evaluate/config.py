"""What is measured on the test rows, and how."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from tunesmith.config import Config
from tunesmith.evaluate.performance.config import PerformanceConfig

MetricName = Literal["token_f1", "exact_match", "rouge_l", "bleu", "chrf", "perplexity"]
"""The quality figures that a method can be judged by."""


class EvaluateConfig(Config):
    """Settings of the evaluation; every method is measured with the same ones."""

    metrics: tuple[MetricName, ...] = (
        "token_f1",
        "exact_match",
        "rouge_l",
        "bleu",
        "chrf",
        "perplexity",
    )
    """The quality figures to compute; speed and token counts are always there."""

    confidence: float = Field(default=0.95, ge=0.5, le=0.999)
    """How often an interval shall hold the true figure."""

    resamples: int = Field(default=10_000, ge=200, le=1_000_000)
    """Bootstrap resamples for an interval, and permutations for a p-value."""

    seed: int = Field(default=13, ge=0)
    """Seed of the resampling, and of choosing test rows where `test_rows` limits them."""

    min_rows: int = Field(default=10, ge=2)
    """A figure from fewer independent rows (threads count once) gets no interval."""

    test_rows: int | None = Field(default=None, ge=1)
    """Measure at most this many rows of the test split; null: all of them."""

    latency_rows: int = Field(default=16, ge=0)
    """Rows answered alone, one after the other, to measure latency.

    An upper limit for the 95th percentile needs 72 of them; the median needs 6.
    """

    batch_size: int = Field(default=8, ge=1)
    """Rows answered together in the main pass."""

    max_new_tokens: int = Field(default=160, ge=1)
    """An answer is cut off after this many tokens (counted in the figure `cut_off`)."""

    performance: PerformanceConfig = PerformanceConfig()
    """Speed, memory and energy, measured apart from the answers."""

    bleu_tokenizer: Literal["13a", "intl", "zh", "char"] = "13a"
    """sacrebleu's tokenizer for BLEU: `13a` for languages with spaces, `zh` for Chinese,
    `char` for others without spaces."""

    @field_validator("metrics")
    @classmethod
    def _some_and_once(cls, metrics: tuple[MetricName, ...]) -> tuple[MetricName, ...]:
        if not metrics:
            msg = "name at least one metric"
            raise ValueError(msg)
        if len(set(metrics)) != len(metrics):
            msg = f"a metric is named twice: {', '.join(metrics)}"
            raise ValueError(msg)
        return metrics
