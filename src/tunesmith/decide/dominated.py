"""Methods that another makes needless: answers no worse, and better in all that was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunesmith.decide.compare import Scorecard, direction, gain_of
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, horizon_answers
from tunesmith.decide.evidence import DECISION, Evidence, Reason, at, metrics_file
from tunesmith.decide.words import figure, listed, money, sentence
from tunesmith.evaluate.metrics import METRICS


@dataclass(frozen=True)
class _Quantity:
    """One thing that less of is better."""

    value: float
    words: str
    """`costs 3.00 USD against 4.00 USD`, filled in for two methods."""
    shown: str
    evidence: Evidence


def dominated(
    scorecards: Sequence[Scorecard],
    comparisons: Sequence[Mapping[str, Any]],
    costs: Mapping[str, Cost],
    called: Mapping[str, str],
    config: DecideConfig,
) -> list[dict[str, Any]]:
    """Methods that another one dominates.

    The other is not clearly worse in the deciding metric, has at least the same figure or is at
    most `min_gain` below it at the lower end of the interval. It costs no more, takes no longer and
    needs no more memory, as far as these were measured of both, and less of something.

    Returns:
        `method`, `by` (of several the best), `reason` (`Reason`), in the order of the scorecards.
    """
    pairs = {frozenset((c["a"], c["b"])): c for c in comparisons if c["metric"] == config.metric}
    cards = {str(s["method"]): s for s in scorecards}
    sign = direction(config.metric)
    values = {
        name: sign * card["metrics"][config.metric]["value"]
        for name, card in cards.items()
        if card["metrics"][config.metric]["value"] is not None
    }
    amounts = {name: _amounts(cards[name], costs[name], config) for name in values}
    out = []
    for method, value in values.items():
        better = [
            other
            for other in values
            if other != method
            and (pair := pairs.get(frozenset((method, other)))) is not None
            and _no_worse(other, pair, values[other] >= value, config)
            and _less(amounts[other], amounts[method])
        ]
        if better:
            by = max(better, key=lambda name: values[name])
            out.append(
                {
                    "method": method,
                    "by": by,
                    "reason": _reason(method, by, cards, called, amounts, config),
                }
            )
    return out


def _no_worse(other: str, pair: Mapping[str, Any], at_least: bool, config: DecideConfig) -> bool:
    if pair["groups"] < config.min_rows:
        return False
    _, low, _ = gain_of(pair, other)
    clearly_worse = pair["clear"] and pair["better"] != other
    return not clearly_worse and (at_least or (low is not None and low >= -config.min_gain))


def _less(ours: Mapping[str, _Quantity], theirs: Mapping[str, _Quantity]) -> bool:
    both = ours.keys() & theirs.keys()
    return (
        bool(both)
        and all(ours[key].value <= theirs[key].value for key in both)
        and any(ours[key].value < theirs[key].value for key in both)
    )


def _amounts(card: Scorecard, cost: Cost, config: DecideConfig) -> dict[str, _Quantity]:
    """Cost until the horizon, the median wait for an answer, and memory, as far as known."""
    method, out = str(card["method"]), {}
    total = cost.total(horizon_answers(config))
    if total is not None:
        shown = money(total, config.currency)
        out["cost"] = _Quantity(
            total, "costs", shown, at(DECISION, "cost", "methods", method, "total", shown=shown)
        )
    wait = card["metrics"].get("latency_p50_s", {}).get("value")
    if wait is not None:
        shown = f"{figure(wait, 's')} s"
        out["latency"] = _Quantity(
            wait, "answers in", shown,
            at(metrics_file(method), "metrics", "latency_p50_s", "value", shown=shown),
        )  # fmt: skip
    generation = card.get("generation") or {}
    memory = generation.get("peak_memory_mib")
    if memory is not None and not generation.get("endpoint"):
        shown = f"{figure(memory, 'mib')} MiB"
        out["memory"] = _Quantity(
            memory, "needs", shown,
            at(metrics_file(method), "generation", "peak_memory_mib", shown=shown),
        )  # fmt: skip
    return out


def _reason(
    method: str,
    by: str,
    cards: Mapping[str, Scorecard],
    called: Mapping[str, str],
    amounts: Mapping[str, Mapping[str, _Quantity]],
    config: DecideConfig,
) -> Reason:
    unit, metric = METRICS[config.metric].unit, config.metric
    quality = {name: figure(cards[name]["metrics"][metric]["value"], unit) for name in (by, method)}
    both = [key for key in amounts[by] if key in amounts[method]]
    parts = [
        f"{amounts[by][key].words} {amounts[by][key].shown} against {amounts[method][key].shown}"
        for key in both
    ]
    evidence = [
        at(metrics_file(name), "metrics", metric, "value", shown=shown)
        for name, shown in quality.items()
    ]
    evidence += [amounts[name][key].evidence for key in both for name in (by, method)]
    text = (
        f"Nothing speaks for {called[method]}: {called[by]} is not clearly worse "
        f"({quality[by]} against {quality[method]} in {METRICS[metric].label}), and it "
        f"{listed(parts)}."
    )
    return Reason(sentence(text), tuple(evidence))
