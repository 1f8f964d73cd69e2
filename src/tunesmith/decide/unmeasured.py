"""Settings that ask for what the run of a recipe would never measure, or never reach."""

from __future__ import annotations

from collections.abc import Collection

from tunesmith.decide.config import DecideConfig
from tunesmith.evaluate.config import EvaluateConfig

Problem = tuple[tuple[str, ...], str]
"""The setting, and what is wrong with it."""

_ABOVE_ONE = frozenset({"bleu", "chrf", "perplexity"})
"""Metrics whose values are not between 0 and 1."""


def problems(
    decide: DecideConfig, evaluate: EvaluateConfig, methods: Collection[str]
) -> list[Problem]:
    """What a recipe's settings ask for in vain, before hours are spent on finding it out.

    Args:
        decide: What the verdict is held to.
        evaluate: What is measured.
        methods: The names of the recipe's methods.
    """
    return [
        *_metric(decide, evaluate),
        *_scale(decide, ("limits", "min_quality"), decide.limits.min_quality),
        *_scale(decide, ("strategy", "wanted_quality"), decide.strategy.wanted_quality),
        *_forgetting(decide, evaluate),
        *_folds(evaluate, methods),
    ]


def _metric(decide: DecideConfig, evaluate: EvaluateConfig) -> list[Problem]:
    if decide.metric in evaluate.metrics:
        return []
    words = f"{decide.metric} is not measured: evaluate.metrics has {', '.join(evaluate.metrics)}"
    return [(("decide", "metric"), words)]


def _scale(decide: DecideConfig, place: tuple[str, ...], value: float | None) -> list[Problem]:
    if value is None or decide.metric in _ABOVE_ONE or value <= 1:
        return []
    words = f"{decide.metric} is between 0 and 1, so {value:g} is never reached"
    return [(("decide", *place), words)]


def _forgetting(decide: DecideConfig, evaluate: EvaluateConfig) -> list[Problem]:
    if decide.limits.max_forgetting is None or evaluate.forgetting is not None:
        return []
    words = "nothing measures it: evaluate.forgetting is null"
    return [(("decide", "limits", "max_forgetting"), words)]


def _folds(evaluate: EvaluateConfig, methods: Collection[str]) -> list[Problem]:
    folds = evaluate.cross_validation
    named = () if folds is None or folds.methods is None else folds.methods
    strangers = [name for name in named if name not in methods]
    if not strangers:
        return []
    words = f"no method is called {', '.join(strangers)}; there are {', '.join(methods)}"
    return [(("evaluate", "cross_validation", "methods"), words)]
