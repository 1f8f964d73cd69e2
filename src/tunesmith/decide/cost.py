"""What each method costs: measured seconds times the user's prices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.words import UNTRAINED, money, names, sentence
from tunesmith.evaluate.endpoint.price import answer_price, pays_by_token, search_price

HOUR_S = 3600


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of one method, in the user's currency; None where it was not measured."""

    training: float | None
    """Machine time of training; for a method that is not trained, of choosing its examples."""
    work: float
    """Hours of work from the settings times their price."""
    answer_s: float | None
    """Machine seconds of one answer (see `answer_seconds`)."""
    per_answer: float | None
    """Machine time of one answer, or what a server takes for it."""

    @property
    def setup(self) -> float | None:
        """What it costs before the first answer: training and work."""
        return None if self.training is None else self.training + self.work

    def total(self, answers: float) -> float | None:
        """Set-up and `answers` answers."""
        if self.setup is None or self.per_answer is None:
            return None
        return self.setup + self.per_answer * answers


def cost_of(scorecard: Mapping[str, Any], config: DecideConfig) -> Cost:
    """The cost of one method from its scorecard's measured seconds."""
    second = config.machine_hour / HOUR_S
    training = scorecard.get("training")
    if scorecard["kind"] in UNTRAINED:
        trained = search_price(scorecard, second=second)
    else:
        trained = None if training is None else _training_cost(training, second)
    hours = config.engineer_hours.get(
        scorecard["method"], config.engineer_hours.get(scorecard["kind"], 0.0)
    )
    each = answer_seconds(scorecard)
    per_answer = None if each is None else each * second
    return Cost(
        training=trained,
        work=hours * config.engineer_hour,
        answer_s=each,
        per_answer=answer_price(scorecard) if pays_by_token(scorecard) else per_answer,
    )


def _training_cost(training: Mapping[str, Any], second: float) -> float | None:
    """What a training and the search for its settings took, at the price of a second."""
    seconds, search = training.get("seconds"), training.get("search") or {}
    return None if seconds is None else (seconds + search.get("seconds", 0.0)) * second


def answer_seconds(scorecard: Mapping[str, Any]) -> float | None:
    """Machine seconds of one answer, reading the prompt included, when answered in batches.

    It is the mean length of an answer over the tokens written per second, for `generation.seconds`
    also holds the scoring of the reference answers and the rows that were answered alone to measure
    latency. Where no rows were answered in batches (no `tokens_per_s`) it is `generation.seconds`
    over all rows; None where nothing was measured.
    """
    generation = scorecard.get("generation") or {}
    speed, seconds = generation.get("tokens_per_s"), generation.get("seconds")
    tokens = scorecard["metrics"].get("tokens_out_mean", {}).get("value")
    if speed and tokens is not None:
        return float(tokens / speed)
    return None if seconds is None else float(seconds / scorecard["n"])


def horizon_answers(config: DecideConfig) -> float:
    """Answers that the settings expect until the horizon."""
    return config.answers_per_month * config.horizon_months


def as_row(cost: Cost, config: DecideConfig) -> dict[str, Any]:
    """The `cost` of a row of the table."""
    return {
        "training": cost.training,
        "work": cost.work,
        "setup": cost.setup,
        "answer_s": cost.answer_s,
        "per_1000": None if cost.per_answer is None else cost.per_answer * 1000,
        "total": cost.total(horizon_answers(config)),
        "currency": config.currency,
    }


def break_even(
    a: str, b: str, costs: Mapping[str, Cost], called: Mapping[str, str], config: DecideConfig
) -> dict[str, Any]:
    """After how many answers method `a` has repaid what it costs more than `b` to set up.

    Returns:
        `a`, `b`, `answers` (0: cheaper from the start; null: never, or not measured), `months`
        (the same at the expected volume, null without one), `sentence`.
    """
    first, second = called[a], called[b]
    ours, theirs = costs[a], costs[b]
    if (
        ours.setup is None
        or theirs.setup is None
        or ours.per_answer is None
        or theirs.per_answer is None
    ):
        text = f"the costs of {first} and {second} cannot be compared: a time was not measured."
        return {"a": a, "b": b, "answers": None, "months": None, "sentence": sentence(text)}
    extra, saving = ours.setup - theirs.setup, theirs.per_answer - ours.per_answer
    answers, months = _crossing(extra, saving), None
    currency = config.currency
    each = (
        f"1,000 answers cost {money(ours.per_answer * 1000, currency)} with {first} and "
        f"{money(theirs.per_answer * 1000, currency)} with {second}"
    )
    if answers is None:
        text = (
            f"{first} never repays the {money(extra, currency)} that it costs more to set up than "
            f"{second}: {each}."
        )
        if extra == 0:
            text = (
                f"{first} is never cheaper than {second}: neither costs more to set up, but {each}."
            )
    elif answers == 0:
        months = 0.0
        text = f"{first} is cheaper than {second} from the start: {each}."
        if extra == 0 == saving:
            text = f"{first} and {second} cost the same: {each}."
        elif saving < 0:
            until = math.floor(extra / saving)
            text = f"{first} is cheaper than {second} for the first {until:,} answers: {each}."
    else:
        text = (
            f"{first} costs {money(extra, currency)} more to set up than {second}, which is repaid "
            f"after {answers:,} answers"
        )
        if config.answers_per_month:
            months = answers / config.answers_per_month
            text += f" ({_months(months)} at {config.answers_per_month:,} answers a month)"
        text += f": {each}."
    return {"a": a, "b": b, "answers": answers, "months": months, "sentence": sentence(text)}


def _crossing(extra: float, saving: float) -> int | None:
    if extra < 0 or (extra == 0 and saving >= 0):
        return 0
    if saving <= 0:
        return None
    return math.ceil(extra / saving)


def _months(months: float) -> str:
    if months < 0.1:
        return "within days"
    return f"{months:,.1f} months"


def costs_of(scorecards: Sequence[Mapping[str, Any]], config: DecideConfig) -> dict[str, Any]:
    """The `cost` part of the decision: prices, break-even of every trained method, a note."""
    costs = {str(scorecard["method"]): cost_of(scorecard, config) for scorecard in scorecards}
    called = names(scorecards)
    trained = [str(s["method"]) for s in scorecards if s["kind"] not in UNTRAINED]
    prompted = [str(s["method"]) for s in scorecards if s["kind"] == "few_shot"]
    work = (
        f"Work is counted at {money(config.engineer_hour, config.currency)} an hour."
        if config.engineer_hours
        else "Hours of work are not counted: none are set (engineer_hours)."
    )
    return {
        "currency": config.currency,
        "machine_hour": config.machine_hour,
        "engineer_hour": config.engineer_hour,
        "engineer_hours": dict(config.engineer_hours),
        "answers_per_month": config.answers_per_month,
        "horizon_months": config.horizon_months,
        "methods": {method: as_row(cost, config) for method, cost in costs.items()},
        "break_even": [break_even(a, b, costs, called, config) for a in trained for b in prompted],
        "note": f"Measured seconds at {money(config.machine_hour, config.currency)} a machine "
        f"hour. {work}",
    }
