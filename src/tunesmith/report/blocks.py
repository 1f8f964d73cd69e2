"""What a section of the report is made of: paragraphs, sentences, tables, plots, cases.

The views turn files into these; one template places them. A block holds plain text only, so that
what stands in a file is escaped in one place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tunesmith.report.plots import Plot


@dataclass(frozen=True)
class Badge:
    """An outcome in a word; `tone` is `yes`, `no` or `open`."""

    text: str
    tone: str


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    text: str
    small: str = ""
    num: bool = False
    strong: bool = False
    term: str = ""
    """The word of the glossary that defines the text."""
    badge: Badge | None = None
    anchor: str = ""
    """The id that evidence links to."""
    shade: int = 0
    """How dark the ground is, 0 to 5: a table read as a map."""


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is its heading."""

    label: str
    """What the table is, for a screen reader."""
    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    cards: bool = True
    """Whether each row becomes a card on a narrow page; else the table scrolls."""
    kind: str = "table"


@dataclass(frozen=True)
class Sentence:
    """A sentence, with an outcome and its figures in small type."""

    text: str
    badge: Badge | None = None
    details: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Sentences:
    """Sentences under one another."""

    items: tuple[Sentence, ...]
    kind: str = "sentences"


@dataclass(frozen=True)
class Text:
    """A paragraph; `fine` is small type."""

    text: str
    fine: bool = False
    kind: str = "text"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str
    badge: Badge | None = None
    kind: str = "heading"


@dataclass(frozen=True)
class Chart:
    """A plot."""

    plot: Plot
    kind: str = "chart"


@dataclass(frozen=True)
class Facts:
    """Names and values."""

    entries: tuple[tuple[str, str], ...]
    kind: str = "facts"


@dataclass(frozen=True)
class Cases:
    """Questions with the answer that was given and what was expected."""

    items: tuple[tuple[tuple[str, str], ...], ...]
    """Each case is (what it is, the text) in the order to read."""
    kind: str = "cases"


@dataclass(frozen=True)
class Checklist:
    """What is done and what is open, told apart by a sign."""

    items: tuple[tuple[bool | None, str, str], ...]
    """(done; None is not known, text, details)"""
    title: str = ""
    kind: str = "checklist"


@dataclass(frozen=True)
class Fold:
    """Blocks that are closed until somebody opens them; always open in print."""

    summary: str
    blocks: tuple[Block, ...]
    kind: str = "fold"


Block = Text | Heading | Sentences | Table | Chart | Facts | Cases | Checklist | Fold


@dataclass(frozen=True)
class Section:
    """One part of the report."""

    id: str
    title: str
    lead: str
    blocks: tuple[Block, ...]
    terms: tuple[str, ...] = field(default=())
    """Words of the glossary that the section rests on; each is a link with its definition."""
    short: str = ""
    """What the table of contents calls it; the title where it is empty."""
