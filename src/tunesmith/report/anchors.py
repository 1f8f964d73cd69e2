"""Links from a figure in a sentence to the place in the report that shows it.

`decision.json` names, for every reason, the file and the JSON pointer (RFC 6901) of each figure it
rests on. While the views place figures they tell where each came from; a figure that some reason
rests on gets an id. A link goes to the most exact place that the report has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tunesmith.report.node import Node


@dataclass(frozen=True)
class Evidence:
    """Where a figure of a sentence stands."""

    path: str
    pointer: str
    value: int | float | None
    shown: str = ""
    """The figure as the sentence prints it, where the file says it."""


class Anchors:
    """The ids of the places that evidence links to.

    Args:
        wanted: Every piece of evidence of the report; only what one of them needs gets an id.
    """

    def __init__(self, wanted: list[Evidence]) -> None:
        self._wanted = sorted({(e.path, e.pointer) for e in wanted})
        self._places: dict[tuple[str, str], str] = {}
        self._made = 0

    def place(self, *keys: tuple[str, str]) -> str:
        """The id of the place that shows what stands at these; "" if no sentence needs it.

        Args:
            keys: Each (path, pointer) whose value is shown there.
        """
        if not any(_within(wanted, key) for wanted in self._wanted for key in keys):
            return ""
        self._made += 1
        name = f"at-{self._made}"
        for key in keys:
            self._places.setdefault(key, name)
        return name

    def section(self, name: str, *keys: tuple[str, str]) -> None:
        """A part of the report that shows these, for evidence that has no place of its own."""
        for key in keys:
            self._places.setdefault(key, name)

    def find(self, path: str, pointer: str) -> str:
        """The id of the most exact place for a value; "" where the report does not show it."""
        places = [
            (len(key[1]), name)
            for key, name in self._places.items()
            if _within((path, pointer), key)
        ]
        return max(places, default=(0, ""))[1]


def _within(wanted: tuple[str, str], place: tuple[str, str]) -> bool:
    return wanted[0] == place[0] and (
        wanted[1] == place[1] or wanted[1].startswith(place[1].rstrip("/") + "/")
    )


def pointer(*keys: str | int) -> str:
    """A JSON pointer from its keys.

    >>> pointer("table", 2, "a/b")
    '/table/2/a~1b'
    """
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in keys)


def slug(text: str) -> str:
    """A text as part of an id: lower-case letters, digits, hyphens and underscores.

    >>> slug("Token F1 (words)")
    'token-f1-words'
    """
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")


def read_evidence(verdict: Node) -> list[list[Evidence]]:
    """The evidence of every reason, in the order of the reasons; [] where the file has none."""
    found = []
    for node in verdict.items("evidence"):
        if node.value is not None and not isinstance(node.value, list):
            node.refuse("a list")
        reason = [Node(item, f"{node.where}[{i}]") for i, item in enumerate(node.value or [])]
        found.append([_evidence(item) for item in reason])
    return found


def _evidence(node: Node) -> Evidence:
    value = node.at("value").value
    known = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return Evidence(
        node.text("path") or "", node.text("pointer") or "", known, node.text("shown") or ""
    )
