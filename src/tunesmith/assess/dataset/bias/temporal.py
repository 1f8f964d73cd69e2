"""Whether the dataset speaks of one time only, and whether its matters have changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tunesmith.assess.config import AssessConfig
from tunesmith.assess.dataset.rows import Rows, coded

CANNOT_SHOW = (
    "Only rows with a time are looked at, and a time tells when a row was written, not whether "
    "what it says still holds."
)
DRAWS = 2_000
MONTHS = 120


def temporal(rows: Rows, config: AssessConfig) -> dict[str, Any]:
    """Rows by month, and the mix of categories in the earlier half against the later half.

    The halves hold equally many threads, each counted once by its first row. Their distance is the
    total variation of both mixes; it is clear if drawn halves are as far apart in at most a share
    of 1 - confidence of the draws (a permutation test).

    Returns:
        `score` (1 - the distance beyond what chance gives, if clear, else 1; null without times or
        categories), `findings`, `months`, `drift`, `cannot_show`.
    """
    out: dict[str, Any] = {"score": None, "months": [], "drift": None, "cannot_show": CANNOT_SHOW}
    if rows.tabular or not rows.facts.get_column("timestamp").is_not_null().any():
        return {**out, "findings": ["No row has a time, so nothing can be said."]}
    facts = rows.facts.select("timestamp", "category", "group").drop_nulls("timestamp")
    months = (
        facts.group_by(pl.col("timestamp").dt.strftime("%Y-%m").alias("month"))
        .len("rows")
        .sort("month")
    )
    out["months"] = months.tail(MONTHS).rows(named=True)
    most = months.sort("rows", "month", descending=True).row(0, named=True)
    share = most["rows"] / facts.height
    span = (
        f"{facts.height:,} rows from {months['month'][0]} to {months['month'][-1]}; "
        f"{share:.0%} of them are from {most['month']}."
    )
    findings = [span]
    threads = (
        facts.sort("timestamp").unique("group", keep="first", maintain_order=True)
    ).drop_nulls("category")
    found = drift(threads.get_column("category"), config)
    if found is None:
        findings.append("Too few rows with a time and a category to compare early and late ones.")
        return {**out, "findings": findings}
    score = 1.0
    if found["clear"]:
        score = max(0.0, 1 - max(0.0, found["distance"] - found["by_chance"]))
        names = " and ".join(f"“{row['category']}”" for row in found["largest"])
        findings.append(
            f"The mix of categories has changed: {found['distance']:.0%} of the later half would "
            f"have to change category to match the earlier one (by chance {found['by_chance']:.0%})"
            f", most of all {names}."
        )
    else:
        findings.append(
            "The mix of categories in the later half differs from the earlier one no more than "
            "chance does."
        )
    return {**out, "score": score, "drift": found, "findings": findings}


def drift(categories: pl.Series, config: AssessConfig) -> dict[str, Any] | None:
    """The total variation between the categories of the first and the second half of a series.

    Args:
        categories: One for each thread, the earliest first.
        config: The confidence, the least size of a half, the seed.

    Returns:
        `distance`, `by_chance` (its mean over draws), `p_value`, `clear`, `n`, `largest`; None
        where a half is too small or there is one category.
    """
    codes, names = coded(categories)
    half = len(codes) // 2
    if half < config.min_groups or len(names) < 2:
        return None
    late = np.bincount(codes[half:], minlength=len(names))
    early = np.bincount(codes[:half], minlength=len(names))
    total = early + late
    distance = _distance(early, late)
    rng = np.random.default_rng(config.seed)
    drawn = rng.multivariate_hypergeometric(total, half, size=DRAWS, method="marginals")
    chance = np.abs(drawn / half - (total - drawn) / (len(codes) - half)).sum(axis=1) / 2
    p = (int((chance >= distance - 1e-12).sum()) + 1) / (DRAWS + 1)
    change = late / late.sum() - early / early.sum()
    order = np.argsort(-np.abs(change), kind="stable")[:2]
    return {
        "distance": distance, "by_chance": float(chance.mean()), "p_value": p,
        "clear": p <= 1 - config.confidence, "n": len(codes),
        "largest": [{"category": names[i], "change": float(change[i])} for i in order.tolist()],
    }  # fmt: skip


def _distance(one: Any, other: Any) -> float:
    return float(np.abs(one / one.sum() - other / other.sum()).sum() / 2)
