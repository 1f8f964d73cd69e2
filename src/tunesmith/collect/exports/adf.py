"""The text of a document in the Atlassian Document Format, as Markdown where it has a structure.

Source: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/.
"""

from __future__ import annotations

from typing import Any

from tunesmith.collect.exports.parts import word

#: Deeper than this nothing is read: the format nests lists in tables in panels, not more.
_DEPTH = 100


def adf_text(document: dict[str, Any]) -> str:
    """The text of a document.

    Args:
        document: A node of type `doc`; what is of another type than it must be is left out.
    """
    lines: list[str] = []
    _write(document, lines, "", 0)
    return "\n".join(lines).strip()


def _write(node: Any, lines: list[str], mark: str, depth: int) -> None:
    """Write a node as lines; `mark` stands before the first line of a list's item."""
    if not isinstance(node, dict) or depth > _DEPTH:
        return
    kind, content = word(node.get("type")), node.get("content")
    items = content if isinstance(content, list) else []
    if kind in {"paragraph", "heading", "codeBlock"}:
        text = "".join(_inline(item) for item in items)
        if kind == "codeBlock":
            text = f"```\n{text}\n```"
        elif kind == "heading":
            text = f"{'#' * _level(node)} {text}"
        lines += [f"{mark}{text}", *([] if mark else [""])]
    elif kind in {"bulletList", "orderedList", "taskList", "decisionList"}:
        for index, item in enumerate(items, 1):
            sign = f"{index}. " if kind == "orderedList" else "- "
            _item(item, lines, sign, depth + 1)
        lines.append("")
    elif kind == "tableRow":
        cells = [_cell(item, depth + 1) for item in items]
        lines.append(" | ".join(cells))
    elif kind == "rule":
        lines += ["---", ""]
    elif _inline(node):
        lines += [mark + _inline(node), ""]
    else:
        for item in items:
            _write(item, lines, mark, depth + 1)
            mark = ""


def _item(node: Any, lines: list[str], sign: str, depth: int) -> None:
    content = node.get("content") if isinstance(node, dict) else None
    inner: list[str] = []
    items = content if isinstance(content, list) else []
    if items and all(_is_inline(item) for item in items):
        inner = ["".join(_inline(item) for item in items)]
    else:
        for item in items:
            _write(item, inner, "", depth)
    text = [line for line in inner if line]
    lines += [f"{sign if index == 0 else '  '}{line}" for index, line in enumerate(text)]


def _cell(node: Any, depth: int) -> str:
    inner: list[str] = []
    _write(node, inner, "", depth)
    return " ".join(line for line in inner if line)


def _is_inline(node: Any) -> bool:
    return isinstance(node, dict) and word(node.get("type")) in {
        "text", "hardBreak", "mention", "emoji", "inlineCard", "status", "date",
    }  # fmt: skip


def _level(node: dict[str, Any]) -> int:
    attributes = node.get("attrs")
    level = attributes.get("level") if isinstance(attributes, dict) else None
    return level if isinstance(level, int) and 1 <= level <= 6 else 1


def _inline(node: Any) -> str:
    """The text of a node within a line."""
    if not isinstance(node, dict):
        return ""
    given = node.get("attrs")
    attributes = given if isinstance(given, dict) else {}
    kind = node.get("type")
    if kind == "hardBreak":
        return "\n"
    value = {
        "text": node.get("text"),
        "mention": attributes.get("text"),
        "emoji": attributes.get("text") or attributes.get("shortName"),
        "inlineCard": attributes.get("url"),
        "blockCard": attributes.get("url"),
        "status": attributes.get("text"),
        "date": attributes.get("timestamp"),
    }.get(kind if isinstance(kind, str) else "")
    return value if isinstance(value, str) else ""
