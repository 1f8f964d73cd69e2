"""Win rates, agreement and Cohen's kappa with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import FloatArray, mean_figure, mean_rows
from tunesmith.evaluate.significance import Figure, group_sums, interval, paired

_WINNERS = ("a", "b", "tie")


def kappa_figure(sums: FloatArray) -> FloatArray:
    """Cohen's kappa of two raters (Cohen 1960) from counts, shape (..., 9) to (...).

    The columns are the cells of the table of `a`, `b`, `tie` by `a`, `b`, `tie`, row by row. Where
    both always say the same one thing, agreement by chance is certain and kappa is 0.
    """
    table = sums.reshape(*sums.shape[:-1], 3, 3)
    total = table.sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.trace(table, axis1=-2, axis2=-1) / total
        chance = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1) / total**2
        kappa = (observed - chance) / (1 - chance)
    return np.where(chance >= 1 - 1e-12, 0.0, kappa)


def agreement_rows(ours: Sequence[str | None], theirs: Sequence[str]) -> FloatArray:
    """The cell of each pair in the table of `kappa_figure`, shape (n, 9); NaN rows where unread."""
    out = np.full((len(ours), 9), np.nan)
    for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        if one is not None:
            out[place] = 0.0
            out[place, _WINNERS.index(one) * 3 + _WINNERS.index(other)] = 1.0
    return out


def by_chance(ours: Sequence[str | None], theirs: Sequence[str]) -> float:
    """How often two raters would say the same if each drew from what it says at all."""
    both = [(one, other) for one, other in zip(ours, theirs, strict=True) if one is not None]
    n = len(both) or 1
    return sum(
        sum(one == word for one, _ in both) * sum(other == word for _, other in both)
        for word in _WINNERS
    ) / (n * n)


def fig(
    rows: FloatArray,
    groups: Sequence[str | None],
    figure: Figure,
    *,
    config: EvaluateConfig,
    bounds: tuple[float, float] | None,
    words: dict[str, str],
) -> dict[str, Any]:
    """A figure with its interval, n, groups and what could not be scored.

    Args:
        rows: Statistics, shape (n, k), NaN rows where unscored.
        groups: n group ids; None is a group of its own.
        figure: Summed statistics to the figure.
        config: Confidence, resamples, seed, rows that an interval needs.
        bounds: As for `significance.interval`.
        words: `label`, `meaning` and `unit`.
    """
    scored = np.flatnonzero(~np.isnan(rows).any(axis=1)).tolist()
    out: dict[str, Any] = {"value": None, "low": None, "high": None, "n": len(scored), "groups": 0}
    out |= {"unscored": len(rows) - len(scored), "higher_is_better": True, **words}
    if not scored:
        return {**out, "note": "No row could be scored."}
    stats = group_sums(rows[scored], [groups[place] for place in scored])
    out |= {"value": float(figure(stats.sum(axis=0))), "groups": len(stats)}
    if len(stats) < config.min_rows:
        note = f"{len(stats)} independent rows are too few for an interval"
        return {**out, "note": f"{note}: {config.min_rows} are needed."}
    found = interval(
        stats,
        figure,
        confidence=config.confidence,
        resamples=config.resamples,
        seed=config.seed,
        bounds=bounds,
    )
    if found is None:
        return {**out, "note": "All rows are the same, which tells no interval."}
    return {**out, "low": found.low, "high": found.high}


def share(
    values: Sequence[float],
    groups: Sequence[str | None],
    *,
    config: EvaluateConfig,
    label: str,
    meaning: str,
) -> dict[str, Any]:
    """A mean of values from 0 to 1 (NaN: unscored)."""
    words = {"label": label, "meaning": meaning, "unit": "share"}
    return fig(
        mean_rows(values), groups, mean_figure, config=config, bounds=(0.0, 1.0), words=words
    )


def even_chance(
    values: Sequence[float], groups: Sequence[str | None], config: EvaluateConfig
) -> float | None:
    """The two-sided p-value of wins as frequent as losses: groups change sides (`paired`)."""
    rows = mean_rows(values)
    scored = np.flatnonzero(~np.isnan(rows).any(axis=1)).tolist()
    if not scored:
        return None
    wins = rows[scored]
    losses = np.stack([1 - wins[:, 0], wins[:, 1]], axis=1)
    kept = [groups[place] for place in scored]
    return paired(
        group_sums(wins, kept),
        group_sums(losses, kept),
        mean_figure,
        confidence=config.confidence,
        resamples=config.resamples,
        seed=config.seed,
    ).p_value
