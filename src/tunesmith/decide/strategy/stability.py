"""How much a dataset changes from one version to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

from tunesmith.store.versions import Version, read_version

_WATCHED = ("question", "answer", "text", "category")


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of a version's rows in the next one."""

    before: int
    after: int
    share: float
    """Rows of the earlier version that were removed, or whose words or category changed."""


def changes(table: Path, versions: Sequence[Version], last: int) -> list[Change]:
    """The last changes of a dataset, oldest first; new rows are no change of what is asked for.

    Args:
        table: The dataset's folder.
        versions: Its versions, oldest first.
        last: How many changes to look at.
    """
    wanted = versions[-(last + 1) :]
    if len(wanted) < 2:
        return []
    hashes = [_rows(table, version.number) for version in wanted]
    found = []
    for place, (before, after) in enumerate(pairwise(hashes)):
        same = before.join(after, on=["id", "words"], how="semi").height
        share = 1 - same / before.height if before.height else 0.0
        numbers = wanted[place].number, wanted[place + 1].number
        found.append(Change(before=numbers[0], after=numbers[1], share=share))
    return found


def _rows(table: Path, number: int) -> pl.DataFrame:
    """The identifier of each row and a hash of its words and category."""
    frame = read_version(table, number, ["id", *_WATCHED])
    return frame.select("id", pl.struct(_WATCHED).hash(13).alias("words"))
