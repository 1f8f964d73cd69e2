"""Charts with two axes: lines and histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from tunesmith.report import plots
from tunesmith.report.charts.parts import (
    XY_HEIGHT,
    Place,
    figure,
    legend,
    pct,
    px,
    tick_text,
    ticks,
    xy,
    y_grid,
)
from tunesmith.report.charts.scale import Scale, logarithmic
from tunesmith.report.charts.shapes import marker, placed, sample
from tunesmith.report.wording import count, plural, significant

_BINS_HEIGHT = 150
_ROOM = 0.12
"""The share of the width that stands between two marks of a line at least."""


def draw_lines(plot: plots.Lines) -> Markup:
    """Lines over a numeric axis, with named points."""
    points = [point for line in plot.lines for point in line.points]
    xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
    across, x_ticks = _across(xs, log=plot.log)
    up = logarithmic(ys) if plot.log else _up(ys, from_zero=plot.from_zero)

    def at(x: float, y: float) -> tuple[float, float]:
        return across.at(x), XY_HEIGHT * (1 - up.at(y))

    parts = [y_grid([(at(0, y)[1], f"{plot.y_prefix}{tick_text(y)}") for y in up.axis])]
    parts += [
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            pct(across.at(x)), XY_HEIGHT + 18, tick_text(x)
        )
        for x in x_ticks
    ]
    parts += [_path(line, at) for line in plot.lines]
    parts += [_dots(line, plot, at) for line in plot.lines]
    parts += _marks(plot.marks, at)
    key = Markup("").join(_key(line) for line in plot.lines)
    spoken = [
        f"{line.label}: {plural(len(line.points), 'point')}, from {significant(line.points[0][1])} "
        f"at {significant(line.points[0][0])} to {significant(line.points[-1][1])} "
        f"at {significant(line.points[-1][0])}"
        for line in plot.lines
        if line.points
    ]
    spoken += [mark.label for mark in plot.marks]
    return figure(plot, "lines", spoken, xy(key, plot.y_label, plot.x_label, XY_HEIGHT, parts))


def _across(xs: list[float], *, log: bool) -> tuple[Scale, list[float]]:
    """The horizontal axis and its ticks."""
    if log:
        scale = logarithmic(xs)
        return scale, list(scale.axis)
    low, high = min(xs), max(xs)
    if low >= 0 and low < 0.2 * high:
        low = 0.0
    if high == low:
        high += 1
    return Scale((low, high)), [x for x in ticks(low, high) if low <= x <= high]


def _up(ys: list[float], *, from_zero: bool) -> Scale:
    floor = 0.0 if from_zero or min(ys) < 0.3 * max(ys) else min(ys)
    return Scale(tuple(ticks(floor, max(ys))))


def _key(line: plots.Line) -> Markup:
    if line.shape:
        return Markup('<div class="key"><span class="key-item">{}{}</span></div>').format(
            sample(line.shape, line.tone), f"{line.label} {line.shown}".strip()
        )
    return legend([(line.label, line.tone, line.shown)], "dashed" if line.dashed else "line")


def _path(line: plots.Line, at: Place) -> Markup:
    places = [at(x, y) for x, y in line.points]
    coordinates = " ".join(f"{px(share * 1000)},{px(y)}" for share, y in places)
    dash = Markup(' stroke-dasharray="6 4"') if line.dashed else ""
    return Markup(
        '<svg width="100%" height="{}" viewBox="0 0 1000 {}" preserveAspectRatio="none">'
        '<polyline class="line {}" points="{}"{}/></svg>'
    ).format(XY_HEIGHT, XY_HEIGHT, line.tone, coordinates, dash)


def _dots(line: plots.Line, plot: plots.Lines, at: Place) -> Markup:
    """A dot on each point, or an invisible one that carries the figures on hover."""
    parts = []
    every = max(1, len(line.points) // 150)
    for x, y in _apart(line.points, at) if line.shape else line.points[::every]:
        share, height = at(x, y)
        tip = f"{line.label}: {plot.y_prefix}{significant(y)} at {significant(x, 4)}"
        if line.shape:
            parts.append(placed(marker(line.shape, line.tone, tip=tip), share, height))
            continue
        kind, radius = ("fill", "3.5") if line.dots else ("hit", "7")
        circle = Markup(
            '<circle class="{} {}" cx="{}" cy="{}" r="{}"><title>{}</title></circle>'
        ).format(kind, line.tone, pct(share), px(height), radius, tip)
        parts.append(circle)
    return Markup("").join(parts)


def _apart(points: Sequence[tuple[float, float]], at: Place) -> list[tuple[float, float]]:
    """The points that have room for a mark: the first, the last, and those between with room."""
    kept = [points[0]]
    for point in points[1:-1]:
        share = at(*point)[0]
        if share - at(*kept[-1])[0] >= _ROOM and at(*points[-1])[0] - share >= _ROOM:
            kept.append(point)
    return [*kept, points[-1]] if len(points) > 1 else kept


def _marks(marks: Sequence[plots.Mark], at: Place) -> list[Markup]:
    """Named points; a name that would stand on the one before it moves down or up."""
    parts: list[Markup] = []
    names: list[tuple[float, float]] = []
    for mark in sorted(marks, key=lambda mark: mark.x):
        share, y = at(mark.x, mark.y)
        end = share > 0.5
        height = max(12.0, y - 8) if end else min(XY_HEIGHT - 6.0, y + 18)
        step = -16 if height > XY_HEIGHT / 2 else 16
        while any(abs(share - s) < 0.35 and abs(height - h) < 15 for s, h in names):
            height += step
        names.append((share, height))
        parts.append(_mark(mark.label, share, y, height))
    return parts


def _mark(label: str, share: float, y: float, height: float) -> Markup:
    end = share > 0.5
    return Markup(
        '<line class="mark-line" x1="{x}" x2="{x}" y1="{y}" y2="{height}"/>'
        '<circle class="mark-dot" cx="{x}" cy="{y}" r="5"><title>{label}</title></circle>'
        '<text class="mark-text" x="{x}" dx="{dx}" y="{ty}" text-anchor="{anchor}">{label}</text>'
    ).format(
        x=pct(share), y=px(y), height=XY_HEIGHT, dx=-10 if end else 10, ty=px(height),
        anchor="end" if end else "start", label=label,
    )  # fmt: skip


def draw_histogram(plot: plots.Histogram) -> Markup:
    """Counts over adjoining bins."""
    bins = plot.bins
    axis = ticks(0, max((item.rows for item in bins), default=0) or 1, wanted=3)
    peak = max(range(len(bins)), key=lambda i: bins[i].rows)
    width = 1 / len(bins)
    parts = [y_grid([(_BINS_HEIGHT * (1 - y / axis[-1]), tick_text(y)) for y in axis])]
    spoken = []
    for i, item in enumerate(bins):
        height = _BINS_HEIGHT * item.rows / axis[-1]
        tip = f"{_range(item)}: {count(item.rows)}"
        spoken.append(tip)
        if item.rows:
            parts.append(
                Markup(
                    '<rect class="fill accent part" x="{}" y="{}" width="{}" height="{}">'
                    "<title>{}</title></rect>"
                ).format(pct(i * width), px(_BINS_HEIGHT - height), pct(width), px(height), tip)
            )
        if item.rows and (len(bins) <= 8 or i == peak):
            parts.append(
                Markup(
                    '<text class="bin-text" x="{}" y="{}" text-anchor="middle">{}</text>'
                ).format(pct((i + 0.5) * width), px(_BINS_HEIGHT - height - 5), count(item.rows))
            )
    parts += _edges(bins)
    body = xy(Markup(""), plot.y_label, plot.x_label, _BINS_HEIGHT, parts)
    return figure(plot, "bins", spoken, body)


def _edges(bins: Sequence[plots.Bin]) -> list[Markup]:
    every = max(1, math.ceil(len(bins) / 5))
    closing = bins[-1].high
    edges = [(i / len(bins), tick_text(item.low)) for i, item in enumerate(bins) if i % every == 0]
    if closing is None:
        edges = [edge for edge in edges if edge[0] < 1 - (1 + 0.8 * every) / len(bins)]
        edges.append(((len(bins) - 1) / len(bins), f"{tick_text(bins[-1].low)}+"))
    elif len(bins) % every == 0:
        edges.append((1.0, tick_text(closing)))
    return [
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            pct(share), _BINS_HEIGHT + 18, label
        )
        for share, label in edges
    ]


def _range(item: plots.Bin) -> str:
    if item.high is None:
        return f"{significant(item.low)} and more"
    return f"{significant(item.low)} to {significant(item.high)}"
