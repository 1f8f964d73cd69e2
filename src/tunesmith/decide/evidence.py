"""Which file of the run folder says a figure that a sentence prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DECISION = "decision.json"


@dataclass(frozen=True)
class Evidence:
    """Where a printed figure comes from."""

    path: str
    """A file in the run folder."""
    pointer: str
    """The place in it (JSON pointer, RFC 6901)."""
    shown: str
    """The figure as the sentence prints it: in another unit, rounded, or without its sign."""


@dataclass(frozen=True)
class Reason:
    """A sentence and the figures that it prints."""

    text: str
    evidence: tuple[Evidence, ...] = ()


def at(path: str, *keys: str | int, shown: str) -> Evidence:
    """Evidence in a file, by the keys that lead to the value."""
    steps = (str(key).replace("~", "~0").replace("/", "~1") for key in keys)
    return Evidence(path, "".join(f"/{step}" for step in steps), shown)


def metrics_file(method: str) -> str:
    """The scorecard of a method."""
    return f"methods/{method}/metrics.json"


def resolve(document: Any, pointer: str) -> Any:
    """The value that a JSON pointer names.

    Raises:
        KeyError: There is no such place.
        IndexError: There is no such place in a list.
    """
    value = document
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list | tuple) else value[key]
    return value


def as_json(reasons: Iterable[Reason], documents: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """The evidence of each reason with the values that the pointers name.

    Args:
        reasons: The sentences.
        documents: The content of each file, by its path in the run folder.

    Returns:
        Parallel to `reasons`: lists of `path`, `pointer`, `value`, `shown`.
    """
    return [
        [
            {
                "path": item.path,
                "pointer": item.pointer,
                "value": resolve(documents[item.path], item.pointer),
                "shown": item.shown,
            }
            for item in reason.evidence
        ]
        for reason in reasons
    ]
