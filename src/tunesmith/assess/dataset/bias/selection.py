"""Whether some kinds of row were dropped more often than others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset.estimate import difference
from tunesmith.evaluate.significance import holm

CANNOT_SHOW = (
    "What was never collected leaves no trace, and the language of a dropped row is not kept: "
    "rules about language show by their reason alone."
)
FOUR_FIFTHS = 0.8
"""A share kept below four fifths of the others' is the usual line (29 CFR 1607.4 D, 1978)."""
_FACETS = ("source", "category", "length")


def selection(
    removed: pl.DataFrame | None, categories: Sequence[str], config: AssessConfig
) -> dict[str, Any]:
    """Shares of rows kept, by source, category and length of the question.

    Merged duplicates count as kept: what they say stays. Each value is held against all others.

    Args:
        removed: A row for each that was collected: `kept` (bool), and as far as they are known
            `source`, `category`, `length`, `reason`. None: not there.
        categories: Those of the dataset: others are raw values and are not named.
        config: The confidence, and how many rows a value needs.

    Returns:
        `score` (the least ratio of shares kept, value to others, among the clear ones, else 1; null
        where nothing is known), `findings`, `tests`, `reasons`, `cannot_show`.
    """
    out: dict[str, Any] = {"score": None, "tests": [], "reasons": [], "cannot_show": CANNOT_SHOW}
    if removed is None or not removed.height:
        return {**out, "findings": ["What was dropped is not known: there is no ledger."]}
    kept = removed.get_column("kept").to_numpy()
    gone = removed.filter(~pl.col("kept"))
    tests = []
    for facet in [name for name in _FACETS if name in removed.columns]:
        tests += _facet(removed, facet, kept, categories, config)
    for test, p_holm in zip(tests, holm([test["p_value"] for test in tests]), strict=True):
        test["p_holm"] = p_holm
        test["clear"] = p_holm <= 1 - config.confidence
    clear = [test for test in tests if test["clear"] and test["ratio"] < 1]
    findings = [
        f"{len(gone):,} of {removed.height:,} rows were dropped ({len(gone) / removed.height:.1%})."
    ]
    for test in sorted(clear, key=lambda test: test["ratio"])[:5]:
        line = "under" if test["ratio"] < FOUR_FIFTHS else "above"
        findings.append(
            f"Of {test['facet']} “{test['value']}”, {test['share']:.1%} were kept, and "
            f"{test['others']:.1%} of the others: {line} the line of four fifths."
        )
    if tests and not clear:
        findings.append(f"No kind of row was dropped clearly more often ({len(tests)} compared).")
    score = min((test["ratio"] for test in clear), default=1.0) if tests else None
    return {
        **out, "score": score, "findings": findings, "tests": tests,
        "reasons": _reasons(gone),
    }  # fmt: skip


def _facet(
    removed: pl.DataFrame, facet: str, kept: Any, categories: Sequence[str], config: AssessConfig
) -> list[dict[str, Any]]:
    column = removed.get_column(facet)
    values = column.drop_nulls().value_counts(sort=True).get_column(facet).to_list()
    found = []
    rows = np.arange(removed.height)
    for value in values:
        if facet == "category" and value not in categories:
            continue
        side = (column == value).fill_null(value=False).to_numpy()
        result = difference(kept.astype(np.float64), side, rows, confidence=config.confidence)
        if result is None or min(result.n) < config.min_groups:
            continue
        share, others = float(kept[side].mean()), float(kept[~side].mean())
        found.append(
            {
                "facet": facet, "value": str(value), "share": share, "others": others,
                "ratio": share / others if others else 1.0, "difference": result.value,
                "low": result.low, "high": result.high, "p_value": result.p_value,
                "n": list(result.n),
            }
        )  # fmt: skip
    return found


def _reasons(gone: pl.DataFrame) -> list[dict[str, Any]]:
    if "reason" not in gone.columns:
        return []
    counts = gone.get_column("reason").drop_nulls().value_counts(sort=True, name="rows")
    return counts.sort(["rows", "reason"], descending=[True, False]).head(20).rows(named=True)
