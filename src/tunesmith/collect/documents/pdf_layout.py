"""The reading order of a page: words to segments, segments to columns, columns to rows.

Columns are found as white gutters with lines of prose on both sides, lines across them apart: the
page is cut at those from top to bottom and each part is read column by column (a recursive cut in
the manner of Nagy and Seth, "Hierarchical Representation of Optically Scanned Documents", 1984).
The columns of a table hold no lines of prose and stay together: a table is read row by row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: Gaps in a line: wider than this share of the letters' size, another cell begins.
CELL_GAP = 1.3
#: A line of prose has at least so many words and fills this share of its column.
PROSE_WORDS, PROSE_SHARE, PROSE_LINES = 4, 0.5, 6

_NUMBER = re.compile(r"\d{1,2}|(?:\d{1,2}\.)+\d{0,2}|\(?(?:\d{1,2}|[A-Za-z]|[ivx]+)[.)]|[^\w\s]")


@dataclass
class Word:
    """A word and where it stands, in points from the lower left corner."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    bold: bool
    upright: bool = True

    def continues(self, left: float, top: float, bottom: float, size: float) -> bool:
        """Whether a letter at this place may belong to the word."""
        overlap = min(self.top, top) - max(self.bottom, bottom)
        near = -self.size <= left - self.right <= 0.6 * max(size, self.size)
        return not self.upright or (near and overlap > 0)


@dataclass
class Segment:
    """Words beside each other on one line, without a wide gap."""

    words: list[Word]
    left: float
    bottom: float
    right: float
    top: float

    @property
    def size(self) -> float:
        """The size of most of its letters in points."""
        return _size(self.words)

    @property
    def height(self) -> float:
        """In points."""
        return max(self.top - self.bottom, 0.1)


@dataclass
class Row:
    """What stands on one line of a column: one cell of prose, or the cells of a table."""

    cells: list[str]
    left: float
    bottom: float
    right: float
    top: float
    size: float
    bold: bool
    spans: list[tuple[float, float]] = field(default_factory=list)
    """Where each cell begins and ends, in points."""
    first_width: float = 0.0
    """Of its first word, in points."""

    @property
    def text(self) -> str:
        """Its words."""
        return " ".join(self.cells)


def _size(words: list[Word]) -> float:
    letters: dict[float, int] = {}
    for word in words:
        size = round(word.size * 2) / 2
        letters[size] = letters.get(size, 0) + len(word.text)
    return max(letters, key=lambda size: letters[size])


def segments(words: list[Word]) -> list[Segment]:
    """Words in the order of the content, put together where they follow each other on a line."""
    found: list[Segment] = []
    for word in words:
        last = found[-1] if found else None
        if last is not None and _follows(last, word):
            last.words.append(word)
            last.right = max(last.right, word.right)
            last.top, last.bottom = max(last.top, word.top), min(last.bottom, word.bottom)
        else:
            found.append(Segment([word], word.left, word.bottom, word.right, word.top))
    return found


def _follows(last: Segment, word: Word) -> bool:
    overlap = min(last.top, word.top) - max(last.bottom, word.bottom)
    gap = word.left - last.right
    smaller = min(last.height, max(word.top - word.bottom, 0.1))
    size = max(word.size, last.words[-1].size)
    return overlap > 0.4 * smaller and -0.5 * size <= gap <= CELL_GAP * size


def columns(found: list[Segment], depth: int = 0) -> list[list[Segment]]:
    """Segments of a page in parts that are read one after the other."""
    gutter = _gutter(found) if depth < 3 else None
    if gutter is None:
        return [found] if found else []
    parts: list[list[Segment]] = []
    band: list[Segment] = []

    def close() -> None:
        left = [one for one in band if one.right <= gutter + 1]
        right = [one for one in band if one.right > gutter + 1]
        if _lines(left) < 3 or _lines(right) < 3:
            whole = sorted(band, key=lambda one: -one.top)
            if parts and whole and _spans(parts[-1], gutter):
                parts[-1].extend(whole)
            elif whole:
                parts.append(whole)
        else:
            parts.extend(columns(left, depth + 1) + columns(right, depth + 1))
        band.clear()

    for one in sorted(found, key=lambda one: -(one.top + one.bottom)):
        if one.left < gutter - 1 and one.right > gutter + 1:
            if band:
                close()
            if parts and _spans(parts[-1], gutter):
                parts[-1].append(one)
            else:
                parts.append([one])
        else:
            band.append(one)
    close()
    return parts


def _spans(part: list[Segment], gutter: float) -> bool:
    return any(one.left < gutter - 1 and one.right > gutter + 1 for one in part)


def _lines(part: list[Segment]) -> int:
    """How many lines segments stand on."""
    return len({round(one.bottom / 4) for one in part})


def _gutter(found: list[Segment]) -> float | None:
    """The place of the white between two columns of prose, or null where there is none."""
    prose = [one for one in found if len(one.words) >= PROSE_WORDS]
    if len(prose) < 2 * PROSE_LINES:
        return None
    left, right = min(one.left for one in found), max(one.right for one in found)
    width = right - left
    best: tuple[int, float] | None = None
    run: list[float] = []
    steps = 120
    for step in range(steps // 5, steps - steps // 5):
        place = left + width * step / steps
        crossing = sum(one.left < place - 1 and one.right > place + 1 for one in found)
        if best is None or crossing < best[0]:
            best, run = (crossing, place), [place]
        elif crossing == best[0] and run and place - run[-1] < 1.5 * width / steps:
            run.append(place)
    if best is None:
        return None
    gutter = run[len(run) // 2]
    sides = (
        [one for one in prose if one.right <= gutter + 1 and one.right - one.left
         >= PROSE_SHARE * (gutter - left)],
        [one for one in prose if one.left >= gutter - 1 and one.right - one.left
         >= PROSE_SHARE * (right - gutter)],
    )  # fmt: skip
    fewest = min(map(len, sides))
    return gutter if fewest >= PROSE_LINES and best[0] <= sum(map(len, sides)) / 2 else None


def rows(part: list[Segment]) -> list[Row]:
    """The rows of a column from top to bottom; segments beside each other make cells."""
    lines: list[list[Segment]] = []
    for one in sorted(part, key=lambda one: -(one.top + one.bottom)):
        for line in reversed(lines[-3:]):
            widest = max(line, key=lambda other: len(other.words) * other.height)
            overlap = min(one.top, widest.top) - max(one.bottom, widest.bottom)
            if overlap > 0.5 * min(one.height, widest.height):
                line.append(one)
                break
        else:
            lines.append([one])
    return [_row(line) for line in lines]


def _row(line: list[Segment]) -> Row:
    line = sorted(line, key=lambda one: one.left)
    cells: list[str] = []
    spans: list[tuple[float, float]] = []
    end = 0.0
    for one in line:
        said = " ".join(word.text for word in one.words)
        gap = one.left - end
        size = one.words[0].size
        small = gap <= CELL_GAP * size
        if cells and (small or (len(cells) == 1 and _numbers(cells[0]))):
            cells[-1] += (" " if gap > 0.15 * size else "") + said
            spans[-1] = (spans[-1][0], max(spans[-1][1], one.right))
        else:
            cells.append(said)
            spans.append((one.left, one.right))
        end = max(end, one.right)
    words = [word for one in line for word in one.words]
    letters = sum(len(word.text) for word in words)
    first = line[0].words[0]
    return Row(
        cells,
        min(one.left for one in line),
        min(one.bottom for one in line),
        max(one.right for one in line),
        max(one.top for one in line),
        _size(words),
        sum(len(word.text) for word in words if word.bold) > 0.8 * letters,
        spans,
        first.right - first.left,
    )


def _numbers(cell: str) -> bool:
    """Whether a cell numbers what comes after it: `2.1`, `3.`, `(a)`, a bullet."""
    return len(cell) <= 6 and _NUMBER.fullmatch(cell) is not None
