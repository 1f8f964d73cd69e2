"""All that the sentences of a decision are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunesmith.decide.common import Common, common
from tunesmith.decide.compare import Scorecard, direction, gain_of
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost
from tunesmith.decide.evidence import DECISION, Evidence, Reason, at, metrics_file
from tunesmith.decide.verdict import Verdict
from tunesmith.decide.words import figure, names
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that the sentences are made from."""

    verdict: Verdict
    scorecards: Mapping[str, Scorecard]
    """By method."""
    comparisons: Sequence[Mapping[str, Any]]
    costs: Mapping[str, Cost]
    cost: Mapping[str, Any]
    """The `cost` part of the decision."""
    dominated: Sequence[Mapping[str, Any]]
    config: DecideConfig
    evaluation: EvaluateConfig
    called: Mapping[str, str]
    unasked: int = 0
    """Test rows that the dataset holds and no method was asked."""

    @classmethod
    def of(cls, scorecards: Sequence[Scorecard], **rest: Any) -> Case:
        """A case from the scorecards in their order."""
        by_name = {str(s["method"]): s for s in scorecards}
        return cls(scorecards=by_name, called=names(scorecards), **rest)

    @property
    def unit(self) -> str:
        """Of the deciding metric."""
        return METRICS[self.config.metric].unit

    def value(self, method: str) -> str:
        """A method's deciding figure as printed."""
        value = self.scorecards[method]["metrics"][self.config.metric]["value"]
        return figure(value, self.unit)

    def value_at(self, method: str) -> Evidence:
        """Where it stands."""
        return at(
            metrics_file(method), "metrics", self.config.metric, "value", shown=self.value(method)
        )

    def common(self, a: str, b: str) -> Common | None:
        """Two methods over the rows that both scored; None if there are none."""
        return common(self.scorecards, self.comparisons, self.config.metric, a, b)

    def clearly_better(self, method: str, than: str) -> bool:
        """Whether their comparison says so."""
        found = self.common(method, than)
        return (
            found is not None
            and found.comparison["clear"]
            and (found.comparison["better"] == method)
        )

    def scored(self) -> list[str]:
        """Methods with a deciding figure."""
        return [m for m in self.scorecards if m not in self.verdict.unscored]

    def compared(self, comparison: Mapping[str, Any], start: str = "") -> Reason:
        """The sentence of a comparison and where its figures stand."""
        place = next(i for i, c in enumerate(self.comparisons) if c is comparison)
        better = comparison["better"] or comparison["a"]
        unit = METRICS[comparison["metric"]].unit
        gain, low, high = gain_of(comparison, better)
        ends = ("low", "high") if better == comparison["a"] else ("high", "low")
        if direction(comparison["metric"]) < 0:
            ends = (ends[1], ends[0])
        said = [("difference", gain), (ends[0], low), (ends[1], high)]
        evidence = [
            at(DECISION, "comparisons", place, key, shown=figure(value, unit))
            for key, value in said
            if value is not None
        ]
        evidence.append(at(DECISION, "comparisons", place, "n", shown=f"{comparison['n']:,}"))
        seen = comparison["smallest_effect"]
        if not comparison["clear"] and seen is not None:
            shown = figure(seen, unit)
            evidence.append(at(DECISION, "comparisons", place, "smallest_effect", shown=shown))
        return Reason(f"{start}{comparison['sentence']}", tuple(evidence))
