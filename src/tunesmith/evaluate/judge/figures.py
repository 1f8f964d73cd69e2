"""Win rates, agreement and Cohen's kappa with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.estimate import estimated
from tunesmith.evaluate.metrics import FloatArray, mean_figure, mean_rows
from tunesmith.evaluate.significance import group_sums, paired

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


def share(
    values: Sequence[float],
    groups: Sequence[str | None],
    *,
    config: EvaluateConfig,
    label: str,
    meaning: str,
) -> dict[str, Any]:
    """A mean of values from 0 to 1 (NaN: unscored)."""
    return estimated(
        mean_rows(values),
        mean_figure,
        unit="share",
        groups=groups,
        config=config,
        label=label,
        meaning=meaning,
        higher_is_better=True,
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
