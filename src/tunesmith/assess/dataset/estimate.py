"""Means, differences and their intervals over rows of which some belong together.

A thread's rows are one observation, as in `evaluate.significance`. A dataset has many more threads
than a test set, so beyond `BOOTSTRAP` of them the interval is that of the linearised mean, to which
the bootstrap converges (Liang and Zeger 1986; Cameron and Miller 2015, section II), and costs one
pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunesmith.evaluate.metrics import mean_figure
from tunesmith.evaluate.significance import interval

F64 = NDArray[np.float64]
Codes = NDArray[np.int64]

BOOTSTRAP = 500
"""Up to so many groups the interval is the bootstrap's."""
RESAMPLES = 2_000
_NORMAL = NormalDist()
FEW = 10


def counted(
    value: float | None, n: int, *, unit: str, label: str, meaning: str, higher: bool = True
) -> dict[str, Any]:
    """A figure that was counted over all rows: nothing is estimated, so it has no interval."""
    note = "Counted over all rows, so there is no interval."
    return {
        "value": value, "low": None, "high": None, "n": n, "groups": n, "unscored": 0,
        "unit": unit, "higher_is_better": higher, "label": label, "meaning": meaning,
        "note": note if value is not None else "There is nothing to count.",
    }  # fmt: skip


def mean(
    values: F64,
    codes: Codes,
    *,
    unit: str,
    label: str,
    meaning: str,
    higher: bool = True,
    confidence: float = 0.95,
    seed: int = 13,
    scale: float = 1.0,
) -> dict[str, Any]:
    """The mean over rows as a figure of metrics.json.

    Args:
        values: n values; NaN where a row could not be scored.
        codes: The group of each row, 0 to g - 1.
        unit: Of the figure; a `share` stays within 0 and 1.
        label: Its name.
        meaning: What it says.
        higher: Whether a higher one is better.
        confidence: Of the interval.
        seed: Of the bootstrap.
        scale: The figure is the mean times this.
    """
    scored = ~np.isnan(values)
    about = {"unit": unit, "higher_is_better": higher, "label": label, "meaning": meaning}
    n = int(scored.sum())
    out: dict[str, Any] = {"value": None, "low": None, "high": None, "n": n, "groups": 0}
    out |= {"unscored": len(values) - n, **about}
    if not n:
        return {**out, "note": "No row could be scored."}
    stats = _sums(values[scored] * scale, codes[scored])
    value = float(stats[:, 0].sum() / stats[:, 1].sum())
    out |= {"value": value, "groups": len(stats)}
    if len(stats) < FEW:
        note = f"{len(stats)} independent rows are too few for an interval: {FEW} are needed."
        return {**out, "note": note}
    found = _interval(stats, unit, confidence, seed)
    if found is None:
        return {**out, "note": "All rows have the same value, which tells no interval."}
    return {**out, "low": found[0], "high": found[1]}


def _interval(stats: F64, unit: str, confidence: float, seed: int) -> tuple[float, float] | None:
    share = (0.0, 1.0) if unit == "share" else None
    groups = len(stats)
    if groups <= BOOTSTRAP:
        found = interval(
            stats, mean_figure, confidence=confidence, resamples=RESAMPLES, seed=seed, bounds=share
        )
        return None if found is None else (found.low, found.high)
    value = stats[:, 0].sum() / stats[:, 1].sum()
    error = _error((stats[:, 0] - value * stats[:, 1]) / stats[:, 1].sum())
    tail = (1 - confidence) / 2
    if error <= 1e-12 * max(1.0, abs(value)):
        if share is None:
            return None
        apart = 1 - tail ** (1 / groups)  # the upper Clopper-Pearson limit of 0 in g
        return float(value + apart * (0 - value)), float(value + apart * (1 - value))
    width = -_NORMAL.inv_cdf(tail) * error
    low, high = value - width, value + width
    if share is not None:
        low, high = max(0.0, low), min(1.0, high)
    return float(low), float(high)


def _sums(values: F64, codes: Codes) -> F64:
    """(sum, count) of each group that has a row, shape (g, 2)."""
    _, codes = np.unique(codes, return_inverse=True)
    return np.stack([np.bincount(codes, weights=values), np.bincount(codes)], axis=1)


def _error(influence: F64) -> float:
    groups = len(influence)
    return math.sqrt(groups / max(1, groups - 1) * float((influence**2).sum()))


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The mean of some rows minus that of others."""

    value: float
    low: float
    high: float
    p_value: float
    n: tuple[int, int]
    """Rows on each side."""
    groups: tuple[int, int]
    """Groups with a row on each side."""


def difference(
    values: F64, side: NDArray[np.bool_], codes: Codes, *, confidence: float = 0.95
) -> Difference | None:
    """The mean where `side` holds minus the mean elsewhere; None where a side has no row.

    A group with rows on both sides counts on both: its influence on the difference is one number.
    """
    scored = ~np.isnan(values)
    values, side = values[scored], side[scored]
    _, codes = np.unique(codes[scored], return_inverse=True)
    ours, theirs = side.sum(), (~side).sum()
    if not ours or not theirs:
        return None
    first, second = values[side].mean(), values[~side].mean()
    each = np.where(side, (values - first) / ours, (second - values) / theirs)
    error = _error(np.bincount(codes, weights=each).astype(np.float64))
    value = float(first - second)
    width = _NORMAL.inv_cdf((1 + confidence) / 2) * error
    p = 2 * (1 - _NORMAL.cdf(abs(value) / error)) if error > 0 else float(value == 0)
    return Difference(
        value=value,
        low=value - width,
        high=value + width,
        p_value=p,
        n=(int(ours), int(theirs)),
        groups=(len(np.unique(codes[side])), len(np.unique(codes[~side]))),
    )


def within(values: F64, strata: Codes) -> F64:
    """Each value minus the mean of its stratum: what is left to differ within strata."""
    scored = ~np.isnan(values)
    size = int(strata.max(initial=0)) + 1
    sums = np.bincount(strata[scored], weights=values[scored], minlength=size)
    rows = np.bincount(strata[scored], minlength=size)
    return values - (sums / np.maximum(rows, 1))[strata]


def evenness(codes: Sequence[int] | Codes) -> tuple[F64, int]:
    """Per row what its mean makes the evenness of labels: -ln(share of its label) / ln(labels).

    The mean over rows is Pielou's evenness (1966), Shannon's entropy over its largest value, and
    its interval that of the entropy by the delta method.

    Returns:
        n values (NaN for a code below 0), and the number of different labels.
    """
    codes = np.asarray(codes)
    known = codes >= 0
    counts = np.bincount(codes[known]) if known.any() else np.zeros(0, dtype=np.int64)
    labels = int((counts > 0).sum())
    out = np.full(len(codes), np.nan)
    if labels > 1:
        out[known] = -np.log(counts[codes[known]] / known.sum()) / math.log(labels)
    return out, labels
