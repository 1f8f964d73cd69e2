"""Questions about methods by the deciding metric, answered from their paired comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

from tunesmith.decide.approaches import PREFERENCES, Approach
from tunesmith.decide.compare import direction, gain_of
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, horizon_answers

Answer = Literal["earned", "unneeded", "open"]


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
    alike: tuple[str, ...] = ()
    """Others with more effort to which the same answer was given."""


@dataclass(frozen=True, kw_only=True)
class AsGood:
    """A trained method that is as good as the untrained choice, and preferred for another cause."""

    simple: str
    """The untrained choice."""
    elaborate: str
    comparison: Mapping[str, Any]
    low: float
    """The least that the gain may be, over all trained methods that were looked at."""
    why: Literal["saving", "use_case"]
    saving: float | None
    """Money saved until the horizon with all hours of work counted; None where not known."""


class Questions:
    """Answers questions about methods by the deciding metric."""

    def __init__(
        self,
        comparisons: Sequence[Mapping[str, Any]],
        values: Mapping[str, float],
        costs: Mapping[str, Cost],
        approaches: Mapping[str, Approach],
        config: DecideConfig,
        confidence: float,
    ) -> None:
        self.pairs = {
            frozenset((c["a"], c["b"])): c for c in comparisons if c["metric"] == config.metric
        }
        self.values, self.costs, self.config = values, costs, config
        self.approaches, self.confidence = approaches, confidence
        self.sign = direction(config.metric)

    def best(self, methods: Sequence[str]) -> str:
        """The method that is behind the fewest others, the first of several.

        Each two are compared over the rows that both scored: a method that failed on hard rows has
        a figure over easier ones.
        """
        behind = {m: sum(self._behind(m, other) for other in methods) for m in methods}
        return max(methods, key=lambda m: (-behind[m], self.sign * self.values[m]))

    def _behind(self, method: str, other: str) -> bool:
        comparison = self.pairs.get(frozenset((method, other)))
        if comparison is None:
            return self.sign * (self.values[method] - self.values[other]) < 0
        return gain_of(comparison, method)[0] < 0

    def rank(self, method: str) -> int:
        """What the documents say of a method's approach for the use case: 0 is recommended."""
        if self.config.use_case is None:
            return 0
        return PREFERENCES[self.config.use_case].rank(self.approaches[method])

    def pick(self, methods: Sequence[str]) -> str:
        """One of several methods that cannot be told apart.

        The one preferred for the use case, then the cheapest until the horizon; where a cost is
        unknown, the first.
        """
        top = min(self.rank(method) for method in methods)
        left = [method for method in methods if self.rank(method) == top]
        answers = horizon_answers(self.config)
        totals = {method: self.costs[method].total(answers) for method in left}
        known = {method: total for method, total in totals.items() if total is not None}
        return min(known, key=lambda m: known[m]) if len(known) == len(totals) else left[0]

    def not_worse(self, methods: Sequence[str], than: str) -> list[str]:
        """Those of `methods` that are not clearly worse than `than`."""
        return [m for m in methods if m == than or not self.clearly_worse(m, than)]

    def clearly_worse(self, method: str, than: str) -> bool:
        """Whether the comparison says so."""
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
            only = base or prompted
            return self.pick(self.not_worse(only, self.best(only)))
        both = [question.simple, question.elaborate]
        if question.answer == "open":
            pool = self.not_worse(both, self.best(both))
        else:
            pool = both[1:] if question.answer == "earned" else both[:1]
        allowed = [m for m in pool if not any(self._earned(t, m) for t in trained)]
        return self.pick(allowed or [self.best(both)])

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
            closest = self.pick(self.not_worse(those, closest))
        return Question(
            simple=rival,
            elaborate=closest,
            answer=answer,
            comparison=comparisons[closest],
            alike=tuple(method for method in those if method != closest),
        )

    def among(self, methods: Sequence[str]) -> Question | None:
        """Is the best of methods of one effort better than the next? None for a single method."""
        if len(methods) < 2:
            return None
        top = self.best(methods)
        rest = [m for m in methods if m != top and frozenset((m, top)) in self.pairs]
        found = {m: self.pairs[frozenset((m, top))] for m in rest}
        answers = {m: self._ahead(top, comparison) for m, comparison in found.items()}
        if not answers:
            return None
        order: tuple[Answer, ...] = ("open", "unneeded", "earned")
        answer = min(answers.values(), key=order.index)
        those = [m for m in rest if answers[m] == answer]
        rival = self.best(those)
        return Question(
            simple=rival, elaborate=top, answer=answer, comparison=found[rival],
            alike=tuple(m for m in those if m != rival),
        )  # fmt: skip

    def _ahead(self, method: str, comparison: Mapping[str, Any]) -> Answer:
        if comparison["groups"] < self.config.min_rows:
            return "open"
        if comparison["clear"]:
            return "earned"
        _, _, high = gain_of(comparison, method)
        return "unneeded" if high is not None and high < self.config.min_gain else "open"

    def as_good(self, trained: Sequence[str], choice: str, best: str) -> AsGood | None:
        """A trained method that may replace the untrained choice although it is not better.

        It must be as good: the lowest gain that the interval allows, widened for the number of
        trained methods that are looked at (Bonferroni), is at least `-min_gain`, against the choice
        and against the best untrained method. And it must save money with all hours of work
        counted, or be preferred for the use case.
        """
        answers = horizon_answers(self.config)
        spent = self.costs[choice].total(answers, everything=True)
        found = []
        for method in trained:
            comparison = self.pairs.get(frozenset((method, choice)))
            low = self._lowest(method, (choice, best), len(trained))
            if comparison is None or low is None or low < -self.config.min_gain:
                continue
            own = self.costs[method].total(answers, everything=True)
            saving = None if own is None or spent is None else spent - own
            ranks = self.rank(method), self.rank(choice)
            if ranks[0] > ranks[1]:
                continue
            if ranks[0] < ranks[1] or (saving is not None and saving > 0):
                found.append(
                    AsGood(
                        simple=choice, elaborate=method, comparison=comparison, low=low,
                        why="use_case" if ranks[0] < ranks[1] else "saving", saving=saving,
                    )
                )  # fmt: skip
        if not found:
            return None
        return min(found, key=lambda one: (self.rank(one.elaborate), -(one.saving or 0.0)))

    def _lowest(self, method: str, rivals: Sequence[str], looked_at: int) -> float | None:
        """The lowest gain over any rival; None where that cannot be told."""
        normal, tail = NormalDist(), (1 - self.confidence) / 2
        wider = normal.inv_cdf(1 - tail / looked_at) / normal.inv_cdf(1 - tail)
        found = []
        for rival in rivals:
            comparison = self.pairs.get(frozenset((method, rival)))
            if comparison is None or comparison["groups"] < self.config.min_rows:
                return None
            gain, low, _ = gain_of(comparison, method)
            if low is None:
                return None
            found.append(gain - (gain - low) * wider)
        return min(found)

    def preferred(self, question: Question, choice: str) -> str:
        """What the documents prefer of the methods that an open question cannot tell apart.

        The choice where they prefer none of them for the use case.
        """
        pool = [
            m for m in (question.elaborate, *question.alike) if not self.clearly_worse(m, choice)
        ]
        better = [m for m in pool if self.rank(m) < self.rank(choice)]
        return self.pick(better) if better else choice


def earns(method: str, comparison: Mapping[str, Any], config: DecideConfig) -> Answer:
    """Whether `method` earns its effort by its gain in one comparison (see `verdict`)."""
    gain, _, high = gain_of(comparison, method)
    if comparison["groups"] < config.min_rows:
        return "open"
    if comparison["clear"]:
        return "earned" if gain > 0 and gain >= config.min_gain else "unneeded"
    return "unneeded" if high is not None and high < config.min_gain else "open"
