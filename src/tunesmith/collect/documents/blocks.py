"""The model of a document: blocks in reading order, each with its place, and what is said of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

BlockKind = Literal["heading", "paragraph", "item", "table", "code"]

#: Letters of a document that are kept; what is beyond is said to be left out.
MAX_LETTERS = 50_000_000
MAX_BLOCKS = 2_000_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\n]+")


@dataclass
class Block:
    """A heading, a paragraph, a list item, the rows of a table, or code."""

    kind: BlockKind
    text: str
    """Table rows are lines, their cells divided by ` | `."""
    level: int = 0
    """Of a heading 1 to 6, of a list item its depth from 0."""
    position: str | None = None
    """Such as `page 3`, `slide 2`, `sheet 1 rows 2-51` or `chapter 4`: numbers, no words."""
    header: str | None = None
    """Of a table: its first row, where `text` has only the rows after it."""

    def render(self) -> str:
        """The block as text: headings and list items with the marks of Markdown."""
        if self.kind == "heading":
            return "#" * max(1, min(self.level, 6)) + " " + self.text
        if self.kind == "item":
            return "  " * self.level + "- " + self.text
        return self.text if self.header is None else f"{self.header}\n{self.text}"


@dataclass
class Problem:
    """A place in a document that gives no text."""

    reason: str
    position: str | None = None
    dropped: bool = False
    """Left out by a rule, not unreadable."""


@dataclass
class Document:
    """What a file, or one page of an export, says."""

    blocks: list[Block] = field(default_factory=list)
    title: str | None = None
    author: str | None = None
    modified: str | None = None
    """As the format has it; see `tunesmith.collect.times`."""
    language: str | None = None
    """As the format declares it: a BCP 47 tag."""
    license: str | None = None
    category: str | None = None
    source_id: str | None = None
    """The page's own identifier in its system."""
    position: str | None = None
    """The page's place in an export of several."""
    extra: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was done to it, such as running heads left out."""
    text: str | None = None
    """The whole as text, where it is not the blocks one after the other."""

    def whole(self) -> str:
        """All of it as text."""
        return render(self.blocks) if self.text is None else self.text


def render(blocks: list[Block]) -> str:
    """Blocks as text: a blank line between them, none between the items of a list."""
    parts: list[str] = []
    for number, block in enumerate(blocks):
        if number:
            close = block.kind == "item" and blocks[number - 1].kind == "item"
            parts.append("\n" if close else "\n\n")
        parts.append(block.render())
    return "".join(parts)


def tidy(text: str) -> str:
    """Text of one block: single spaces, no control letters, lines kept."""
    text = _SPACES.sub(" ", _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return "\n".join(line.strip() for line in text.split("\n")).strip("\n").strip()


def one_line(text: str) -> str:
    """Text as one line with single spaces."""
    return " ".join(_CONTROL.sub("", text).split())


class Blocks:
    """Gathers the blocks of a document, within bounds.

    Args:
        document: Where they go.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.position: str | None = None
        self._letters = 0
        self.full = False

    def add(self, kind: BlockKind, text: str, level: int = 0, header: str | None = None) -> None:
        """Add a block, unless it is empty or the bounds are reached."""
        text = one_line(text) if kind in {"heading", "item"} else tidy(text)
        if (not text and header is None) or self.full:
            return
        self._letters += len(text)
        if self._letters > MAX_LETTERS or len(self.document.blocks) >= MAX_BLOCKS:
            self.full = True
            reason = (
                f"what comes after {MAX_LETTERS:,} letters or {MAX_BLOCKS:,} blocks is left out"
            )
            self.document.problems.append(Problem(reason, self.position))
            return
        self.document.blocks.append(Block(kind, text, level, self.position, header))

    def table(self, rows: list[list[str]], *, first_is_header: bool = True) -> None:
        """Add the rows of a table; rows and cells at the end that are empty are left out."""
        lines = [line for row in rows if (line := table_row(row))]
        if not lines:
            return
        if first_is_header and len(lines) > 1:
            self.add("table", "\n".join(lines[1:]), header=lines[0])
        else:
            self.add("table", "\n".join(lines))


def table_row(cells: list[str]) -> str:
    """The cells of a row divided by ` | `, empty ones at the end left out."""
    words = [one_line(cell) for cell in cells]
    while words and not words[-1]:
        words.pop()
    return " | ".join(words).strip()
