"""Markdown and plain text: front matter, blocks, and the facts of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import yaml

from tunesmith.collect.documents.blocks import Block
from tunesmith.collect.times import parse_time

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^#[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_ANY_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$")
_MARKED_HEADING = re.compile("^\ue000(#{1,6}) ?(.*)$")
_FENCE = re.compile(r"^\s{0,3}(```+|~~~+)")
#: Front matter that is longer is content.
_MAX_FRONT_MATTER = 64 << 10


def markdown_page(text: str) -> dict[str, Any]:
    """A Markdown page: its words, and what its front matter says (title, date, licence)."""
    text, about = front_matter(text)
    heading = _HEADING.search(text)
    title = about.get("title") or (heading[1] if heading is not None else None)
    return page_of(text.strip(), None if title is None else str(title), about)


def front_matter(text: str) -> tuple[str, dict[str, Any]]:
    """The page without its front matter, and what that says; names in small letters."""
    match = _FRONT_MATTER.match(text)
    if match is None or len(match[1]) > _MAX_FRONT_MATTER:
        return text, {}
    try:
        given = None if re.search(r"[:\-\[,]\s*[&*]\w", match[1]) else yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return text, {}  # not front matter after all: it stays in the text
    if not isinstance(given, dict):
        return text, {}
    return text[match.end() :], {str(name).lower(): value for name, value in given.items()}


def page_of(text: str, title: str | None, about: dict[str, Any]) -> dict[str, Any]:
    """The columns of a page's record.

    Args:
        text: Its words.
        title: What it is called.
        about: What it says of itself, by name.
    """
    moment = None
    for name in ("updated", "last_updated", "modified", "date", "timestamp"):
        moment = _moment(about.get(name))
        if moment is not None:
            break
    used = {"title", "license", "licence", "author", "category", "updated", "date"}
    extra = [] if title is None else [{"key": "title", "value": title}]
    extra += [
        {"key": name, "value": str(value)}
        for name, value in about.items()
        if name not in used and value is not None
    ]
    license_ = about.get("license") or about.get("licence")
    category, author = about.get("category"), about.get("author")
    return {
        "text": text,
        "timestamp": moment,
        "extra": extra,
        "license": None if license_ is None else str(license_),
        "author": None if author is None else str(author),
    } | ({} if category is None else {"category": str(category)})


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return parse_time(value, UTC) if isinstance(value, str) else None


def text_blocks(text: str, *, markdown: bool = False) -> Iterator[Block]:
    """The blocks of a text: paragraphs between blank lines, list items, code, headings.

    Args:
        text: Headings and code have the marks of `html.py`, if any.
        markdown: Headings are lines that begin with `#` or are underlined, code is fenced.
    """
    lines: list[str] = []
    code: str | None = None  # what ends the code that is read

    def flush() -> Iterator[Block]:
        if lines:
            rows = sum(" | " in line or line.startswith("|") for line in lines)
            yield Block("table" if rows > 1 else "paragraph", "\n".join(lines))
            lines.clear()

    for line in text.split("\n"):
        if code is not None:
            lines.append(line)
            if line.rstrip().endswith(code):
                yield Block("code", _unmarked("\n".join(lines)))
                lines.clear()
                code = None
            continue
        heading = (_ANY_HEADING if markdown else _MARKED_HEADING).match(line)
        underlined = markdown and len(lines) == 1 and re.fullmatch(r"=+|-{3,}", line.rstrip())
        if heading or underlined:
            words = heading[2] if heading else lines.pop()
            level = len(heading[1]) if heading else 1 if line.startswith("=") else 2
            yield from flush()
            yield Block("heading", words.strip(), level)
        elif line.startswith("\ue001") or (markdown and _FENCE.match(line)):
            yield from flush()
            fence = _FENCE.match(line)
            code = fence[1] if markdown and fence else "\ue002"
            lines.append(line)
            if code == "\ue002" and code in line:
                yield Block("code", _unmarked(lines.pop()))
                code = None
        elif not line.strip():
            yield from flush()
        else:
            lines.append(line)
    yield from flush() if code is None else iter([Block("code", _unmarked("\n".join(lines)))])


def _unmarked(text: str) -> str:
    return text.replace("\ue001", "").replace("\ue002", "")
