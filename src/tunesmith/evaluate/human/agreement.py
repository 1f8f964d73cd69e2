"""How far raters agree, beyond what chance gives: Krippendorff's alpha and Cohen's kappa.

Both are functions of counts that are sums over what was rated, so their intervals come from the
cluster bootstrap of all other figures (`significance.interval`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from tunesmith.evaluate.significance import FloatArray, Interval, group_sums, interval

Level = Literal["nominal", "ordinal"]


def coincidences(ratings: Sequence[int], categories: int) -> FloatArray:
    """One unit's coincidences: its pairs of ratings by different raters, each pair 1 / (m - 1).

    Args:
        ratings: The categories, from 0, that m raters gave the unit.
        categories: How many there are, v.

    Returns:
        Shape (v, v), all zero where fewer than two have rated.
    """
    counts = np.bincount(np.array(ratings, dtype=np.int64), minlength=categories).astype(float)
    raters = len(ratings)
    if raters < 2:
        return np.zeros((categories, categories))
    table: FloatArray = (np.outer(counts, counts) - np.diag(counts)) / (raters - 1)
    return table


def alpha(table: FloatArray, level: Level) -> FloatArray:
    """Krippendorff's alpha of summed coincidences.

    Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability".

    Args:
        table: Shape (..., v, v).
        level: Whether categories are only different, or in an order.

    Returns:
        Shape (...): 1 where all agree, 0 where they agree as by chance; NaN where only one category
        was ever used, which says nothing about agreement.
    """
    marginal = table.sum(axis=-1)
    total = marginal.sum(axis=-1)
    distance = _distance(marginal, level)
    observed = (table * distance).sum(axis=(-2, -1))
    chance = (marginal[..., :, None] * marginal[..., None, :] * distance).sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = np.where(chance > 0, 1 - (total - 1) * observed / chance, np.nan)
    return found


def _distance(marginal: FloatArray, level: Level) -> FloatArray:
    """Squared differences of categories, shape (..., v, v)."""
    size = marginal.shape[-1]
    if level == "nominal":
        return np.broadcast_to(1 - np.eye(size), (*marginal.shape, size))
    upto = marginal.cumsum(axis=-1) - marginal / 2  # how many are ranked below, ties half
    gap: FloatArray = (upto[..., :, None] - upto[..., None, :]) ** 2
    return gap


def kappa(table: FloatArray, level: Level) -> FloatArray:
    """Cohen's kappa of two raters' summed confusions; quadratic weights where there is an order.

    Args:
        table: Shape (..., v, v), rows the first rater's categories.
        level: Nominal: Cohen 1960. Ordinal: weights by the squared difference (Cohen 1968).

    Returns:
        Shape (...); NaN where both used only the same one category.
    """
    size = table.shape[-1]
    place = np.arange(size)
    weights = 1 - np.eye(size) if level == "nominal" else (place[:, None] - place) ** 2.0
    total = table.sum(axis=(-2, -1))
    first, second = table.sum(axis=-1), table.sum(axis=-2)
    observed = (table * weights).sum(axis=(-2, -1))
    chance = (first[..., :, None] * second[..., None, :] * weights).sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = np.where(chance > 0, 1 - total * observed / chance, np.nan)
    return found


def with_interval(
    tables: Sequence[FloatArray],
    groups: Sequence[Hashable | None],
    level: Level,
    *,
    kind: Literal["alpha", "kappa"],
    confidence: float,
    resamples: int,
    seed: int,
) -> tuple[float | None, Interval | None]:
    """Agreement over units, with its interval.

    Args:
        tables: For each unit its coincidences or confusions, shape (v, v).
        groups: The units' groups: those of one are not independent.
        level: Nominal or ordinal.
        kind: Which figure.
        confidence: Of the interval.
        resamples: Bootstrap samples. One in which everybody used a single category counts as
            agreement: nobody disagreed in it.
        seed: Of the bootstrap.

    Returns:
        The figure, None where it is not defined; its interval, None where the data tell none.
    """
    if not tables:
        return None, None
    size = len(tables[0])
    measure = alpha if kind == "alpha" else kappa
    stats = group_sums(np.array([table.ravel() for table in tables]), groups)

    def figure(sums: FloatArray) -> FloatArray:
        return measure(sums.reshape(*sums.shape[:-1], size, size), level)

    value = float(figure(stats.sum(axis=0)))
    if np.isnan(value):
        return None, None
    found = interval(
        stats,
        lambda sums: np.nan_to_num(figure(sums), nan=1.0),
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )
    return value, found
