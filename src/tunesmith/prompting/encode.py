"""From messages to tokens, through the model's own chat template, checked.

Prompt and answer are turned into tokens apart, as they are when a model answers: first the
prompt, then what it writes. Joined, a token could straddle the border between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunesmith.errors import ModelError
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import (
    Message,
    PromptConfig,
    ShotTemplate,
    few_shot_messages,
    question_messages,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_PROBE: list[Message] = [
    {"role": "system", "content": "A system prompt."},
    {"role": "user", "content": "A question?"},
]


class ChatEncoder:
    """Turns messages into prompt tokens and answers into answer tokens.

    Args:
        tokenizer: A tokenizer with a chat template (`models.load_tokenizer`).

    Raises:
        ModelError: The template renders a prompt that the full conversation does not begin with,
            or no end token follows the answer: training and use would differ silently.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self.end_token = self._end_token()
        self.end_id: int = tokenizer.convert_tokens_to_ids(self.end_token)
        """The token that ends an answer."""

    def text(self, messages: Sequence[Message]) -> str:
        """The prompt as text, up to where the answer begins."""
        rendered: str = self.tokenizer.apply_chat_template(
            list(messages), tokenize=False, add_generation_prompt=True
        )
        return rendered

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """The prompt's tokens, up to where the answer begins."""
        ids: list[int] = self.tokenizer(self.text(messages), add_special_tokens=False)["input_ids"]
        return ids

    def answer_ids(self, answer: str) -> list[int]:
        """The answer's tokens, its end token included."""
        ids: list[int] = self.tokenizer(answer.strip(), add_special_tokens=False)["input_ids"]
        return [*ids, self.end_id]

    def decode(self, ids: Sequence[int]) -> str:
        """Tokens as text, special tokens left out."""
        text: str = self.tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text.strip()

    def _end_token(self) -> str:
        answer = "An answer."
        prompt = self.text(_PROBE)
        whole: str = self.tokenizer.apply_chat_template(
            [*_PROBE, {"role": "assistant", "content": answer}], tokenize=False
        )
        if not whole.startswith(prompt + answer):
            raise ModelError(
                "the chat template writes an answered conversation differently from its prompt, "
                "so the model would be trained on prompts that it never sees in use",
                todo="use a chat template whose generation prompt is what precedes the answer",
            )
        rest: str = whole.removeprefix(prompt + answer)
        ends = sorted(
            (token for token in self.tokenizer.all_special_tokens if rest.startswith(token)),
            key=len,
        )
        if not ends:
            raise ModelError(
                "the chat template writes no end token after an answer, so the model could not "
                "learn where to stop",
                todo="use a chat template that ends each answer with a special token",
            )
        longest: str = ends[-1]
        return longest


@dataclass(frozen=True, slots=True)
class FittedPrompt:
    """A prompt that fits, and what had to go for that."""

    ids: list[int]
    """The prompt's tokens."""
    shots: int
    """Worked examples in it."""
    dropped: int
    """Worked examples that did not fit."""


def fit_prompt(
    encoder: ChatEncoder,
    question: str,
    shots: Sequence[Example],
    *,
    prompt: PromptConfig,
    template: ShotTemplate,
    budget_tokens: int,
) -> FittedPrompt:
    """Build a prompt of at most `budget_tokens`, leaving out the first (farthest) examples.

    Raises:
        ModelError: The question alone does not fit.
    """
    for first in range(len(shots) + 1):
        left = shots[first:]
        messages = (
            few_shot_messages(question, left, prompt, template)
            if left
            else question_messages(question, prompt)
        )
        ids = encoder.prompt_ids(messages)
        if len(ids) <= budget_tokens:
            return FittedPrompt(ids, len(left), first)
    raise ModelError(
        f"a question with its system prompt has {len(ids)} tokens and {budget_tokens} fit",
        todo="lower max_new_tokens, shorten the system prompt, or drop over-long questions earlier",
    )
