"""Which method comes next after the chosen one, by the rows that both scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.evaluate.metrics import METRICS


def runner_up(comparisons: Sequence[Mapping[str, Any]], choice: str, metric: str) -> str | None:
    """The method that comes nearest to the choice, or furthest beyond it.

    Figures over different rows compare the rows: a method that left the hard ones unanswered would
    look best. So the differences of the comparisons are taken, over the rows that both scored.

    Args:
        comparisons: Of decision.json: `a`, `b`, `metric` and `difference` (a less b).
        choice: The method that was chosen.
        metric: The deciding figure.

    Returns:
        None where the choice was compared with no other method.
    """
    sign = 1 if METRICS[metric].higher_is_better else -1  # type: ignore[index]
    behind = {}
    for one in comparisons:
        if one["metric"] == metric and choice in (one["a"], one["b"]):
            ours = one["a"] == choice
            rival = one["b"] if ours else one["a"]
            behind[str(rival)] = sign * one["difference"] * (1 if ours else -1)
    return min(behind, key=lambda name: behind[name]) if behind else None
