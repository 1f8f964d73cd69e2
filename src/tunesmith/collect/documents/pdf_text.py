"""From rows of PDF pages to blocks: headings, paragraphs, lists, tables; no running heads."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from tunesmith.collect.documents.blocks import Blocks, Document
from tunesmith.collect.documents.pdf_layout import Row, Segment, columns, rows

#: The share of a page at its top and bottom where running heads and page numbers stand.
MARGIN = 0.12
#: A heading's letters are larger than the body's by this factor, or they are bold.
HEADING_SIZE, HEADING_WORDS, BOLD_WORDS = 1.08, 30, 14
SMALL_SIZE = 0.93

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.?|s\.)?\W*(?:#|[ivxlc]{1,6})(?:\W*(?:of|/|von|de)?\W*#)?\W*", re.IGNORECASE
)
_BULLET = re.compile(r"^(?:[•◦▪‣●○■–*\uf0b7]|-(?=\s)|\(?\d{1,2}[.)]|\(?[a-z]\))\s+(?=\S)")
_SYMBOL = re.compile(r"^[•◦▪‣●○■–*\uf0b7-]\s+")
_ENDS = re.compile(r"[.!?:;\u3002\uff01\uff1f][\"'”’)\]]*$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass
class Page:
    """What stands on a page."""

    number: int
    width: float
    height: float
    segments: list[Segment]
    turned: str = ""
    """Text that stands sideways."""


@dataclass
class _Part:
    """A column of a page, its rows from top to bottom."""

    page: Page
    rows: list[Row]


def text_of(pages: list[Page], document: Document) -> None:
    """Put the text of pages into a document, in reading order."""
    parts = [_Part(page, rows(part)) for page in pages for part in columns(page.segments) if part]
    left_out = _drop_running(parts, len(pages))
    if left_out:
        document.notes.append(f"left out running lines: {left_out}")
    writer = _Writer(document, parts)
    turned = {page.number: page.turned for page in pages}
    at = 0
    for part in parts:
        while at < part.page.number:
            writer.add_turned(at, turned.pop(at, ""))
            at += 1
        writer.write(part)
    for number, text in sorted(turned.items()):
        writer.add_turned(number, text)
    writer.finish()


# ── Running heads ────────────────────────────────────────────────────────────────────────────────


def _drop_running(parts: list[_Part], pages: int) -> int:
    """Take out page numbers, and running heads but for their first; how many lines that were."""
    places: Counter[tuple[str, int]] = Counter()
    keys: dict[int, tuple[str, int]] = {}
    on_page: set[tuple[tuple[str, int], int]] = set()
    for part in parts:
        edge = MARGIN * part.page.height
        for row in part.rows:
            if edge < row.top and row.bottom < part.page.height - edge:
                continue
            words = _DIGITS.sub("#", row.text.strip())
            key = keys[id(row)] = (words, round(row.bottom / 8))
            if (key, part.page.number) not in on_page:
                on_page.add((key, part.page.number))
                places[key] += 1
    words_on: Counter[str] = Counter()
    for (words, _), count in places.items():
        words_on[words] += count
    least = max(2, round(0.2 * pages))
    kept: set[str] = set()
    gone = 0
    for part in parts:
        left = []
        for row in part.rows:
            words = keys.get(id(row), ("", 0))[0]
            if not words or words_on[words] < least or pages < 2:
                left.append(row)
            elif not _PAGE_NUMBER.fullmatch(words) and words not in kept:
                kept.add(words)
                left.append(row)
            else:
                gone += 1
        part.rows[:] = left
    return gone


# ── Blocks ───────────────────────────────────────────────────────────────────────────────────────


class _Writer:
    def __init__(self, document: Document, parts: list[_Part]) -> None:
        self.document = document
        self.blocks = Blocks(document)
        sizes: Counter[float] = Counter()
        for part in parts:
            for row in part.rows:
                sizes[row.size] += len(row.text)
        self.body = sizes.most_common(1)[0][0] if sizes else 10.0
        large = [size for size, count in sizes.items() if size > self.body * HEADING_SIZE and count]
        self.ranks = {
            size: min(rank, 5) for rank, size in enumerate(sorted(large, reverse=True), 1)
        }
        self.bold_level = min(len(set(self.ranks.values())) + 1, 6)
        all_rows = [row for part in parts for row in part.rows]
        bold = sum(len(row.text) for row in all_rows if row.bold)
        self.bold_tells = bold < 0.3 * max(1, sum(len(row.text) for row in all_rows))
        self.vocabulary = Counter(
            word.lower() for row in all_rows for word in _WORD.findall(row.text)
        )
        self.open: list[Row] = []  # rows of the paragraph, the list item or the heading being read
        self.kind = ""
        self.sizes: dict[int, float] = {}  # of the letters of a block, by its number

    def write(self, part: _Part) -> None:
        self.blocks.position = f"page {part.page.number}"
        wide = sorted(row.right for row in part.rows if len(row.cells) == 1)
        edge = wide[int(0.9 * (len(wide) - 1))] if wide else 0.0
        lengths = sorted(len(row.text.split()) for row in part.rows)
        if lengths and lengths[len(lengths) // 2] < 5:
            edge = 1e9  # a list of short lines: none of them goes on
        table: list[Row] = []
        for number, row in enumerate(part.rows):
            if self._in_table(part.rows, number, bool(table)):
                self.finish()
                table.append(row)
                continue
            self._table(table)
            self._row(row, edge)
        self._table(table)
        self.finish()

    def add_turned(self, page: int, text: str) -> None:
        if text:
            self.finish()
            self.blocks.position = f"page {page}"
            self.blocks.add("paragraph", text)

    def _in_table(self, found: list[Row], number: int, begun: bool) -> bool:
        several = [len(row.cells) > 1 for row in found[max(0, number - 1) : number + 3]]
        here = 1 if number else 0
        after = several[here + 1 :]
        if several[here]:
            return begun or bool(after[:1] and after[0]) or (len(after) > 1 and after[1])
        # A line alone between rows belongs to them; prose does not.
        row = found[number]
        small = self._kind(row) == "text" and len(row.text.split()) < 12
        return begun and bool(after[:1] and after[0]) and small

    def _table(self, table: list[Row]) -> None:
        if not table:
            return
        lines = _aligned(table, _columns(table)) or _joined_cells(table)
        self.blocks.table(lines, first_is_header=False)
        table.clear()

    def _row(self, row: Row, edge: float) -> None:
        kind = self._kind(row)
        if self.open and not self._continues(row, kind, edge):
            self.finish()
        if not self.open:
            self.kind = kind
        self.open.append(row)

    def _kind(self, row: Row) -> str:
        words = len(row.text.split())
        lettered = any(letter.isalpha() for letter in row.text)
        if row.size in self.ranks and words <= HEADING_WORDS and lettered:
            return "heading"
        if (
            self.bold_tells
            and row.bold
            and lettered
            and words <= BOLD_WORDS
            and (row.size >= self.body * SMALL_SIZE and not re.search(r"[.,;]$", row.text))
        ):
            return "bold"
        return "item" if _BULLET.match(row.text) else "text"

    def _continues(self, row: Row, kind: str, edge: float) -> bool:
        last = self.open[-1]
        if abs(row.size - last.size) > 0.6 and kind != "text":
            return False
        gap = last.bottom - row.top
        near = gap < 0.75 * max(row.size, last.size) and row.top < last.top
        if kind == "item" or not near or abs(row.size - last.size) > 0.12 * last.size:
            return False
        if self.kind in {"heading", "bold"}:
            return kind == self.kind
        if kind in {"heading", "bold"}:
            return False
        if self.kind == "item" and row.left < self.open[0].left - 2:
            return False
        indented = len(self.open) > 1 and row.left > last.left + 0.8 * row.size
        fits = last.right + row.first_width + 0.3 * row.size < edge - 0.3 * row.size
        return not indented and not fits

    def finish(self) -> None:
        """Make a block of the rows that are open."""
        if not self.open:
            return
        text = self._joined([row.text for row in self.open])
        first = self.open[0]
        if self.kind == "heading":
            self.blocks.add("heading", text, self.ranks[first.size])
        elif self.kind == "bold":
            self.blocks.add("heading", text, self.bold_level)
        elif self.kind == "item":
            self.blocks.add("item", _SYMBOL.sub("", text))
        elif not self._goes_on(text, first):
            self.blocks.add("paragraph", text)
        if self.document.blocks:
            self.sizes[len(self.document.blocks) - 1] = first.size
        self.open = []

    def _goes_on(self, text: str, first: Row) -> bool:
        """Whether a paragraph goes on that a column, a page, a figure or a note interrupted."""
        if not text[:1].islower() or first.size < self.body * SMALL_SIZE:
            return False
        number = len(self.document.blocks) - 1
        for back in range(min(6, number + 1)):
            before = self.document.blocks[number - back]
            size = self.sizes.get(number - back, self.body)
            if before.kind == "paragraph" and abs(size - first.size) < 0.3:
                if _ENDS.search(before.text) or len(before.text.split()) < 6:
                    return False
                before.text = self._joined([before.text, text])
                return True
            if before.kind in {"heading", "item"}:
                return False
        return False

    def _joined(self, lines: list[str]) -> str:
        """Lines as one, hyphens at their ends taken out where the word has none elsewhere."""
        text = ""
        for line in lines:
            if text.endswith(("-", "\u00ad")) and line[:1].isalpha():
                text = self._hyphenated(text, line)
            else:
                text += (" " if text else "") + line
        return (
            text.replace("\u00ad", "-") if text.endswith("\u00ad") else text.replace("\u00ad", "")
        )

    def _hyphenated(self, text: str, line: str) -> str:
        bare = text[:-1]
        start = re.search(r"[^\W\d_]*(?:-[^\W\d_]+)*$", bare)
        rest = re.match(r"[^\W\d_]+", line)
        first, second = (start[0] if start else ""), (rest[0] if rest else "")
        joined, kept = f"{first}{second}".lower(), f"{first}-{second}".lower()
        if self.vocabulary[joined] and first:
            return bare + line
        if not first or not line[:1].islower():
            return f"{bare}-{line}"
        if not self.vocabulary[kept] and "-" not in first:
            return bare + line
        return f"{bare}-{line}"


def _joined_cells(table: list[Row]) -> list[list[str]]:
    """The cells of rows below each other, those of a row that begin at one place put together."""
    starts = _starts(table)
    lines = []
    for row in table:
        cells = [""] * len(starts)
        for (left, _), cell in zip(row.spans, row.cells, strict=True):
            column = _column(starts, left)
            cells[column] = f"{cells[column]} {cell}".strip()
        lines.append(cells)
    return lines


def _column(starts: list[float], left: float) -> int:
    return max((number for number, at in enumerate(starts) if at <= left + 2), default=0)


def _aligned(table: list[Row], starts: list[float]) -> list[list[str]] | None:
    """The cells of rows below each other; null where two of a row share a column."""
    lines = []
    for row in table:
        cells = [""] * len(starts)
        for (left, _), cell in zip(row.spans, row.cells, strict=True):
            column = _column(starts, left)
            if cells[column]:
                return None
            cells[column] = cell
        lines.append(cells)
    return lines


def _columns(table: list[Row]) -> list[float]:
    """Where the columns of a table begin, in points: cells that overlap are of one column."""
    width = max(row.right for row in table) - min(row.left for row in table)
    spans = sorted(
        (left, right) for row in table for left, right in row.spans if right - left < 0.4 * width
    )
    found: list[tuple[float, float]] = []
    for left, right in spans:
        if found and left < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return [left for left, _ in found]


def _starts(table: list[Row]) -> list[float]:
    """Where cells begin, in points, with at least 12 points between."""
    found: list[float] = []
    for left in sorted(left for row in table for left, _ in row.spans):
        if not found or left > found[-1] + 12:
            found.append(left)
    return found
