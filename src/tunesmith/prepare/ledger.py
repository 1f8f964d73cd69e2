"""The fate of every row that was collected, put together and counted."""

from __future__ import annotations

import polars as pl

from tunesmith import ledger
from tunesmith.prepare.context import Context
from tunesmith.prepare.tables import write_parquet
from tunesmith.store.cache import Stage
from tunesmith.store.kept import Kept


def account_for(
    context: Context, stages: list[Stage], kept: Kept, *, collected: int
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Write the ledger.

    Args:
        context: The run.
        stages: Those that took rows out, in order.
        kept: The rows that stay.
        collected: How many rows there were.

    Returns:
        The fate of every row, and the rows by fate.

    Raises:
        ConservationError: A row was lost (a bug).
    """
    frame = pl.concat(kept.frames([*ledger.ORIGIN, "split"]), rechunk=False)
    rows = ledger.fates(frame, step="publish", fate="kept", split=frame.get_column("split"))
    fates = pl.concat([*(stage.fates() for stage in stages), rows]).sort(
        "source", "file", "line", "id", nulls_last=True
    )
    counts = ledger.conserve(fates, collected=collected)
    write_parquet(context.out / "ledger.parquet", fates)
    return fates, counts
