"""Conversations of several turns; the loss is on what the assistant says, and nothing else.

Every turn of the assistant is learned after exactly the tokens that stand before it in use. That
takes a chat template that never rewrites a turn once the conversation goes on: templates that
take thoughts or system prompts out of earlier turns are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tunesmith.errors import ModelError, TunesmithError
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import Message, PromptConfig
from tunesmith.tune.formats.base import IGNORED, Encoded, Format, checked_weight, collected

_ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns of a conversation, in their order."""

    id: str
    """Identifies it in messages; the first row's where it was put together from rows."""
    messages: tuple[Message, ...]
    """`role` (system, user, assistant) and `content`; a system prompt of its own comes first."""
    group: str | None = None
    """Conversations of one group (a customer) are not independent of each other."""
    weights: tuple[float | None, ...] | None = None
    """How much each turn of the assistant counts in training, 0 to 1; None counts whole."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Conversation:
        """Read what `to_row` wrote."""
        weights = row.get("weights")
        messages, group = tuple(row["messages"]), row.get("group")
        return cls(row["id"], messages, group, None if weights is None else tuple(weights))

    @classmethod
    def of(cls, turns: Sequence[Example]) -> Conversation:
        """Questions and their answers, one after the other."""
        messages = tuple(
            message
            for turn in turns
            for message in (
                {"role": "user", "content": turn.question},
                {"role": "assistant", "content": turn.answer},
            )
        )
        weights = tuple(turn.weight for turn in turns)
        told = None if all(weight is None for weight in weights) else weights
        return cls(turns[0].id, messages, turns[0].group, told)

    def to_row(self) -> dict[str, Any]:
        """The conversation as JSON can hold it."""
        row = asdict(self)
        if self.weights is None:
            del row["weights"]
        return row


class ChatFormat(Format):
    """Conversations of several turns; the loss is on the assistant's turns and their end tokens."""

    kind: Literal["chat"] = "chat"

    @property
    def words(self) -> str:
        """The format in a few words, for tables; empty for the plain one."""
        return "on conversations"

    def row(self, given: Any, number: int) -> Conversation:
        """One training row: a `Conversation`, an `Example`, or a list of messages."""
        if isinstance(given, Conversation):
            return given
        if isinstance(given, Example):
            return Conversation.of([given])
        if isinstance(given, list | tuple):
            return Conversation(f"conversation-{number}", tuple(given))
        raise TypeError(f"a conversation is a list of messages, not {type(given).__name__}")

    def read(self, row: Mapping[str, Any]) -> Conversation:
        """A row as `to_row` wrote it."""
        return Conversation.from_row(row)

    def encode(
        self,
        encoder: ChatEncoder,
        rows: Sequence[Conversation],
        *,
        prompt: PromptConfig,
        max_length: int,
    ) -> Encoded:
        """Each conversation with the assistant's turns labelled; see `Format.encode`.

        Raises:
            ModelError: The chat template changes a turn when another follows.
        """
        return collected(
            [(row.id, _turns(encoder, row, prompt)) for row in rows],
            max_length=max_length,
            noun="conversations",
        )


def _turns(
    encoder: ChatEncoder, conversation: Conversation, prompt: PromptConfig
) -> dict[str, Any]:
    """The whole conversation as tokens.

    Raises:
        ModelError: What is written up to a turn does not begin what is written up to the next.
    """
    messages = _checked(conversation, prompt)
    text, ids, labels, weights = "", list[int](), list[int](), list[float]()
    counts = iter(conversation.weights or ())
    for place, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        asked = encoder.text(messages[:place])
        asked_ids = encoder.ids_of([asked])[0]
        if not asked.startswith(text) or asked_ids[: len(ids)] != ids:
            raise ModelError(
                "the chat template writes the earlier turns of a conversation differently once it "
                "goes on, so no single row can hold every turn as it is in use",
                where=f"row {conversation.id}, message {place + 1}",
                todo="use a chat template that keeps earlier turns as they were, or format: qa, "
                "which learns each answer after its question alone",
            )
        answer = encoder.answer_ids(message["content"])
        labels += [IGNORED] * (len(asked_ids) - len(ids)) + answer
        weights += [checked_weight(next(counts, None))] * (len(labels) - len(weights))
        ids = [*asked_ids, *answer]
        text = asked + message["content"] + encoder.end_token
    row: dict[str, Any] = {"input_ids": ids, "labels": labels}
    return row if all(weight == 1 for weight in weights) else row | {"weights": weights}


def _checked(conversation: Conversation, prompt: PromptConfig) -> list[Message]:
    """The messages as they are written: trimmed, and under the system prompt.

    Raises:
        TunesmithError: A message has another role, or no content; the assistant never answers, or
            a turn is left without an answer.
    """
    problem = None
    messages = []
    for number, message in enumerate(conversation.messages, 1):
        role, content = message.get("role"), message.get("content")
        if role not in _ROLES:
            problem = f"message {number} has the role {role!r}; the roles are {', '.join(_ROLES)}"
        elif role == "system" and number > 1:
            problem = f"message {number} is a system prompt, which can only come first"
        elif not isinstance(content, str) or not content.strip():
            problem = f"message {number} has no content"
        else:
            messages.append({"role": role, "content": content.strip()})
    own = bool(messages) and messages[0]["role"] == "system"
    if problem is None and (not messages or messages[-1]["role"] != "assistant"):
        problem = "the last message is not the assistant's, so nothing could be learned from it"
    elif problem is None and messages[int(own)]["role"] == "assistant":
        problem = "it begins with the assistant, whom nobody has asked anything"
    if problem is not None:
        raise TunesmithError(
            f"a conversation cannot be learned: {problem}",
            where=f"row {conversation.id}",
            todo="mend it, or leave it out",
        )
    if own or prompt.system is None:
        return messages
    return [{"role": "system", "content": prompt.system}, *messages]
