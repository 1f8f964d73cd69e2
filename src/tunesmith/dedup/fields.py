"""Within fields: one question with different answers, and one answer to many questions.

Both are looked for among the rows that stay, by comparable text. Neither is an error by itself:
they are reported, and `dedup.max_same_answer` caps the second. Of each group the first different
answers (or questions) are shown with their texts, and the others are counted: what is written
grows with the groups, not with the rows in them.
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
from tunesmith.dedup.told import Told
from tunesmith.equal import first_equal

#: Raised when other rows are shown, or other counts.
VERSION = 1

#: Different answers (or questions) of a group that are shown.
SHOWN = 20
#: Groups whose rows are named in `quality.json`; the files name all.
NAMED = 100

#: The columns of a record that are shown.
COLUMNS = ("id", "source", "category", "question", "answer")

#: Odd, so that no two groups share a multiple of it (2^64 divided by the golden ratio).
_APART = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Groups:
    """Groups of rows, of which some are shown: the first row of each different answer."""

    rows: I64
    """The numbers of those that are shown, group after group, rising within each."""
    starts: I64
    """Where those of each group begin (groups + 1); there are `SHOWN` at most."""
    alike: I64
    """For each row that is shown, how many rows of its group say the same as it."""
    sizes: I64
    """For each group, how many rows it has."""
    different: I64
    """For each group, how many different answers (or questions) its rows have."""

    def __len__(self) -> int:
        return len(self.sizes)


def conflicts(found: Found) -> Groups:
    """Rows that stay and have one question but different answers, by the first row of each."""
    return _groups(found, one="question", many="answer")


def templates(found: Found) -> Groups:
    """Rows that stay and have one answer to different questions, the largest group first."""
    groups = _groups(found, one="answer", many="question")
    return _ordered(groups, np.argsort(-groups.sizes, kind="stable"))


def tables(offsets: I64, listed: list[Groups], told: Told) -> list[pl.DataFrame]:
    """The rows of groups that are shown, with their texts.

    Columns: `group` (from 1), `row`, those of the record, `alike` (rows of the group that say the
    same as this one), and of the whole group `rows`, `different` (answers or questions) and
    `left_out` (those of the different ones that are not shown).

    Args:
        offsets: The row that each part begins with, and the number of rows.
        listed: The groups of each table.
        told: Gives `COLUMNS` of some rows of a part.
    """
    rows = np.unique(np.concatenate([groups.rows for groups in listed]))
    shown = [pl.DataFrame(schema={"row": pl.Int64} | dict.fromkeys(COLUMNS, pl.String))]
    for number, mine in rows_by_part(offsets, rows):
        numbers = pl.Series("row", mine + offsets[number], dtype=pl.Int64)
        shown.append(told.rows(number, mine).insert_column(0, numbers))
    texts = pl.concat(shown)
    return [_table(groups, texts[np.searchsorted(rows, groups.rows)]) for groups in listed]


def _table(groups: Groups, listing: pl.DataFrame) -> pl.DataFrame:
    shown = np.diff(groups.starts)
    of = np.repeat(np.arange(len(groups)), shown)
    counts = {
        "alike": groups.alike,
        "rows": groups.sizes[of],
        "different": groups.different[of],
        "left_out": (groups.different - shown)[of],
    }
    numbers = pl.Series("group", of + 1, dtype=pl.Int64)
    return listing.insert_column(0, numbers).with_columns(
        pl.Series(name, values, dtype=pl.Int64) for name, values in counts.items()
    )


def summary(groups: Groups, listing: pl.DataFrame) -> dict[str, Any]:
    """Counts of the groups of a table, and the identifiers of the first ones; no texts."""
    ids, first = listing.get_column("id"), []
    for place in range(min(NAMED, len(groups))):
        begin, end = int(groups.starts[place]), int(groups.starts[place + 1])
        first.append(
            {
                "rows": int(groups.sizes[place]),
                "different": int(groups.different[place]),
                "ids": ids[begin:end].to_list(),
            }
        )
    return {
        "groups": len(groups),
        "rows": int(groups.sizes.sum()),
        "different": int(groups.different.sum()),
        "left_out": int(groups.different.sum()) - len(groups.rows),
        "first": first,
    }


def _groups(found: Found, *, one: str, many: str) -> Groups:
    """Groups with the same of one text and different ones of another, by their first rows."""
    members, starts = equal_groups(*found.hashes(one, found.stays))
    rows, sizes = np.flatnonzero(found.stays)[members], np.diff(starts)
    group = np.repeat(np.arange(len(sizes)), sizes)
    wanted = np.zeros(len(found.stays), dtype=bool)
    wanted[rows] = True
    places = (np.cumsum(wanted) - 1)[rows]
    high, low = (values[places] for values in found.hashes(many, wanted))
    first = first_equal(high ^ (group.astype(np.uint64) * _APART), low)
    alike = np.bincount(first, minlength=len(rows))
    leaders = np.flatnonzero(alike)
    different = np.bincount(group[leaders], minlength=len(sizes))
    rank = np.arange(len(leaders)) - (np.cumsum(different) - different)[group[leaders]]
    leaders = leaders[(rank < SHOWN) & (different[group[leaders]] > 1)]
    chosen = different > 1
    shown = np.minimum(different[chosen], SHOWN)
    return Groups(
        rows[leaders],
        np.r_[0, np.cumsum(shown)].astype(np.int64),
        alike[leaders],
        sizes[chosen],
        different[chosen],
    )


def _ordered(groups: Groups, order: I64) -> Groups:
    shown = np.diff(groups.starts)[order]
    starts = np.r_[0, np.cumsum(shown)].astype(np.int64)
    places = np.repeat(groups.starts[order] - starts[:-1], shown) + np.arange(starts[-1])
    return Groups(
        groups.rows[places],
        starts,
        groups.alike[places],
        groups.sizes[order],
        groups.different[order],
    )
