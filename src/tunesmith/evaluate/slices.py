"""The deciding figure in every slice of the test rows, and whether a method is worse in some of it.

A mean can rise while the answers to one kind of question get worse. So every pair of methods that
matters is compared again inside each slice, paired by row. As many are looked at, p-values are
Holm's over all of them (every facet, every value, every pair): the chance that even one slice is
called worse by chance stays at 1 - confidence. Slices of so few rows that no answers could make
them clear do not count among them (Tarone 1990, "A modified Bonferroni method for discrete data").
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig, MetricName
from tunesmith.evaluate.estimate import row_bounds
from tunesmith.evaluate.facets import Facet
from tunesmith.evaluate.metrics import METRICS, FloatArray, Prediction
from tunesmith.evaluate.power import smallest_effect
from tunesmith.evaluate.scorecard import quality_figure
from tunesmith.evaluate.significance import Paired, apart, group_sums, holm, paired

Answers = Mapping[str, Sequence[Prediction]]
"""The rows of every method's predictions.jsonl, by method, in one common order of rows."""

POWER = 0.8
"""How likely `smallest_effect` would have shown."""


_PERMUTATIONS = 2000
"""Of a slice against the rest: the smallest p-value, 1 / 2,001, passes Holm with 100 values."""


def figures_of(
    facet: Facet, answers: Answers, metric: MetricName, config: EvaluateConfig
) -> list[dict[str, Any]]:
    """The deciding figure of every method in every slice of a facet.

    Returns:
        One object for each value: `value`, `n` (rows), `groups`, `methods` (a figure by name),
        and of categories `against_rest` (see `against_rest`, by method, null where not tested).
    """
    out: list[dict[str, Any]] = []
    tested = answers if facet.name == "category" else {}
    rest = {method: against_rest(facet, given, metric, config) for method, given in tested.items()}
    for value in facet.order:
        rows = {
            method: [row for row in given if facet.of[str(row["id"])] == value]
            for method, given in answers.items()
        }
        some = next(iter(rows.values()))
        out.append(
            {
                "value": value,
                "n": len(some),
                "groups": _independent(some),
                "methods": {
                    method: quality_figure(metric, mine, config) for method, mine in rows.items()
                },
                "against_rest": {method: found.get(value) for method, found in rest.items()},
            }
        )
    return out


def against_rest(
    facet: Facet, given: Sequence[Prediction], metric: MetricName, config: EvaluateConfig
) -> dict[str, dict[str, Any]]:
    """In which slices of a facet one method does better or worse than in all the others.

    Returns:
        By value: `difference` (the slice minus the rest), `p_value` (permutation), `p_holm` (over
        the values of the facet), `clear`. Slices with fewer groups than an interval needs, or
        without as many in the rest, are left out.
    """
    chosen = METRICS[metric]
    rows = chosen.rows(given, config)
    scored = ~np.isnan(rows).any(axis=1)
    found: dict[str, tuple[float, float]] = {}
    for value in facet.order:
        inside = np.array([facet.of[str(row["id"])] == value for row in given], dtype=bool)
        sides = []
        for side in (inside & scored, ~inside & scored):
            places = np.flatnonzero(side)
            groups = [given[i].get("group") for i in places.tolist()]
            sides.append(group_sums(rows[places], groups))
        if min(map(len, sides)) >= config.min_rows:
            ours, others = sides
            found[value] = apart(
                ours, others, chosen.figure, resamples=_PERMUTATIONS, seed=config.seed
            )
    adjusted = holm([p_value for _, p_value in found.values()])
    return {
        value: {
            "difference": difference,
            "p_value": p_value,
            "p_holm": p_holm,
            "clear": p_holm <= 1 - config.confidence,
        }
        for (value, (difference, p_value)), p_holm in zip(found.items(), adjusted, strict=True)
    }


def _independent(rows: Sequence[Prediction]) -> int:
    return len({("group", row["group"]) if row.get("group") is not None else row["id"]
                for row in rows})  # fmt: skip


@dataclass(frozen=True)
class _Cell:
    """One pair of methods in one slice."""

    facet: str
    value: str
    method: str
    rival: str
    ours: FloatArray
    theirs: FloatArray
    n: int


def compare_slices(
    facets: Sequence[Facet],
    answers: Answers,
    pairs: Sequence[tuple[str, str]],
    metric: MetricName,
    config: EvaluateConfig,
) -> list[dict[str, Any]]:
    """Compare pairs of methods inside each slice, paired by row.

    Args:
        facets: Whose values are the slices.
        answers: Of every method in `pairs`.
        pairs: (method, rival): is `method` worse than `rival` somewhere?
        metric: The figure.
        config: Confidence, resamples, seed, and the rows below which there is no interval.

    Returns:
        One object for each slice and pair: `facet`, `value`, `method`, `rival`, `difference`
        (method minus rival), `low`, `high`, `p_value`, `p_holm` (null where the slice has too few
        rows to take part), `n` (rows that both scored), `groups`, `worse` and `better` (which side
        of zero the method is on), `clear` (the interval does not hold zero, and p_holm is at most
        1 - confidence) and `smallest_effect`: the difference that would have shown as clear in 4
        of 5 cases, from the normal approximation at the level of Holm's first step; null where it
        cannot be known.
    """
    chosen = METRICS[metric]
    rows = {method: chosen.rows(answers[method], config) for pair in pairs for method in pair}
    cells = [
        cell
        for facet in facets
        for value in facet.order
        for method, rival in pairs
        if (cell := _cell(facet, value, method, rival, answers, rows)) is not None
    ]
    alpha = 1 - config.confidence
    telling = [len(cell.ours) for cell in cells if len(cell.ours) >= config.min_rows]
    least = _least_groups(telling, alpha)
    tests = sum(groups >= least for groups in telling)
    found = [_pair(cell, metric, config, config.resamples) for cell in cells]
    # A p-value is never below 1 / (resamples + 1), which Holm multiplies by their number: where
    # none could pass, the smallest ones are worked out with as many resamples as it takes.
    enough = math.ceil(2 * tests / alpha)
    if enough > config.resamples:
        floor = 2 / (config.resamples + 1)
        found = [
            _pair(cell, metric, config, enough) if result.p_value <= floor else result
            for cell, result in zip(cells, found, strict=True)
        ]
    family = [i for i, cell in enumerate(cells) if len(cell.ours) >= max(least, config.min_rows)]
    adjusted = dict(zip(family, holm([found[i].p_value for i in family]), strict=True))
    return [
        _object(cell, found[i], adjusted.get(i), metric, config, tests=tests)
        for i, cell in enumerate(cells)
    ]


def _least_groups(groups: Sequence[int], alpha: float) -> int:
    """The fewest groups that a slice needs to take part, of slices with so many.

    With g groups a permutation p-value is at least 2 / 2^g. Slices whose least p-value is above
    alpha / k can be left out where at most k are left: the smallest such k is Tarone's.
    """
    for k in range(1, len(groups) + 1):
        needed = math.ceil(1 + math.log2(k / alpha))
        if sum(g >= needed for g in groups) <= k:
            return needed
    return 2


def _cell(
    facet: Facet,
    value: str,
    method: str,
    rival: str,
    answers: Answers,
    rows: Mapping[str, FloatArray],
) -> _Cell | None:
    given = answers[method]
    inside = np.array([facet.of[str(row["id"])] == value for row in given], dtype=bool)
    ours, theirs = rows[method], rows[rival]
    scored = ~(np.isnan(ours).any(axis=1) | np.isnan(theirs).any(axis=1))
    both = np.flatnonzero(inside & scored)
    if not len(both):
        return None
    groups = [given[i].get("group") for i in both.tolist()]
    return _Cell(
        facet.name, value, method, rival,
        group_sums(ours[both], groups), group_sums(theirs[both], groups), len(both),
    )  # fmt: skip


def _pair(cell: _Cell, metric: MetricName, config: EvaluateConfig, resamples: int) -> Paired:
    bounds = row_bounds(METRICS[metric].unit)
    return paired(
        cell.ours,
        cell.theirs,
        METRICS[metric].figure,
        confidence=config.confidence,
        resamples=resamples,
        seed=config.seed,
        bounds=None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0]),
    )


def _object(
    cell: _Cell,
    result: Paired,
    p_holm: float | None,
    metric: MetricName,
    config: EvaluateConfig,
    *,
    tests: int,
) -> dict[str, Any]:
    enough = result.groups >= config.min_rows
    low, high = (result.low, result.high) if enough else (None, None)
    away = low is not None and high is not None and (low > 0 or high < 0)
    gain = result.difference * (1 if METRICS[metric].higher_is_better else -1)
    return {
        "facet": cell.facet,
        "value": cell.value,
        "method": cell.method,
        "rival": cell.rival,
        "difference": result.difference,
        "low": low,
        "high": high,
        "p_value": result.p_value,
        "p_holm": p_holm,
        "n": cell.n,
        "groups": result.groups,
        "worse": gain < 0,
        "better": gain > 0,
        "clear": away and p_holm is not None and p_holm <= 1 - config.confidence,
        "smallest_effect": _smallest(result, p_holm is not None, tests, config),
    }


def _smallest(result: Paired, takes_part: bool, tests: int, config: EvaluateConfig) -> float | None:
    if not takes_part:
        return None
    return smallest_effect(result.standard_error, alpha=(1 - config.confidence) / tests)
