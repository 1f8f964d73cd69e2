"""Within fields: one question with different answers, and one answer to many questions.

Both are looked for among the rows that stay, by comparable text. Neither is an error by itself:
they are reported, and `dedup.max_same_answer` caps the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tunesmith.dedup.clusters import Found
from tunesmith.dedup.groups import equal_groups
from tunesmith.dedup.index import rows_by_part
from tunesmith.dedup.spill import I64

#: Groups whose rows are named in `quality.json`; the files name all.
NAMED = 100
#: Rows that are named of each.
NAMED_ROWS = 20

_SHOWN = ["id", "source", "category", "question", "answer"]


@dataclass(frozen=True)
class Groups:
    """Groups of rows: row numbers, group after group, and where each begins (groups + 1)."""

    rows: I64
    starts: I64

    def __len__(self) -> int:
        return len(self.starts) - 1


def conflicts(found: Found) -> Groups:
    """Rows that stay and have one question but different answers."""
    return _groups(found, one="question", many="answer")


def templates(found: Found) -> Groups:
    """Rows that stay and have one answer to different questions, the largest group first."""
    groups = _groups(found, one="answer", many="question")
    sizes = np.diff(groups.starts)
    return _chosen(groups, np.argsort(-sizes, kind="stable"))


def tables(found: Found, listed: list[Groups], name: str) -> list[pl.DataFrame]:
    """The rows of groups with their texts; the column `name` numbers the groups from 1.

    Each part is read once for all of them.
    """
    rows = np.unique(np.concatenate([groups.rows for groups in listed]))
    parts = [pl.DataFrame(schema={"row": pl.Int64} | dict.fromkeys(_SHOWN, pl.String))]
    for number, mine in rows_by_part(found.offsets, rows):
        some = pl.Series("row", mine + found.offsets[number], dtype=pl.Int64)
        parts.append(_alone(found.parts.frame(number, _SHOWN)[mine]).insert_column(0, some))
    shown = pl.concat(parts)
    made = []
    for groups in listed:
        numbers = np.repeat(np.arange(1, len(groups) + 1), np.diff(groups.starts))
        listing = shown[np.searchsorted(rows, groups.rows)]
        made.append(listing.insert_column(0, pl.Series(name, numbers, dtype=pl.Int64)))
    return made


def _alone(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows without the texts of those they were taken from, which else stay in memory."""
    return pl.DataFrame(rows.to_arrow())


def summary(listed: pl.DataFrame, name: str) -> dict[str, Any]:
    """Counts of the groups of a `table`, and the identifiers of the first ones; no texts."""
    few = (
        listed.filter(pl.col(name) <= NAMED)
        .group_by(name, maintain_order=True)
        .agg(rows=pl.len(), ids=pl.col("id").head(NAMED_ROWS))
        .drop(name)
    )
    return {
        "groups": int(listed.get_column(name).n_unique()),
        "rows": listed.height,
        "first": few.to_dicts(),
    }


def _groups(found: Found, *, one: str, many: str) -> Groups:
    alive = np.flatnonzero(found.stays)
    members, starts = equal_groups(*found.hashes(one, found.stays))
    wanted = np.zeros(len(found.stays), dtype=bool)
    wanted[alive[members]] = True
    rows = np.flatnonzero(wanted)
    places = np.searchsorted(rows, alive[members])
    high, low = found.hashes(many, wanted)
    group = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    other = pl.DataFrame({"group": group, "high": high[places], "low": low[places]})
    counts = np.bincount(other.unique().get_column("group").to_numpy(), minlength=len(starts) - 1)
    groups = Groups(alive[members], starts)
    chosen = np.flatnonzero(counts > 1)
    return _chosen(groups, chosen[np.argsort(groups.rows[starts[chosen]], kind="stable")])


def _chosen(groups: Groups, chosen: I64) -> Groups:
    some = [groups.rows[groups.starts[place] : groups.starts[place + 1]] for place in chosen]
    sizes = [len(rows) for rows in some]
    rows = np.concatenate(some) if some else np.empty(0, np.int64)
    return Groups(rows, np.r_[0, np.cumsum(sizes)].astype(np.int64))
