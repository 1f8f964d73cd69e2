"""Elements of XML as `markup.xml_records` gives them; what has another type is not there."""

from __future__ import annotations

from typing import Any

from tunesmith.collect.exports.parts import get


def records(document: Any) -> list[Any]:
    """The records of a document."""
    found = get(document, "records")
    return found if isinstance(found, list) else []


def children(node: Any, tag: str) -> list[dict[str, Any]]:
    """The elements of a tag right below a node."""
    found = get(node, "children")
    if not isinstance(found, list):
        return []
    return [item for item in found if isinstance(item, dict) and item.get("tag") == tag]


def child(node: Any, tag: str) -> dict[str, Any] | None:
    """The first of them."""
    return next(iter(children(node, tag)), None)


def own_text(node: Any) -> str | None:
    """What is written in a node, or null where it is nothing."""
    text = get(node, "text")
    return text.strip() or None if isinstance(text, str) else None


def text(node: Any, tag: str) -> str | None:
    """What is written in the first element of a tag."""
    return own_text(child(node, tag))


def texts(node: Any, tag: str) -> list[str]:
    """What is written in each element of a tag."""
    return [found for item in children(node, tag) if (found := own_text(item)) is not None]


def attribute(node: Any, name: str) -> str | None:
    """An attribute, or null where it is empty."""
    value = get(node, "attributes", name)
    return value.strip() or None if isinstance(value, str) else None
