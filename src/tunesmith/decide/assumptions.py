"""What the verdict was told or has estimated, and how to ask again with one of them changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tunesmith.decide.compare import Scorecard, direction
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, costs_by
from tunesmith.decide.measured import Measured
from tunesmith.decide.verdict import Verdict, verdict
from tunesmith.decide.words import figure, money
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS

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


@dataclass(frozen=True)
class Again:
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


def assumptions(again: Again, found: Verdict, called: Mapping[str, str]) -> list[Assumption]:
    """All assumptions that can be changed."""
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
    return [*out, *_limits(again, price), *_gains(again, found, called)]


def _limits(again: Again, price: Callable[[float], str]) -> list[Assumption]:
    """Every hard limit that is a number: how far it may move."""
    limits, unit = again.config.limits, METRICS[again.config.metric].unit

    def with_limit(name: str) -> Callable[[float], Verdict]:
        return lambda value: again.setting(limits=limits.model_copy(update={name: value}))

    def written(unit: str, suffix: str = "") -> Callable[[float], str]:
        return lambda value: figure(value, unit) + suffix

    known: tuple[tuple[str, str, Callable[[float], str]], ...] = (
        ("min_quality", f"Limit of {METRICS[again.config.metric].label}", written(unit)),
        ("max_p95_latency_s", "Limit of p95 latency", written("s", " s")),
        ("max_memory_mib", "Limit of peak memory", written("mib", " MiB")),
        ("max_total_cost", "Limit of total cost", price),
        ("max_forgetting", "Limit of forgetting", written("ratio")),
    )
    out = []
    for name, label, write in known:
        now = getattr(limits, name)
        if now is None:
            continue
        ends = (now / FACTOR, now * FACTOR)
        if name == "min_quality":  # may be zero or below, and has no sensible hundredfold
            ends = (min(0.0, 2 * now), max(2 * now, 1.0))
        out.append(
            Assumption(
                name=f"limits.{name}", label=label, now=now, low=ends[0], high=ends[1],
                verdict_at=with_limit(name), write=write,
            )
        )  # fmt: skip
    return out


def _answer_prices(
    again: Again, called: Mapping[str, str], price: Callable[[float], str]
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


def _hours(again: Again, called: Mapping[str, str]) -> list[Assumption]:
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


def _gains(again: Again, found: Verdict, called: Mapping[str, str]) -> list[Assumption]:
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
    for question in (found.training, found.prompting, found.among):
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
