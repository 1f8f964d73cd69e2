"""Training rows: prompt and answer as tokens, the loss on the answer alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunesmith.errors import TunesmithError
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import PromptConfig, question_messages

IGNORED = -100
"""The label of tokens that the loss leaves out."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Training rows as tokens."""

    rows: list[dict[str, list[int]]]
    """`input_ids` (prompt, answer, end token) and `labels` (the prompt's are `IGNORED`)."""
    too_long: int
    """Rows left out because they have more than `max_length` tokens."""
    answer_tokens: int
    """Tokens that count in the loss, end tokens included."""
    tokens: int
    """All tokens."""


def encode_examples(
    encoder: ChatEncoder, examples: Sequence[Example], *, prompt: PromptConfig, max_length: int
) -> Encoded:
    """Write each example as the conversation it will be in use, its answer labelled.

    Rows that are too long are left out whole: a cut answer has no end token, and one that is cut
    away altogether teaches nothing and counts as loss zero.

    Raises:
        TunesmithError: No row is left.
    """
    rows: list[dict[str, list[int]]] = []
    too_long = 0
    for example in examples:
        asked = encoder.prompt_ids(question_messages(example.question, prompt))
        answer = encoder.answer_ids(example.answer)
        if len(asked) + len(answer) > max_length:
            too_long += 1
            continue
        rows.append({"input_ids": asked + answer, "labels": [IGNORED] * len(asked) + answer})
    if not rows:
        raise TunesmithError(
            f"none of {len(examples)} rows fits in {max_length} tokens",
            todo="raise max_length of the method, or check that there are training rows",
        )
    return Encoded(
        rows=rows,
        too_long=too_long,
        answer_tokens=sum(len(row["labels"]) - row["labels"].count(IGNORED) for row in rows),
        tokens=sum(len(row["input_ids"]) for row in rows),
    )
