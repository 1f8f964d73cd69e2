"""The ledger: every row that was collected ends as exactly one of four fates.

* `kept`: in the dataset
* `merged`: a duplicate; `matched_id` is the row it matched and `similarity` how closely,
  `kept_id` the row that stands for both
* `dropped`: removed by a rule; `value` was measured and `threshold` is the limit
* `quarantined`: could not be read; `file`, `line` and `reason` say what to mend

The conservation law `collected = kept + merged + dropped + quarantined` holds at the end of every
run, with every identifier once, or the run fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import polars as pl

from tunesmith import record
from tunesmith.errors import ConservationError

Fate = Literal["kept", "merged", "dropped", "quarantined"]
FATES: tuple[Fate, ...] = ("kept", "merged", "dropped", "quarantined")

SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(),
    "fate": pl.String(),
    "step": pl.String(),
    "reason": pl.String(),
    "value": pl.Float64(),
    "threshold": pl.Float64(),
    "matched_id": pl.String(),
    "similarity": pl.Float64(),
    "kept_id": pl.String(),
    "split": pl.String(),
    "source": pl.String(),
    "file": pl.String(),
    "line": pl.Int64(),
    "position": pl.String(),
    "source_id": pl.String(),
    "content_hash": pl.String(),
    "role": pl.String(),
    "timestamp": record.TIME,
    "zone": pl.String(),
    "license": pl.String(),
    "collected_at": record.TIME,
    "collection": pl.String(),
    "changes": pl.List(pl.String()),
}

#: How the rows of a ledger are sorted, nulls last.
ORDER = ("source", "file", "line", "id")

#: What a ledger row copies from the record.
ORIGIN = (
    "id", "source", "file", "line", "position", "source_id", "content_hash", "role", "timestamp",
    "zone", "license", "collected_at", "collection", "changes",
)  # fmt: skip


def empty() -> pl.DataFrame:
    """A ledger without rows."""
    return pl.DataFrame(schema=SCHEMA)


def fates(
    rows: pl.DataFrame,
    *,
    step: str,
    fate: Fate,
    reason: pl.Series | str | None = None,
    value: pl.Series | None = None,
    threshold: pl.Series | None = None,
    matched_id: pl.Series | None = None,
    similarity: pl.Series | None = None,
    kept_id: pl.Series | None = None,
    split: pl.Series | None = None,
) -> pl.DataFrame:
    """Ledger rows for `rows` (a frame of records), all with one fate at one step."""
    given: dict[str, pl.Series | str | None] = {
        "fate": fate,
        "step": step,
        "reason": reason,
        "value": value,
        "threshold": threshold,
        "matched_id": matched_id,
        "similarity": similarity,
        "kept_id": kept_id,
        "split": split,
    }
    columns: list[pl.Expr | pl.Series] = []
    for name, kind in SCHEMA.items():
        if name in ORIGIN:
            columns.append(pl.col(name))
            continue
        what = given[name]
        if isinstance(what, pl.Series):
            columns.append(what.cast(kind).alias(name))
        else:
            columns.append(pl.lit(what, kind).alias(name))
    return rows.select(columns)


def place(row: Mapping[str, Any]) -> str:
    """Where a ledger row comes from, in words: its file, and the line or position in it."""
    if row["position"] is not None:
        return f"{row['file']}, {row['position']}"
    return str(row["file"]) if row["line"] is None else f"{row['file']}:{row['line']}"


def counts(ledger: pl.DataFrame) -> dict[str, int]:
    """The number of rows of each fate, and of all of them as `collected`.

    Raises:
        ConservationError: A fate is unknown.
    """
    found = dict(ledger.group_by("fate").len().iter_rows())
    unknown = found.keys() - set(FATES)
    if unknown:
        raise ConservationError(f"unknown fates in the ledger: {sorted(map(str, unknown))}")
    return {"collected": ledger.height} | {fate: int(found.get(fate, 0)) for fate in FATES}


def reasons(ledger: pl.DataFrame) -> pl.DataFrame:
    """Rows by step, fate and reason, most first (columns step, fate, reason, rows)."""
    return (
        ledger.filter(pl.col("fate") != "kept")
        .group_by("step", "fate", "reason")
        .agg(rows=pl.len())
        .sort("rows", "step", "reason", descending=[True, False, False])
    )


def conserve(ledger: pl.DataFrame, *, collected: int) -> dict[str, int]:
    """Check the conservation law and return the counts.

    Args:
        ledger: The fate of every row.
        collected: The number of rows that the sources gave, counted where they were read.

    Raises:
        ConservationError: Rows are missing, or a row has two fates, or a fate is unknown.
    """
    return balanced(counts(ledger), collected=collected, ids=ledger.get_column("id").n_unique())


def balanced(found: dict[str, int], *, collected: int, ids: int) -> dict[str, int]:
    """Check the conservation law by counts, which are returned.

    Args:
        found: The rows of the ledger, as `counts` gives them.
        collected: The number of rows that the sources gave, counted where they were read.
        ids: How many different identifiers the ledger has.

    Raises:
        ConservationError: Rows are missing, or a row has two fates.
    """
    total = sum(found[fate] for fate in FATES)
    if total != collected or found["collected"] != total:
        raise ConservationError(
            f"{collected} rows were collected but the ledger has {found['collected']} "
            f"({', '.join(f'{found[fate]} {fate}' for fate in FATES)})",
            todo="please report this: a row may never be lost",
        )
    if ids != total:
        raise ConservationError(
            f"{total - ids} rows have more than one fate", todo="please report this: it is a bug"
        )
    return found
