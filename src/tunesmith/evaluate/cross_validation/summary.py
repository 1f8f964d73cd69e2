"""What the folds say together: figures over all rows, their spread, and paired comparisons.

Every row is answered once, by a model that has not learned from it. Two questions are apart:

How far would a figure move with other rows to answer? The interval is that of all answers
together, resampled in groups. It takes the trained models as they are. How much training itself
varies cannot be estimated without bias from one cross-validation (Bengio and Grandvalet 2004, "No
unbiased estimator of the variance of k-fold cross-validation", JMLR 5): the folds' training rows
overlap. `spread`, the standard deviation over folds, is shown and not taken for more than it is.

Is one method better than another? The folds' differences are tested by the corrected resampled
t-test, whose variance is (1/k + held-out/training rows) times that of the differences (Nadeau and
Bengio 2003, "Inference for the generalization error", Machine Learning 52; for folds: Bouckaert and
Frank 2004). A difference is clear only if the interval over all answers excludes zero *and* the
larger of both p-values, adjusted by Holm for the number of pairs, is small enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig, MetricName
from tunesmith.evaluate.cross_validation.run import FoldResult
from tunesmith.evaluate.cross_validation.student import half_width, two_sided
from tunesmith.evaluate.estimate import row_bounds
from tunesmith.evaluate.metrics import METRICS
from tunesmith.evaluate.scorecard import quality_figure
from tunesmith.evaluate.significance import group_sums, holm, paired


def fold_rows(results: Sequence[FoldResult]) -> list[dict[str, Any]]:
    """Sizes and data quality of each fold, and its figures by method."""
    return [
        {
            "fold": result.fold.number,
            **{
                name: result.fold.rows.filter(split=part).height
                for name, part in (("train", "train"), ("watched", "validation"),
                                   ("validation", "test"))
            },
            "answered": len(next(iter(result.predictions.values()))),
            "seconds": result.seconds,
            "quality": result.quality,
            "methods": {
                name: {
                    "n": card["n"],
                    "metrics": {
                        metric: figure for metric, figure in card["metrics"].items()
                        if metric in METRICS
                    },
                    "seconds_trained": (card["training"] or {}).get("seconds"),
                    "steps": (card["training"] or {}).get("steps"),
                    "stopped_early": (card["training"] or {}).get("stopped"),
                }
                for name, card in result.cards.items()
            },
        }
        for result in results
    ]  # fmt: skip


def pooled(results: Sequence[FoldResult], method: str) -> list[dict[str, Any]]:
    """One method's answers of all folds, sorted by the rows' identifiers."""
    rows = [row for result in results for row in result.predictions[method]]
    return sorted(rows, key=lambda row: str(row["id"]))


def method_figures(
    results: Sequence[FoldResult], method: str, config: EvaluateConfig
) -> dict[str, Any]:
    """A method's figures over all folds.

    Returns:
        By metric, a figure over all answers as a scorecard has it, and `mean` and `spread` (mean
        and standard deviation of the folds' figures; null with fewer than two), `folds` (the
        figure of each), `corrected` (`low` and `high` of the mean, by the t distribution with the
        corrected variance).
    """
    rows = pooled(results, method)
    out: dict[str, Any] = {}
    for name in config.metrics:
        values = [result.cards[method]["metrics"][name]["value"] for result in results]
        known = [value for value in values if value is not None]
        spread = float(np.std(known, ddof=1)) if len(known) > 1 else None
        out[name] = {
            **quality_figure(name, rows, config),
            "mean": float(np.mean(known)) if known else None,
            "spread": spread,
            "folds": values,
            "corrected": None
            if spread is None
            else _corrected(float(np.mean(known)), spread, len(known), results, config),
        }
    return out


def _factor(results: Sequence[FoldResult], folds: int) -> float:
    """The variance of a mean over folds, in variances of a fold (Nadeau and Bengio 2003)."""
    held = sum(len(next(iter(result.predictions.values()))) for result in results)
    learned = sum(result.fold.rows.filter(split="train").height for result in results)
    return 1 / folds + held / learned


def _corrected(
    mean: float, spread: float, folds: int, results: Sequence[FoldResult], config: EvaluateConfig
) -> dict[str, float]:
    reach = half_width(config.confidence, folds - 1) * spread * math.sqrt(_factor(results, folds))
    return {"low": mean - reach, "high": mean + reach}


def comparisons(
    results: Sequence[FoldResult], metric: MetricName, config: EvaluateConfig, *, min_rows: int
) -> list[dict[str, Any]]:
    """Compare every pair of methods over all folds.

    Returns:
        One object for each pair: `metric`, `a`, `b` (named earlier), `difference` (a minus b),
        `low`, `high` (over all answers), `p_value` (permutation), `p_corrected` (t-test over
        folds), `p_holm` (of the larger one), `n`, `groups`, `folds` (the difference in each),
        `folds_better` (folds where a is better), `better` and `clear`.
    """
    methods = list(results[0].cards)
    pairs = (_pair(results, a, b, metric, config) for b, a in combinations(methods, 2))
    found = [one for one in pairs if one is not None]
    adjusted = holm([max(one["p_value"], one["p_corrected"]) for one in found])
    for one, p_holm in zip(found, adjusted, strict=True):
        away = one["low"] is not None and (one["low"] > 0 or one["high"] < 0)
        one["p_holm"] = p_holm
        one["clear"] = away and p_holm <= 1 - config.confidence and one["groups"] >= min_rows
    return found


def _pair(
    results: Sequence[FoldResult],
    a: str,
    b: str,
    metric: MetricName,
    config: EvaluateConfig,
) -> dict[str, Any] | None:
    chosen = METRICS[metric]
    given = pooled(results, a)
    ours, theirs = chosen.rows(given, config), chosen.rows(pooled(results, b), config)
    both = np.flatnonzero(~(np.isnan(ours).any(axis=1) | np.isnan(theirs).any(axis=1)))
    if not len(both):
        return None
    groups = [given[i].get("group") for i in both.tolist()]
    bounds = row_bounds(chosen.unit)
    result = paired(
        group_sums(ours[both], groups),
        group_sums(theirs[both], groups),
        chosen.figure,
        confidence=config.confidence,
        resamples=config.resamples,
        seed=config.seed,
        bounds=None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0]),
    )
    folds = [
        first["value"] - second["value"]
        for one in results
        if None
        not in (
            (first := one.cards[a]["metrics"][metric])["value"],
            (second := one.cards[b]["metrics"][metric])["value"],
        )
    ]
    better = [d for d in folds if d * (1 if chosen.higher_is_better else -1) > 0]
    gain = result.difference * (1 if chosen.higher_is_better else -1)
    enough = result.groups >= config.min_rows
    return {
        "metric": metric,
        "a": a,
        "b": b,
        "difference": result.difference,
        "low": result.low if enough else None,
        "high": result.high if enough else None,
        "p_value": result.p_value,
        "p_corrected": _p_corrected(folds, results),
        "n": len(both),
        "groups": result.groups,
        "folds": folds,
        "folds_better": len(better),
        "better": None if gain == 0 else a if gain > 0 else b,
    }


def _p_corrected(differences: Sequence[float], results: Sequence[FoldResult]) -> float:
    """The corrected resampled t-test; 1 where folds cannot tell (fewer than two)."""
    if len(differences) < 2:
        return 1.0
    spread, mean = float(np.std(differences, ddof=1)), float(np.mean(differences))
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    t = mean / (spread * math.sqrt(_factor(results, len(differences))))
    return two_sided(t, len(differences) - 1)
