"""What every format has in common: rows become tokens and labels, and none is silently empty."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from tunesmith.config import Config
from tunesmith.errors import TunesmithError
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.template import PromptConfig

IGNORED = -100
"""The label of tokens that the loss leaves out."""


WEIGHTS = "weights"
"""Of a row that is trained on: for each token, how much its loss counts."""


class Row(Protocol):
    """What one format learns from: a question with its answer, a conversation, a page, a pair."""

    @property
    def id(self) -> str:
        """Identifies it in messages."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read what `to_row` wrote."""

    def to_row(self) -> dict[str, Any]:
        """The row as JSON can hold it."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Training rows as tokens."""

    rows: list[dict[str, Any]]
    """`input_ids` and `labels`, lists of the same length; tokens that the loss leaves out are
    labelled `IGNORED`. A preference pair has `rejected_input_ids` and `rejected_labels` too. Where
    a row counts less than whole, all have `weights`: for each token, how much its loss counts."""
    too_long: int
    """Rows left out because they have more than `max_length` tokens."""
    lengths: list[int] = field(init=False)
    """Tokens of each row."""
    answers: list[int] = field(init=False)
    """Labelled tokens of each row, end tokens included."""

    def __post_init__(self) -> None:
        lengths, answers = [], []
        for row in self.rows:
            parts = [row["labels"], row.get("rejected_labels", [])]
            lengths.append(sum(map(len, parts)))
            answers.append(sum(len(part) - part.count(IGNORED) for part in parts))
        object.__setattr__(self, "lengths", lengths)
        object.__setattr__(self, "answers", answers)

    @property
    def answer_tokens(self) -> int:
        """Tokens that count in the loss, end tokens included."""
        return sum(self.answers)

    @property
    def tokens(self) -> int:
        """All tokens."""
        return sum(self.lengths)


class Format(Config):
    """What a method learns from, and how it is written for the model."""

    @property
    @abstractmethod
    def words(self) -> str:
        """The format in a few words, for tables; empty for the plain one."""

    @abstractmethod
    def row(self, given: Any, number: int) -> Row:
        """One training row from what a caller gave: a row of the format, or plain data.

        Raises:
            TypeError: It is nothing that the format learns from.
        """

    @abstractmethod
    def read(self, row: Mapping[str, Any]) -> Row:
        """A row as `to_row` wrote it."""

    @abstractmethod
    def encode(
        self, encoder: ChatEncoder, rows: Sequence[Any], *, prompt: PromptConfig, max_length: int
    ) -> Encoded:
        """Rows as tokens and labels.

        Raises:
            TunesmithError: A row has nothing to learn, or none fits in `max_length` tokens.
        """

    def instruction(self, question: str, category: str | None) -> str | None:
        """What is written before a question, in training and in use alike; None: nothing."""
        return None

    @property
    def pairs(self) -> bool:
        """A row is two answers, one better than the other, instead of one."""
        return False


def labelled(asked: Sequence[int], answer: Sequence[int]) -> dict[str, list[int]]:
    """A prompt's tokens, which the loss leaves out, and those of its answer."""
    return {"input_ids": [*asked, *answer], "labels": [IGNORED] * len(asked) + list(answer)}


def weighted(row: dict[str, Any], weight: float | None) -> dict[str, Any]:
    """A row whose tokens count less; one that counts whole stays as it is.

    Raises:
        TunesmithError: The weight is not between 0 and 1.
    """
    counts = checked_weight(weight)
    return row if counts == 1 else row | {WEIGHTS: [counts] * len(row["labels"])}


def checked_weight(weight: float | None) -> float:
    """How much a row counts: a number from 0 to 1.

    Raises:
        TunesmithError: It is another number.
    """
    if weight is None:
        return 1.0
    if not 0 <= weight <= 1:
        raise TunesmithError(
            f"a training row has the weight {weight}",
            todo="a weight is from 0 (counts for nothing) to 1 (counts whole)",
        )
    return float(weight)


def collected(
    rows: Sequence[tuple[str, dict[str, Any]]], *, max_length: int, noun: str = "rows"
) -> Encoded:
    """Rows that fit, each with something to learn.

    A row that is too long is left out whole and counted: a cut answer has no end token, and one
    that is cut away altogether teaches nothing and counts as loss zero.

    Args:
        rows: The identifier of each row, and its tokens and labels.
        max_length: More tokens than this are too long.
        noun: What the rows are, in messages.

    Raises:
        TunesmithError: No row is left, or a row has no label.
    """
    for name, row in rows:
        for kind in ("", "rejected_"):
            labels = row.get(f"{kind}labels", [0, 0])
            if all(label == IGNORED for label in labels[1:]):
                raise TunesmithError(
                    "a training row has no token to learn: its loss would be zero, or not a number",
                    where=f"row {name}",
                    todo="check its answer, and that the chat template keeps it",
                )
    fitting = [row for _, row in rows if _longest(row) <= max_length]
    if any(WEIGHTS in row for row in fitting):
        whole = ({WEIGHTS: [1.0] * len(row["labels"])} for row in fitting)
        fitting = [ones | row for ones, row in zip(whole, fitting, strict=True)]
    if not fitting:
        raise TunesmithError(
            f"none of {len(rows)} {noun} fits in {max_length} tokens",
            todo="raise max_length of the method, or check that there are training rows",
        )
    return Encoded(fitting, too_long=len(rows) - len(fitting))


def _longest(row: Mapping[str, Any]) -> int:
    return max(len(row["labels"]), len(row.get("rejected_labels", [])))


def some(names: Sequence[str], most: int = 3) -> str:
    """A few identifiers, for a message."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
