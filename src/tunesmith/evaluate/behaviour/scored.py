"""What all methods are audited with, and a suite's figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunesmith.evaluate.behaviour.config import AuditConfig
from tunesmith.evaluate.behaviour.expect import Find
from tunesmith.evaluate.behaviour.suite import Suite
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.estimate import estimated
from tunesmith.evaluate.likelihood import Subject
from tunesmith.evaluate.metrics import mean_figure, mean_rows
from tunesmith.progress import Progress

#: Failures that audit.json shows of a suite; audit_cases.jsonl has all of them.
SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What all methods of a run are audited with.

    Attributes:
        suites: The suites.
        config: Canaries, seed, lengths.
        evaluation: How sure intervals are.
        find: Finds what is personal in an answer.
        run: The run folder.
        untrained: The recipe's base model, for what an untrained model repeats.
        progress: Where to say how far it is.
    """

    suites: Sequence[Suite]
    config: AuditConfig
    evaluation: EvaluateConfig
    find: Find
    run: Path
    untrained: Subject
    progress: Progress


def suite_figures(
    name: str,
    kind: str,
    title: str,
    bad: Sequence[float],
    groups: Sequence[str | None],
    limit: float,
    plan: Plan,
    over: float | None = None,
) -> dict[str, Any]:
    """A suite's figures; the limit is held against `over` where that is given."""
    rate = estimated(
        mean_rows(bad),
        mean_figure,
        unit="share",
        groups=groups,
        config=plan.evaluation,
        label="Failure rate",
        meaning=f"the share of cases that fail. {title}",
    )
    held = rate["value"] if over is None else over
    return {
        "name": name,
        "kind": kind,
        "title": title,
        "n": rate["n"],
        "failed": int(np.nansum(bad)) if len(bad) else 0,
        "unscored": rate["unscored"],
        "failure_rate": rate,
        "limit": limit,
        "passed": held is None or held <= limit,
        "failures": [],
    }


def failure_words(suite: dict[str, Any]) -> str:
    """One sentence about a suite that is over its limit."""
    rate, excess = suite["failure_rate"]["value"], suite.get("excess")
    over = "" if excess is None else f", {excess['value']:+.0%} against rows it has never seen"
    return (
        f"{suite['name']} ({suite['title']}): {suite['failed']} of {suite['n']} cases fail, "
        f"{rate:.0%}{over}, where {suite['limit']:.0%} may."
    )
