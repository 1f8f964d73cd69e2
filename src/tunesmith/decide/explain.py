"""The verdict in sentences, every number of which stands in the table.

Written for the lead of a support team: each term is explained where it first occurs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.decide.compare import Scorecard, direction, gain_of
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, horizon_answers
from tunesmith.decide.verdict import POWER, Question, Verdict
from tunesmith.decide.words import explained, figure, money, names, sentence
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS
from tunesmith.progress import duration

CUT_OFF = 0.05
"""More answers than this share reaching the length limit is worth a word."""


class Explanation:
    """Headline, reasons and next steps of one verdict."""

    def __init__(
        self,
        verdict: Verdict,
        *,
        scorecards: Sequence[Scorecard],
        comparisons: Sequence[Mapping[str, Any]],
        costs: Mapping[str, Cost],
        break_even: Sequence[Mapping[str, Any]],
        config: DecideConfig,
        evaluation: EvaluateConfig,
    ) -> None:
        self.verdict, self.comparisons, self.costs = verdict, comparisons, costs
        self.break_even, self.config, self.evaluation = break_even, config, evaluation
        self.scorecards = {str(s["method"]): s for s in scorecards}
        self.metric = METRICS[config.metric]
        self.called = names(scorecards)

    def _value(self, method: str) -> str:
        value = self.scorecards[method]["metrics"][self.config.metric]["value"]
        return figure(value, self.metric.unit)

    @property
    def headline(self) -> str:
        """The verdict in one plain sentence or two."""
        words = {
            "fine-tune": self._fine_tune,
            "prompt": self._prompt,
            "base": self._base,
            "undecided": self._undecided,
        }
        return words[self.verdict.kind]()

    @property
    def _term(self) -> str:
        return f"{self.metric.label} ({self.metric.gloss})"

    def _fine_tune(self) -> str:
        choice, question = self.verdict.choice, self.verdict.training
        assert question is not None  # noqa: S101 - a method can only be chosen by this question
        rival = question.simple
        return (
            f"Fine-tune: {self.called[choice]} is clearly better than {self.called[rival]}, with "
            f"{self._value(choice)} against {self._value(rival)} in {self._term} on "
            f"{self.scorecards[choice]['n']:,} test questions."
        )

    def _prompt(self) -> str:
        choice, question = self.verdict.choice, self.verdict.training
        if question is None:
            return f"Use {self.called[choice]}: it is clearly better than the base model."
        return (
            f"Don't fine-tune: a good prompt is enough. {sentence(self.called[choice])} reaches "
            f"{self._value(choice)} in {self._term}, {self.called[question.elaborate]} "
            f"{self._value(question.elaborate)}."
        )

    def _base(self) -> str:
        choice = self.verdict.choice
        others = [self.called[m] for m in self._scored() if m != choice]
        return (
            f"The base model is enough: it reaches {self._value(choice)} in {self._term}, "
            f"and {' and '.join(others)} did not earn the effort."
        )

    def _undecided(self) -> str:
        question, needed = self.verdict.open_question, self.verdict.rows_needed
        if question is None:
            if len(self._scored()) == 1:
                only = self.called[self.verdict.choice]
                return f"No verdict: only {only} was measured, so there is nothing to compare."
            return "No verdict: no untrained method was measured to compare with."
        pair = f"{self.called[question.elaborate]} and {self.called[question.simple]}"
        rows = question.comparison["n"]
        text = f"{sentence(pair)} cannot be told apart with {rows:,} test rows"
        if question.comparison["groups"] < self.config.min_rows:
            text = f"{rows:,} test rows are too few for a verdict"
        return f"{text}." if needed is None else f"{text}: collect about {needed:,} more."

    def _scored(self) -> list[str]:
        return [m for m in self.scorecards if m not in self.verdict.unscored]

    @property
    def reasons(self) -> list[str]:
        """Sentences that lead from the figures to the verdict."""
        verdict = self.verdict
        out = [self._figures()]
        if self.comparisons:
            share = f"{self.evaluation.confidence:.0%}"
            out.append(
                f"A range in brackets is how far the true difference may lie from the one measured "
                f"({share} sure); a difference is clear when its range keeps away from zero."
            )
        for question in (verdict.training, verdict.prompting):
            if question is not None:
                judgement = self._judgement(question)
                out.append(question.comparison["sentence"])
                out += [judgement] if judgement not in out else []
        out += self._choice()
        out += self._money()
        out += self._doubts()
        return out

    def _figures(self) -> str:
        """The deciding figure of every method, best first, with the words explained."""
        scored = self._scored()
        sign = direction(self.config.metric)
        figures = {
            m: self.scorecards[m]["metrics"][self.config.metric]["value"] * sign for m in scored
        }
        ranked = sorted(scored, key=lambda m: -figures[m])
        parts = [
            f"{explained(self.scorecards[m], self.called[m])} {self._value(m)}" for m in ranked
        ]
        n = self.scorecards[ranked[0]]["metrics"][self.config.metric]["n"]
        return (
            f"The methods are judged by {self.metric.label} ({self.metric.meaning}) on {n:,} test "
            f"questions that no method had seen: {'; '.join(parts)}."
        )

    def _judgement(self, question: Question) -> str:
        """Why a question got its answer."""
        name, unit = self.called[question.elaborate], self.metric.unit
        wanted = figure(self.config.min_gain, unit)
        gain, _, high = gain_of(question.comparison, question.elaborate)
        clear, groups = question.comparison["clear"], question.comparison["groups"]
        if question.answer == "open":
            if groups < self.config.min_rows:
                return (
                    f"With {groups:,} independent test rows no verdict is given; at least "
                    f"{self.config.min_rows:,} are needed."
                )
            return f"So whether {name} earns its effort cannot be told from these rows."
        if question.answer == "earned":
            why = f"the gain is at least the {wanted} asked for"
            if self.config.min_gain == 0:
                why = "any clear gain was to count"
            return f"So {name} earns its effort: {why}."
        if clear:
            why = "it is worse" if gain < 0 else f"the gain is below the {wanted} asked for"
        elif high is None or high <= 0:
            why = "a gain is unlikely"
        else:
            why = f"its gain is at most {figure(high, unit)}, below the {wanted} asked for"
        return f"So {name} does not earn its effort: {why}."

    def _choice(self) -> list[str]:
        """What is left to say about the method that was chosen."""
        verdict, prompting = self.verdict, self.verdict.prompting
        out = []
        if (
            prompting is not None
            and prompting.answer != "earned"
            and verdict.choice == prompting.elaborate
        ):
            out = [
                f"Yet {self.called[prompting.simple]} falls behind: {c['sentence']}"
                for c in self.comparisons
                if c["metric"] == self.config.metric
                and c["b"] == prompting.simple
                and c["better"] == c["a"] != prompting.elaborate
                and c["clear"]
            ]
        if verdict.open_question is not None:
            out.append(f"Until that is known, use {self.called[verdict.choice]}.")
        return out

    def _money(self) -> list[str]:
        """Training cost and break-even of the trained methods, and the total at the volume."""
        out = []
        for method, scorecard in self.scorecards.items():
            training = scorecard.get("training")
            cost = self.costs[method].training
            if training is not None and cost:
                out.append(
                    f"Training took {duration(training['seconds'])} and cost "
                    f"{money(cost, self.config.currency)} with {self.called[method]}."
                )
        out += [str(entry["sentence"]) for entry in self.break_even]
        return out

    def _doubts(self) -> list[str]:
        """What a sceptic should know: rows unscored, answers cut off, figures that disagree."""
        out = [
            f"{sentence(self.called[m])} has no row that could be scored and takes no part."
            for m in self.verdict.unscored
        ]
        for method, scorecard in self.scorecards.items():
            unscored = scorecard["metrics"][self.config.metric]["unscored"]
            if unscored and method not in self.verdict.unscored:
                rows = "1 row" if unscored == 1 else f"{unscored:,} rows"
                out.append(f"{rows} of {self.called[method]} could not be scored and are left out.")
            cut = scorecard["metrics"].get("cut_off", {}).get("value")
            if cut is not None and cut > CUT_OFF:
                out.append(
                    f"{cut:.0%} of the answers of {self.called[method]} were cut off at the length "
                    "limit."
                )
        question = self.verdict.training or self.verdict.prompting
        if question is not None and question.comparison["clear"]:
            better = question.comparison["better"]
            pair = {question.simple, question.elaborate}
            out += [
                f"Another figure disagrees: {c['sentence']}"
                for c in self.comparisons
                if {c["a"], c["b"]} == pair and c["clear"] and c["better"] != better
            ]
        return out

    @property
    def next(self) -> list[str]:
        """What to do next."""
        verdict = self.verdict
        out = ["Read the sample answers: the figures count words, only people see what helps."]
        question = verdict.open_question
        if verdict.kind == "undecided" and question is not None:
            out = []
            if verdict.rows_needed is not None:
                out.append(
                    f"Collect about {verdict.rows_needed:,} more test rows. If the difference is "
                    f"what it looks like now, they settle the question in {POWER:.0%} of cases."
                )
            else:
                out.append(
                    "The difference is so small that no sensible number of rows would show it: set "
                    "min_gain to the smallest gain that matters to you, and run again."
                )
        elif verdict.kind == "undecided":
            out = ["Measure the base model, few-shot prompting and a tuned model on the same rows."]
        if verdict.kind in {"prompt", "base"} and verdict.training is None:
            out.append("No tuned model was measured: add one to know whether it is better still.")
        out += self._cheaper_trained()
        if any(
            (s["metrics"].get("cut_off", {}).get("value") or 0) > CUT_OFF
            for s in self.scorecards.values()
        ):
            out.append("Raise evaluate.max_new_tokens: too many answers were cut off.")
        if not self.config.engineer_hours or self.config.machine_hour == 0:
            out.append("Put in your own prices and hours of work (decide): they are assumptions.")
        return out

    def _cheaper_trained(self) -> list[str]:
        """A trained method that would save money although its gain does not count."""
        question = self.verdict.training
        if question is None or question.answer == "earned":
            return []
        if question.comparison["clear"] and question.comparison["better"] == question.simple:
            return []
        answers = horizon_answers(self.config)
        ours = self.costs[question.elaborate].total(answers)
        theirs = self.costs[self.verdict.choice].total(answers)
        if ours is None or theirs is None or ours >= theirs:
            return []
        currency, months = self.config.currency, self.config.horizon_months
        text = (
            f"If saving money is reason enough: over {months:g} months at "
            f"{self.config.answers_per_month:,} answers a month, {self.called[question.elaborate]} "
            f"costs {money(ours, currency)} and {self.called[self.verdict.choice]} "
            f"{money(theirs, currency)}, set-up included, and its answers are not clearly worse."
        )
        return [text]
