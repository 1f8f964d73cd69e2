"""Every row that a run collected, and whether it was kept: from the ledger and the run's cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

_PARTS = ("short", "middling", "long")


def collected_rows(out: Path) -> pl.DataFrame | None:
    """The fate of every row of a run folder, with what is known of it.

    Columns: `kept` (merged duplicates count as kept), `source`, `reason`, and where the run's cache
    still has the collected rows, `category` and `length` (thirds of the length of questions). Rows
    that could not be read are left out: nothing is known of them.

    Returns:
        None where there is no ledger.
    """
    file = out / "ledger.parquet"
    if not file.exists():
        return None
    ledger = (
        pl.scan_parquet(file)
        .filter(pl.col("fate") != "quarantined")
        .select("id", "source", "reason", pl.col("fate").is_in(["kept", "merged"]).alias("kept"))
        .collect()
    )
    parts = sorted((out / "work").glob("collect-*/part-*.parquet"))
    parts = [part for part in parts if not part.name.endswith(".fates.parquet")]
    if not parts:
        return ledger.drop("id")
    size = pl.coalesce("question", "text").str.len_chars().alias("letters")
    rows = pl.concat(
        [pl.read_parquet(part, columns=["id", "category", "question", "text"]).select(
            "id", "category", size) for part in parts]
    ).unique("id", keep="any")  # fmt: skip
    found = ledger.join(rows, on="id", how="left")
    letters = found.get_column("letters").cast(pl.Float64).fill_null(np.nan).to_numpy()
    if np.isnan(letters).all():
        return found.drop("id", "letters")
    edges = np.nanquantile(letters, [1 / 3, 2 / 3])
    third = pl.Series("length", np.array(_PARTS)[np.searchsorted(edges, letters)])
    thirds = pl.Series("length", third).set(pl.Series(np.isnan(letters)), None)
    return found.drop("id", "letters").with_columns(thirds)
