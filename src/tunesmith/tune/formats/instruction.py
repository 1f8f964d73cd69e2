"""Questions under an instruction that says what kind of answer they want.

Source document B, "Instruction Tuning": three templates by kind of item. Use and training write
the same instruction, because it follows from question and category alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from tunesmith.errors import TunesmithError
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.example import Example
from tunesmith.prompting.kinds import ItemKind, item_kind
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune.formats.base import Encoded
from tunesmith.tune.formats.qa import ExampleFormat, encode_examples


class InstructionFormat(ExampleFormat):
    """An instruction, the question, and its answer; the loss is on the answer and its end token.

    An instruction is written before the question, with a blank line between them; where it holds
    `{question}`, the question stands there instead.
    """

    kind: Literal["instruction"] = "instruction"
    qa: str = Field(
        default="Answer the following business question accurately and professionally.",
        min_length=1,
    )
    """The instruction of a question about a fact or a state, and of any other question."""
    policy: str = Field(
        default="Explain the company policy regarding the following question.", min_length=1
    )
    """The instruction of a question about a rule, a condition, a fee or a limit."""
    procedure: str = Field(
        default="Provide step-by-step instructions for the following request.", min_length=1
    )
    """The instruction of a question how something is done, or a wish for it."""
    kinds: dict[str, ItemKind] = Field(default_factory=dict)
    """The kind of all questions of a category; others are told by their words (English)."""
    by_category: dict[str, str] = Field(default_factory=dict)
    """Instructions of your own by category; they win over those by kind."""

    @property
    def words(self) -> str:
        """The format in a few words, for tables; empty for the plain one."""
        return "with instructions"

    def item_kind(self, question: str, category: str | None) -> ItemKind:
        """The kind of item that a question asks for."""
        set_by_hand = None if category is None else self.kinds.get(category)
        return set_by_hand or item_kind(question, category)

    def instruction(self, question: str, category: str | None) -> str:
        """What is written before a question, in training and in use alike."""
        own = None if category is None else self.by_category.get(category)
        return own or str(getattr(self, self.item_kind(question, category)))

    def encode(
        self,
        encoder: ChatEncoder,
        rows: Sequence[Example],
        *,
        prompt: PromptConfig,
        max_length: int,
    ) -> Encoded:
        """Each question under its instruction, its answer labelled; see `Format.encode`."""
        return encode_examples(
            encoder, rows, prompt=prompt, max_length=max_length, instruction=self.instruction
        )

    def check_categories(self, rows: Sequence[Example]) -> None:
        """Look whether the rows have the categories that are named here.

        Raises:
            TunesmithError: A category does not occur: its template would never be used.
        """
        there = {row.category for row in rows if row.category is not None}
        unknown = sorted({*self.kinds, *self.by_category} - there)
        if unknown:
            raise TunesmithError(
                f"format: instruction names categories that no training row has: "
                f"{', '.join(unknown)}",
                todo=f"name some of: {', '.join(sorted(there)) or '(the rows have no category)'}",
            )
