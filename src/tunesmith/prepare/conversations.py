"""Rows of one thread as one conversation, in the order in which they were written."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from tunesmith.errors import TunesmithError
from tunesmith.prompting.example import Example
from tunesmith.store.kept import Kept
from tunesmith.tune.formats import Conversation

_COLUMNS = ("id", "question", "answer", "category", "customer", "thread", "timestamp", "weight")


@dataclass(frozen=True)
class Conversations:
    """The question/answer rows of a dataset as conversations; every row is in exactly one."""

    by_split: dict[str, list[Conversation]]
    """The conversations of each split."""
    interrupted: int
    """Conversations that lack a turn which is in the data, because it was merged."""

    def of(self, split: str) -> list[Conversation]:
        """The conversations of a split."""
        return self.by_split.get(split, [])


def conversations(rows: Kept, splits: Mapping[str, str] | None = None) -> Conversations:
    """Put conversations together.

    Rows of a thread follow one another by their timestamps, where all of them have one, and as
    they were collected otherwise. A row without a thread is a conversation of its own.

    Args:
        rows: The dataset's rows, dealt to splits.
        splits: Other splits by the rows' identifiers, of a fold; rows that have none are left out.

    Raises:
        TunesmithError: A thread's rows are in more than one split.
    """
    frame = pl.concat(
        part.filter(pl.col("kind") == "qa") for part in rows.frames([*_COLUMNS, "kind", "split"])
    ).with_row_index("place")
    if splits is not None:
        dealt = pl.DataFrame(
            {"id": list(splits), "split": list(splits.values())},
            schema={"id": pl.String, "split": pl.String},
        )
        frame = frame.drop("split").join(dealt, on="id", maintain_order="left")
    threads = frame.filter(pl.col("thread").is_not_null())
    straddling = (
        threads.group_by("thread").agg(pl.col("split").n_unique()).filter(pl.col("split") > 1)
    )
    if straddling.height:
        raise TunesmithError(
            f"{straddling.height} threads have rows in more than one split, so their conversations "
            "would lose turns",
            todo="set split.threads to true, or learn with format: qa",
        )
    ordered = (
        frame.with_columns(
            thread=pl.coalesce("thread", pl.col("id")),
            first=pl.col("place").min().over(pl.coalesce("thread", pl.col("id"))),
            timed=pl.col("timestamp").is_not_null().all().over(pl.coalesce("thread", pl.col("id"))),
        )
        .with_columns(moment=pl.when("timed").then("timestamp"))
        .sort("first", "moment", "place")
    )
    found: dict[str, list[Conversation]] = {}
    rows_in_order = ordered.select(*_COLUMNS, "split", "first").iter_rows()
    for (split, _), turns in itertools.groupby(rows_in_order, key=lambda row: row[-2:]):
        examples = [
            Example(row[0], row[1], row[2], row[3], row[4] or row[5], row[7]) for row in turns
        ]
        found.setdefault(split, []).append(Conversation.of(examples))
    return Conversations(found, _interrupted(rows))


def _interrupted(rows: Kept) -> int:
    """Threads of which some rows stay and others were merged."""
    staying: set[str] = set()
    merged: set[str] = set()
    for number, stays in enumerate(rows.stays):
        threads = rows.rows.frame(number, ["thread"]).get_column("thread")
        flags = pl.Series(stays)
        staying |= set(threads.filter(flags).drop_nulls().to_list())
        merged |= set(threads.filter(~flags).drop_nulls().to_list())
    return len(staying & merged)
