"""Typed reading of JSON: a missing value or null is None, a value of the wrong type is an error."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from tunesmith.errors import TunesmithError

Number = int | float


class Node:
    """A JSON value and where it stands, for messages that name the file and the key.

    Args:
        value: The parsed JSON value.
        where: The file name and the keys that lead here, such as `run.json: counts.kept`.
    """

    __slots__ = ("value", "where")

    def __init__(self, value: Any, where: str) -> None:
        self.value, self.where = value, where

    def __bool__(self) -> bool:
        return bool(self.value)

    def at(self, key: str) -> Node:
        """The value under `key`; a node of None where this is null or the key is missing."""
        separator = "." if ": " in self.where else ": "
        where = f"{self.where}{separator}{key}"
        if self.value is None:
            return Node(None, where)
        if not isinstance(self.value, dict):
            self.refuse("an object")
        return Node(self.value.get(key), where)

    def items(self, key: str) -> list[Node]:
        """The members of the list under `key`."""
        node = self.at(key)
        if node.value is None:
            return []
        if not isinstance(node.value, list):
            node.refuse("a list")
        return [Node(item, f"{node.where}[{i}]") for i, item in enumerate(node.value)]

    def pairs(self, key: str) -> list[tuple[str, Node]]:
        """The members of the object under `key`, in the file's order."""
        return self.at(key).members()

    def members(self) -> list[tuple[str, Node]]:
        """The members of this object, in the file's order."""
        if self.value is None:
            return []
        if not isinstance(self.value, dict):
            self.refuse("an object")
        return [(name, self.at(name)) for name in self.value]

    def number(self, key: str) -> Number | None:
        """The finite number under `key`."""
        return self.at(key).as_number()

    def as_number(self) -> Number | None:
        """This value as a finite number; NaN and infinity count as missing."""
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.refuse("a number")
        return self.value if math.isfinite(self.value) else None

    def text(self, key: str) -> str | None:
        """The text under `key`, with control characters made visible; empty text is None."""
        return self.at(key).as_text()

    def as_text(self) -> str | None:
        """This value as text, with control characters made visible; empty text is None."""
        if self.value is None:
            return None
        if not isinstance(self.value, str):
            self.refuse("text")
        return printable(self.value) or None

    def texts(self, key: str) -> list[str]:
        """The non-empty texts in the list under `key`."""
        return [text for node in self.items(key) if (text := node.as_text()) is not None]

    def flag(self, key: str) -> bool | None:
        """The truth value under `key`."""
        node = self.at(key)
        if node.value is not None and not isinstance(node.value, bool):
            node.refuse("true or false")
        return node.value

    def written(self) -> str:
        """A text, a number or a truth value as it is written; "" where there is none."""
        if self.value is None:
            return ""
        if isinstance(self.value, dict | list):
            self.refuse("a text or a number")
        return printable(_scalar(self.value))

    def flat(self) -> list[tuple[str, str]]:
        """Every leaf below this value as (dotted key, text), nulls left out."""
        return [(key, printable(value)) for key, value in _flatten(self.value, "")]

    def refuse(self, expected: str) -> NoReturn:
        """Raise the error that says what stands here instead of `expected`."""
        raise TunesmithError(
            f"expected {expected}, found {type(self.value).__name__}",
            where=self.where,
            todo="the file may come from another release of tunesmith: run the stage again",
        )


def printable(text: str) -> str:
    """`text` without surrounding blanks, each control character but tab and newline as U+FFFD."""
    return "".join(
        "\ufffd" if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 else c
        for c in text.replace("\r\n", "\n")
    ).strip()


def _flatten(value: Any, prefix: str) -> list[tuple[str, str]]:
    if value is None:
        return []
    if isinstance(value, dict):
        leaves = [_flatten(v, f"{prefix}.{k}" if prefix else str(k)) for k, v in value.items()]
        return [leaf for group in leaves for leaf in group]
    if isinstance(value, list):
        return [(prefix, ", ".join(_scalar(item) for item in value))]
    return [(prefix, _scalar(value))]


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return str(value)
