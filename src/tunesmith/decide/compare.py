"""Every pair of methods on the same test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from tunesmith.decide.words import EFFORT, figure, names, sentence
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig, MetricName
from tunesmith.evaluate.mcnemar import mcnemar
from tunesmith.evaluate.metrics import METRICS, FloatArray, Metric, Prediction
from tunesmith.evaluate.power import POWER, smallest_effect
from tunesmith.evaluate.scorecard import check_ids
from tunesmith.evaluate.significance import group_sums, holm, paired

Scorecard = Mapping[str, Any]
"""The content of a metrics.json."""
Predictions = Mapping[str, Sequence[Prediction]]
"""Rows of predictions.jsonl by method name."""


def effort(scorecard: Scorecard) -> int:
    """How much a method takes to keep: 0 the base model, 1 prompting, 2 training."""
    return EFFORT.get(str(scorecard["kind"]), 2)


def aligned(
    scorecards: Sequence[Scorecard], predictions: Predictions
) -> dict[str, list[Prediction]]:
    """The predictions of each method in one common order of rows.

    Raises:
        TunesmithError: A method has no predictions, an id occurs twice, or two methods did not
            answer the same rows: comparing them would compare the rows.
    """
    out: dict[str, list[Prediction]] = {}
    order: list[Any] = []
    first = ""
    for scorecard in scorecards:
        method = str(scorecard["method"])
        rows = predictions.get(method, [])
        check_ids(method, rows)
        by_id = {row["id"]: row for row in rows}
        if not out:
            order, first = list(by_id), method
        missing, extra = set(order) - by_id.keys(), by_id.keys() - set(order)
        if missing or extra:
            raise TunesmithError(
                f"methods '{first}' and '{method}' did not answer the same test rows: "
                f"{len(missing)} are only in '{first}', {len(extra)} only in '{method}', "
                f"such as {min(map(str, missing or extra))}",
                todo="evaluate both on the same test split (delete the older method's folder)",
            )
        differing = [
            row
            for row, old in zip(order, out.get(first, ()), strict=False)
            if (old["reference"], old.get("group"))
            != (by_id[row]["reference"], by_id[row].get("group"))
        ]
        if differing:
            raise TunesmithError(
                f"methods '{first}' and '{method}' were measured against different references, "
                f"the first at row {differing[0]}",
                todo="evaluate both on the same dataset version (delete the older method's folder)",
            )
        out[method] = [by_id[row] for row in order]
    return out


def compare(
    scorecards: Sequence[Scorecard],
    predictions: Predictions,
    evaluation: EvaluateConfig,
    *,
    min_rows: int,
) -> list[dict[str, Any]]:
    """Compare every pair of methods by every quality figure, paired by row.

    A difference is `clear` if its interval does not hold zero, its p-value, adjusted by Holm for
    the number of pairs, is at most 1 - confidence, and at least `min_rows` independent rows were
    compared.

    Args:
        scorecards: As made by `evaluate.scorecard`.
        predictions: As made by `aligned`.
        evaluation: Confidence, resamples and seed.
        min_rows: Independent rows below which nothing is clear.

    Returns:
        One object for each metric and pair, `a` taking more effort than `b` or being named
        later: `metric`, `a`, `b`, `difference` (a minus b), `low`, `high`, `p_value`, `p_holm`,
        `n` (rows that both scored), `value_a`, `value_b` (the figures over these rows), `groups`,
        `standard_error`, `test` (`mcnemar` where each independent row is right or wrong, else
        `permutation`), `smallest_effect` (the difference
        that these rows would show with the probability `POWER`; null where they do not tell),
        `better` (the better method's name, null on a tie), `clear`, `note` (why a range away from
        zero is not clear, or null), `sentence`.
    """
    ordered = sorted(scorecards, key=effort)
    pairs = [(str(a["method"]), str(b["method"])) for b, a in combinations(ordered, 2)]
    called = names(scorecards)
    out: list[dict[str, Any]] = []
    for name in evaluation.metrics:
        rows = {
            method: METRICS[name].rows(predictions[method], evaluation) for method in predictions
        }
        found = [
            {"metric": name, "a": a, "b": b, **figures}
            for a, b in pairs
            if (figures := _pair(METRICS[name], rows[a], rows[b], predictions[a], evaluation))
        ]
        adjusted = holm([comparison["p_value"] for comparison in found])
        for comparison, p_holm in zip(found, adjusted, strict=True):
            low, high = comparison["low"], comparison["high"]
            away = low is not None and (low > 0 or high < 0)
            enough = comparison["groups"] >= min_rows
            sure = p_holm <= 1 - evaluation.confidence
            comparison["p_holm"] = p_holm
            comparison["smallest_effect"] = smallest_effect(
                comparison["standard_error"] if low is not None else 0.0,
                alpha=(1 - evaluation.confidence) / len(found),
            )
            comparison["clear"] = away and enough and sure
            comparison["note"] = None
            if away and enough and not sure:
                comparison["note"] = (
                    f"The range alone would do, but the test over all {len(found)} comparisons "
                    "says that it may be chance."
                )
            if away and not enough:
                comparison["note"] = (
                    "The range alone would do, but too few independent rows were compared."
                )
            comparison["better"] = _better(comparison)
            comparison["sentence"] = describe(comparison, called)
        out += found
    return out


def _pair(
    metric: Metric,
    a: FloatArray,
    b: FloatArray,
    predictions: Sequence[Prediction],
    evaluation: EvaluateConfig,
) -> dict[str, Any] | None:
    """The paired figures over the rows that both methods scored; None if there are none."""
    both = np.flatnonzero(~(np.isnan(a).any(axis=1) | np.isnan(b).any(axis=1)))
    if not len(both):
        return None
    groups = [predictions[i].get("group") for i in both.tolist()]
    result = paired(
        group_sums(a[both], groups),
        group_sums(b[both], groups),
        metric.figure,
        confidence=evaluation.confidence,
        resamples=evaluation.resamples,
        seed=evaluation.seed,
        bounds=(-1.0, 1.0) if metric.unit == "share" else None,
    )
    enough = result.groups >= evaluation.min_rows
    exact = metric.binary and result.groups == len(both)
    p_value = _mcnemar(a[both], b[both]) if exact else result.p_value
    return {
        "difference": result.difference,
        "value_a": float(metric.figure(a[both].sum(axis=0))),
        "value_b": float(metric.figure(b[both].sum(axis=0))),
        "low": result.low if enough else None,
        "high": result.high if enough else None,
        "p_value": p_value,
        "test": "mcnemar" if exact else "permutation",
        "n": len(both),
        "groups": result.groups,
        "standard_error": result.standard_error,
    }


def _mcnemar(a: FloatArray, b: FloatArray) -> float:
    ahead = a[:, 0] - b[:, 0]
    return mcnemar(int(np.count_nonzero(ahead > 0)), int(np.count_nonzero(ahead < 0)))


def _better(comparison: Mapping[str, Any]) -> str | None:
    gain = comparison["difference"] * direction(comparison["metric"])
    if gain == 0:
        return None
    return str(comparison["a"] if gain > 0 else comparison["b"])


def direction(metric: MetricName) -> int:
    """1 where a higher figure is better, -1 where a lower one is."""
    return 1 if METRICS[metric].higher_is_better else -1


def gain_of(comparison: Mapping[str, Any], method: str) -> tuple[float, float | None, float | None]:
    """How much better `method` is than the other one of a comparison: (gain, low, high).

    Positive is better, whichever direction the metric has and whichever place the method has.
    """
    sign = direction(comparison["metric"]) * (1 if method == comparison["a"] else -1)
    low, high = comparison["low"], comparison["high"]
    if low is None or high is None:
        return sign * comparison["difference"], None, None
    first, second = sorted((sign * low, sign * high))
    return sign * comparison["difference"], first, second


def describe(comparison: Mapping[str, Any], called: Mapping[str, str]) -> str:
    """One comparison in one sentence, from the better method's side, and its note."""
    metric = METRICS[comparison["metric"]]
    better = comparison["better"] or comparison["a"]
    worse = comparison["b"] if better == comparison["a"] else comparison["a"]
    gain, low, high = gain_of(comparison, better)
    by = figure(gain, metric.unit)
    within = (
        "too few rows to say how sure"
        if low is None or high is None
        else f"{figure(low, metric.unit)} to {figure(high, metric.unit)}"
    )
    label = metric.label
    if comparison["clear"]:
        text = f"{called[better]} is better than {called[worse]} by {by} in {label} ({within})"
    else:
        text = (
            f"{called[better]} and {called[worse]} cannot be told apart by {label}: "
            f"the difference is {by} ({within})"
        )
    text = sentence(f"{text}, on {comparison['n']:,} test rows.")
    seen = comparison["smallest_effect"]
    if not comparison["clear"] and seen is not None:
        text += (
            f" A true difference of {figure(seen, metric.unit)} would be found with this many rows "
            f"in {POWER:.0%} of cases, a smaller one less often."
        )
    return text if comparison["note"] is None else f"{text} {comparison['note']}"
