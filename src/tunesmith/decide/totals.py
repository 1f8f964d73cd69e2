"""The `cost` part of the decision: totals by part, break-even of any two, costs over the volume."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from tunesmith.decide.approaches import STARTING, WORK_PARTS, CostFactors, approach_of
from tunesmith.decide.break_even import break_even
from tunesmith.decide.compare import effort
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, horizon_answers
from tunesmith.decide.words import listed, money, names
from tunesmith.evaluate.endpoint.price import pays_by_token

POINTS = 25
"""Points of a plot of costs over volume."""
REACH = 3
"""A plot of costs ends at so many times the expected volume."""


def costs_of(
    scorecards: Sequence[Mapping[str, Any]], costs: Mapping[str, Cost], config: DecideConfig
) -> dict[str, Any]:
    """Prices, what every method costs and by which part, and how that changes with the volume.

    Returns:
        `methods` (what counts: `training`, `work`, `maintenance`, `setup`, `answer_s`, `per_1000`,
        `total`; and `total_with_assumed`), `totals` (all parts, the documents' hours named in
        `assumed`; `counted` is what decides), `break_even` (any two, the one with more effort
        first), `volumes`, `index`, `data_preparation`, the prices, and a `note`.
    """
    called = names(scorecards)
    ordered = [str(s["method"]) for s in sorted(scorecards, key=effort, reverse=True)]
    pairs = [break_even(a, b, costs, called, config) for a, b in combinations(ordered, 2)]
    return {
        "currency": config.currency,
        "machine_hour": config.machine_hour,
        "engineer_hour": config.engineer_hour,
        "engineer_hours": dict(config.engineer_hours),
        "work": {name: work.model_dump() for name, work in config.work.items()},
        "assumed_hours": config.assumed_hours,
        "answers_per_month": config.answers_per_month,
        "horizon_months": config.horizon_months,
        "horizon_answers": horizon_answers(config),
        "methods": {method: as_row(cost, config) for method, cost in costs.items()},
        "totals": [_total(method, cost, config) for method, cost in costs.items()],
        "break_even": pairs,
        "volumes": _volumes(costs, pairs, config),
        "index": index(scorecards, costs, config),
        "data_preparation": _shared(costs),
        "note": _note(scorecards, costs, config),
    }


def as_row(cost: Cost, config: DecideConfig) -> dict[str, Any]:
    """The `cost` of a row of the table: what counts in the decision."""
    answers = horizon_answers(config)
    return {
        "training": cost.training,
        "work": cost.worked("development", "data_preparation"),
        "maintenance": cost.worked("maintenance"),
        "setup": cost.setup,
        "answer_s": cost.answer_s,
        "per_1000": _thousand(cost.per_answer),
        "per_1000_low": _thousand(cost.per_answer_range[0]),
        "per_1000_high": _thousand(cost.per_answer_range[1]),
        "total": cost.total(answers),
        "total_with_assumed": cost.total(answers, everything=True),
        "currency": config.currency,
    }


def _thousand(amount: float | None) -> float | None:
    return None if amount is None else amount * 1000


def _total(method: str, cost: Cost, config: DecideConfig) -> dict[str, Any]:
    answers = horizon_answers(config)
    return {
        "method": method,
        "parts": cost.parts(answers),
        "hours": {work.part: work.hours for work in cost.work},
        "total": cost.total(answers, everything=True),
        "counted": cost.total(answers),
        "assumed": [work.part for work in cost.work if work.assumed],
    }


def _volumes(
    costs: Mapping[str, Cost], pairs: Sequence[Mapping[str, Any]], config: DecideConfig
) -> list[dict[str, Any]]:
    """Totals at volumes from none to `REACH` times the expected, with the crossings up to there.

    A plot that reached to every crossing would say what holds at volumes that nobody expects.
    """
    top = REACH * max(horizon_answers(config), 1000.0)
    crossings = [n for pair in pairs if (n := pair["answers"] or pair["until"] or 0) <= top]
    step = 10 ** max(0, math.floor(math.log10(top)) - 2)
    even = {math.ceil(top * i / (POINTS - 1) / step) * step for i in range(POINTS)}
    expected = {math.ceil(horizon_answers(config))}
    return [
        {
            "answers": answers,
            "totals": {m: cost.total(answers) for m, cost in costs.items()},
            "with_assumed": {m: cost.total(answers, everything=True) for m, cost in costs.items()},
        }
        for answers in sorted(even | expected | {int(n) for n in crossings if n})
    ]


def index(
    scorecards: Sequence[Mapping[str, Any]], costs: Mapping[str, Cost], config: DecideConfig
) -> dict[str, Any]:
    """The documents' cost factors as an index of effort beside the money, from 0 to 1.

    Source document B weighs hours of development and of data preparation, money for compute, and
    maintenance (`cost_factors`) without saying how hours and money are added. Here each is taken as
    a share of the largest among the methods compared, so that 1 is a method that is the most costly
    in everything. Compute is what was measured: training, and answers until the horizon. The index
    decides nothing.

    Returns:
        `factors`, `rows` (`method`, `index` or null where compute was not measured, `shares`,
        `documents`: the index of the approach by the documents' figures alone), `note`.
    """
    factors, answers = config.cost_factors, horizon_answers(config)
    amounts: dict[str, dict[str, float | None]] = {}
    for method, cost in costs.items():
        bought = None if cost.per_answer is None else cost.per_answer * answers
        amounts[method] = {str(work.part): work.hours for work in cost.work}
        known = cost.training is not None and bought is not None
        amounts[method]["compute"] = (cost.training or 0.0) + (bought or 0.0) if known else None
    largest = {
        part: max((a[part] or 0.0 for a in amounts.values()), default=0.0)
        for part in CostFactors.model_fields
    }
    rows = []
    for scorecard in scorecards:
        own = amounts[str(scorecard["method"])]
        shares = {
            part: None if own[part] is None else _share(own[part] or 0.0, largest[part])
            for part in CostFactors.model_fields
        }
        rows.append(
            {
                "method": scorecard["method"],
                "index": _weighted(shares, factors),
                "shares": shares,
                "documents": documents_index(factors)[approach_of(scorecard)],
            }
        )
    return {
        "factors": factors.model_dump(),
        "rows": rows,
        "note": "An index of effort by the documents' cost factors: each part as a share of the "
        "largest among these methods, weighed. It decides nothing.",
    }


def documents_index(factors: CostFactors) -> dict[str, float]:
    """The index of the four approaches by the documents' starting figures alone."""
    parts = tuple(CostFactors.model_fields)
    largest = {part: max(getattr(s, part) for s in STARTING.values()) for part in parts}
    return {
        approach: sum(getattr(factors, p) * _share(getattr(s, p), largest[p]) for p in parts)
        for approach, s in STARTING.items()
    }


def _share(amount: float, largest: float) -> float:
    return amount / largest if largest else 0.0


def _weighted(shares: Mapping[str, float | None], factors: CostFactors) -> float | None:
    if None in shares.values():
        return None
    return sum(float(getattr(factors, part)) * (share or 0.0) for part, share in shares.items())


def _shared(costs: Mapping[str, Cost]) -> dict[str, Any]:
    hours = {
        method: work.hours
        for method, cost in costs.items()
        for work in cost.work
        if work.part == "data_preparation"
    }
    return {
        "shared": True,
        "hours": max(hours.values()),
        "sentence": "Data preparation is counted for each method as if it were the only one. The "
        f"methods of this project share a dataset: together they need {max(hours.values()):g} "
        "hours, the most that one of them needs, and not the sum.",
    }


def _note(
    scorecards: Sequence[Mapping[str, Any]], costs: Mapping[str, Cost], config: DecideConfig
) -> str:
    text = f"Measured seconds at {money(config.machine_hour, config.currency)} a machine hour"
    bought = [costs[str(s["method"])].per_answer for s in scorecards if pays_by_token(s)]
    if any(each is not None for each in bought):
        text += ", and measured tokens at the endpoint's prices"
    if None in bought:
        text += ". What a server's answers cost is not known where it counts no tokens or no "
        text += "prices are given"
    given = {work.part for cost in costs.values() for work in cost.work if not work.assumed}
    hour = f"{money(config.engineer_hour, config.currency)} an hour"
    if config.assumed_hours == "count":
        return f"{text}. Work is counted at {hour}; hours that you did not set are the documents'."
    if given:
        parts = listed([p.replace("_", " ") for p in WORK_PARTS if p in given])
        return f"{text}. Hours of {parts} are counted at {hour}, as you set them for some method."
    return f"{text}. Hours of work are not counted: none are set (decide.work)."
