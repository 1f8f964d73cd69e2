"""What a chat completion says: as one JSON object, or as server-sent events.

Source: OpenAI's API reference, "Chat Completions" and "Streaming"; vLLM, llama.cpp and
`transformers serve` send the same.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}")
_LONGEST_NAME = 200


class ProtocolError(Exception):
    """A reply that is no chat completion, or not the whole of one."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a server."""

    text: str
    finish: str
    """Why it ended: `stop`, `length`, `content_filter`, …."""
    tokens_in: int | None
    """Tokens of the prompt as the server counts them; None: it does not say."""
    tokens_out: int | None
    """Tokens of the answer as the server counts them."""
    model: str | None
    """The model as the server names it."""
    first_token_s: float | None = None
    """Seconds from asking to the first piece of the answer; None: it came in one piece."""


def read_whole(data: bytes) -> Reply:
    """A reply that came as one JSON object.

    Raises:
        ProtocolError: It is no chat completion.
    """
    made = _object(data)
    choice = _first(made.get("choices"))
    message = choice.get("message")
    finish = choice.get("finish_reason")
    if not isinstance(message, Mapping) or not isinstance(finish, str):
        raise ProtocolError("the reply is no chat completion")
    return _reply(message.get("content") or message.get("refusal") or "", finish, made)


def read_events(lines: Iterable[str], *, asked: float) -> Reply:
    """A reply that came as server-sent events.

    Args:
        lines: The lines of the stream.
        asked: `time.perf_counter()` when the question was sent.

    Raises:
        ProtocolError: An event is no JSON, or the stream ended before the answer did.
    """
    pieces: list[str] = []
    first: float | None = None
    finish: str | None = None
    about: dict[str, Any] = {}
    for line in lines:
        if not line.startswith("data:"):
            continue  # comments that keep the connection alive, and names of events
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            break
        event = _object(data.encode())
        if "error" in event:
            raise ProtocolError(f"the server broke off{said(event)}")
        about |= {key: event[key] for key in ("usage", "model") if event.get(key)}
        if not event.get("choices"):
            continue  # the last event, which holds the usage alone
        choice = _first(event["choices"])
        delta = choice.get("delta")
        piece = "" if not isinstance(delta, Mapping) else delta.get("content") or ""
        if piece:
            first = time.perf_counter() - asked if first is None else first
            pieces.append(str(piece))
        finish = choice.get("finish_reason") or finish
    if not isinstance(finish, str):
        raise ProtocolError("the answer was cut off before its end")
    return _reply("".join(pieces), finish, about, first_token_s=first)


def said(made: Any) -> str:
    """The code of an error object in brackets, where it is a plain word.

    Messages are left out: they may repeat the question or parts of the key.
    """
    error = made.get("error") if isinstance(made, Mapping) else None
    if isinstance(error, Mapping):
        for name in ("code", "type"):
            value = error.get(name)
            if isinstance(value, str) and _CODE.fullmatch(value):
                return f" ({value})"
    return ""


def _reply(
    text: Any, finish: str, about: Mapping[str, Any], *, first_token_s: float | None = None
) -> Reply:
    if not isinstance(text, str):
        raise ProtocolError("the reply's answer is no text")
    usage = about.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    model = about.get("model")
    return Reply(
        text=text.strip(),
        finish=finish,
        tokens_in=_count(usage.get("prompt_tokens")),
        tokens_out=_count(usage.get("completion_tokens")),
        model=model[:_LONGEST_NAME] if isinstance(model, str) else None,
        first_token_s=first_token_s,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _object(data: bytes) -> dict[str, Any]:
    try:
        made = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ProtocolError("the reply is no JSON") from None
    if not isinstance(made, dict):
        raise ProtocolError("the reply is no chat completion")
    return made


def _first(choices: Any) -> Mapping[str, Any]:
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise ProtocolError("the reply is no chat completion")
    return choices[0]
