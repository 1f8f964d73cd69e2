"""From scorecards and predictions to the content of decision.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunesmith.decide.approach_table import approaches
from tunesmith.decide.approaches import PREFERENCES
from tunesmith.decide.case import Case
from tunesmith.decide.compare import Predictions, Scorecard, aligned, compare
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import costs_by
from tunesmith.decide.dominated import dominated
from tunesmith.decide.evidence import DECISION, as_json, metrics_file
from tunesmith.decide.explain import Explanation
from tunesmith.decide.measured import Measured
from tunesmith.decide.questions import AsGood
from tunesmith.decide.reasons import use_case_reason
from tunesmith.decide.samples import samples
from tunesmith.decide.sensitivity import sensitivity
from tunesmith.decide.totals import costs_of
from tunesmith.decide.verdict import verdict
from tunesmith.decide.words import names
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig


def decide(
    metrics: Sequence[Scorecard],
    predictions: Predictions,
    config: DecideConfig,
    *,
    evaluation: EvaluateConfig | None = None,
    measured: Measured | None = None,
    unasked: int = 0,
) -> dict[str, Any]:
    """Compare the methods, count the money and give the verdict.

    Args:
        metrics: The content of every method's metrics.json, in the order to show them.
        predictions: The rows of every method's predictions.jsonl, by method name.
        config: What counts.
        evaluation: The settings that the scorecards were made with; the defaults if None.
        measured: What was measured of methods beside their scorecards, for the limits.
        unasked: Test rows that the dataset holds beside those that were asked.

    Returns:
        The content of decision.json: `headline`, `verdict`, `metric`, `min_gain`, `min_rows`,
        `confidence`, `limits`, `table`, `comparisons`, `cost`, `approaches`, `samples`. `verdict`
        has `choice` (null: no method keeps to the limits, see `nearest`), `kind`, `reasons`,
        `evidence` (the figures of each reason: `path`, `pointer`, `value`, `shown`), `next`,
        `rows_needed`, `limits`, `dominated`, `use_case`, `as_good`.

    Raises:
        TunesmithError: There is no method, two have one name, they did not answer the same rows,
            or the deciding metric was not measured.
    """
    evaluation = EvaluateConfig() if evaluation is None else evaluation
    measured = Measured() if measured is None else measured
    _check_names([str(scorecard["method"]) for scorecard in metrics])
    rows = aligned(metrics, predictions)
    comparisons = compare(metrics, rows, evaluation, min_rows=config.min_rows)
    costs = costs_by(metrics, config)
    cost = costs_of(metrics, costs, config)
    found = verdict(metrics, comparisons, costs, config, evaluation, measured)
    cost["sensitivity"] = sensitivity(metrics, comparisons, config, evaluation, measured, found)
    inside = [s for s in metrics if s["method"] not in (*found.out, *found.unscored)]
    needless = dominated(
        inside, comparisons, costs, names(metrics), config, choice=found.choice, measured=measured
    )
    case = Case.of(
        metrics, verdict=found, comparisons=comparisons, costs=costs, cost=cost, config=config,
        evaluation=evaluation, dominated=needless, unasked=unasked,
    )  # fmt: skip
    words = Explanation(case)
    reasons = words.reasons
    decision: dict[str, Any] = {
        "headline": words.headline,
        "verdict": {
            "choice": found.choice,
            "kind": found.kind,
            "nearest": found.nearest,
            "reasons": [reason.text for reason in reasons],
            "evidence": [],
            "next": words.next,
            "rows_needed": found.rows_needed,
            "limits": [limit.as_json() for limit in found.limits],
            "dominated": [
                {"method": d["method"], "by": d["by"], "sentence": d["reason"].text}
                for d in needless
            ],
            "use_case": _use_case(case),
            "as_good": _as_good(found.as_good),
        },
        "metric": config.metric,
        "min_gain": config.min_gain,
        "min_rows": config.min_rows,
        "confidence": evaluation.confidence,
        "limits": config.limits.model_dump(),
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
        "samples": samples(rows, found.choice or found.nearest or "", config.samples),
    }
    files = {metrics_file(str(s["method"])): s for s in metrics}
    documents = {**measured.documents(), **files, DECISION: decision}
    decision["verdict"]["evidence"] = as_json(reasons, documents)
    return decision


def _check_names(called: Sequence[str]) -> None:
    if not called or len(set(called)) != len(called):
        raise TunesmithError(
            "there is no method to decide between"
            if not called
            else f"two methods have the same name: {', '.join(called)}",
            where="decide",
            todo="name at least one method in the recipe, each once",
        )


def _use_case(case: Case) -> dict[str, Any] | None:
    name, said = case.config.use_case, use_case_reason(case)
    if name is None:
        return None
    preference = PREFERENCES[name]
    return {
        "name": name,
        "label": preference.label,
        "preferred": list(preference.best),
        "not_for": list(preference.not_for),
        "sentence": "" if said is None else said.text,
    }


def _as_good(found: AsGood | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "method": found.elaborate,
        "as": found.simple,
        "low": found.low,
        "why": found.why,
        "saving": found.saving,
    }
