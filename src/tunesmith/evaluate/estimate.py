"""A figure of some rows with its interval, n, and what could not be scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import FloatArray, Prediction
from tunesmith.evaluate.significance import Figure, group_sums, interval, is_share


def row_bounds(unit: str) -> tuple[float, float] | None:
    """The range of a row's figure, for `significance.interval`."""
    return (0.0, 1.0) if unit == "share" else None


def estimate(
    rows: FloatArray,
    figure: Figure,
    unit: str,
    predictions: Sequence[Prediction],
    config: EvaluateConfig,
    *,
    caution: Callable[[FloatArray], str | None] | None = None,
) -> dict[str, Any]:
    """A figure with its interval.

    Args:
        rows: Statistics of the predictions, shape (n, k), NaN rows where unscored.
        figure: Summed statistics (..., k) to the figure (...).
        unit: Of the figure; a `share` of one row is between 0 and 1.
        predictions: n rows; rows with the same `group` are not independent.
        config: Confidence, resamples, seed, and rows that an interval needs.
        caution: From summed statistics, why the interval is rough, or None.

    Returns:
        `value`, `low`, `high` (null where the data do not tell), `n` (rows scored), `groups` (how
        many of them are independent), `unscored`, and a `note` where a limit is missing or rough.
    """
    scored = np.flatnonzero(~np.isnan(rows).any(axis=1))
    n = len(scored)
    out: dict[str, Any] = {"value": None, "low": None, "high": None, "n": n, "groups": 0}
    out["unscored"] = len(predictions) - n
    if n == 0:
        return {**out, "note": "No row could be scored."}
    groups = [predictions[i].get("group") for i in scored.tolist()]
    stats = group_sums(rows[scored], groups)
    out |= {"value": float(figure(stats.sum(axis=0))), "groups": len(stats)}
    if len(stats) < config.min_rows:
        few = f"{len(stats)} independent rows are too few for an interval"
        return {**out, "note": f"{few}: {config.min_rows} are needed."}
    found = interval(
        stats,
        figure,
        confidence=config.confidence,
        resamples=config.resamples,
        seed=config.seed,
        bounds=row_bounds(unit),
    )
    if found is None:
        return {**out, "note": "All rows have the same value, which tells no interval."}
    out |= {"low": found.low, "high": found.high}
    exact = row_bounds(unit) is not None and is_share(stats) and 0 < found.value < 1
    note = None if caution is None or exact else caution(stats.sum(axis=0))
    return out if note is None else {**out, "note": note}


def estimated(
    rows: FloatArray,
    figure: Figure,
    *,
    unit: str,
    groups: Sequence[str | None],
    config: EvaluateConfig,
    label: str,
    meaning: str,
    higher_is_better: bool = False,
) -> dict[str, Any]:
    """One figure as metrics.json has them, from statistics of rows of any kind.

    Args:
        rows: Shape (n, k), NaN rows where unscored.
        figure: Summed statistics, shape (..., k), to the figure, shape (...).
        unit: Its unit; a `share` is between 0 and 1.
        groups: n names; rows of one group are not independent. None is a group of its own.
        config: How sure, and how many resamples.
        label: Its name for people.
        meaning: What it says.
        higher_is_better: Which way is good.
    """
    return {
        **estimate(rows, figure, unit, [{"group": group} for group in groups], config),
        "unit": unit,
        "higher_is_better": higher_is_better,
        "label": label,
        "meaning": meaning,
    }
