"""Charts of rows: bars, stacks, estimates, the funnel."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tunesmith.report import plots
from tunesmith.report.charts.parts import (
    ROW,
    axis_row,
    figure,
    legend,
    pct,
    px,
    rect,
    row_of,
    ticks,
)
from tunesmith.report.wording import count


def draw_bars(plot: plots.Bars) -> Markup:
    """Horizontal bars from zero."""
    top = plot.top or max((bar.value for bar in plot.bars), default=0) or 1
    rows = Markup("").join(
        row_of(
            bar.label,
            bar.note,
            rect(bar.tone, 0, bar.value / top, f"{bar.label}: {bar.shown}")
            if bar.value > 0
            else Markup(""),
            bar.shown,
        )
        for bar in plot.bars
    )
    return figure(plot, "bars", (f"{bar.label}: {bar.shown}" for bar in plot.bars), rows)


def draw_stacks(plot: plots.Stacks) -> Markup:
    """Horizontal bars in parts."""
    top = plot.top or max((sum(row.values) for row in plot.rows), default=0) or 1
    body, spoken = [], []
    for row in plot.rows:
        marks, position = [], 0
        for value, (name, tone) in zip(row.values, plot.series, strict=True):
            if value > 0:
                tip = f"{row.label}, {name}: {count(value)}"
                marks.append(rect(f"part {tone}", position / top, value / top, tip))
            position += value
        parts = " · ".join(count(value) for value in row.values)
        body.append(row_of(row.label, "", Markup("").join(marks), count(position), parts))
        named = ", ".join(
            f"{name} {count(value)}"
            for value, (name, _) in zip(row.values, plot.series, strict=True)
        )
        spoken.append(f"{row.label}: {named}")
    key = legend((name, tone, "") for name, tone in plot.series)
    return figure(plot, "stacks", spoken, key + Markup("").join(body))


def draw_funnel(plot: plots.Funnel) -> Markup:
    """The waterfall of rows."""
    full = max((row.end for row in plot.rows), default=0) or 1
    body = []
    for row in plot.rows:
        marks = rect(row.tone, row.start / full, (row.end - row.start) / full,
                      f"{row.label}: {row.shown}", inset=1 if row.total else 3)  # fmt: skip
        if not row.total and row.start:
            marks = (
                rect("rest", 0, row.start / full, f"{count(row.start)} rows left", inset=3) + marks
            )
        body.append(
            row_of(
                row.label,
                row.note,
                marks,
                row.shown,
                row.share,
                kind="row-total" if row.total else "",
            )
        )
    spoken = (
        f"{row.label}{f' ({row.note})' if row.note else ''}: {row.shown} {row.share}".strip()
        for row in plot.rows
    )
    key = legend((name, tone, "") for name, tone in plot.key) if plot.key else Markup("")
    return figure(plot, "funnel", spoken, key + Markup("").join(body))


def draw_estimates(plot: plots.Estimates) -> Markup:
    """Dots with whiskers."""
    known = [
        number
        for item in plot.estimates
        for number in (item.value, item.low, item.high)
        if number is not None
    ]
    low, high = min(known, default=0.0), max(known, default=1.0)
    if plot.zero or low >= 0:
        low, high = min(low, 0.0), max(high, 0.0)
    elif high == low:
        low, high = low - abs(low or 1) * 0.1, high + abs(high or 1) * 0.1
    axis = ticks(low, high)
    body = [
        row_of(
            item.label,
            "",
            _whisker(item, axis, zero=plot.zero),
            item.shown,
            item.interval,
            f"row-{item.tone}",
        )
        for item in plot.estimates
    ]
    body.append(axis_row(axis, plot.axis))
    spoken = (f"{e.label}: {e.shown} {e.interval}".strip() for e in plot.estimates)
    return figure(plot, "estimates", spoken, Markup("").join(body))


def _whisker(item: plots.Estimate, axis: Sequence[float], *, zero: bool) -> Markup:
    span = axis[-1] - axis[0]

    def at(value: float) -> str:
        return pct((value - axis[0]) / span)

    middle = ROW / 2
    parts = [Markup('<line class="grid" x2="100%" y1="{}" y2="{}"/>').format(middle, middle)]
    for tick in axis:
        strong = zero and tick == 0
        parts.append(
            Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                "zero" if strong else "grid", at(tick), at(tick),
                px(-6 if strong else middle - 5), px(ROW + 6 if strong else middle + 5),
            )
        )  # fmt: skip
    if item.value is not None:
        tip = Markup("<title>{}</title>").format(f"{item.label}: {item.shown} {item.interval}")
        parts.append(Markup('<g class="{}">{}').format(item.tone, tip))
        if item.low is not None and item.high is not None:
            for x1, x2, y1, y2 in (
                (item.low, item.high, middle, middle),
                (item.low, item.low, middle - 4, middle + 4),
                (item.high, item.high, middle - 4, middle + 4),
            ):
                parts.append(
                    Markup('<line class="line" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                        at(x1), at(x2), px(y1), px(y2)
                    )
                )
        parts.append(
            Markup('<circle class="fill dot" cx="{}" cy="{}" r="5.5"/></g>').format(
                at(item.value), px(middle)
            )
        )
    return Markup("").join(parts)
