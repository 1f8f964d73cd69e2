"""The verdict: which method to use, from the figures alone.

First the hard limits: a method that does not keep to one is out (`limit_check`). Then, among those
that are left, a method that takes more effort has to earn it. Two questions are asked, each with
three answers (`earned`, `unneeded`, `open`):

1. Is prompting (few-shot, or a hosted model) better than the base model?
2. Is a trained method better than the best untrained one?

`earned`: the gain is clear (see `compare`) and at least `min_gain`. `unneeded`: it is clearly
worse, or clearly better by less than `min_gain`, or the interval of the gain ends below `min_gain`.
`open`: anything else, and always with fewer than `min_rows` independent rows. Where several methods
earn their effort, one of those not clearly worse than the best is chosen: the one that the
documents prefer for the use case, then the cheapest.

Where all methods that are left take the same effort, the best of them is held against the next:
`earned` if it is clearly better, `unneeded` if the interval of its gain ends below `min_gain`, else
`open`. Of those not clearly worse than the best the preferred or cheapest is chosen.

A trained method that does not earn its effort by a gain is still chosen where it is as good as the
untrained choice (`Questions.as_good`) and saves money, the documents' hours of work counted where
there are no others, or is preferred for the use case. While a question is open, the preferred or
cheapest method that is not clearly worse is named for the time being.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tunesmith.decide.approaches import approach_of
from tunesmith.decide.compare import Scorecard, effort, gain_of
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost
from tunesmith.decide.limit_check import held_against
from tunesmith.decide.limits import Limit
from tunesmith.decide.measured import Measured
from tunesmith.decide.questions import AsGood, Question, Questions
from tunesmith.decide.rows import rows_to_tell
from tunesmith.decide.words import names
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig

Kind = Literal["fine-tune", "prompt", "base", "undecided", "none"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to use, and the answers it follows from."""

    kind: Kind
    choice: str | None
    """None only where no method keeps to the limits."""
    prompting: Question | None
    """Prompting against the base model; None if not both were measured."""
    training: Question | None
    """A trained method against the best untrained one; None if not both were measured."""
    among: Question | None = None
    """The best of methods that all take the same effort against the next; None where methods of
    more than one effort are left, or only one method."""
    unrivalled: bool = False
    """Only trained methods were measured: whether training pays cannot be said."""
    as_good: AsGood | None = None
    """Why a trained method is chosen that is not better; None where that is not so."""
    for_use_case: bool = False
    """While a question is open, the use case and not the effort has named the choice."""
    unscored: tuple[str, ...] = ()
    """Methods without a single row that could be scored: they take no part."""
    limits: tuple[Limit, ...] = ()
    out: tuple[str, ...] = ()
    """Methods that a limit has put out."""
    nearest: str | None = None
    """Where no method keeps to the limits, the one that comes nearest."""
    rows_needed: int | None = None
    """More test rows that would settle an undecided verdict; None if decided, if nothing can be
    compared, or if no sensible number would do."""

    @property
    def open_question(self) -> Question | None:
        """The question that leaves the verdict undecided."""
        for question in (self.training, self.prompting, self.among):
            if self.unrivalled:
                break
            if question is not None and question.answer == "open":
                return question
        return None


def verdict(
    scorecards: Sequence[Scorecard],
    comparisons: Sequence[Mapping[str, Any]],
    costs: Mapping[str, Cost],
    config: DecideConfig,
    evaluation: EvaluateConfig,
    measured: Measured | None = None,
) -> Verdict:
    """Decide between the methods.

    Args:
        scorecards: One for each method.
        comparisons: As made by `compare`.
        costs: By method.
        config: The deciding metric, the smallest gain that counts, prices, limits.
        evaluation: The confidence.
        measured: Speed, memory and forgetting that were measured beside.

    Raises:
        TunesmithError: The deciding metric was not measured, or no row could be scored.
    """
    values = _values(scorecards, config)
    scored = [s for s in scorecards if s["method"] in values]
    limits = held_against(
        scored, costs, config, measured or Measured(), names(scorecards),
        confidence=evaluation.confidence,
    )  # fmt: skip
    out = tuple(dict.fromkeys(h.method for limit in limits for h in limit.those("failed")))
    left = [s for s in scored if s["method"] not in out]
    common: dict[str, Any] = {
        "unscored": tuple(str(s["method"]) for s in scorecards if s["method"] not in values),
        "limits": limits,
        "out": out,
    }
    if not left:
        return Verdict(
            kind="none", choice=None, prompting=None, training=None, nearest=_nearest(limits, out),
            **common,
        )  # fmt: skip
    approaches = {str(s["method"]): approach_of(s) for s in left}
    judge = Questions(comparisons, values, costs, approaches, config, evaluation.confidence)
    beaten = any(effort(s) < 2 for s in scored if s["method"] in out)
    found = replace(_among(left, judge, beaten=beaten), **common)
    question = found.open_question
    if found.kind != "undecided" or question is None:
        return found
    pairs = sum(c["metric"] == config.metric for c in comparisons)
    alpha = (1 - evaluation.confidence) / pairs
    return replace(found, rows_needed=rows_needed(question, config, alpha=alpha))


def _among(left: Sequence[Scorecard], judge: Questions, *, beaten: bool) -> Verdict:
    """The verdict among methods that keep to the limits; `beaten`: an untrained one does not."""
    by_effort: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for scorecard in left:
        by_effort[effort(scorecard)].append(str(scorecard["method"]))
    base, prompted, trained = by_effort[0], by_effort[1], by_effort[2]
    prompting = judge.ask(base, prompted)
    training = judge.ask(base + prompted, trained)
    asked: dict[str, Any] = {"prompting": prompting, "training": training}
    if training is not None and training.answer == "earned":
        return Verdict(kind="fine-tune", choice=training.elaborate, **asked)
    if not base + prompted:
        pool = judge.not_worse(trained, judge.best(trained))
        kind: Kind = "fine-tune" if beaten else "undecided"
        return Verdict(
            kind=kind, choice=judge.pick(pool), among=judge.among(trained), unrivalled=True, **asked
        )
    among = None if trained or (base and prompted) else judge.among(base + prompted)
    if among is not None:
        pool = judge.not_worse(base + prompted, judge.best(base + prompted))
        kind = "undecided" if among.answer == "open" else "prompt" if prompted else "base"
        return Verdict(kind=kind, choice=judge.pick(pool), among=among, **asked)
    choice = judge.untrained_choice(base, prompted, trained, prompting)
    as_good = judge.as_good(trained, choice, judge.best(base + prompted))
    if as_good is not None:
        return Verdict(kind="fine-tune", choice=as_good.elaborate, as_good=as_good, **asked)
    kind = "prompt" if choice in prompted else "base"
    answers = [q.answer for q in (prompting, training) if q is not None]
    if not answers and len(left) == len(judge.values):
        kind = "undecided"
    if "open" not in answers:
        return Verdict(kind=kind, choice=choice, **asked)
    now = choice
    if training is not None and training.answer == "open":
        now = judge.preferred(training, choice)
    return Verdict(kind="undecided", choice=now, for_use_case=now != choice, **asked)


def _nearest(limits: Sequence[Limit], out: Sequence[str]) -> str:
    """The method that fails the fewest limits, and of these the one least beyond."""
    failed = {
        method: [held.excess for limit in limits for held in limit.those("failed")
                 if held.method == method]
        for method in out
    }  # fmt: skip
    return min(out, key=lambda method: (len(failed[method]), max(failed[method])))


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


def rows_needed(question: Question, config: DecideConfig, *, alpha: float) -> int | None:
    """How many more test rows would settle an open question (see `rows_to_tell`)."""
    comparison = question.comparison
    gain, _, _ = gain_of(comparison, question.elaborate)
    return rows_to_tell(
        gain,
        comparison["standard_error"],
        n=comparison["n"],
        groups=comparison["groups"],
        min_gain=config.min_gain,
        min_rows=config.min_rows,
        alpha=alpha,
    )
