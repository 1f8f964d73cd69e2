"""One question with its answer: what every method learns from and is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """A question, its reference answer, and what is needed to group and stratify it."""

    id: str
    """Identifies the row in the dataset and its ledger."""
    question: str
    """What the user asks."""
    answer: str
    """The reference answer."""
    category: str | None = None
    """The row's category, where the data has one."""
    group: str | None = None
    """Rows of one group (a thread, a customer) are not independent of each other."""
    weight: float | None = None
    """How much it counts in training, 0 to 1; None counts whole."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Example:
        """Read an exported dataset row; `group` falls back on the row's `thread`."""
        group = row.get("group")
        return cls(
            id=str(row["id"]),
            question=row["question"],
            answer=row["answer"],
            category=row.get("category"),
            group=group if group is not None else row.get("thread"),
            weight=row.get("weight"),
        )

    def to_row(self) -> dict[str, Any]:
        """The row as JSON can hold it; `Example.from_row` reads it back."""
        row = asdict(self)
        if self.weight is None:
            del row["weight"]
        return row
