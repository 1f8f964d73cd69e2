"""What cross-validation says: the content of cross_validation.json, with its sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.words import figure, names, sentence
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.cross_validation.config import CrossValidationConfig
from tunesmith.evaluate.cross_validation.folds import grouped_by, stratified_by
from tunesmith.evaluate.cross_validation.run import FoldResult
from tunesmith.evaluate.cross_validation.summary import comparisons, fold_rows, method_figures
from tunesmith.evaluate.metrics import METRICS
from tunesmith.split import SplitConfig

NOTE = (
    "The ranges say how far a figure would move with other questions. How far it would move with "
    "other training rows cannot be estimated without bias from one cross-validation (Bengio and "
    "Grandvalet 2004); the spread over folds hints at it."
)


def cross_validation_report(
    results: Sequence[FoldResult],
    config: CrossValidationConfig,
    together: SplitConfig,
    *,
    decision: DecideConfig,
    evaluation: EvaluateConfig,
) -> dict[str, Any]:
    """Make the content of cross_validation.json.

    Args:
        results: What each fold gave, at least two.
        config: How folds were dealt.
        together: What kept rows in one fold.
        decision: The deciding metric, and the rows below which nothing is clear.
        evaluation: The metrics, confidence and resamples.

    Returns:
        `folds`, `over`, `grouped_by`, `stratified_by` (null: by nothing), `metric`, `n` (rows
        answered); `rows`: one object a fold (`fold`, `train`, `watched`, `validation`: rows learned
        from, watched in training and held out; `answered`, `seconds`, `quality`, `methods`);
        `methods`: by name `kind`, `label`, `metrics` (see `summary.method_figures`); `comparisons`
        by the deciding metric, each with its `sentence`; `note`; `sentences`.
    """
    cards = list(results[0].cards.values())
    called = names(cards)
    rows = fold_rows(results)
    methods = {
        name: {
            "kind": card["kind"],
            "label": card["label"],
            "metrics": method_figures(results, name, evaluation),
        }
        for name, card in results[0].cards.items()
    }
    found = comparisons(results, decision.metric, evaluation, min_rows=decision.min_rows)
    found = [{**one, "sentence": _compared(one, called, len(results))} for one in found]
    words = grouped_by(together)
    answered = sum(row["answered"] for row in rows)
    strata = stratified_by(results[0].fold.rows, evaluation.task)
    dealt = "not stratified, for no row has a category"
    if strata is not None:
        dealt = f"dealt evenly by {strata}"
    first = (
        f"{len(results)} folds over {results[0].fold.rows.height:,} rows ({_over(config)}), "
        f"{dealt}; {_listed(words)} stay in one fold."
    )
    return {
        "folds": len(results),
        "over": config.over,
        "grouped_by": words,
        "stratified_by": strata,
        "metric": decision.metric,
        "n": answered,
        "rows": rows,
        "methods": methods,
        "comparisons": found,
        "note": NOTE,
        "sentences": [
            first,
            *(
                _spread(called[name], one["metrics"][decision.metric])
                for name, one in methods.items()
            ),
            *(one["sentence"] for one in found),
            *_missing(rows),
        ],
    }


def _over(config: CrossValidationConfig) -> str:
    if config.over == "all":
        return "training, validation and test: the test split is no longer untouched"
    return "training and validation; the test split is untouched"


def _listed(words: Sequence[str]) -> str:
    given = {"customer": "rows of a customer", "conversation": "rows of a conversation"}
    named = [given.get(word, word) for word in words]
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def _spread(name: str, found: Mapping[str, Any]) -> str:
    """One method's figure and how it varies."""
    unit, label = found["unit"], found["label"]
    if found["value"] is None:
        return sentence(f"{name}: no row could be scored by {label}.")
    within = (
        ""
        if found["low"] is None
        else f" ({figure(found['low'], unit)} to {figure(found['high'], unit)})"
    )
    known = [value for value in found["folds"] if value is not None]
    text = f"{name}: {label} {figure(found['value'], unit)}{within}"
    if found["spread"] is not None:
        text += (
            f"; in the folds from {figure(min(known), unit)} to {figure(max(known), unit)} "
            f"(standard deviation {figure(found['spread'], unit)})"
        )
    return sentence(f"{text}, on {found['n']:,} rows.")


def _compared(one: Mapping[str, Any], called: Mapping[str, str], folds: int) -> str:
    """One pair of methods in one sentence, from the better one's side."""
    metric = METRICS[one["metric"]]
    better = one["better"] or one["a"]
    worse = one["b"] if better == one["a"] else one["a"]
    sign = (1 if metric.higher_is_better else -1) * (1 if better == one["a"] else -1)
    won = sum(sign * difference > 0 for difference in one["folds"])
    by = figure(abs(one["difference"]), metric.unit)
    within = "too few rows to say how sure"
    if one["low"] is not None:
        low, high = sorted((sign * one["low"], sign * one["high"]))
        within = f"{figure(low, metric.unit)} to {figure(high, metric.unit)}"
    if one["clear"]:
        text = f"{called[better]} is better than {called[worse]} by {by} in {metric.label}"
    else:
        text = (
            f"{called[better]} and {called[worse]} cannot be told apart by {metric.label}: the "
            f"difference is {by}"
        )
    return sentence(f"{text} ({within}), ahead in {won} of {folds} folds.")


def _missing(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Folds whose training rows lack a category."""
    lacking = [row for row in rows if row["quality"]["rows_missing_in_training"]]
    return [
        f"Fold {row['fold']}: {row['quality']['rows_missing_in_training']} held-out rows are of "
        f"categories that no training row has: {', '.join(row['quality']['missing_in_training'])}."
        for row in lacking
    ]
