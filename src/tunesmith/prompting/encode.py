"""From messages to tokens, through the model's own chat template, checked.

Prompt and answer are turned into tokens apart, as they are when a model answers: first the
prompt, then what it writes. Joined, a token could straddle the border between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

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

_SYSTEM, _QUESTION = "A system prompt.", "A question?"
_PROBE: list[Message] = [{"role": "user", "content": _QUESTION}]
#: Beginnings that a tokenizer could join with what a template writes before them.
_ANSWERS = ("An answer.", "1. One", "- a point", '"So"', "(it is)", "Änd")


class ChatEncoder:
    """Turns messages into prompt tokens and answers into answer tokens.

    Args:
        tokenizer: A tokenizer with a chat template (`models.load_tokenizer`).

    Raises:
        ModelError: Training and use would differ silently: the template renders a prompt that the
            full conversation does not begin with, leaves the question out, writes no end token
            after the answer, or the answer's tokens depend on what is before them.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self.without_system = self._lacks_system()
        """What the template does to a system prompt, if it does not keep it."""
        self.end_token = self._end_token()
        self.end_id: int = tokenizer.convert_tokens_to_ids(self.end_token)
        """The token that ends an answer."""
        prompt = self.text(_PROBE)
        self.check_joined(
            [prompt] * len(_ANSWERS),
            self.ids_of([prompt] * len(_ANSWERS)),
            self.answers_ids(_ANSWERS),
            _ANSWERS,
        )

    @property
    def template(self) -> str:
        """The chat template, which a trained method remembers."""
        template: str | dict[str, str] = self.tokenizer.chat_template
        return template if isinstance(template, str) else orjson.dumps(template).decode()

    def text(self, messages: Sequence[Message]) -> str:
        """The prompt as text, up to where the answer begins.

        Raises:
            ModelError: There is a system prompt and the template does not keep it.
        """
        if self.without_system is not None and messages and messages[0]["role"] == "system":
            raise ModelError(
                f"the model's chat template {self.without_system} a system prompt",
                todo="set prompt.system to null, or use a model whose template has a place for it",
            )
        rendered: str = self.tokenizer.apply_chat_template(
            list(messages), tokenize=False, add_generation_prompt=True
        )
        return rendered

    def ids_of(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of texts as they stand: no special token is added."""
        if not texts:
            return []
        ids: list[list[int]] = self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
        return ids

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """The prompt's tokens, up to where the answer begins."""
        return self.ids_of([self.text(messages)])[0]

    def answer_ids(self, answer: str) -> list[int]:
        """The answer's tokens, its end token included."""
        return self.answers_ids([answer])[0]

    def answers_ids(self, answers: Sequence[str]) -> list[list[int]]:
        """The tokens of each answer, its end token included."""
        return [[*ids, self.end_id] for ids in self.ids_of([text.strip() for text in answers])]

    def page_ids(self, text: str) -> list[int]:
        """The tokens of a page: with the tokenizer's own beginning, where it has one, and end."""
        ids: list[int] = self.tokenizer(text)["input_ids"]
        end: int = self.tokenizer.eos_token_id
        return ids if ids and ids[-1] == end else [*ids, end]

    def check_joined(
        self,
        prompts: Sequence[str],
        asked: Sequence[Sequence[int]],
        answered: Sequence[Sequence[int]],
        answers: Sequence[str],
        names: Sequence[str] | None = None,
    ) -> None:
        """Look whether prompt and answer are the same tokens together and apart.

        Args:
            prompts: n prompts.
            asked: Their tokens.
            answered: The answers' tokens, end tokens included.
            answers: n answers.
            names: Identifiers of the rows, for the message; None: the template itself is looked at.

        Raises:
            ModelError: They are not: a server that reads a conversation as one text would show the
                model other tokens than those that it was trained on.
        """
        whole = self.ids_of(
            [
                prompt + answer.strip() + self.end_token
                for prompt, answer in zip(prompts, answers, strict=True)
            ]
        )
        for place, (joined, before, after) in enumerate(zip(whole, asked, answered, strict=True)):
            if joined != [*before, *after]:
                raise ModelError(
                    "an answer becomes other tokens after its prompt than alone, so training and "
                    "use would differ",
                    where="the chat template" if names is None else f"row {names[place]}",
                    todo="use a chat template that ends the prompt with a special token or a line "
                    "break"
                    if names is None
                    else "leave the row out, or look at how its answer begins",
                )

    def decode(self, ids: Sequence[int]) -> str:
        """Tokens as text, special tokens left out."""
        text: str = self.tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text.strip()

    def _lacks_system(self) -> str | None:
        from jinja2 import TemplateError

        system: Message = {"role": "system", "content": _SYSTEM}
        try:
            text = self.tokenizer.apply_chat_template([system, *_PROBE], tokenize=False)
        except TemplateError:
            return "refuses"
        return None if _SYSTEM in text else "drops"

    def _end_token(self) -> str:
        answer = "An answer."
        prompt = self.text(_PROBE)
        whole: str = self.tokenizer.apply_chat_template(
            [*_PROBE, {"role": "assistant", "content": answer}], tokenize=False
        )
        if _QUESTION not in prompt:
            raise ModelError(
                "the chat template leaves the question out of the prompt",
                todo="use the chat template that belongs to the model",
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
    instruction: str | None = None,
) -> FittedPrompt:
    """Build a prompt of at most `budget_tokens`, leaving out the first (farthest) examples.

    An instruction stands before the question of a prompt without examples: methods that were
    trained with one have none.

    Raises:
        ModelError: The question alone does not fit.
    """
    for first in range(len(shots) + 1):
        left = shots[first:]
        messages = (
            few_shot_messages(question, left, prompt, template)
            if left
            else question_messages(question, prompt, instruction=instruction)
        )
        ids = encoder.prompt_ids(messages)
        if len(ids) <= budget_tokens:
            return FittedPrompt(ids, len(left), first)
    raise ModelError(
        f"a question with its system prompt has {len(ids)} tokens and {budget_tokens} fit",
        todo="lower max_new_tokens, shorten the system prompt, or drop over-long questions earlier",
    )
