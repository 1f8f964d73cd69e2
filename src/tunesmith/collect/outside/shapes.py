"""The shapes that training data come in: a row of a data set as question and answer, or as text.

Known are: `messages` (OpenAI), `conversations` (ShareGPT), `instruction`/`input`/`output` (Alpaca),
`question`/`answer` and their like, `text`. Of preference pairs the chosen answer is taken.
"""

from __future__ import annotations

from typing import Any, NamedTuple

_ASKED = ("question", "query", "prompt", "input", "utterance")
_ANSWERED = ("answer", "response", "output", "completion", "reply")
_WRITTEN = ("text", "content", "document", "article", "body")
_USERS = {"user", "human", "customer", "prompter"}
_ASSISTANTS = {"assistant", "gpt", "chatgpt", "bot", "agent", "model", "bing"}

#: The turns before the last question go in front of it, so many letters from the end.
MAX_CONTEXT = 8_000


class Shaped(NamedTuple):
    """A row as question and answer, or as a text; or why it is neither."""

    question: str | None = None
    answer: str | None = None
    text: str | None = None
    system: str | None = None
    turn: int | None = None
    """Which of the conversation's turns it is, from 1."""
    problem: str | None = None


def shaped(values: dict[str, Any]) -> list[Shaped]:
    """What a row holds: one thing, or each turn of a conversation, or why there is nothing."""
    if values.get("label") is False:
        return [Shaped(problem="marked as an answer that is not wanted")]  # KTO's form
    for name in ("messages", "chosen_messages", "conversations", "conversation"):
        turns = values.get(name)
        if isinstance(turns, list) and turns:
            chosen = values.get("chosen")
            more = [chosen] if isinstance(chosen, dict) else []
            return _conversation([*turns, *more])
    instruction = _words(values.get("instruction"))
    if instruction is not None:
        more_words = _words(values.get("input"))
        asked = instruction if more_words is None else f"{instruction}\n\n{more_words}"
        answer = _first(values, ("output", "response", "answer", "chosen"))
        return [_pair(asked, answer, _words(values.get("system")))]
    question = _first(values, _ASKED)
    answer = _answer(values)
    if question is not None and answer is not None:
        context = _words(values.get("context"))
        return [_pair(question if context is None else f"{context}\n\n{question}", answer, None)]
    text = _first(values, _WRITTEN) or question
    if text is None:
        return [Shaped(problem="no column holds a question, an answer or a text")]
    return [Shaped(text=text)]


def _answer(values: dict[str, Any]) -> str | None:
    """An answer; of SQuAD's list the first one."""
    found = _first(values, (*_ANSWERED, "chosen"))
    given = values.get("answers")
    if found is None and isinstance(given, dict):
        given = given.get("text")
    if found is None and isinstance(given, list) and given:
        first = given[0]
        found = _words(first.get("text") if isinstance(first, dict) else first)
    return found


def _pair(question: str, answer: str | None, system: str | None) -> Shaped:
    if answer is None:
        return Shaped(problem="the answer is missing")
    return Shaped(question=question, answer=answer, system=system)


def _conversation(turns: list[Any]) -> list[Shaped]:
    """Each answer of an assistant with what was asked, what was said before in front of it."""
    found: list[Shaped] = []
    system: str | None = None
    asked: list[str] = []
    before: list[str] = []
    for turn in turns:
        if not isinstance(turn, dict):
            return [Shaped(problem="a turn of the conversation is not an object")]
        role = str(turn.get("role") or turn.get("from") or "").lower()
        words = _content(turn.get("content", turn.get("value")))
        if words is None:
            continue
        if role == "system":
            system = words
        elif role in _USERS:
            asked.append(words)
        elif role in _ASSISTANTS and asked:
            question = "\n\n".join(asked)
            said = "\n\n".join([*_tail(before), question])
            found.append(Shaped(question=said, answer=words, system=system, turn=len(found) + 1))
            before += [f"Customer: {question}", f"Agent: {words}"]
            asked = []
    return found or [Shaped(problem="no question of the conversation is answered")]


def _tail(said: list[str]) -> list[str]:
    kept: list[str] = []
    room = MAX_CONTEXT
    for words in reversed(said):
        room -= len(words)
        if room < 0:
            break
        kept.insert(0, words)
    return kept


def _content(value: Any) -> str | None:
    """The words of a turn; of parts those that are text."""
    if isinstance(value, list):
        parts = [
            _words(part.get("text") or part.get("value"))
            for part in value
            if isinstance(part, dict) and part.get("type") in {"text", None}
        ]
        return "\n".join(part for part in parts if part is not None) or None
    return _words(value)


def _first(values: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := _words(values.get(name))) is not None), None)


def _words(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
