"""What a run found, for `run.json` and `quality.json`: counts and shares, never texts."""

from __future__ import annotations

import itertools
import os
import platform
import resource
import sys
from collections import Counter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith import ledger
from tunesmith.clean import CleanConfig
from tunesmith.clean.pii.spans import KINDS
from tunesmith.equal import first_equal
from tunesmith.prepare import Prepared
from tunesmith.report.volume import MINIMUM, volumes
from tunesmith.split import SPLITS
from tunesmith.step import StepCount
from tunesmith.store.facts import NO_TEXT, PAIR, Facts

Mask = NDArray[np.bool_]
F64 = NDArray[np.float64]

#: The steps of cleaning; the other steps that look at one row at a time are checks.
CLEANING = {step.kind for step in CleanConfig(terminology={"a": "b"}).steps({})}

#: The bands of the language's confidence; the last holds 1 too.
CONFIDENCE_EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)

_DEDUP = ("exact_duplicates", "near_duplicates", "semantic_duplicates", "same_answer", "against")
_STAGE_OF = {"collect": "collect", **dict.fromkeys(_DEDUP, "dedup")}


def data_figures(prepared: Prepared) -> dict[str, Any]:
    """The data part of `run.json`."""
    pairs, tally = prepared.facts.pairs, prepared.tally
    reasons = ledger.reasons(prepared.removed)
    return {
        "counts": prepared.counts,
        "stages": _stages(prepared),
        "reasons": [
            {"stage": _STAGE_OF.get(row["step"], "check"), **row}
            for row in reasons.iter_rows(named=True)
        ],
        "steps": [
            {
                "step": step.step,
                "rows_in": step.rows_in,
                "rows_out": step.rows_out,
                "changed": step.changed,
                "seconds": step.seconds,
            }
            for step in prepared.steps
        ],
        "personal_data": personal_data(prepared),
        "duplicates": _duplicates(prepared),
        "lengths": {
            name: _histogram(_letters(prepared.facts, name, of))
            for name, of in (("question", pairs), ("answer", pairs), ("text", ~pairs))
            if of.any()
        },
        "categories": _categories(tally),
        "languages": [
            {"language": language or "unknown", "rows": rows}
            for language, rows in _counted(tally, "language")
        ],
        "splits": {
            name: int(tally.filter(pl.col("split") == name).get_column("rows").sum())
            for name in SPLITS
        },
        "documents": int(np.count_nonzero(~pairs)),
        "sources": prepared.sources,
        "licenses": prepared.licenses,
        "volume": volumes(pairs_by_category(tally)),
        "dataset": {
            "version": prepared.version.number,
            "fingerprint": prepared.version.fingerprint,
            "path": "dataset",
        },
    }


def personal_data(prepared: Prepared) -> dict[str, int]:
    """Personal data masked, by kind, over every row that was collected."""
    total: Counter[str] = Counter()
    for step in prepared.steps:
        if step.step == "mask_personal_data":
            total += step.notes
    return {kind: total[kind] for kind in KINDS if total[kind]}


def quality_figures(prepared: Prepared) -> dict[str, Any]:
    """`quality.json`: figures with their targets (source documents, 3.3)."""
    facts, counts = prepared.facts, prepared.counts
    pairs = prepared.tally.filter(pl.col("is_pair"))
    sure = facts.confidences()
    figures = [
        _figure("leaks", "Personal data left after masking", sum(prepared.leaks.values()), 0,
                "at most", "findings"),
        _figure("unreadable", "Rows that could not be read",
                _share(counts["quarantined"], counts["collected"]), 0.05,
                "at most", "share"),
        _figure("duplication", "Rows left that say the same as another",
                _duplication(facts), 0.01, "at most", "share"),
        _figure("coverage", "Categories with enough rows in training (10 or more)",
                _coverage(pairs), 0.95, "at least", "share"),
        # Without a target: what a small dataset is good for, its evaluation says.
        _figure("volume", f"Categories with {MINIMUM[0]:,} rows or more, enough to be learned well",
                _enough(pairs), None, "at least", "share"),
        _figure("language", "Mean confidence of the language",
                _mean(sure), 0.98, "at least", "share"),
        _figure("diversity", "Evenness of the categories (1 = all the same size)",
                _evenness(pairs), 0.8, "at least", "share"),
        _figure("kept", "Rows kept of those that could be read",
                _share(counts["kept"], counts["collected"] - counts["quarantined"]), None,
                "at least", "share"),
    ]  # fmt: skip
    return {
        "figures": figures,
        "language_confidence": _confidence_bands(facts.pairs, sure),
        "within_fields": prepared.within_fields,
    }


def _confidence_bands(pairs: Mask, sure: F64) -> list[dict[str, Any]]:
    """Kept rows by kind and band of the language's confidence: what a higher limit would drop.

    Args:
        pairs: Which rows are question/answer pairs.
        sure: The confidence of each row; NaN where there is none.
    """
    bands: list[dict[str, Any]] = []
    inner = np.array(CONFIDENCE_EDGES[1:-1])
    for kind, of in (("qa", pairs), ("document", ~pairs)):
        mine = sure[of & ~np.isnan(sure)]
        if not len(mine):
            continue
        rows = np.bincount(np.searchsorted(inner, mine, side="right"), minlength=len(inner) + 1)
        bands += [
            {"kind": kind, "from": low, "to": high, "rows": int(count)}
            for (low, high), count in zip(itertools.pairwise(CONFIDENCE_EDGES), rows, strict=True)
        ]
    return bands


def environment() -> dict[str, Any]:
    """The machine, in words that name nobody."""
    import psutil

    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "polars": pl.__version__,
    }


def peak_memory_mib() -> float:
    """The most memory that this process, or one of its children, has held (MiB)."""
    unit = 1 if sys.platform == "darwin" else 1024
    most = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return round(most * unit / 2**20, 1)


def _stages(prepared: Prepared) -> list[dict[str, Any]]:
    """Rows before and after each stage, in the order of the work."""
    counts, timings = prepared.counts, prepared.timings_s
    cleaning = [step for step in prepared.steps if step.step in CLEANING]
    checking = [step for step in prepared.steps if step.step not in CLEANING]
    read = counts["collected"] - counts["quarantined"]
    fates = prepared.removed.filter(pl.col("step").is_in(list(_DEDUP))).height
    checked = counts["kept"] + fates
    return [
        _stage("collect", counts["collected"], read, timings.get("collect"), 0),
        _stage("clean", read, read, _seconds(cleaning), _most_changed(cleaning)),
        _stage("check", read, checked, _seconds(checking), 0),
        _stage("dedup", checked, counts["kept"], timings.get("find duplicates"), 0),
    ]


def _stage(
    name: str, rows_in: int, rows_out: int, seconds: float | None, changed: int
) -> dict[str, Any]:
    return {
        "stage": name, "rows_in": rows_in, "rows_out": rows_out, "seconds": seconds,
        "changed": changed,
    }  # fmt: skip


def _seconds(steps: list[StepCount]) -> float:
    return sum(step.seconds for step in steps)


def _most_changed(steps: list[StepCount]) -> int:
    return max((step.changed for step in steps), default=0)


def _duplicates(prepared: Prepared) -> dict[str, Any]:
    merged = prepared.removed.filter(pl.col("fate") == "merged")
    near = merged.filter(pl.col("step") == "near_duplicates").get_column("similarity").to_numpy()
    edges = np.round(np.arange(0.0, 1.0001, 0.02), 2)
    counts, _ = np.histogram(near, bins=edges)
    return {
        "exact": int((merged.get_column("step") == "exact_duplicates").sum()),
        "near": len(near),
        "similarity_histogram": [
            {"from": float(edges[place]), "to": float(edges[place + 1]), "pairs": int(count)}
            for place, count in enumerate(counts)
            if len(near) and edges[place + 1] > near.min()
        ],
        "largest_clusters": prepared.near_sizes[:10],
    }


def _letters(facts: Facts, name: str, of: Mask) -> NDArray[np.int64]:
    """The letters of the texts in one column of some rows."""
    letters = facts.of_all([name])[0][of]
    there: NDArray[np.int64] = letters[letters != NO_TEXT].astype(np.int64)
    return there


def _histogram(lengths: NDArray[np.int64], bins: int = 20) -> list[dict[str, Any]]:
    if not len(lengths):
        return []
    most = float(np.quantile(lengths, 0.99))
    width = _round_width(most / bins)
    edges = np.arange(0, width * (int(lengths.max() // width) + 2), width)
    counts, _ = np.histogram(lengths, bins=edges)
    last = min(len(counts), bins)
    rows = [
        {"from": int(edges[place]), "to": int(edges[place + 1]), "rows": int(counts[place])}
        for place in range(last)
    ]
    rest = int(counts[last:].sum())
    if rest:
        rows.append({"from": int(edges[last]), "to": int(edges[-1]), "rows": rest})
    return rows


def _round_width(width: float) -> int:
    """The least of 5, 10, 20, 25, 50, 100, … that is not below `width`."""
    scale = 1
    while True:
        for step in (5, 10, 20, 25, 50):
            if width <= step * scale:
                return step * scale
        scale *= 10


def _categories(tally: pl.DataFrame) -> list[dict[str, Any]]:
    in_split = [pl.col("rows").filter(pl.col("split") == name).sum().alias(name) for name in SPLITS]
    table = (
        tally.filter(pl.col("is_pair"))
        .group_by("category")
        .agg(*in_split, pl.col("rows").sum())
        .sort("rows", "category", descending=[True, False])
        .drop("rows")
    )
    return [row | {"category": row["category"] or "(none)"} for row in table.iter_rows(named=True)]


def pairs_by_category(tally: pl.DataFrame) -> dict[str | None, int]:
    """Kept question/answer pairs by category."""
    return dict(_counted(tally.filter(pl.col("is_pair")), "category"))


def _counted(tally: pl.DataFrame, column: str) -> list[tuple[str | None, int]]:
    table = tally.group_by(column).agg(pl.col("rows").sum())
    table = table.sort("rows", column, descending=[True, False])
    return [(name, int(rows)) for name, rows in table.iter_rows()]


def _figure(
    name: str, label: str, value: float | None, target: float | None, direction: str, unit: str
) -> dict[str, Any]:
    met = None
    if value is not None and target is not None:
        met = bool(value <= target if direction == "at most" else value >= target)
    return {
        "name": name, "label": label, "value": value, "target": target, "direction": direction,
        "met": met, "unit": unit,
    }  # fmt: skip


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: F64) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _duplication(facts: Facts) -> float | None:
    first = first_equal(*facts.of_all(PAIR)[:, facts.pairs])
    if not len(first):
        return None
    return 1 - int(np.count_nonzero(first == np.arange(len(first)))) / len(first)


def _coverage(pairs: pl.DataFrame) -> float | None:
    known = pairs.drop_nulls("category")
    if not known.height:
        return None
    trained = pl.col("rows").filter(pl.col("split") == "train").sum()
    counted = known.group_by("category").agg(trained)
    return int((counted.get_column("rows") >= 10).sum()) / counted.height


def _enough(pairs: pl.DataFrame) -> float | None:
    """The share of categories with enough rows to be learned."""
    known = volumes(pairs_by_category(pairs.drop_nulls("category")))
    return sum(not one["short_of_minimum"] for one in known) / len(known) if known else None


def _evenness(pairs: pl.DataFrame) -> float | None:
    known = pairs.drop_nulls("category").group_by("category", maintain_order=True)
    counts = known.agg(pl.col("rows").sum()).get_column("rows").to_numpy()
    if len(counts) < 2:
        return None
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(shares)))
