"""One method's scorecard: every figure with its interval, n, and what could not be scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig, MetricName
from tunesmith.evaluate.confusion import confusion
from tunesmith.evaluate.endpoint.notes import with_notes
from tunesmith.evaluate.estimate import estimate
from tunesmith.evaluate.metrics import METRICS, Prediction, mean_figure, mean_rows, signatures
from tunesmith.evaluate.metrics.groundedness import made_up
from tunesmith.evaluate.metrics.refusal import refusal_counts
from tunesmith.evaluate.significance import quantile_interval, rows_for_upper


@dataclass(frozen=True, kw_only=True)
class Method:
    """What was measured.

    Attributes:
        name: The method's name in the recipe and its folder, `lora`.
        kind: What it is: `base`, `few_shot`, `lora`, ….
        label: One line for people, `LoRA, r 16 on all linear layers`.
    """

    name: str
    kind: str
    label: str


def scorecard(
    method: Method,
    predictions: Sequence[Prediction],
    *,
    config: EvaluateConfig,
    training: Mapping[str, Any] | None,
    generation: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Make the content of `metrics.json` from the rows of `predictions.jsonl`.

    Args:
        method: What was measured.
        predictions: The rows, one for each test row: `id`, `group`, `reference`, `prediction`
            (null: no answer could be made), `finish`, `latency_s`, `tokens_in`, `tokens_out`,
            `reference_nll`, `reference_tokens`.
        config: Which figures, and how sure.
        training: What training took; null for a method that was not trained.
        generation: What answering took.

    Returns:
        `method`, `kind`, `label`, `n`, `metrics`, `classification` (see `confusion`; null for
        texts), `unsupported_facts` (by kind, how many answers say and how many stand nowhere),
        `refusals` (of `answers`, `references`, `both`), `signatures`, `training`, `generation`.
        A metric has what `estimate` gives, `unit`, `higher_is_better`, `label` and `meaning`.

    Raises:
        TunesmithError: There are no rows, or an id occurs twice.
    """
    check_ids(method.name, predictions)
    figures: dict[str, Any] = {
        name: quality_figure(name, predictions, config) for name in config.metrics
    }
    return {
        "method": method.name,
        "kind": method.kind,
        "label": method.label,
        "n": len(predictions),
        "metrics": with_notes(
            {**figures, **_costs(predictions, config), **_latencies(predictions, config)},
            generation,
        ),
        "classification": (
            confusion(predictions, config) if config.task == "classification" else None
        ),
        "unsupported_facts": (
            made_up(predictions, config) if "unsupported_facts" in config.metrics else None
        ),
        "refusals": (refusal_counts(predictions) if "needless_refusal" in config.metrics else None),
        "signatures": signatures(config),
        "training": None if training is None else dict(training),
        "generation": None if generation is None else dict(generation),
    }


def quality_figure(
    name: MetricName, predictions: Sequence[Prediction], config: EvaluateConfig
) -> dict[str, Any]:
    """One quality figure of some rows, in the shape that `scorecard` says."""
    metric = METRICS[name]
    return {
        **estimate(
            metric.rows(predictions, config),
            metric.figure,
            metric.unit,
            predictions,
            config,
            caution=metric.caution,
        ),
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "label": metric.label,
        "meaning": metric.meaning,
    }


def check_ids(method: str, predictions: Sequence[Prediction]) -> None:
    """Refuse predictions without rows or with an id that occurs twice.

    Raises:
        TunesmithError: As said.
    """
    if not predictions:
        raise TunesmithError(
            "there are no predictions to score",
            where=f"method '{method}'",
            todo="give the test split at least one row",
        )
    twice = [row for row, count in Counter(row["id"] for row in predictions).items() if count > 1]
    if twice:
        raise TunesmithError(
            f"{len(twice)} row ids occur more than once, the first is {twice[0]}",
            where=f"predictions of method '{method}'",
            todo="delete the method's folder and run again",
        )


def _costs(predictions: Sequence[Prediction], config: EvaluateConfig) -> dict[str, Any]:
    """Figures that are no quality but matter: tokens in and out, and answers cut off."""
    cut = [
        np.nan if row.get("finish") is None else float(row["finish"] == "length")
        for row in predictions
    ]
    columns = (
        ("tokens_in_mean", "tokens", "Tokens in", "mean length of what the model reads",
         [_number(row.get("tokens_in")) for row in predictions]),
        ("tokens_out_mean", "tokens", "Tokens out", "mean length of an answer",
         [_number(row.get("tokens_out")) for row in predictions]),
        ("cut_off", "share", "Cut off", "the share of answers that reached the length limit", cut),
    )  # fmt: skip
    return {
        name: {
            **estimate(mean_rows(values), mean_figure, unit, predictions, config),
            "unit": unit,
            "higher_is_better": False,
            "label": label,
            "meaning": meaning,
        }
        for name, unit, label, meaning, values in columns
    }


def _latencies(predictions: Sequence[Prediction], config: EvaluateConfig) -> dict[str, Any]:
    """Latency percentiles of the rows that were answered alone; none where no row was."""
    seconds = [row["latency_s"] for row in predictions if row.get("latency_s") is not None]
    if not seconds:
        return {}
    out: dict[str, Any] = {}
    for percent, meaning in (
        (50, "half of the answers take at most this long"),
        (95, "19 of 20 answers take at most this long"),
    ):
        value, low, high = quantile_interval(seconds, percent / 100, confidence=config.confidence)
        out[f"latency_p{percent}_s"] = figure = {
            "value": value,
            "low": low,
            "high": high,
            "n": len(seconds),
            "groups": len(seconds),
            "unscored": 0,
            "unit": "s",
            "higher_is_better": False,
            "label": f"Latency p{percent}",
            "meaning": meaning,
        }
        if high is None:
            needed = rows_for_upper(percent / 100, confidence=config.confidence)
            figure["note"] = (
                f"{len(seconds)} rows are too few for an upper limit: about {needed} are needed "
                "(latency_rows)."
            )
    return out


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
