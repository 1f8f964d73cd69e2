"""Rows of points on one axis: slices, quantiles of latency, before and after, folds."""

from __future__ import annotations

from markupsafe import Markup

from tunesmith.report import plots
from tunesmith.report.charts.parts import anchor, figure, pct, px, tick_text, ticks
from tunesmith.report.charts.scale import Scale, linear, logarithmic
from tunesmith.report.charts.shapes import marker, placed, sample

_LANE = 20
_FAR = 3.0
"""A limit further out than this many times the largest value is named and not drawn."""


def draw_dots(plot: plots.Dots) -> Markup:
    """Points in lanes, each with its shape, its interval and its value beside it."""
    numbers = [
        number
        for row in plot.rows
        for point in row.points
        for number in (point.value, point.low, point.high)
        if number is not None
    ]
    limit = plot.limit
    beyond = limit is not None and numbers and limit[0] > _FAR * max(numbers) and not plot.log
    if limit is not None and not beyond:
        numbers.append(limit[0])
    scale = _scale(plot, numbers)
    at = None if limit is None or beyond else scale.at(limit[0])
    body = Markup("").join(_row(plot, row, scale, at) for row in plot.rows)
    spoken = [_spoken(plot, row) for row in plot.rows]
    key = [(sample(s.shape, s.tone, hollow=s.hollow), s.label) for s in plot.series]
    if limit is not None:
        dash = Markup(
            '<svg class="key-mark" width="18" height="12" aria-hidden="true">'
            '<line class="limit-line" x2="18" y1="6" y2="6"/></svg>'
        )
        key.append((dash, limit[1] + (", beyond the axis" if beyond else "")))
        spoken.append(limit[1])
    entry = Markup('<span class="key-item">{}{}</span>')
    shown = Markup('<div class="key">{}</div>').format(
        Markup("").join(entry.format(mark, label) for mark, label in key)
    )
    return figure(plot, "dots", spoken, shown + body + _axis(scale, plot.axis))


def _scale(plot: plots.Dots, numbers: list[float]) -> Scale:
    if plot.log and any(number > 0 for number in numbers):
        return logarithmic(numbers)
    low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    if plot.from_zero or low <= 0.3 * high:
        return linear(numbers)
    return Scale(tuple(ticks(low, high)))


def _row(plot: plots.Dots, row: plots.DotRow, scale: Scale, limit: float | None) -> Markup:
    lanes = len(row.points) if plot.lanes else 1
    height = _LANE * max(lanes, 1)
    marks = [_grid(scale, height)]
    if limit is not None:
        marks.append(
            Markup('<line class="limit-line" x1="{x}" x2="{x}" y1="-5" y2="{}"/>').format(
                height + 5, x=pct(limit)
            )
        )
    for index, point in enumerate(row.points):
        y = _LANE * ((index if plot.lanes else 0) + 0.5)
        marks.append(_point(plot, row, point, scale, y))
    small = Markup("<small>{}</small>")
    return Markup(
        '<div class="row"><span class="row-label">{}{}</span>'
        '<svg class="row-mark" height="{}" focusable="false">{}</svg>'
        '<span class="row-value">{}</span></div>\n'
    ).format(
        row.label,
        small.format(row.note) if row.note else "",
        height,
        Markup("").join(marks),
        _values(plot, row),
    )


def _values(plot: plots.Dots, row: plots.DotRow) -> Markup:
    if not plot.lanes:
        small = Markup("<small>{}</small>").format(row.more) if row.more else ""
        return Markup("{}{}").format(row.shown, small)
    lane = Markup('<span class="lane">{}<span>{}</span>{}</span>')
    several = len(plot.series) > 1
    return Markup("").join(
        lane.format(
            _sample(plot.series[point.series]) if several else "",
            point.shown,
            Markup("<small>{}</small>").format(point.interval) if point.interval else "",
        )
        for point in row.points
    )


def _sample(series: plots.Series) -> Markup:
    return sample(series.shape, series.tone, hollow=series.hollow)


def _grid(scale: Scale, height: float) -> Markup:
    return Markup("").join(
        Markup('<line class="grid" x1="{x}" x2="{x}" y2="{}"/>').format(
            px(height), x=pct(scale.at(tick))
        )
        for tick in scale.axis
    )


def _point(
    plot: plots.Dots, row: plots.DotRow, point: plots.Point, scale: Scale, y: float
) -> Markup:
    if point.value is None:
        return Markup("")
    series = plot.series[point.series]
    tip = f"{row.label}, {series.label}: {point.shown} {point.interval}".strip()
    parts = [Markup('<g class="{}">').format(series.tone)]
    low, high = point.low, point.high
    if low is not None or high is not None:
        start = scale.at(low if low is not None else point.value)
        end = scale.at(high if high is not None else scale.axis[-1])
        dash = Markup(' stroke-dasharray="2 4"') if high is None or low is None else ""
        parts.append(
            Markup('<line class="line" x1="{}" x2="{}" y1="{y}" y2="{y}"{}/>').format(
                pct(start), pct(end), dash, y=px(y)
            )
        )
    mark = marker(series.shape, series.tone, hollow=series.hollow, tip=tip)
    parts += [placed(mark, scale.at(point.value), y), Markup("</g>")]
    return Markup("").join(parts)


def _spoken(plot: plots.Dots, row: plots.DotRow) -> str:
    if not plot.lanes:
        return f"{row.label}: {row.shown} {row.more}".strip()
    figures = ", ".join(
        f"{plot.series[point.series].label} {point.shown} {point.interval}".strip()
        for point in row.points
    )
    return f"{row.label}{f' ({row.note})' if row.note else ''}: {figures}"


def _axis(scale: Scale, label: str) -> Markup:
    texts = Markup("").join(
        Markup('<text x="{}" y="12" text-anchor="{}">{}</text>').format(
            pct(scale.at(tick)), anchor(i, len(scale.axis)), tick_text(tick)
        )
        for i, tick in enumerate(scale.axis)
    )
    return Markup(
        '<div class="row row-axis"><span class="row-label"></span>'
        '<svg class="row-mark" height="16" focusable="false">{}</svg>'
        '<span class="row-value"></span><span class="axis-label">{}</span></div>\n'
    ).format(texts, label)
