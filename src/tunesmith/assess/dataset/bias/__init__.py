"""The documents' four kinds of bias, each as far as words and counts can show it.

A score is 1 where nothing was found and 0 where the worst was; null where there was nothing to look
at. A difference counts only where it is clear: its p-value, adjusted by Holm over the tests of its
kind, is at most 1 - confidence. That nothing was found is no proof that there is nothing.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset.bias.confirmation import confirmation
from tunesmith.assess.dataset.bias.demographic import demographic
from tunesmith.assess.dataset.bias.selection import selection
from tunesmith.assess.dataset.bias.temporal import temporal
from tunesmith.assess.dataset.rows import Rows


def bias(rows: Rows, config: AssessConfig, removed: pl.DataFrame | None) -> dict[str, Any]:
    """All four kinds of bias and their mean.

    Args:
        rows: The dataset.
        config: The confidence, and how many rows a group needs.
        removed: Every row that was collected, with `kept` and what is known of it (see
            `selection`); None where that is not there.

    Returns:
        `demographic`, `temporal`, `selection`, `confirmation`, each `{score, findings: [sentence],
        tests, cannot_show}`, and `score`: the mean of those that could be measured, or null.
    """
    found = {
        "demographic": demographic(rows, config),
        "temporal": temporal(rows, config),
        "selection": selection(removed, rows.categories[1] if not rows.tabular else [], config),
        "confirmation": confirmation(rows, config),
    }
    scores = [kind["score"] for kind in found.values() if kind["score"] is not None]
    return {**found, "score": sum(scores) / len(scores) if scores else None}
