"""Headline, reasons and next steps of one verdict.

Written for the lead of a support team: each term is explained where it first occurs.
"""

from __future__ import annotations

from tunesmith.decide.case import Case
from tunesmith.decide.common import MANY_UNSCORED, unscored_share
from tunesmith.decide.cost import horizon_answers
from tunesmith.decide.doubts import doubts, many_cut_off
from tunesmith.decide.evidence import Reason
from tunesmith.decide.questions import Question
from tunesmith.decide.reasons import reasons
from tunesmith.decide.words import listed, money, sentence
from tunesmith.evaluate.metrics import METRICS
from tunesmith.evaluate.power import POWER


class Explanation:
    """The words of one verdict."""

    def __init__(self, case: Case) -> None:
        self.case, self.verdict, self.config = case, case.verdict, case.config
        self.metric, self.called = METRICS[case.config.metric], case.called

    @property
    def reasons(self) -> list[Reason]:
        """Sentences that lead from the figures to the verdict."""
        return reasons(self.case, doubts(self.case))

    @property
    def headline(self) -> str:
        """The verdict in one plain sentence or two."""
        words = {
            "fine-tune": self._fine_tune,
            "prompt": self._prompt,
            "base": self._base,
            "undecided": self._undecided,
            "none": self._none,
        }
        return words[self.verdict.kind]() + self._limits_unsure() + self._rows_unscored()

    @property
    def _choice(self) -> str:
        assert self.verdict.choice is not None  # noqa: S101 - only the kind "none" has none
        return self.verdict.choice

    @property
    def _term(self) -> str:
        return f"{self.metric.label} ({self.metric.gloss})"

    def _fine_tune(self) -> str:
        choice, question, good = self._choice, self.verdict.training, self.verdict.as_good
        name = self.called[self._choice]
        if question is None:
            return (
                f"Fine-tune: of the methods that keep to your limits {name} is left, with "
                f"{self.case.value(choice)} in {self._term}."
            )
        rival, how = question.simple, "clearly better than"
        if good is not None:
            rival, how = good.simple, "as good as"
        text = f"Fine-tune: {name} is {how} {self.called[rival]}, {self._against(choice, rival)}"
        if good is not None and good.why == "saving" and good.saving is not None:
            saved = money(good.saving, self.config.currency)
            text += f", and saves {saved} over {self.config.horizon_months:g} months"
        elif good is not None:
            text += ", and is what the documents prefer for this use"
        return f"{text}."

    def _against(self, method: str, rival: str) -> str:
        """Two methods' figures, over the rows that both scored."""
        both = self.case.common(method, rival)
        assert both is not None  # noqa: S101 - the verdict rests on their comparison
        rows = f"{both.n:,} test questions" + ("" if both.whole else " that both were scored on")
        return f"with {both.shown(method)} against {both.shown(rival)} in {self._term} on {rows}"

    def _prompt(self) -> str:
        choice, question = self._choice, self.verdict.training
        name, value = self.called[choice], self.case.value(choice)
        if question is not None:
            other = question.elaborate
            both = self.case.common(choice, other)
            if both is not None and not both.whole:
                return (
                    "Don't fine-tune: a good prompt is enough. "
                    f"{sentence(name)} and {self.called[other]}: {self._against(choice, other)}."
                )
            return (
                f"Don't fine-tune: a good prompt is enough. {sentence(name)} reaches {value} in "
                f"{self._term}, {self.called[other]} {self.case.value(other)}."
            )
        if self.verdict.prompting is not None:
            return f"Use {name}: it is clearly better than the base model."
        if self.verdict.among is not None:
            return self._first_among(self.verdict.among)
        return f"Use {name}: it keeps to your limits, with {value} in {self._term}."

    def _first_among(self, question: Question) -> str:
        """The best of methods that take the same effort."""
        choice = self._choice
        rival = question.simple if choice == question.elaborate else question.elaborate
        how = "clearly better than" if question.answer == "earned" else "as good as"
        return (
            f"Use {self.called[choice]}: it is {how} {self.called[rival]}, "
            f"{self._against(choice, rival)}."
        )

    def _base(self) -> str:
        choice = self._choice
        if self.verdict.among is not None:
            return self._first_among(self.verdict.among)
        value = self.case.value(choice)
        others = [
            self.called[m] for m in self.case.scored() if m != choice and m not in self.verdict.out
        ]
        if not others:
            return (
                "The base model is enough: no other method keeps to your limits, and it reaches "
                f"{value} in {self._term}."
            )
        return (
            f"The base model is enough: it reaches {value} in {self._term}, "
            f"and {listed(others)} did not earn the effort."
        )

    def _undecided(self) -> str:
        question, needed = self.verdict.open_question, self.verdict.rows_needed
        if question is None:
            if len(self.case.scored()) == 1:
                only = self.called[self._choice]
                return f"No verdict: only {only} was measured, so there is nothing to compare."
            text = "No verdict: no untrained method was measured to compare with."
            among = self.verdict.among
            if among is not None and among.answer == "earned":
                two = (among.elaborate, among.simple)
                text += (
                    f" Of the tuned ones {self.called[two[0]]} is clearly better than "
                    f"{self.called[two[1]]}, {self._against(*two)}."
                )
            return text
        pair = f"{self.called[question.elaborate]} and {self.called[question.simple]}"
        rows = question.comparison["n"]
        text = f"Not decided yet: {pair} cannot be told apart with {rows:,} test rows"
        if question.comparison["groups"] < self.config.min_rows:
            text = f"Not decided yet: {rows:,} test rows are too few for a verdict"
        until = f" Until that is known, use {self.called[self._choice]}."
        return text + ("." if needed is None else f"; {self._more_rows(needed)}.") + until

    def _more_rows(self, needed: int) -> str:
        """Where the rows that would settle the question can come from."""
        there = self.case.unasked
        if there >= needed:
            return (
                f"ask about {needed:,} more, of the {there:,} that the dataset holds "
                "(evaluate.test_rows)"
            )
        if there:
            return (
                f"about {needed:,} more are needed, and {there:,} of them the dataset holds "
                "already (evaluate.test_rows)"
            )
        return f"collect about {needed:,} more"

    def _none(self) -> str:
        assert self.verdict.nearest is not None  # noqa: S101 - there is one where all are out
        return (
            f"No method keeps to your limits; the nearest is {self.called[self.verdict.nearest]}."
        )

    def _limits_unsure(self) -> str:
        """A word where limits are held against figures that are not sure."""
        labels = [
            limit.label
            for limit in self.verdict.limits
            if any(held.method == self.verdict.choice for held in limit.those("unclear"))
        ]
        text = ""
        if labels:
            text = f" Whether it keeps to your limit of {listed(labels)} cannot be told yet."
        unsure = [self.called[m] for m in self.verdict.out if not self._surely_out(m)]
        if unsure:
            text += f" Out by figures that are not sure yet: {listed(unsure)}."
        return text

    def _rows_unscored(self) -> str:
        """A word where a method took no part in many rows."""
        text = ""
        for method in self.case.scored():
            card = self.case.scorecards[method]
            if method in self.verdict.out:
                continue
            if unscored_share(card, self.metric.name) > MANY_UNSCORED:
                found = card["metrics"][self.metric.name]
                rows, left = found["n"] + found["unscored"], found["unscored"]
                text += (
                    f" Yet {self.called[method]} could not be scored on {left:,} of {rows:,} test "
                    "questions, and these are in no comparison with it."
                )
        return text

    def _surely_out(self, method: str) -> bool:
        return any(
            held.sure
            for limit in self.verdict.limits
            for held in limit.those("failed")
            if held.method == method
        )

    @property
    def next(self) -> list[str]:
        """What to do next."""
        verdict = self.verdict
        out = ["Read the sample answers: the figures count words, only people see what helps."]
        question = verdict.open_question
        if verdict.kind == "none":
            out = [
                "Loosen a limit, or measure other methods: a smaller model, or a longer training."
            ]
        elif verdict.kind == "undecided" and question is not None:
            out = [self._rows_to_collect()]
        elif verdict.kind == "undecided":
            out = ["Measure the base model, few-shot prompting and a tuned model on the same rows."]
        if verdict.kind in {"prompt", "base"} and verdict.training is None and not verdict.out:
            out.append("No tuned model was measured: add one to know whether it is better still.")
        out += self._unclear_limits()
        out += self._cheaper_trained()
        if many_cut_off(self.case):
            out.append("Raise evaluate.max_new_tokens: too many answers were cut off.")
        hours = self.config.work or self.config.engineer_hours
        if not hours or self.config.machine_hour == 0:
            out.append("Put in your own prices and hours of work (decide): they are assumptions.")
        return out

    def _unclear_limits(self) -> list[str]:
        """What would settle the limits that the chosen method may not keep."""
        return [
            f"Settle the limit of {limit.label}: {held.todo}."
            for limit in self.verdict.limits
            for held in limit.those("unclear")
            if held.method == self.verdict.choice and held.todo
        ]

    def _rows_to_collect(self) -> str:
        needed = self.verdict.rows_needed
        if needed is not None:
            there = self.case.unasked
            wanted = f"Collect about {needed:,} more test rows"
            if there >= needed:
                wanted = (
                    f"Raise evaluate.test_rows by about {needed:,}: the dataset holds {there:,} "
                    "rows that were not asked"
                )
            elif there:
                wanted = (
                    f"Set evaluate.test_rows to null ({there:,} rows are there already), and "
                    f"collect about {needed - there:,} more"
                )
            return (
                f"{wanted}. If the difference is what it looks like now, they settle the question "
                f"in {POWER:.0%} of cases."
            )
        return (
            "The difference is so small that no sensible number of rows would show it: set "
            "min_gain to the smallest gain that matters to you, and run again."
        )

    def _cheaper_trained(self) -> list[str]:
        """A trained method that would save money although its gain does not count."""
        question, choice = self.verdict.training, self.verdict.choice
        if question is None or question.answer == "earned" or choice is None:
            return []
        if self.verdict.as_good is not None or choice == question.elaborate:
            return []
        if question.comparison["clear"] and question.comparison["better"] == question.simple:
            return []
        answers = horizon_answers(self.config)
        ours = self.case.costs[question.elaborate].total(answers)
        theirs = self.case.costs[choice].total(answers)
        if ours is None or theirs is None or ours >= theirs:
            return []
        currency, months = self.config.currency, self.config.horizon_months
        text = (
            f"If saving money is reason enough: over {months:g} months at "
            f"{self.config.answers_per_month:,} answers a month, {self.called[question.elaborate]} "
            f"costs {money(ours, currency)} and {self.called[choice]} "
            f"{money(theirs, currency)}, set-up included, and its answers are not clearly worse. "
            "Hours of work that you did not set are not in it."
        )
        return [text]
