"""From scorecards and predictions to the content of decision.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunesmith.decide.approaches import approaches
from tunesmith.decide.compare import Predictions, Scorecard, aligned, compare
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import cost_of, costs_of
from tunesmith.decide.explain import Explanation
from tunesmith.decide.samples import samples
from tunesmith.decide.verdict import verdict
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig


def decide(
    metrics: Sequence[Scorecard],
    predictions: Predictions,
    config: DecideConfig,
    *,
    evaluation: EvaluateConfig | None = None,
) -> dict[str, Any]:
    """Compare the methods, count the money and give the verdict.

    Args:
        metrics: The content of every method's metrics.json, in the order to show them.
        predictions: The rows of every method's predictions.jsonl, by method name.
        config: What counts.
        evaluation: The settings that the scorecards were made with; the defaults if None.

    Returns:
        The content of decision.json: `headline`, `verdict` (`choice`, `kind`, `reasons`, `next`,
        `rows_needed`), `metric`, `table`, `comparisons`, `cost`, `approaches`, `samples`.

    Raises:
        TunesmithError: There is no method, two have one name, they did not answer the same rows,
            or the deciding metric was not measured.
    """
    evaluation = EvaluateConfig() if evaluation is None else evaluation
    called = [str(scorecard["method"]) for scorecard in metrics]
    if not called or len(set(called)) != len(called):
        raise TunesmithError(
            "there is no method to decide between"
            if not called
            else f"two methods have the same name: {', '.join(called)}",
            where="decide",
            todo="name at least one method in the recipe, each once",
        )
    rows = aligned(metrics, predictions)
    comparisons = compare(metrics, rows, evaluation, min_rows=config.min_rows)
    costs = {str(scorecard["method"]): cost_of(scorecard, config) for scorecard in metrics}
    cost = costs_of(metrics, config)
    found = verdict(metrics, comparisons, costs, config, evaluation)
    words = Explanation(
        found,
        scorecards=metrics,
        comparisons=comparisons,
        costs=costs,
        break_even=cost["break_even"],
        config=config,
        evaluation=evaluation,
    )
    return {
        "headline": words.headline,
        "verdict": {
            "choice": found.choice,
            "kind": found.kind,
            "reasons": words.reasons,
            "next": words.next,
            "rows_needed": found.rows_needed,
        },
        "metric": config.metric,
        "min_gain": config.min_gain,
        "confidence": evaluation.confidence,
        "table": [
            {
                "method": scorecard["method"],
                "kind": scorecard["kind"],
                "label": scorecard["label"],
                "n": scorecard["n"],
                "metrics": scorecard["metrics"],
                "cost": cost["methods"][scorecard["method"]],
                "chosen": scorecard["method"] == found.choice,
            }
            for scorecard in metrics
        ],
        "comparisons": comparisons,
        "cost": cost,
        "approaches": approaches(metrics, config),
        "samples": samples(rows, found.choice, config.samples),
    }
