"""What every chart is made of: the figure, its key, rows, axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup

from tunesmith.report import plots
from tunesmith.report.wording import MINUS

ROW = 20
XY_HEIGHT = 220
_ALT_LIMIT = 40

Place = Callable[[float, float], tuple[float, float]]
"""From data to (share of the width, pixels from the top)."""


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) that span low to high.

    The first is at or below `low` and the last at or above `high`, so they are also the axis.
    """
    if not high > low:
        high = low + 1
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def figure(plot: plots.Plot, kind: str, figures: Iterable[str], body: Markup) -> Markup:
    """The `<figure>` of a plot: its title, its body, and every figure for a screen reader."""
    spoken = list(figures)
    if len(spoken) > _ALT_LIMIT:
        spoken = [*spoken[:_ALT_LIMIT], f"and {len(spoken) - _ALT_LIMIT} more"]
    lead = ". ".join(part.rstrip(".") for part in (plot.title, plot.subtitle) if part)
    subtitle = (
        Markup('<span class="chart-sub">{}</span>').format(plot.subtitle) if plot.subtitle else ""
    )
    return Markup(
        '<figure class="chart chart-{}"><figcaption><span class="chart-title">{}</span>{}'
        '</figcaption><div class="plot" role="img" aria-label="{}">{}</div></figure>\n'
    ).format(kind, _title(plot), subtitle, f"{lead}. {'; '.join(spoken)}.", body)


def _title(plot: plots.Plot) -> Markup:
    """The title; with a definition it is a link to the glossary, read on hover and on focus."""
    if not plot.hint:
        return Markup("{}").format(plot.title)
    if not plot.term:
        return Markup('<span title="{}">{}</span>').format(plot.hint, plot.title)
    return Markup('<a class="term" href="#term-{}" data-tip="{}">{}</a>').format(
        plot.term, plot.hint, plot.title
    )


def legend(entries: Iterable[tuple[str, plots.Tone, str]], mark: str = "box") -> Markup:
    """The key of a chart: a mark, a name and a figure for each entry."""
    items = Markup("").join(
        Markup(
            '<span class="key-item"><svg class="key-mark" width="18" height="12">{}</svg>{}</span>'
        ).format(legend_mark(tone, mark), label if not shown else f"{label} {shown}")
        for label, tone, shown in entries
    )
    return Markup('<div class="key">{}</div>').format(items)


def legend_mark(tone: str, mark: str) -> Markup:
    """The mark of one entry of a key."""
    if mark == "box":
        return Markup('<rect class="fill {}" y="1" width="12" height="10" rx="2"/>').format(tone)
    dash = Markup(' stroke-dasharray="4 3"') if mark == "dashed" else ""
    return Markup('<line class="line {}" x2="18" y1="6" y2="6"{}/>').format(tone, dash)


def row_of(
    label: str, note: str, marks: Markup, shown: str, more: str = "", kind: str = ""
) -> Markup:
    """One row of a chart: label, marks, value."""
    small = Markup("<small>{}</small>")
    return Markup(
        '<div class="row {}"><span class="row-label">{}{}</span>'
        '<svg class="row-mark" height="{}" focusable="false">{}</svg>'
        '<span class="row-value">{}{}</span></div>\n'
    ).format(
        kind,
        label,
        small.format(note) if note else "",
        ROW,
        marks,
        shown,
        small.format(more) if more else "",
    )


def rect(tone: str, start: float, width: float, tip: str, *, inset: int = 2) -> Markup:
    """A bar from `start`, both as shares of the full width; never thinner than a hair."""
    width = max(width, 0.0015)
    return Markup(
        '<rect class="fill {}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
    ).format(tone, pct(min(start, 1 - width)), inset, pct(width), ROW - 2 * inset, tip)


def pct(share: float) -> str:
    """A share as a percentage for an attribute."""
    return f"{share * 100:.3f}".rstrip("0").rstrip(".") + "%"


def px(value: float) -> str:
    """A number of pixels for an attribute."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def axis_row(axis: Sequence[float], label: str) -> Markup:
    """The row under a chart of rows that has the numbers of its axis."""
    span = axis[-1] - axis[0]
    texts = Markup("").join(
        Markup('<text x="{}" y="12" text-anchor="{}">{}</text>').format(
            pct((tick - axis[0]) / span), anchor(i, len(axis)), tick_text(tick)
        )
        for i, tick in enumerate(axis)
    )
    return Markup(
        '<div class="row row-axis"><span class="row-label"></span>'
        '<svg class="row-mark" height="16" focusable="false">{}</svg>'
        '<span class="row-value"></span><span class="axis-label">{}</span></div>\n'
    ).format(texts, label)


def anchor(index: int, total: int) -> str:
    """Where the text of a tick is held, so that it stays inside the chart."""
    return "start" if index == 0 else "end" if index == total - 1 else "middle"


def tick_text(value: float) -> str:
    """A tick as it is written: 20k, 1.5M."""
    for size, suffix in ((1e12, "T"), (1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size and (size > 1e3 or abs(value) >= 1e4):
            return f"{value / size:,.12g}{suffix}".replace("-", MINUS)
    return f"{value:,.12g}".replace("-", MINUS)


def xy(key: Markup, y: str, x: str, height: int, parts: Sequence[Markup]) -> Markup:
    """The body of a chart with two axes, from the marks that `parts` are."""
    return Markup(
        '<div class="keys">{}</div><div class="y-label">{}</div><div class="xy">'
        '<svg class="xy-svg" height="{}" focusable="false">{}</svg></div>'
        '<div class="x-label">{}</div>'
    ).format(key, y, height, Markup("").join(parts), x)


def y_grid(rows: Iterable[tuple[float, str]]) -> Markup:
    """Lines across the chart, each with its number."""
    return Markup("").join(
        Markup(
            '<line class="grid" x2="100%" y1="{}" y2="{}"/>'
            '<text x="-8" y="{}" text-anchor="end" dominant-baseline="central">{}</text>'
        ).format(px(y), px(y), px(y), label)
        for y, label in rows
    )
