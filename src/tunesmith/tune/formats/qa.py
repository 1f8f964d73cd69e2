"""Questions with their answers, written as the conversation that they are in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from tunesmith.errors import TunesmithError
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import PromptConfig, question_messages
from tunesmith.tune.formats.base import Encoded, Format, collected, labelled, some, weighted


class ExampleFormat(Format):
    """A format that learns from questions with their answers."""

    def row(self, given: Any, number: int) -> Example:
        """One training row: an `Example`; see `Format.row`."""
        if not isinstance(given, Example):
            raise TypeError(f"this format learns from Example rows, not {type(given).__name__}")
        return given

    def read(self, row: Mapping[str, Any]) -> Example:
        """A row as `to_row` wrote it."""
        return Example.from_row(row)


class QaFormat(ExampleFormat):
    """A question and its answer; the loss is on the answer and its end token."""

    kind: Literal["qa"] = "qa"

    @property
    def words(self) -> str:
        """The format in a few words, for tables; empty for the plain one."""
        return ""

    def encode(
        self,
        encoder: ChatEncoder,
        rows: Sequence[Example],
        *,
        prompt: PromptConfig,
        max_length: int,
    ) -> Encoded:
        """Each question as it is asked in use, its answer labelled; see `Format.encode`."""
        return encode_examples(encoder, rows, prompt=prompt, max_length=max_length)


def encode_examples(
    encoder: ChatEncoder,
    examples: Sequence[Example],
    *,
    prompt: PromptConfig,
    max_length: int,
    instruction: Callable[[str, str | None], str | None] = lambda question, category: None,
) -> Encoded:
    """Write each example as the conversation it will be in use, its answer labelled.

    Args:
        encoder: Of the model.
        examples: The rows.
        prompt: The system prompt.
        max_length: Longer rows are left out whole.
        instruction: From question and category, what is written before the question.

    Raises:
        TunesmithError: No row is left; an answer is empty, or becomes other tokens after its
            prompt than alone, which is how a model writes it.
    """
    empty = [example.id for example in examples if not example.answer.strip()]
    if empty:
        raise TunesmithError(
            f"{len(empty)} training rows have an empty answer: the model would learn silence",
            where=f"row {some(empty)}",
            todo="leave them out",
        )
    texts = [
        encoder.text(
            question_messages(
                example.question,
                prompt,
                instruction=instruction(example.question, example.category),
            )
        )
        for example in examples
    ]
    asked = encoder.ids_of(texts)
    answers = encoder.answers_ids([example.answer for example in examples])
    encoder.check_joined(
        texts, asked, answers, [example.answer for example in examples], [e.id for e in examples]
    )
    return collected(
        [
            (example.id, weighted(labelled(*tokens), example.weight))
            for example, *tokens in zip(examples, asked, answers, strict=True)
        ],
        max_length=max_length,
    )
