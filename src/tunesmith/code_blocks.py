"""Code in Markdown: where it lies, and rewriting everything but it.

Fences, indented blocks and code spans as in CommonMark 0.31 (sections 4.4, 4.5 and 6.1), without
those inside lists and block quotes. A fence that is never closed reaches to the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import polars as pl

#: `[start, end)` of a text, in letters.
Extent = tuple[int, int]
Finder = Callable[[str], list[Extent]]

#: What a text with code holds: Rust regex, over a whole column.
HINT = r"`|(?m:^ {0,3}~~~)|(?m:^(?: {4}|\t))"

_MARK = re.compile(
    r"^(?: {0,3}(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)|(?P<indent>    |\t)[^\n]*)(?:\n|\Z)",
    re.MULTILINE,
)
_SPAN = re.compile(r"(?<!`)`[^`\n]+`(?!`)|(?<!`)``(?!`)[^`\n]*(?:`[^`\n]+)*``(?!`)")
_BLANK = re.compile(r"\s*")


def blocks(text: str, *, indented: bool = True) -> list[Extent]:
    """The code blocks of a text, whole lines each, from left to right.

    Args:
        text: The text; its lines end with a line feed.
        indented: Whether lines indented by four spaces or a tab after a blank line count.
    """
    found: list[Extent] = []
    fence, opened = "", 0
    for mark in _MARK.finditer(text):
        start, end = mark.span()
        if mark["fence"]:
            if not fence:
                if mark["fence"][0] == "~" or "`" not in mark["info"]:
                    fence, opened = mark["fence"], start
            elif mark["fence"].startswith(fence) and not mark["info"].strip():
                found.append((opened, end))
                fence = ""
        elif indented and not fence and mark[0].strip():
            _add_indented(text, found, start, end)
    if fence:
        found.append((opened, len(text)))
    return found


def _add_indented(text: str, found: list[Extent], start: int, end: int) -> None:
    if found and found[-1][1] == start:
        found[-1] = (found[-1][0], end)
    elif start == 0 or not text[text.rfind("\n", 0, start - 1) + 1 : start].strip():
        # Blank lines between two indented lines belong to the block.
        if found and _BLANK.match(text, found[-1][1]).end() >= start:  # type: ignore[union-attr]
            start = found.pop()[0]
        found.append((start, end))


def blocks_and_spans(text: str) -> list[Extent]:
    """The code blocks of a text and the code spans between them."""
    return with_spans(text, blocks(text))


def with_spans(text: str, found: list[Extent]) -> list[Extent]:
    """Extents and the code spans (`` `like this` ``) between them."""
    spans = [
        (start + span.start(), start + span.end())
        for start, end in _between(len(text), found)
        for span in _SPAN.finditer(text[start:end])
    ]
    return sorted(found + spans)


def _between(length: int, found: list[Extent]) -> Iterator[Extent]:
    place = 0
    for start, end in found:
        if place < start:
            yield place, start
        place = end
    if place < length:
        yield place, length


def outside(
    texts: pl.Series, rewrite: Callable[[pl.Series], pl.Series], find: Finder = blocks_and_spans
) -> pl.Series:
    """Rewrite texts but for their code, which stays letter by letter.

    Args:
        texts: The texts.
        rewrite: Works on whole texts without code, and on the pieces around the code of others.
        find: What is code.
    """
    coded = texts.str.contains(HINT).fill_null(value=False)
    where = coded.arg_true()
    if not where.len():
        return rewrite(texts)
    whole = texts.gather(where).to_list()
    found = [find(text) for text in whole]
    gaps = [list(_between(len(text), extents)) for text, extents in zip(whole, found, strict=True)]
    pieces = [
        text[start:end] for text, around in zip(whole, gaps, strict=True) for start, end in around
    ]
    if not any(found):
        return rewrite(texts)
    plain = (~coded).arg_true()
    both = pl.concat([texts.gather(plain), pl.Series(pieces, dtype=pl.String)], rechunk=True)
    done = rewrite(both)
    new = iter(done[plain.len() :].to_list())
    built = [
        _joined(text, extents, around, new)
        for text, extents, around in zip(whole, found, gaps, strict=True)
    ]
    texts = texts.scatter(plain, done[: plain.len()])
    return texts.scatter(where, pl.Series(built, dtype=pl.String))


def _joined(text: str, code: list[Extent], around: list[Extent], new: Iterator[str]) -> str:
    parts = [(start, text[start:end]) for start, end in code]
    parts += [(start, next(new)) for start, _ in around]
    return "".join(part for _, part in sorted(parts))
