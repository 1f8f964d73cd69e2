"""Two audits side by side, case by case: what fails now and did not, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import mean_figure, mean_rows
from tunesmith.evaluate.significance import group_sums, paired

_CHANCE = 0.05
#: Cases that are named on each side.
_NAMED = 20

CaseRow = Mapping[str, Any]
"""A row of audit_cases.jsonl: `id`, `suite`, `group`, `passed` (null: unscored), `question`, …."""


def compared(
    now: Sequence[CaseRow],
    then: Sequence[CaseRow],
    *,
    champion: str,
    basis: str,
    config: EvaluateConfig,
) -> dict[str, Any] | None:
    """Compare an audit with another one.

    Only cases that both have scored count. The difference of the shares that fail has an interval
    and the p-value of a sign-flip permutation test over groups of cases: for single cases of two
    outcomes that is McNemar's exact test.

    Args:
        now: The cases of the audit.
        then: Those of the other.
        champion: Whose the other one is.
        basis: `method` or `earlier audit`.
        config: How sure.

    Returns:
        `champion`, `basis`, `n`, `worse` and `better` (cases: `id`, `suite`, `question`, `why`),
        `difference`, `sentence`; None where no case was scored by both.
    """
    before = {row["id"]: row for row in then if row["passed"] is not None}
    both = [
        (row, before[row["id"]]) for row in now if row["passed"] is not None and row["id"] in before
    ]
    if not both:
        return None
    groups = [row["group"] for row, _ in both]
    found = paired(
        group_sums(mean_rows([float(not row["passed"]) for row, _ in both]), groups),
        group_sums(mean_rows([float(not row["passed"]) for _, row in both]), groups),
        mean_figure,
        confidence=config.confidence,
        resamples=config.resamples,
        seed=config.seed,
        bounds=(-1.0, 1.0),
    )
    known = found.groups >= config.min_rows
    low, high = (found.low, found.high) if known else (None, None)
    apart = low is not None and high is not None and (low > 0 or high < 0)
    difference = {
        "value": found.difference,
        "low": low,
        "high": high,
        "p_value": found.p_value,
        "clear": apart and found.p_value <= _CHANCE,
    }
    worse = [row for row, other in both if other["passed"] and not row["passed"]]
    better = [row for row, other in both if row["passed"] and not other["passed"]]
    return {
        "champion": champion,
        "basis": basis,
        "n": len(both),
        "groups": found.groups,
        "n_worse": len(worse),
        "n_better": len(better),
        "worse": _named(worse),
        "better": _named(better),
        "difference": difference,
        "sentence": _sentence(champion, basis, len(both), len(worse), len(better), difference),
    }


def _named(rows: Sequence[CaseRow]) -> list[dict[str, Any]]:
    keys = ("id", "suite", "question", "why")
    return [{key: row[key] for key in keys} for row in rows[:_NAMED]]


def _sentence(
    champion: str, basis: str, n: int, worse: int, better: int, difference: Mapping[str, Any]
) -> str:
    other = f"'{champion}'" if basis == "method" else "its earlier audit"
    if not worse and not better:
        return f"All {n} cases end as with {other}."
    sure = "a clear difference" if difference["clear"] else "which may be chance"
    same = "as many" if worse == better else f"{sure}, p {difference['p_value']:.3f}"
    return (
        f"Beside {other}, {worse} of {n} cases fail that passed there, and {better} pass that "
        f"failed there: {same}."
    )
