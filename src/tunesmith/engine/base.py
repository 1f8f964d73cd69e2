"""What an engine is: something that runs steps over batches and gives the outcomes in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import polars as pl

from tunesmith.step import Outcome, Step, apply

#: Kernels are fastest on about a thousand rows at a time (they stay in the processor's cache).
BATCH_ROWS = 4_096


class Engine(Protocol):
    """Runs steps over batches. A Ray engine has the same one method."""

    def map(self, steps: list[Step], batches: Iterable[pl.DataFrame]) -> Iterator[Outcome]:
        """Run `steps` over each batch and give the outcomes in the order of the batches."""


def apply_in_slices(steps: list[Step], frame: pl.DataFrame) -> Outcome:
    """Run `steps` over `frame` in slices of `BATCH_ROWS`, and put the outcomes together."""
    if frame.height <= BATCH_ROWS:
        return apply(steps, frame)
    outcomes = [apply(steps, part) for part in frame.iter_slices(BATCH_ROWS)]
    counts = outcomes[0].counts
    for outcome in outcomes[1:]:
        counts = [total + more for total, more in zip(counts, outcome.counts, strict=True)]
    return Outcome(
        pl.concat([outcome.frame for outcome in outcomes]),
        pl.concat([outcome.fates for outcome in outcomes]),
        counts,
    )
