"""What a model is shown: the system prompt, and how worked examples come before the question.

A template turns a question into chat messages; the model's own chat template turns those into
tokens (`encode`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tunesmith.config import Config
from tunesmith.prompting.example import Example

Message = dict[str, str]
"""`role` (system, user, assistant) and `content`."""

ShotTemplate = Literal["chat", "document"]
"""How worked examples are written; see `few_shot_messages`."""


_PLACE = "{question}"


class PromptConfig(Config):
    """What every method's prompt has in common, in training and in use alike."""

    system: str | None = "You are a helpful customer support assistant. Answer the question."
    """The system prompt. None: none of ours (some chat templates then insert their own)."""


def question_messages(
    question: str, prompt: PromptConfig, *, instruction: str | None = None
) -> list[Message]:
    """The system prompt, where there is one, and the question.

    An instruction stands before the question, a blank line between them; or around it, where the
    instruction holds `{question}`.
    """
    asked = question.strip()
    if instruction is not None and _PLACE in instruction:
        asked = instruction.replace(_PLACE, asked)
    elif instruction is not None:
        asked = f"{instruction.strip()}\n\n{asked}"
    return [*_system(prompt), {"role": "user", "content": asked}]


def few_shot_messages(
    question: str, shots: Sequence[Example], prompt: PromptConfig, template: ShotTemplate
) -> list[Message]:
    """Worked examples, then the question.

    Args:
        question: What the user asks.
        shots: The worked examples, the one nearest to the question last.
        prompt: The system prompt.
        template: `chat` writes each example as an earlier turn of the conversation; `document` is
            the source document's template, all examples as text in one user message.
    """
    if not shots:
        return question_messages(question, prompt)
    if template == "document":
        return [*_system(prompt), {"role": "user", "content": _document(question, shots)}]
    turns = [
        message
        for shot in shots
        for message in (
            {"role": "user", "content": shot.question.strip()},
            {"role": "assistant", "content": shot.answer.strip()},
        )
    ]
    return [*_system(prompt), *turns, {"role": "user", "content": question.strip()}]


def _system(prompt: PromptConfig) -> list[Message]:
    return [] if prompt.system is None else [{"role": "system", "content": prompt.system}]


def _document(question: str, shots: Sequence[Example]) -> str:
    """The template of source document B, "Few-Shot Learning"."""
    lines = ["You are a business assistant. Answer questions based on these examples:", ""]
    for number, shot in enumerate(shots, 1):
        lines += [
            f"Example {number}:",
            f"Question: {shot.question.strip()}",
            f"Answer: {shot.answer.strip()}",
            "",
        ]
    lines += ["Now answer this question:", f"Question: {question.strip()}", "Answer:"]
    return "\n".join(lines)
