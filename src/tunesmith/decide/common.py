"""Two methods' deciding figures over the rows that both scored.

A method that could not be scored on some rows has a figure over other rows than its rival: set side
by side, such figures compare the rows. What is said of two methods takes both figures from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunesmith.decide.evidence import DECISION, Evidence, at, metrics_file
from tunesmith.decide.words import figure
from tunesmith.evaluate.metrics import METRICS

MANY_UNSCORED = 0.05
"""More rows than this share without a score are worth a word beside the verdict."""


@dataclass(frozen=True)
class Common:
    """Two methods on the rows that both scored."""

    comparison: Mapping[str, Any]
    place: int
    """Of the comparison among all."""
    whole: bool
    """Whether these are all the rows that either scored."""

    @property
    def n(self) -> int:
        """Rows."""
        return int(self.comparison["n"])

    def _key(self, method: str) -> str:
        return "value_a" if method == self.comparison["a"] else "value_b"

    def shown(self, method: str) -> str:
        """A method's figure as printed."""
        unit = METRICS[self.comparison["metric"]].unit
        return figure(self.comparison[self._key(method)], unit)

    def evidence(self, method: str) -> Evidence:
        """Where it stands."""
        name, shown = self.comparison["metric"], self.shown(method)
        if self.whole:
            return at(metrics_file(method), "metrics", name, "value", shown=shown)
        return at(DECISION, "comparisons", self.place, self._key(method), shown=shown)


def common(
    scorecards: Mapping[str, Mapping[str, Any]],
    comparisons: Sequence[Mapping[str, Any]],
    metric: str,
    a: str,
    b: str,
) -> Common | None:
    """Two methods on the rows that both scored; None if there are none."""
    for place, found in enumerate(comparisons):
        if found["metric"] == metric and {found["a"], found["b"]} == {a, b}:
            counts = {scorecards[m]["metrics"][metric]["n"] for m in (a, b)}
            return Common(found, place, counts == {found["n"]})
    return None


def unscored_share(scorecard: Mapping[str, Any], metric: str) -> float:
    """The share of a method's rows that the metric could not score."""
    found = scorecard["metrics"][metric]
    unscored, n = found.get("unscored") or 0, found.get("n") or 0
    return unscored / (unscored + n) if unscored else 0.0
