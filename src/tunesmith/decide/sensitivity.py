"""Which assumption would flip the verdict: each is changed alone, and the verdict is asked again.

A value is looked for on a grid from the one assumed outwards to the ends of a sensible range, and
then halved in on. Comparisons stay as they are: only what follows from them is worked out again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tunesmith.decide.compare import Scorecard, direction
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, costs_by
from tunesmith.decide.measured import Measured
from tunesmith.decide.verdict import Verdict, verdict
from tunesmith.decide.words import figure, money, names, sentence
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS

STEPS = 24
"""Points of the grid on each side of the value assumed."""
HALVINGS = 40
FACTOR = 100.0
"""A price or a volume is changed up to so many times, and down to so small a part."""
MONTHS = (1.0, 120.0)
"""The horizons tried: a month to ten years."""


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """Something that the verdict was told or estimated, and how to change it."""

    name: str
    label: str
    now: float
    low: float
    high: float
    verdict_at: Callable[[float], Verdict]
    write: Callable[[float], str]
    whole: bool = False
    """Only whole numbers make sense."""
    start: float | None = None
    """Where to start instead: while a question is open, any known gain settles it, so the border is
    looked for from one end of the range to the other."""


def sensitivity(
    scorecards: Sequence[Scorecard],
    comparisons: Sequence[Mapping[str, Any]],
    config: DecideConfig,
    evaluation: EvaluateConfig,
    measured: Measured,
    found: Verdict,
) -> list[dict[str, Any]]:
    """For each assumption, the value nearest to the one assumed at which the verdict is another.

    Returns:
        `assumption`, `label`, `now`, `low` and `high` (the range tried), `flips_at` (null: no value
        of the range changes it), `to` (the method then chosen), `to_kind`, `sentence`.
    """
    called = names(scorecards)
    again = _Again(scorecards, comparisons, config, evaluation, measured)
    out = []
    for assumption in _assumptions(again, found, called):
        start = found if assumption.start is None else assumption.verdict_at(assumption.start)
        value = flip(assumption, (start.kind, start.choice))
        other = None if value is None else assumption.verdict_at(value)
        out.append(
            {
                "assumption": assumption.name,
                "label": assumption.label,
                "now": assumption.now,
                "low": assumption.low,
                "high": assumption.high,
                "flips_at": value,
                "to": None if other is None else other.choice,
                "to_kind": None if other is None else other.kind,
                "sentence": _sentence(assumption, value, start, other, called),
            }
        )
    return out


@dataclass(frozen=True)
class _Again:
    """The verdict asked again with one thing changed."""

    scorecards: Sequence[Scorecard]
    comparisons: Sequence[Mapping[str, Any]]
    config: DecideConfig
    evaluation: EvaluateConfig
    measured: Measured

    def setting(self, **changes: Any) -> Verdict:
        """With other settings."""
        return self.priced(self.config.model_copy(update=changes))

    def priced(
        self,
        config: DecideConfig,
        change: Callable[[dict[str, Cost]], dict[str, Cost]] | None = None,
    ) -> Verdict:
        """With other settings or other costs."""
        costs = costs_by(self.scorecards, config)
        if change is not None:
            costs = change(costs)
        return verdict(
            self.scorecards, self.comparisons, costs, config, self.evaluation, self.measured
        )

    def answer_price(self, method: str, price: float) -> Verdict:
        """With another price of an answer of one method."""
        return self.priced(
            self.config, lambda costs: {**costs, method: replace(costs[method], per_answer=price)}
        )

    def hours(self, method: str, hours: float) -> Verdict:
        """With other hours of work of one method, its parts in the same proportions."""

        def change(costs: dict[str, Cost]) -> dict[str, Cost]:
            now = sum(work.hours for work in costs[method].work)
            work = tuple(
                replace(w, hours=w.hours * hours / now, amount=w.amount * hours / now)
                for w in costs[method].work
            )
            return {**costs, method: replace(costs[method], work=work)}

        return self.priced(self.config, change)

    def truth(self, pair: Mapping[str, Any], difference: float) -> Verdict:
        """If the true difference of a pair were known to be this."""
        better = pair["a"] if difference * direction(pair["metric"]) > 0 else pair["b"]
        known = {
            **pair,
            "difference": difference,
            "low": difference,
            "high": difference,
            "clear": difference != 0,
            "better": None if difference == 0 else better,
        }
        changed = [known if c is pair else c for c in self.comparisons]
        return verdict(
            self.scorecards,
            changed,
            costs_by(self.scorecards, self.config),
            self.config,
            self.evaluation,
            self.measured,
        )


def _assumptions(again: _Again, found: Verdict, called: Mapping[str, str]) -> list[Assumption]:
    config, currency = again.config, again.config.currency

    def price(value: float) -> str:
        return money(value, currency)

    out = [
        Assumption(
            name="machine_hour", label="Price of a machine hour", now=config.machine_hour,
            low=config.machine_hour / FACTOR, high=max(config.machine_hour * FACTOR, 1.0),
            verdict_at=lambda value: again.setting(machine_hour=value), write=price,
        ),
        *_answer_prices(again, called, price),
        Assumption(
            name="engineer_hour", label="Price of an hour of work", now=config.engineer_hour,
            low=0.0, high=max(config.engineer_hour * 10, 100.0),
            verdict_at=lambda value: again.setting(engineer_hour=value), write=price,
        ),
        *_hours(again, called),
        Assumption(
            name="answers_per_month", label="Answers a month", now=config.answers_per_month,
            low=0.0, high=max(config.answers_per_month * FACTOR * 10, 1_000_000.0),
            verdict_at=lambda value: again.setting(answers_per_month=round(value)),
            write=lambda value: f"{value:,.0f}", whole=True,
        ),
        Assumption(
            name="horizon_months", label="Months that costs are added up over",
            now=config.horizon_months, low=min(MONTHS[0], config.horizon_months),
            high=max(MONTHS[1], config.horizon_months),
            verdict_at=lambda value: again.setting(horizon_months=value),
            write=lambda value: f"{value:.3g}",
        ),
    ]  # fmt: skip
    return [*out, *_gains(again, found, called)]


def _answer_prices(
    again: _Again, called: Mapping[str, str], price: Callable[[float], str]
) -> list[Assumption]:
    out = []
    costs = costs_by(again.scorecards, again.config)
    for card in again.scorecards:
        method = str(card["method"])
        each = costs[method].per_answer
        if (card.get("generation") or {}).get("endpoint") and each is not None:
            now = each * 1000
            out.append(
                Assumption(
                    name=f"endpoint_price.{method}",
                    label=f"Price of 1,000 answers of {called[method]}", now=now,
                    low=now / FACTOR, high=max(now * FACTOR, 1.0),
                    verdict_at=lambda value, m=method: again.answer_price(m, value / 1000),  # type: ignore[misc]
                    write=price,
                )
            )  # fmt: skip
    return out


def _hours(again: _Again, called: Mapping[str, str]) -> list[Assumption]:
    out = []
    for method, cost in costs_by(again.scorecards, again.config).items():
        now = sum(work.hours for work in cost.work)
        if now > 0:
            out.append(
                Assumption(
                    name=f"hours.{method}",
                    label=f"Hours of work with {called[method]} until the horizon", now=now,
                    low=0.0, high=now * 10,
                    verdict_at=lambda value, m=method: again.hours(m, value),  # type: ignore[misc]
                    write=lambda value: f"{value:,.3g}" if value < 1000 else f"{value:,.0f}",
                )
            )  # fmt: skip
    return out


def _gains(again: _Again, found: Verdict, called: Mapping[str, str]) -> list[Assumption]:
    """The smallest gain that counts, and the ends of the intervals that the verdict rests on."""
    config, metric = again.config, METRICS[again.config.metric]
    those = [c for c in again.comparisons if c["metric"] == config.metric]

    def write(value: float) -> str:
        return figure(value, metric.unit)

    top = max([2 * abs(c["difference"]) for c in those] + [4 * config.min_gain], default=0.0)
    out = []
    if those and top > 0:
        out.append(
            Assumption(
                name="min_gain", label="Smallest gain that counts", now=config.min_gain, low=0.0,
                high=top, verdict_at=lambda value: again.setting(min_gain=value), write=write,
            )
        )  # fmt: skip
    for question in (found.training, found.prompting):
        if question is None or question.comparison["low"] is None:
            continue
        pair = question.comparison
        sign = direction(config.metric) * (1 if pair["a"] == question.elaborate else -1)
        low, high = sorted((sign * pair["low"], sign * pair["high"]))
        out.append(
            Assumption(
                name=f"true_gain.{question.elaborate}.{question.simple}",
                label=f"True gain of {called[question.elaborate]} over {called[question.simple]}",
                now=sign * pair["difference"], low=low, high=high, write=write,
                start=low if question.answer == "open" else None,
                verdict_at=lambda value, p=pair, s=sign: again.truth(p, s * value),  # type: ignore[misc]
            )
        )  # fmt: skip
    return out


def flip(assumption: Assumption, now: tuple[str, str | None]) -> float | None:
    """The value nearest to the one assumed at which the verdict is another; None if there is none.

    Nearest by the number of steps of the grid. The value is rounded to three digits away from the
    one assumed, and it is checked that the verdict is the other one there.
    """

    def other(value: float) -> bool:
        there = assumption.verdict_at(value)
        return (there.kind, there.choice) != now

    found = []
    start = assumption.now if assumption.start is None else assumption.start
    for end in (assumption.low, assumption.high):
        inside = start
        for step, value in enumerate(_grid(start, end)):
            if other(value):
                found.append((step, _between(inside, value, other, assumption.whole)))
                break
            inside = value
    return min(found)[1] if found else None


def _grid(now: float, end: float) -> list[float]:
    """Values from next to `now` to `end`: by factors where both are positive, else by steps."""
    if now == end:
        return []
    if now > 0 and end > 0:
        return [now * (end / now) ** (i / STEPS) for i in range(1, STEPS)] + [end]
    return [now + (end - now) * i / STEPS for i in range(1, STEPS)] + [end]


def _between(inside: float, outside: float, other: Callable[[float], bool], whole: bool) -> float:
    """The border between a value that changes nothing and one that does, on the side that does."""
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if other(middle):
            outside = middle
        else:
            inside = middle
    digits = 0 if outside == 0 else 2 - math.floor(math.log10(abs(outside)))
    step = 10.0**-digits
    up = outside > inside
    rounded = (math.ceil if up else math.floor)(outside / step) * step
    rounded = round(rounded, max(0, digits)) + 0.0
    if whole:
        rounded = float(math.ceil(rounded) if up else math.floor(rounded))
    return rounded if other(rounded) else outside


def _sentence(
    assumption: Assumption,
    value: float | None,
    start: Verdict,
    other: Verdict | None,
    called: Mapping[str, str],
) -> str:
    now, label, write = assumption.write(assumption.now), assumption.label, assumption.write
    if value is None or other is None:
        return sentence(
            f"{label} (now {now}): no value between {write(assumption.low)} and "
            f"{write(assumption.high)} changes the verdict."
        )
    if assumption.start is not None:
        return sentence(
            f"{label} (measured {now}): from {write(value)} on the verdict is "
            f"{_outcome(other, called)}, below it is {_outcome(start, called)}."
        )
    side = "up" if value > assumption.now else "down"
    there = write(value) if write(value) != now else f"{value:.4g}"
    return sentence(
        f"{label} (now {now}): from {there} {side} the verdict is {_outcome(other, called)}."
    )


def _outcome(found: Verdict, called: Mapping[str, str]) -> str:
    if found.choice is None:
        return "“no method keeps to your limits”"
    name = called[found.choice]
    return {
        "fine-tune": f"“fine-tune” with {name}",
        "prompt": f"“a good prompt is enough” with {name}",
        "base": f"“the model as it is is enough” with {name}",
    }.get(found.kind, f"undecided, for the time being {name}")
