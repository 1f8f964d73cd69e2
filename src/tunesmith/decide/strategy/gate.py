"""A gate of the plan: one measured condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tunesmith.decide.compare import direction
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, costs_by
from tunesmith.decide.questions import Question
from tunesmith.decide.strategy.evidence import Folder, Project, evidence, figure_of
from tunesmith.decide.verdict import rows_needed


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One condition, as measured."""

    name: str
    label: str
    met: bool | None
    """None: it was not measured yet."""
    measured: float | int | str | None
    wanted: float | int | str | None
    unit: str | None
    sentence: str
    """What was measured, what is wanted, and by how much it is missed."""
    gap: float | int | None = None
    """By how much it is missed, in `unit`; None where it is met or has no number."""
    rows: int | None = None
    """About so many more test rows would tell; None where rows are not what is missing."""
    final: bool = False
    """Whether a gate that is not met ends the plan: there is no reason to go on."""
    evidence: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As it stands in plan.json."""
        return asdict(self)


@dataclass(frozen=True)
class View:
    """A project as the gates look at it: its folders, and what counts."""

    project: Project
    config: DecideConfig

    @property
    def run(self) -> Folder:
        """The current run folder."""
        return self.project.current

    @property
    def costs(self) -> dict[str, Cost]:
        """What each method of the current run costs, as the decision counts it."""
        return costs_by(list(self.run.cards.values()), self.config)

    @property
    def sign(self) -> int:
        """1 where a higher figure is better."""
        return direction(self.config.metric)

    def best(self, *kinds: str) -> dict[str, Any] | None:
        """The scorecard with the best figure among some kinds, of the current run."""
        scored = [
            (self.sign * figure["value"], card)
            for card in self.run.of_kind(*kinds)
            if (figure := figure_of(card, self.config.metric)) is not None
        ]
        return max(scored, key=lambda item: item[0])[1] if scored else None

    def figure(self, card: Mapping[str, Any]) -> Mapping[str, Any]:
        """The deciding figure of a scorecard that `best` gave."""
        found = figure_of(card, self.config.metric)
        if found is None:
            raise ValueError("this scorecard has no figure of the deciding metric")
        return found

    def comparison(self, a: str, b: str) -> dict[str, Any] | None:
        """The comparison of two methods by the deciding metric, from decision.json."""
        for row in self.run.decision.get("comparisons", []):
            if row["metric"] == self.config.metric and {row["a"], row["b"]} == {a, b}:
                return dict(row)
        return None

    def proof(self, comparison: Mapping[str, Any]) -> dict[str, Any]:
        """Where a comparison stands in decision.json."""
        key = (comparison["metric"], comparison["a"], comparison["b"])
        rows = self.run.decision["comparisons"]
        place = next(i for i, row in enumerate(rows) if (row["metric"], row["a"], row["b"]) == key)
        pointer = f"/comparisons/{place}/difference"
        return evidence("decision.json", pointer, comparison["difference"])

    def rows_to_tell(self, comparison: Mapping[str, Any], method: str) -> int | None:
        """About how many more test rows would tell whether `method` earns its effort."""
        pairs = sum(
            row["metric"] == comparison["metric"] for row in self.run.decision["comparisons"]
        )
        other = comparison["b"] if method == comparison["a"] else comparison["a"]
        question = Question(simple=other, elaborate=method, answer="open", comparison=comparison)
        alpha = (1 - self.run.decision["confidence"]) / pairs
        return rows_needed(question, self.config, alpha=alpha)

    def open_rows(self, comparison: Mapping[str, Any], method: str) -> tuple[int | None, str]:
        """What would tell whether `method` earns its effort: more rows, and that in words."""
        rows = self.rows_to_tell(comparison, method)
        if rows is None:
            return None, " More test rows would tell."
        return rows, f" About {rows:,} more test rows would tell."

    def wanted_reached(self, card: Mapping[str, Any]) -> bool | None:
        """Whether a method reaches the wanted quality, its whole interval; None if none is set.

        Where there is no interval nothing is sure, so the quality is not reached.
        """
        wanted = self.config.strategy.wanted_quality
        if wanted is None:
            return None
        figure = self.figure(card)
        bound = figure["low"] if self.sign > 0 else figure["high"]
        return bound is not None and self.sign * bound >= self.sign * wanted
