"""A mail's text by lines: which are code, and how it is put together again."""

from __future__ import annotations

import re

from tunesmith import code_blocks

Lines = list[str]


def blank_start(lines: Lines, end: int) -> int:
    """Where the blank lines before a line begin."""
    while end and not lines[end - 1].strip():
        end -= 1
    return end


def code_lines(text: str, count: int) -> list[bool]:
    """For each line of a text, whether it is in a code block."""
    flags = [False] * count
    line = place = 0
    for start, end in code_blocks.blocks(text):
        line += text.count("\n", place, start)
        first = line
        line += text.count("\n", start, end)
        place = end
        last = line if text[end - 1] == "\n" else line + 1
        flags[first:last] = [True] * (last - first)
    return flags


def gap(kept: Lines) -> None:
    """Leave one blank line where something is taken out."""
    if kept and kept[-1].strip():
        kept.append("")


def mended(text: str, kept: Lines, *, changed: bool) -> str:
    """The lines that stay as a text; all of it where no word would be left."""
    if not changed:
        return text
    new = "\n".join(kept).strip("\n").rstrip()
    return new if re.search(r"\w", new) else text
