"""What each method costs: what was measured times the user's prices, and hours of work.

Machine time and tokens are measured and always count. Hours of work cannot be measured: a part of
them (development, data preparation, maintenance) counts as soon as the settings give it for one
method (`work`, `engineer_hours`), for all methods alike, with the source documents' starting
figures for those without hours of their own. A part that nobody gave is shown beside and marked,
but decides only where the settings say so (`assumed_hours: count`). The documents' figures for
compute are never used as money.

Data preparation is charged to each method in full, as what a project with this method alone needs.
Methods of one project share their dataset, so the hours are not to be added up over methods.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunesmith.decide.approaches import STARTING, WORK_PARTS, WorkPart, approach_of
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.words import UNTRAINED
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.endpoint.price import (
    answer_price,
    pays_by_token,
    search_price,
    tokens_price,
)

HOUR_S = 3600
PARTS = ("development", "data_preparation", "training", "answers", "maintenance")
"""The parts of a total, in the order in which they fall due."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One part of a method's hours of work, until the horizon."""

    part: WorkPart
    hours: float
    amount: float
    """The hours times their price."""
    assumed: bool
    """The hours are the documents' starting figure."""
    counts: bool
    """Whether the amount takes part in decisions."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of one method, in the user's currency; None where it was not measured."""

    training: float | None
    """Machine time of training, of the search for its settings and of what it starts from; of a
    method that is not trained, of choosing its examples."""
    work: tuple[Work, ...] = ()
    answer_s: float | None
    """Machine seconds of one answer (see `answer_seconds`); None for a model behind an endpoint."""
    per_answer: float | None
    """Machine time, or an endpoint's price, of one answer."""
    per_answer_range: tuple[float | None, float | None] = (None, None)
    """Its interval, by the length of answers."""

    def worked(self, *parts: WorkPart, everything: bool = False) -> float:
        """Money for those parts of the work, the hours that count or all."""
        return sum(w.amount for w in self.work if w.part in parts and (everything or w.counts))

    @property
    def setup(self) -> float | None:
        """What it costs before the first answer: training and the work that counts."""
        if self.training is None:
            return None
        return self.training + self.worked("development", "data_preparation")

    def fixed(self, *, everything: bool = False) -> float | None:
        """What does not depend on the volume: set-up, and maintenance until the horizon."""
        if self.training is None:
            return None
        return self.training + self.worked(*WORK_PARTS, everything=everything)

    def total(self, answers: float, *, everything: bool = False) -> float | None:
        """All of it with so many answers.

        Args:
            answers: Until the horizon.
            everything: Add the hours that do not count.
        """
        fixed = self.fixed(everything=everything)
        if fixed is None or self.per_answer is None:
            return None
        return fixed + self.per_answer * answers

    def parts(self, answers: float) -> dict[str, float | None]:
        """The total by `PARTS`, the hours that do not count included."""
        work: dict[str, float | None] = {
            part: self.worked(part, everything=True) for part in WORK_PARTS
        }
        each = None if self.per_answer is None else self.per_answer * answers
        found = {**work, "training": self.training, "answers": each}
        return {part: found[part] for part in PARTS}


def costs_by(scorecards: Sequence[Mapping[str, Any]], config: DecideConfig) -> dict[str, Cost]:
    """The cost of every method by name; a method pays for the trainings that it starts from."""
    known = {str(scorecard["method"]): scorecard for scorecard in scorecards}
    counted = counted_parts(scorecards, config)
    return {name: cost_of(scorecard, config, known, counted) for name, scorecard in known.items()}


def counted_parts(
    scorecards: Sequence[Mapping[str, Any]], config: DecideConfig
) -> frozenset[WorkPart]:
    """The parts of the work that count: all, or those that are given for one method at least."""
    return frozenset(
        part
        for part in WORK_PARTS
        if config.assumed_hours == "count"
        or any(given_hours(card, part, config) is not None for card in scorecards)
    )


def cost_of(
    scorecard: Mapping[str, Any],
    config: DecideConfig,
    others: Mapping[str, Mapping[str, Any]] | None = None,
    counted: Collection[WorkPart] | None = None,
) -> Cost:
    """The cost of one method from its scorecard's measured seconds and tokens.

    Args:
        scorecard: Of the method.
        config: Prices, hours, volume and horizon.
        others: All scorecards by name, to find what a method starts from.
        counted: The parts of the work that count; None: those that are given for this method.

    Raises:
        TunesmithError: An endpoint's prices are in another currency.
    """
    counted = counted_parts([scorecard], config) if counted is None else counted
    bought = pays_by_token(scorecard)
    each = None if bought else answer_seconds(scorecard)
    second = config.machine_hour / HOUR_S
    per_answer = None if each is None else each * second
    return Cost(
        training=_training(scorecard, second, others or {}),
        work=tuple(_work(scorecard, part, config, part in counted) for part in WORK_PARTS),
        answer_s=each,
        per_answer=_paid(scorecard, config) if bought else per_answer,
        per_answer_range=answer_range(scorecard, config),
    )


def _work(scorecard: Mapping[str, Any], part: WorkPart, config: DecideConfig, counts: bool) -> Work:
    given = given_hours(scorecard, part, config)
    hours = STARTING[approach_of(scorecard)].hours(part) if given is None else given
    if part == "maintenance":
        hours *= config.horizon_months
    return Work(
        part=part,
        hours=hours,
        amount=hours * config.engineer_hour,
        assumed=given is None,
        counts=counts,
    )


def given_hours(scorecard: Mapping[str, Any], part: WorkPart, config: DecideConfig) -> float | None:
    """The hours that the settings give: by the method's name, else its kind, else its approach."""
    keys = (str(scorecard["method"]), str(scorecard["kind"]), approach_of(scorecard))
    for key in keys:
        own = config.work.get(key)
        found = None if own is None else own.hours(part)
        if found is None and part == "development":
            found = config.engineer_hours.get(key)
        if found is not None:
            return found
    return None


def _training(
    scorecard: Mapping[str, Any], second: float, others: Mapping[str, Mapping[str, Any]]
) -> float | None:
    """What a training, the search for its settings and the trainings before it took."""
    if scorecard["kind"] in UNTRAINED:
        return search_price(scorecard, second=second)
    training = scorecard.get("training") or {}
    seconds, search = training.get("seconds"), training.get("search") or {}
    if seconds is None:
        return None
    own = (seconds + search.get("seconds", 0.0)) * second
    after = (training.get("settings") or {}).get("after")
    if after is None:
        return float(own)
    before = _training(others[after], second, others) if after in others else None
    return None if before is None else own + before


def _paid(scorecard: Mapping[str, Any], config: DecideConfig) -> float | None:
    """The mean price of an answer by an endpoint's prices per million tokens."""
    currency = scorecard["generation"]["endpoint"].get("currency")
    if currency not in {None, config.currency}:
        raise TunesmithError(
            f"the prices of its endpoint are in {currency}, those of the decision in "
            f"{config.currency}",
            where=f"method '{scorecard['method']}'",
            todo=f"give the endpoint's prices in {config.currency}, or change decide.currency",
        )
    return answer_price(scorecard)


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


def answer_range(
    scorecard: Mapping[str, Any], config: DecideConfig
) -> tuple[float | None, float | None]:
    """What an answer costs at the ends of the interval of its tokens, speed and prices as measured.

    Of a model that is paid by the token both counts stand at the same end: wider than needed, as
    they do not rise and fall together.
    """
    metrics = scorecard["metrics"]
    ends = []
    for end in ("low", "high"):
        out = (metrics.get("tokens_out_mean") or {}).get(end)
        if pays_by_token(scorecard):
            tokens_in = (metrics.get("tokens_in_mean") or {}).get(end)
            ends.append(tokens_price(scorecard["generation"]["endpoint"], tokens_in, out))
            continue
        speed = (scorecard.get("generation") or {}).get("tokens_per_s")
        known = None if not speed or out is None else out / speed
        ends.append(None if known is None else known * config.machine_hour / HOUR_S)
    return ends[0], ends[1]


def horizon_answers(config: DecideConfig) -> float:
    """Answers that the settings expect until the horizon."""
    return config.answers_per_month * config.horizon_months
