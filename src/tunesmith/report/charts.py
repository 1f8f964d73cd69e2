"""Charts as inline SVG, drawn by hand from `plots`.

Two devices keep the text readable at every width. Charts of rows (bars, stacks, dots, funnel) put
their labels and values in HTML and only the marks in SVG, so that long names wrap. Charts with two
axes place their marks by percentage in an SVG without a viewBox, so that the shape stretches and
the letters do not; only the lines themselves live in a nested, stretched coordinate system.

Colours are classes (see `templates/style.css.j2`), so light, dark and print need no second drawing.
Each chart is one image to a screen reader, with all its figures in the label; each mark has a
`<title>` that browsers show on hover.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup

from tunesmith.report import plots
from tunesmith.report.wording import MINUS, count, plural, significant

_ROW = 20
_XY_HEIGHT = 220
_BINS_HEIGHT = 150
_ALT_LIMIT = 40

_Place = Callable[[float, float], tuple[float, float]]
"""From data to (share of the width, pixels from the top)."""


def draw(plot: plots.Plot) -> Markup:
    """The `<figure>` of a plot.

    Raises:
        TypeError: There is no drawing for this kind of plot.
    """
    match plot:
        case plots.Bars():
            return _bars(plot)
        case plots.Stacks():
            return _stacks(plot)
        case plots.Estimates():
            return _estimates(plot)
        case plots.Lines():
            return _lines(plot)
        case plots.Histogram():
            return _histogram(plot)
        case plots.Funnel():
            return _funnel(plot)
        case _:
            raise TypeError(f"no drawing for {type(plot).__name__}")


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


def _figure(plot: plots.Plot, kind: str, figures: Iterable[str], body: Markup) -> Markup:
    spoken = list(figures)
    if len(spoken) > _ALT_LIMIT:
        spoken = [*spoken[:_ALT_LIMIT], f"and {len(spoken) - _ALT_LIMIT} more"]
    lead = ". ".join(part.rstrip(".") for part in (plot.title, plot.subtitle) if part)
    subtitle = (
        Markup('<span class="chart-sub">{}</span>').format(plot.subtitle) if plot.subtitle else ""
    )
    hint = Markup(' title="{}"').format(plot.hint) if plot.hint else ""
    return Markup(
        '<figure class="chart chart-{}"><figcaption><span class="chart-title"{}>{}</span>{}'
        '</figcaption><div class="plot" role="img" aria-label="{}">{}</div></figure>\n'
    ).format(kind, hint, plot.title, subtitle, f"{lead}. {'; '.join(spoken)}.", body)


def _key(entries: Iterable[tuple[str, plots.Tone, str]], mark: str = "box") -> Markup:
    items = Markup("").join(
        Markup(
            '<span class="key-item"><svg class="key-mark" width="18" height="12">{}</svg>{}</span>'
        ).format(_key_mark(tone, mark), label if not shown else f"{label} {shown}")
        for label, tone, shown in entries
    )
    return Markup('<div class="key">{}</div>').format(items)


def _key_mark(tone: str, mark: str) -> Markup:
    if mark == "box":
        return Markup('<rect class="fill {}" y="1" width="12" height="10" rx="2"/>').format(tone)
    dash = Markup(' stroke-dasharray="4 3"') if mark == "dashed" else ""
    return Markup('<line class="line {}" x2="18" y1="6" y2="6"{}/>').format(tone, dash)


def _row(
    label: str, note: str, marks: Markup, shown: str, more: str = "", kind: str = ""
) -> Markup:
    small = Markup("<small>{}</small>")
    return Markup(
        '<div class="row {}"><span class="row-label">{}{}</span>'
        '<svg class="row-mark" height="{}" focusable="false">{}</svg>'
        '<span class="row-value">{}{}</span></div>\n'
    ).format(
        kind,
        label,
        small.format(note) if note else "",
        _ROW,
        marks,
        shown,
        small.format(more) if more else "",
    )


def _rect(tone: str, start: float, width: float, tip: str, *, inset: int = 2) -> Markup:
    """A bar from `start`, both as shares of the full width; never thinner than a hair."""
    width = max(width, 0.0015)
    return Markup(
        '<rect class="fill {}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
    ).format(tone, _pct(min(start, 1 - width)), inset, _pct(width), _ROW - 2 * inset, tip)


def _pct(share: float) -> str:
    return f"{share * 100:.3f}".rstrip("0").rstrip(".") + "%"


def _px(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _bars(plot: plots.Bars) -> Markup:
    top = plot.top or max((bar.value for bar in plot.bars), default=0) or 1
    rows = Markup("").join(
        _row(
            bar.label,
            bar.note,
            _rect(bar.tone, 0, bar.value / top, f"{bar.label}: {bar.shown}")
            if bar.value > 0
            else Markup(""),
            bar.shown,
        )
        for bar in plot.bars
    )
    return _figure(plot, "bars", (f"{bar.label}: {bar.shown}" for bar in plot.bars), rows)


def _stacks(plot: plots.Stacks) -> Markup:
    top = plot.top or max((sum(row.values) for row in plot.rows), default=0) or 1
    body, spoken = [], []
    for row in plot.rows:
        marks, position = [], 0
        for value, (name, tone) in zip(row.values, plot.series, strict=True):
            if value > 0:
                tip = f"{row.label}, {name}: {count(value)}"
                marks.append(_rect(f"part {tone}", position / top, value / top, tip))
            position += value
        parts = " · ".join(count(value) for value in row.values)
        body.append(_row(row.label, "", Markup("").join(marks), count(position), parts))
        named = ", ".join(
            f"{name} {count(value)}"
            for value, (name, _) in zip(row.values, plot.series, strict=True)
        )
        spoken.append(f"{row.label}: {named}")
    key = _key((name, tone, "") for name, tone in plot.series)
    return _figure(plot, "stacks", spoken, key + Markup("").join(body))


def _estimates(plot: plots.Estimates) -> Markup:
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
        _row(
            item.label,
            "",
            _whisker(item, axis, zero=plot.zero),
            item.shown,
            item.interval,
            f"row-{item.tone}",
        )
        for item in plot.estimates
    ]
    body.append(_axis_row(axis, plot.axis))
    spoken = (f"{e.label}: {e.shown} {e.interval}".strip() for e in plot.estimates)
    return _figure(plot, "estimates", spoken, Markup("").join(body))


def _whisker(item: plots.Estimate, axis: Sequence[float], *, zero: bool) -> Markup:
    span = axis[-1] - axis[0]

    def at(value: float) -> str:
        return _pct((value - axis[0]) / span)

    middle = _ROW / 2
    parts = [Markup('<line class="grid" x2="100%" y1="{}" y2="{}"/>').format(middle, middle)]
    for tick in axis:
        strong = zero and tick == 0
        parts.append(
            Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                "zero" if strong else "grid", at(tick), at(tick),
                _px(-6 if strong else middle - 5), _px(_ROW + 6 if strong else middle + 5),
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
                        at(x1), at(x2), _px(y1), _px(y2)
                    )
                )
        parts.append(
            Markup('<circle class="fill dot" cx="{}" cy="{}" r="5.5"/></g>').format(
                at(item.value), _px(middle)
            )
        )
    return Markup("").join(parts)


def _axis_row(axis: Sequence[float], label: str) -> Markup:
    span = axis[-1] - axis[0]
    texts = Markup("").join(
        Markup('<text x="{}" y="12" text-anchor="{}">{}</text>').format(
            _pct((tick - axis[0]) / span), _anchor(i, len(axis)), _tick(tick)
        )
        for i, tick in enumerate(axis)
    )
    return Markup(
        '<div class="row row-axis"><span class="row-label"></span>'
        '<svg class="row-mark" height="16" focusable="false">{}</svg>'
        '<span class="row-value"></span><span class="axis-label">{}</span></div>\n'
    ).format(texts, label)


def _anchor(index: int, total: int) -> str:
    return "start" if index == 0 else "end" if index == total - 1 else "middle"


def _tick(value: float) -> str:
    for size, suffix in ((1e12, "T"), (1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size and (size > 1e3 or abs(value) >= 1e4):
            return f"{value / size:,.12g}{suffix}".replace("-", MINUS)
    return f"{value:,.12g}".replace("-", MINUS)


def _lines(plot: plots.Lines) -> Markup:
    points = [point for line in plot.lines for point in line.points]
    xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
    floor = 0.0 if plot.from_zero or min(ys) < 0.3 * max(ys) else min(ys)
    x_axis, y_axis = [min(xs), max(xs)], ticks(floor, max(ys))
    if x_axis[0] >= 0 and x_axis[0] < 0.2 * x_axis[1]:
        x_axis[0] = 0.0
    if x_axis[1] == x_axis[0]:
        x_axis[1] += 1

    def at(x: float, y: float) -> tuple[float, float]:
        share = (x - x_axis[0]) / (x_axis[1] - x_axis[0])
        return share, _XY_HEIGHT * (1 - (y - y_axis[0]) / (y_axis[-1] - y_axis[0]))

    parts = [_y_grid([(at(0, y)[1], f"{plot.y_prefix}{_tick(y)}") for y in y_axis])]
    parts += [
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _pct(at(x, 0)[0]), _XY_HEIGHT + 18, _tick(x)
        )
        for x in ticks(x_axis[0], x_axis[1])
        if x_axis[0] <= x <= x_axis[1]
    ]
    parts += [_path(line, at) for line in plot.lines]
    parts += [_dots(line, plot, at) for line in plot.lines]
    parts += [_mark(mark, at) for mark in plot.marks]
    key = Markup("").join(
        _key([(line.label, line.tone, line.shown)], "dashed" if line.dashed else "line")
        for line in plot.lines
    )
    spoken = [
        f"{line.label}: {plural(len(line.points), 'point')}, from {significant(line.points[0][1])} "
        f"at {significant(line.points[0][0])} to {significant(line.points[-1][1])} "
        f"at {significant(line.points[-1][0])}"
        for line in plot.lines
        if line.points
    ]
    spoken += [mark.label for mark in plot.marks]
    return _figure(plot, "lines", spoken, _xy(key, plot.y_label, plot.x_label, _XY_HEIGHT, parts))


def _xy(key: Markup, y: str, x: str, height: int, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<div class="keys">{}</div><div class="y-label">{}</div><div class="xy">'
        '<svg class="xy-svg" height="{}" focusable="false">{}</svg></div>'
        '<div class="x-label">{}</div>'
    ).format(key, y, height, Markup("").join(parts), x)


def _y_grid(rows: Iterable[tuple[float, str]]) -> Markup:
    return Markup("").join(
        Markup(
            '<line class="grid" x2="100%" y1="{}" y2="{}"/>'
            '<text x="-8" y="{}" text-anchor="end" dominant-baseline="central">{}</text>'
        ).format(_px(y), _px(y), _px(y), label)
        for y, label in rows
    )


def _path(line: plots.Line, at: _Place) -> Markup:
    placed = [at(x, y) for x, y in line.points]
    coordinates = " ".join(f"{_px(share * 1000)},{_px(y)}" for share, y in placed)
    dash = Markup(' stroke-dasharray="6 4"') if line.dashed else ""
    return Markup(
        '<svg width="100%" height="{}" viewBox="0 0 1000 {}" preserveAspectRatio="none">'
        '<polyline class="line {}" points="{}"{}/></svg>'
    ).format(_XY_HEIGHT, _XY_HEIGHT, line.tone, coordinates, dash)


def _dots(line: plots.Line, plot: plots.Lines, at: _Place) -> Markup:
    """A dot on each point, or an invisible one that carries the figures on hover."""
    parts = []
    for x, y in line.points[:: max(1, len(line.points) // 150)]:
        share, height = at(x, y)
        tip = f"{line.label}: {plot.y_prefix}{significant(y)} at {significant(x, 4)}"
        kind, radius = ("fill", "3.5") if line.dots else ("hit", "7")
        circle = Markup(
            '<circle class="{} {}" cx="{}" cy="{}" r="{}"><title>{}</title></circle>'
        ).format(kind, line.tone, _pct(share), _px(height), radius, tip)
        parts.append(circle)
    return Markup("").join(parts)


def _mark(mark: plots.Mark, at: _Place) -> Markup:
    share, y = at(mark.x, mark.y)
    end = share > 0.5
    return Markup(
        '<line class="mark-line" x1="{x}" x2="{x}" y1="{y}" y2="{height}"/>'
        '<circle class="mark-dot" cx="{x}" cy="{y}" r="5"><title>{label}</title></circle>'
        '<text class="mark-text" x="{x}" dx="{dx}" y="{ty}" text-anchor="{anchor}">{label}</text>'
    ).format(
        x=_pct(share), y=_px(y), height=_XY_HEIGHT, dx=-10 if end else 10,
        ty=_px(max(12.0, y - 8) if end else min(_XY_HEIGHT - 6.0, y + 18)),
        anchor="end" if end else "start", label=mark.label,
    )  # fmt: skip


def _histogram(plot: plots.Histogram) -> Markup:
    bins = plot.bins
    axis = ticks(0, max((item.rows for item in bins), default=0) or 1, wanted=3)
    peak = max(range(len(bins)), key=lambda i: bins[i].rows)
    width = 1 / len(bins)
    parts = [_y_grid([(_BINS_HEIGHT * (1 - y / axis[-1]), _tick(y)) for y in axis])]
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
                ).format(_pct(i * width), _px(_BINS_HEIGHT - height), _pct(width), _px(height), tip)
            )
        if item.rows and (len(bins) <= 8 or i == peak):
            parts.append(
                Markup(
                    '<text class="bin-text" x="{}" y="{}" text-anchor="middle">{}</text>'
                ).format(_pct((i + 0.5) * width), _px(_BINS_HEIGHT - height - 5), count(item.rows))
            )
    parts += _edges(bins)
    body = _xy(Markup(""), plot.y_label, plot.x_label, _BINS_HEIGHT, parts)
    return _figure(plot, "bins", spoken, body)


def _edges(bins: Sequence[plots.Bin]) -> list[Markup]:
    every = max(1, math.ceil(len(bins) / 5))
    closing = bins[-1].high
    edges = [(i / len(bins), _tick(item.low)) for i, item in enumerate(bins) if i % every == 0]
    if closing is None:
        edges = [edge for edge in edges if edge[0] < 1 - (1 + 0.8 * every) / len(bins)]
        edges.append(((len(bins) - 1) / len(bins), f"{_tick(bins[-1].low)}+"))
    elif len(bins) % every == 0:
        edges.append((1.0, _tick(closing)))
    return [
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _pct(share), _BINS_HEIGHT + 18, label
        )
        for share, label in edges
    ]


def _range(item: plots.Bin) -> str:
    if item.high is None:
        return f"{significant(item.low)} and more"
    return f"{significant(item.low)} to {significant(item.high)}"


def _funnel(plot: plots.Funnel) -> Markup:
    full = max((row.end for row in plot.rows), default=0) or 1
    body = []
    for row in plot.rows:
        marks = _rect(row.tone, row.start / full, (row.end - row.start) / full,
                      f"{row.label}: {row.shown}", inset=1 if row.total else 3)  # fmt: skip
        if not row.total and row.start:
            marks = (
                _rect("rest", 0, row.start / full, f"{count(row.start)} rows left", inset=3) + marks
            )
        body.append(
            _row(
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
    key = _key((name, tone, "") for name, tone in plot.key) if plot.key else Markup("")
    return _figure(plot, "funnel", spoken, key + Markup("").join(body))
