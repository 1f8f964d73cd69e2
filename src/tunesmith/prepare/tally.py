"""Counting the rows that stay by what they are, without reading them."""

from __future__ import annotations

import numpy as np
import polars as pl

from tunesmith.split import KNOWLEDGE, SPLITS
from tunesmith.store.facts import Facts
from tunesmith.store.kept import Kept

_COUNTED = ("category", "language")


def tally(rows: Kept, facts: Facts) -> pl.DataFrame:
    """How many rows there are (`rows`) by `is_pair`, `category`, `language` and `split`.

    Args:
        rows: The rows, dealt to splits.
        facts: What is known of them.
    """
    splits = pl.Series("split", [*SPLITS, KNOWLEDGE])
    parts = [rows.splits_of(number) for number in range(len(rows))]
    dealt = pl.concat([splits.clear(), *parts]).cast(pl.Enum(splits)).to_physical()
    columns = [(pl.Series("is_pair", [False, True]), facts.pairs.astype(np.int64))]
    for name in _COUNTED:
        places, values = facts.coded(name)
        columns.append((values.alias(name), places))
    columns.append((splits, dealt.to_numpy().astype(np.int64)))
    key = np.zeros(facts.pairs.shape, dtype=np.int64)
    for values, places in columns:
        key = key * max(1, values.len()) + places
    counted = pl.DataFrame({"key": key}).group_by("key", maintain_order=True).len("rows")
    rest = counted.get_column("key").to_numpy()
    found = [counted.get_column("rows").cast(pl.Int64)]
    for values, _ in reversed(columns):
        size = max(1, values.len())
        found.append(values.gather(rest % size))
        rest = rest // size
    return pl.DataFrame(found[::-1])
