"""What the evaluation's settings leave to the data: the labels, and what the pages hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics.groundedness import known_facts
from tunesmith.evaluate.metrics.labels import distinct

MOST_LABELS = 0.5
"""More different answers than this share of the rows are texts, not labels."""


def in_force(
    config: EvaluateConfig, *, answers: Sequence[str], pages: Iterable[str]
) -> EvaluateConfig:
    """The settings with the labels of a classification task and the facts of the pages.

    Args:
        config: As the recipe gives them.
        answers: The answers of the training rows and of the test rows.
        pages: The texts of the knowledge pages.

    Raises:
        TunesmithError: The answers are no labels, or only one.
    """
    if "unsupported_facts" in config.metrics:
        facts = known_facts(pages)
        config = config.model_copy(update={"grounding": config.grounding.with_pages(facts)})
    if config.task != "classification" or config.classification.labels:
        return config
    names = distinct(answers)
    if not 1 < len(names) <= max(2.0, MOST_LABELS * len(answers)):
        raise TunesmithError(
            f"{len(answers):,} answers hold {len(names):,} different texts, which are no labels",
            where="evaluate.task",
            todo="name the labels (evaluate.classification.labels), or set task: generation",
        )
    labels = config.classification.model_copy(update={"labels": names})
    return config.model_copy(update={"classification": labels})
