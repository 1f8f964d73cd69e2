"""What preparing the data gave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith.prepare.conversations import Conversations, conversations
from tunesmith.prepare.tally import tally
from tunesmith.prompting.example import Example
from tunesmith.step import StepCount
from tunesmith.store.facts import Facts
from tunesmith.store.kept import Kept
from tunesmith.store.versions import Version, read_version
from tunesmith.tune.formats import Document


@dataclass
class Prepared:
    """What preparing the data gave."""

    rows: Kept
    """The rows that were kept, with their split, part by part, until the next run."""
    facts: Facts
    """Their digests and lengths."""
    table: Path
    """The dataset's table."""
    ledger_file: Path
    """The fate of every row, until the next run."""
    removed: pl.DataFrame
    """The fates of the rows that were not kept."""
    counts: dict[str, int]
    """Rows by fate."""
    version: Version
    """The dataset's version."""
    steps: list[StepCount]
    """What each step did."""
    sources: list[dict[str, Any]]
    """What each source gave."""
    leaks: Counter[str]
    """Personal data that the scan after the last step found (none, or the run has failed)."""
    near_sizes: list[int]
    """The sizes of the clusters of near duplicates."""
    timings_s: dict[str, float] = field(default_factory=dict)
    """Seconds by stage; of a stage that was taken from the cache, those of reading it."""
    within_fields: dict[str, Any] = field(default_factory=dict)
    """Counts and identifiers of what repeats within fields; see `WITHIN_FIELDS`."""
    licenses: list[dict[str, Any]] = field(default_factory=list)
    """Rows that stay, by source and the licence that they are used under."""

    @property
    def frame(self) -> pl.DataFrame:
        """The rows that were kept, with their split, in memory all at once."""
        return read_version(self.table, self.version.number)

    @property
    def ledger(self) -> pl.DataFrame:
        """The fate of every row, in memory all at once."""
        return pl.read_parquet(self.ledger_file)

    @cached_property
    def tally(self) -> pl.DataFrame:
        """How many rows were kept (`rows`) by `is_pair`, `category`, `language` and `split`."""
        return tally(self.rows, self.facts)

    @property
    def splits(self) -> Counter[str]:
        """Rows by split, pages (`knowledge`) among them."""
        return Counter(dict(self.tally.group_by("split").agg(pl.col("rows").sum()).iter_rows()))

    def documents(self) -> list[Document]:
        """The pages."""
        columns = ("id", "text", "weight", "kind")
        return [
            Document(row[0], row[1], row[2])
            for frame in self.rows.frames(columns)
            for row in frame.filter(pl.col("kind") == "document").iter_rows()
        ]

    def conversations(self) -> Conversations:
        """The question/answer pairs as conversations, by thread."""
        return conversations(self.rows)

    def examples(self, name: str) -> list[Example]:
        """The question/answer pairs of a split."""
        columns = ("id", "question", "answer", "category", "customer", "thread", "weight")
        wanted = (pl.col("split") == name) & (pl.col("kind") == "qa")
        return [
            Example(row[0], row[1], row[2], row[3], row[4] or row[5], row[6])
            for frame in self.rows.frames([*columns, "kind", "split"])
            for row in frame.filter(wanted).select(columns).iter_rows()
        ]
