"""What is measured on the test rows, and how."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from tunesmith.config import Config
from tunesmith.evaluate.behaviour.config import AuditConfig
from tunesmith.evaluate.cross_validation.config import CrossValidationConfig
from tunesmith.evaluate.facets import SlicesConfig
from tunesmith.evaluate.forgetting.config import ForgettingConfig
from tunesmith.evaluate.judge.config import JudgeConfig
from tunesmith.evaluate.performance.config import PerformanceConfig
from tunesmith.evaluate.settings import (
    ClassificationConfig,
    EmbeddingConfig,
    FormatConfig,
    GroundingConfig,
    LengthConfig,
)

_LabelMetric = Literal[
    "accuracy", "macro_f1", "macro_precision", "macro_recall", "micro_f1", "micro_precision",
    "micro_recall", "no_label",
]  # fmt: skip
_TextMetric = Literal[
    "token_f1", "exact_match", "rouge_1", "rouge_2", "rouge_l", "bleu", "chrf", "perplexity",
    "length_adherence", "format_adherence", "groundedness", "unsupported_facts", "refusal",
    "needless_refusal", "embedding_similarity", "bert_score",
]  # fmt: skip
MetricName = Literal[_LabelMetric, _TextMetric]
"""The quality figures that a method can be judged by."""

GENERATION: tuple[MetricName, ...] = (
    "token_f1", "exact_match", "rouge_1", "rouge_2", "rouge_l", "bleu", "chrf", "perplexity",
    "length_adherence", "groundedness", "unsupported_facts", "needless_refusal",
)  # fmt: skip
"""What is measured by default: all that costs no model."""
CLASSIFICATION: tuple[MetricName, ...] = (*get_args(_LabelMetric), "perplexity")
"""What is measured by default where answers are labels."""


class EvaluateConfig(Config):
    """Settings of the evaluation; every method is measured with the same ones."""

    task: Literal["generation", "classification"] = "generation"
    """`generation`: answers are texts; `classification`: every answer is one of some labels."""

    metrics: tuple[MetricName, ...] = GENERATION
    """The quality figures to compute; speed and token counts are always there. Where `task` is
    `classification`, the default is accuracy, precision, recall and F1 (macro and micro), the share
    of answers that are no label, and perplexity. `format` and `embedding` add theirs."""

    classification: ClassificationConfig = ClassificationConfig()
    """How an answer is read as a label."""

    length: LengthConfig = LengthConfig()
    """Which length is right (`length_adherence`)."""

    format: FormatConfig | None = None
    """What every answer must look like (`format_adherence`); null: nothing is asked for."""

    grounding: GroundingConfig = GroundingConfig()
    """What answers may say without making it up (`unsupported_facts`)."""

    embedding: EmbeddingConfig | None = None
    """The model for `embedding_similarity` and `bert_score`; null: they are not computed."""

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

    slices: SlicesConfig = SlicesConfig()
    """What the test rows are told apart by, to find who gets worse answers."""

    cross_validation: CrossValidationConfig | None = None
    """Train and measure methods again on parts of the training and validation rows; null: not."""

    judge: JudgeConfig | None = None
    """A language model that compares answers, beside the figures; null: none."""

    audit: AuditConfig | None = None
    """Ask every method the questions of these suites; `evaluate --audit` does so in any case."""

    forgetting: ForgettingConfig | None = ForgettingConfig()
    """Measure what a training has cost of what the base model could do; null: not."""

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

    @model_validator(mode="before")
    @classmethod
    def _metrics_of_the_task(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "metrics" in given:
            return given
        metrics = CLASSIFICATION if given.get("task") == "classification" else GENERATION
        if given.get("format") is not None:
            metrics += ("format_adherence",)
        if given.get("embedding") is not None:
            metrics += ("embedding_similarity", "bert_score")
        return {**given, "metrics": metrics}

    @model_validator(mode="after")
    def _metrics_can_be_computed(self) -> EvaluateConfig:
        labels = [name for name in self.metrics if name in get_args(_LabelMetric)]
        if labels and self.task != "classification":
            raise ValueError(f"{labels[0]} is for labels: it needs task: classification")
        if "format_adherence" in self.metrics and self.format is None:
            raise ValueError("format_adherence needs format: what shall answers look like?")
        embedded = [name for name in ("embedding_similarity", "bert_score") if name in self.metrics]
        if embedded and self.embedding is None:
            raise ValueError(f"{embedded[0]} needs embedding ({{}} for the base model's own)")
        return self
