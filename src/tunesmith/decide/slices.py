"""Which customers get worse answers? The content of slices.json, with its sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from tunesmith.decide.compare import Predictions, Scorecard, aligned, direction, effort
from tunesmith.decide.words import figure, names, sentence
from tunesmith.evaluate.config import EvaluateConfig, MetricName
from tunesmith.evaluate.facets import Facet, Facets
from tunesmith.evaluate.metrics import METRICS
from tunesmith.evaluate.runner_up import runner_up
from tunesmith.evaluate.slices import compare_slices, figures_of


def slice_report(
    scorecards: Sequence[Scorecard],
    predictions: Predictions,
    facets: Facets,
    *,
    choice: str | None,
    comparisons: Sequence[Mapping[str, Any]],
    metric: MetricName,
    evaluation: EvaluateConfig,
) -> dict[str, Any]:
    """Make the content of slices.json.

    Every method that is prompted or trained is compared with the base model inside each slice, and
    the chosen method, where there is one, with the next best one.

    Args:
        scorecards: The content of every method's metrics.json.
        predictions: The rows of every method's predictions.jsonl, by method name.
        facets: What the rows are told apart by.
        choice: The method that the verdict chose; None where no method keeps to the limits.
        comparisons: Of any two methods over all rows, as `compare` makes them.
        metric: The figure that decides.
        evaluation: The settings that the scorecards were made with.

    Returns:
        `metric`, `label`, `unit`, `higher_is_better`, `confidence`; `facets` (`name`, `label`,
        `values`: see `evaluate.slices.figures_of`, and `together`: how many values `others` stands
        for); `left_out` (`facet`, `why`); `comparisons` (see `evaluate.slices.compare_slices`);
        `worse`: those of them on the worse side of zero, the clear ones first, each with its
        `sentence`; `looked_at`: how many comparisons there were; `smallest_effect`: `rows` and
        `effect` of the smaller half of the slices, null where unknown; `sentences`.
    """
    rows = aligned(scorecards, predictions)
    chosen = METRICS[metric]
    called = names(scorecards)
    labels = {facet.name: facet.label for facet in facets.facets}
    pairs = _pairs(scorecards, choice, comparisons, metric)
    found = compare_slices(facets.facets, rows, pairs, metric, evaluation)
    worse = sorted(
        (one for one in found if one["worse"]),
        key=lambda one: (not one["clear"], one["p_value"], -abs(one["difference"])),
    )
    worse = [{**one, "sentence": _told(one, called, labels, metric)} for one in worse]
    unseen = _unseen(found)
    return {
        "metric": metric,
        "label": chosen.label,
        "unit": chosen.unit,
        "higher_is_better": chosen.higher_is_better,
        "confidence": evaluation.confidence,
        "facets": [_shown(facet, rows, metric, evaluation) for facet in facets.facets],
        "left_out": [{"facet": name, "why": why} for name, why in facets.left_out],
        "comparisons": found,
        "worse": worse,
        "looked_at": len(found),
        "smallest_effect": unseen,
        "sentences": _sentences(found, worse, unseen, metric),
    }


def _shown(
    facet: Facet, rows: Predictions, metric: MetricName, evaluation: EvaluateConfig
) -> dict[str, Any]:
    return {
        "name": facet.name,
        "label": facet.label,
        "values": figures_of(facet, rows, metric, evaluation),
        "together": len(facet.together),
    }


def _pairs(
    scorecards: Sequence[Scorecard],
    choice: str | None,
    comparisons: Sequence[Mapping[str, Any]],
    metric: MetricName,
) -> list[tuple[str, str]]:
    """Every other method against the base model, and the chosen one against the next best."""
    base = [str(card["method"]) for card in scorecards if effort(card) == 0]
    pairs = [(str(c["method"]), base[0]) for c in scorecards if base and effort(c) > 0]
    second = None if choice is None else runner_up(comparisons, choice, metric)
    if choice is None or second is None or {(choice, second), (second, choice)} & set(pairs):
        return pairs
    return [*pairs, (choice, second)]


def _told(
    one: Mapping[str, Any], called: Mapping[str, str], labels: Mapping[str, str], metric: MetricName
) -> str:
    """One comparison in a slice in one sentence."""
    unit, label = METRICS[metric].unit, METRICS[metric].label
    worse = -direction(metric)  # from here on, positive is worse
    within = "too few rows to say how sure"
    if one["low"] is not None:
        low, high = sorted((worse * one["low"], worse * one["high"]))
        within = f"{figure(low, unit)} to {figure(high, unit)}"
    by = figure(abs(one["difference"]), unit)
    ours, theirs = called[one["method"]], called[one["rival"]]
    if one["clear"]:
        text = f"{ours} gives worse answers than {theirs} by {by} in {label} ({within})"
    else:
        text = f"{ours} is behind {theirs} by {by} in {label}, which may be chance ({within})"
    where = f"{labels[one['facet']]} “{one['value']}”"
    return f"{sentence(where)}: {text}, on {one['n']:,} test rows."


def _unseen(found: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What the smaller half of the slices could not have shown."""
    known = [one for one in found if one["smallest_effect"] is not None]
    if not known:
        return None
    rows = median(one["n"] for one in known)
    small = [one for one in known if one["n"] <= rows]
    return {
        "rows": max(one["n"] for one in small),
        "effect": median(one["smallest_effect"] for one in small),
    }


def _sentences(
    found: Sequence[Mapping[str, Any]],
    worse: Sequence[Mapping[str, Any]],
    unseen: Mapping[str, Any] | None,
    metric: MetricName,
) -> list[str]:
    """Which customers get worse: one sentence for each clear finding, one where there is none."""
    if not found:
        return ["There is nothing to compare in slices."]
    clear = [str(one["sentence"]) for one in worse if one["clear"]]
    limit = ""
    if unseen is not None:
        effect = figure(unseen["effect"], METRICS[metric].unit)
        move = "fall" if METRICS[metric].higher_is_better else "rise"
        limit = (
            f"in slices of up to {unseen['rows']:,} rows a {move} of less than {effect} in "
            f"{METRICS[metric].label} would probably not have been seen"
        )
    few = sum(one["p_holm"] is None for one in found)
    lines = clear or [f"No slice is clearly worse{'; ' + limit if limit else ''}."]
    if clear and limit:
        lines.append(sentence(f"{limit}."))
    if few:
        lines.append(
            f"{few} of {len(found)} comparisons have too few independent rows to be clear whatever "
            "the answers."
        )
    return lines
