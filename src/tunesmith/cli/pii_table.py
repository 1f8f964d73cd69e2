"""The assessment of personal data as tables on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from tunesmith.assess.pii import Figures, Matches, PiiAssessment, Share

_WIDTH_OF_FILES = 110


def print_assessment(result: PiiAssessment) -> None:
    """Print the figures on stdout, each with its 95% interval in brackets."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    words = "texts" if result.groups == result.texts else f"texts in {result.groups:,} groups"
    console.print(f"{result.texts:,} {words}; 95% intervals in brackets")
    if result.kinds:
        for title, table in _tables(result):
            console.print(f"\n[bold]{title}[/]")
            console.print(table)
        console.print()
    for line in _lines(result):
        console.print(line)


def _tables(result: PiiAssessment) -> Iterator[tuple[str, Table]]:
    exact, overlap = _matches(result, lambda f: f.exact), _matches(result, lambda f: f.overlap)
    yield "Exact: start, end and kind agree", exact
    yield "By overlap: the kind agrees, a character is shared", overlap
    yield "Personal characters left: in no found span of any kind", _left(result)


def _rows(result: PiiAssessment) -> Iterator[tuple[str, Figures, bool]]:
    """Name, figures, and whether a line is drawn under the row."""
    kinds = list(result.kinds.items())
    for number, (kind, figures) in enumerate(kinds, start=1):
        yield kind, figures, number == len(kinds)
    for name, figures in result.together.items():
        yield name, figures, False


def _matches(result: PiiAssessment, of: Callable[[Figures], Matches]) -> Table:
    table = _table("labelled", "found", "right", "precision", "recall", "F1", "F2")
    for name, figures, last in _rows(result):
        counted = of(figures)
        shares = (counted.precision, counted.recall, counted.f1, counted.f2)
        counts = (figures.labelled, figures.found, counted.right)
        cells = [f"{count:,}" for count in counts] + [_cell(share) for share in shares]
        table.add_row(name, *cells, end_section=last)
    return table


def _left(result: PiiAssessment) -> Table:
    table = _table("characters", "left", "share left")
    for name, figures, last in _rows(result):
        counts = (f"{figures.characters:,}", f"{figures.characters_left:,}")
        table.add_row(name, *counts, _percent(figures.left), end_section=last)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("kind", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _cell(share: Share | None) -> str:
    if share is None:
        return "–"
    if share.low is None or share.high is None:
        return f"{share.value:.3f} (–)"
    return f"{share.value:.3f} ({share.low:.2f}–{share.high:.2f})"


def _percent(share: Share | None) -> str:
    if share is None:
        return "–"
    if share.low is None or share.high is None:
        return f"{share.value:.1%} (–)"
    return f"{share.value:.1%} ({share.low:.1%}–{share.high:.1%})"


def _lines(result: PiiAssessment) -> Iterator[str]:
    yield (
        f"other characters masked: {result.other_masked:,} of {result.other_characters:,}, "
        f"{_percent(result.masked)}"
    )
    if result.documents_per_cpu_s is not None:
        yield f"masking: {result.documents_per_cpu_s:,.0f} documents per CPU-second"
    if result.not_looked_for:
        labels = (f"{label} {them.spans:,}" for label, them in result.not_looked_for.items())
        yield f"labelled, not looked for, in no figure: {', '.join(labels)}"
    if result.not_labelled:
        kinds = (f"{kind} {count:,}" for kind, count in result.not_labelled.items())
        yield f"found, of kinds that the file labels nowhere, in no precision: {', '.join(kinds)}"
    if result.bad_rows:
        yield f"{len(result.bad_rows):,} rows of the file could not be used:"
        for number, reason in list(result.bad_rows.items())[:10]:
            yield f"  row {number:,}: {reason}"
        if len(result.bad_rows) > 10:
            yield f"  … {len(result.bad_rows) - 10:,} more (all of them with --json)"
