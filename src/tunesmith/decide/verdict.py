"""The verdict: which method to use, from the figures alone.

A method that takes more effort has to earn it. Two questions are asked, each with three answers
(`earned`, `unneeded`, `open`):

1. Is few-shot prompting better than the base model?
2. Is a trained method better than the best untrained one?

`earned`: the gain is clear (see `compare`) and at least `min_gain`. `unneeded`: it is clearly
worse, or clearly better by less than `min_gain`, or the interval of the gain ends below `min_gain`.
`open`: anything else, and always with fewer than `min_rows` independent rows. Where several methods
earn their effort, the cheapest of those not clearly worse than the best is chosen. While a question
is open, the cheapest untrained method that is not clearly worse is named for the time being.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

from tunesmith.decide.compare import Scorecard, direction, effort, gain_of
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, horizon_answers
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig

Kind = Literal["fine-tune", "prompt", "base", "undecided"]
Answer = Literal["earned", "unneeded", "open"]

POWER = 0.8
"""How likely a difference shall show when more rows are asked for."""
MANY_ROWS = 100_000
"""More rows than this are not worth asking for."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One of the two questions, answered."""

    simple: str
    """The method with less effort."""
    elaborate: str
    """The method with more effort that comes closest to earning it."""
    answer: Answer
    comparison: Mapping[str, Any]
    """Their comparison by the deciding metric."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to use, and the answers it follows from."""

    kind: Kind
    choice: str
    prompting: Question | None
    """Few-shot prompting against the base model; None if not both were measured."""
    training: Question | None
    """A trained method against the best untrained one; None if not both were measured."""
    unscored: tuple[str, ...]
    """Methods without a single row that could be scored: they take no part."""
    rows_needed: int | None
    """More test rows that would settle an undecided verdict; None if decided, if nothing can be
    compared, or if no sensible number would do."""

    @property
    def open_question(self) -> Question | None:
        """The question that leaves the verdict undecided."""
        for question in (self.training, self.prompting):
            if question is not None and question.answer == "open":
                return question
        return None


def verdict(
    scorecards: Sequence[Scorecard],
    comparisons: Sequence[Mapping[str, Any]],
    costs: Mapping[str, Cost],
    config: DecideConfig,
    evaluation: EvaluateConfig,
) -> Verdict:
    """Decide between the methods.

    Args:
        scorecards: One for each method.
        comparisons: As made by `compare`.
        costs: By method.
        config: The deciding metric, the smallest gain that counts, prices.
        evaluation: The confidence.

    Raises:
        TunesmithError: The deciding metric was not measured, or no row could be scored.
    """
    values = _values(scorecards, config)
    scored = [s for s in scorecards if s["method"] in values]
    judge = _Judge(comparisons, values, costs, config)
    base = [str(s["method"]) for s in scored if effort(s) == 0]
    prompted = [str(s["method"]) for s in scored if effort(s) == 1]
    trained = [str(s["method"]) for s in scored if effort(s) == 2]

    prompting = judge.ask(base, prompted)
    training = judge.ask(base + prompted, trained)
    if training is not None and training.answer == "earned":
        kind: Kind = "fine-tune"
        choice = training.elaborate
    elif not base + prompted:
        kind, choice = "undecided", judge.best(trained)
    else:
        choice = judge.untrained_choice(base, prompted, trained, prompting)
        kind = "prompt" if choice in prompted else "base"
        answers = [q.answer for q in (prompting, training) if q is not None]
        if "open" in answers or not answers:
            kind = "undecided"
    found = Verdict(
        kind=kind,
        choice=choice,
        prompting=prompting,
        training=training,
        unscored=tuple(str(s["method"]) for s in scorecards if s["method"] not in values),
        rows_needed=None,
    )
    question = found.open_question
    if kind != "undecided" or question is None:
        return found
    pairs = sum(c["metric"] == config.metric for c in comparisons)
    needed = rows_needed(question, config, alpha=(1 - evaluation.confidence) / pairs)
    return Verdict(**{**vars(found), "rows_needed": needed})


def _values(scorecards: Sequence[Scorecard], config: DecideConfig) -> dict[str, float]:
    missing = [s["method"] for s in scorecards if config.metric not in s["metrics"]]
    if missing:
        raise TunesmithError(
            f"the metric that decides, {config.metric}, was not measured for {', '.join(missing)}",
            where="decide.metric",
            todo=f"add {config.metric} to evaluate.metrics, or decide by another metric",
        )
    values = {
        str(s["method"]): float(s["metrics"][config.metric]["value"])
        for s in scorecards
        if s["metrics"][config.metric]["value"] is not None
    }
    if not values:
        raise TunesmithError(
            f"no test row of any method could be scored by {config.metric}",
            where="decide",
            todo="look at RUN/methods/NAME/predictions.jsonl: references or answers are missing",
        )
    return values


class _Judge:
    """Answers questions about methods by the deciding metric."""

    def __init__(
        self,
        comparisons: Sequence[Mapping[str, Any]],
        values: Mapping[str, float],
        costs: Mapping[str, Cost],
        config: DecideConfig,
    ) -> None:
        self.pairs = {
            frozenset((c["a"], c["b"])): c for c in comparisons if c["metric"] == config.metric
        }
        self.values, self.costs, self.config = values, costs, config
        self.sign = direction(config.metric)

    def best(self, methods: Sequence[str]) -> str:
        """The method with the best figure, the first of several."""
        return max(methods, key=lambda method: self.sign * self.values[method])

    def cheapest(self, methods: Sequence[str]) -> str:
        """The cheapest until the horizon; where a cost is unknown, the first method."""
        answers = horizon_answers(self.config)
        totals = {method: self.costs[method].total(answers) for method in methods}
        known = {method: total for method, total in totals.items() if total is not None}
        return min(known, key=lambda m: known[m]) if len(known) == len(totals) else methods[0]

    def not_worse(self, methods: Sequence[str], than: str) -> list[str]:
        """Those of `methods` that are not clearly worse than `than`."""
        return [m for m in methods if m == than or not self._clearly_worse(m, than)]

    def _clearly_worse(self, method: str, than: str) -> bool:
        comparison = self.pairs.get(frozenset((method, than)))
        return comparison is not None and comparison["clear"] and comparison["better"] == than

    def untrained_choice(
        self, base: list[str], prompted: list[str], trained: list[str], question: Question | None
    ) -> str:
        """The untrained method to use, for now where the question is open.

        A small gain of prompting over the base model and a small gain of training over prompting
        can add up to one that counts: then the base model is out.
        """
        if question is None:
            return self.best(base or prompted)
        both = [question.simple, question.elaborate]
        if question.answer == "open":
            pool = self.not_worse(both, self.best(both))
        else:
            pool = both[1:] if question.answer == "earned" else both[:1]
        allowed = [m for m in pool if not any(self._earned(t, m) for t in trained)]
        return self.cheapest(allowed or [self.best(both)])

    def _earned(self, method: str, over: str) -> bool:
        found = self.pairs.get(frozenset((method, over)))
        return found is not None and earns(method, found, self.config) == "earned"

    def ask(self, simple: Sequence[str], elaborate: Sequence[str]) -> Question | None:
        """Does one of `elaborate` earn its effort over the best of `simple`?"""
        if not simple:
            return None
        rival = self.best(simple)
        comparisons = {
            method: found
            for method in elaborate
            if (found := self.pairs.get(frozenset((method, rival)))) is not None
        }
        if not comparisons:
            return None
        answers = {m: earns(m, found, self.config) for m, found in comparisons.items()}
        order: tuple[Answer, ...] = ("earned", "open", "unneeded")
        answer = min(answers.values(), key=order.index)
        those = [method for method, given in answers.items() if given == answer]
        closest = self.best(those)
        if answer == "earned":
            closest = self.cheapest(self.not_worse(those, closest))
        return Question(
            simple=rival, elaborate=closest, answer=answer, comparison=comparisons[closest]
        )


def earns(method: str, comparison: Mapping[str, Any], config: DecideConfig) -> Answer:
    """Whether `method` earns its effort by its gain in one comparison (see the module)."""
    gain, _, high = gain_of(comparison, method)
    if comparison["groups"] < config.min_rows:
        return "open"
    if comparison["clear"]:
        return "earned" if gain > 0 and gain >= config.min_gain else "unneeded"
    return "unneeded" if high is not None and high < config.min_gain else "open"


def rows_needed(question: Question, config: DecideConfig, *, alpha: float) -> int | None:
    """How many more test rows would settle an open question, in 4 of 5 cases.

    From the standard error s of the difference over g groups: a true gain d shows at level alpha
    with probability 0.8 if there are g (z s / d)^2 groups, z the sum of both normal quantiles.
    The question is settled by telling the gain from 0 or from `min_gain`, whichever is further.

    Args:
        question: An open question.
        config: `min_gain` and `min_rows`.
        alpha: Level of the test, divided by the number of pairs.

    Returns:
        Rows to add, rounded up to two digits; None if there is no sensible number.
    """
    comparison = question.comparison
    gain, _, _ = gain_of(comparison, question.elaborate)
    groups, error = comparison["groups"], comparison["standard_error"]
    target = max(gain, config.min_gain - gain)
    normal = NormalDist()
    if target <= 0:
        return None
    if error > 0:
        z = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(POWER)
        needed = groups * (z * error / target) ** 2
    elif gain == 0 and 0 < config.min_gain < 1:
        # All rows alike: how many until even the share that may differ is too small to matter
        needed = math.log(alpha / 2) / math.log(1 - config.min_gain)
    else:
        needed = 0.0
    more = max(needed, config.min_rows, groups + 1) - groups
    more *= comparison["n"] / groups
    if more > MANY_ROWS:
        return None
    return about(more)


def about(rows: float) -> int:
    """A number of rows rounded up to two digits.

    >>> about(7.2), about(312.4), about(2001)
    (8, 320, 2100)
    """
    whole = math.ceil(rows)
    step = int(10 ** max(0, len(str(whole)) - 2))
    return math.ceil(whole / step) * step
