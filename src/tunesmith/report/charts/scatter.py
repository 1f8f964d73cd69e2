"""Named points over two axes, drawn twice: with names for wide pages, with numbers for narrow ones.

Letters do not shrink with the drawing, so where a name has room depends on the width. The names
are placed for the narrowest page that shows them; on a wider one there is only more room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunesmith.report import plots
from tunesmith.report.charts.parts import figure, pct, px, tick_text, ticks, xy, y_grid
from tunesmith.report.charts.scale import Scale, linear, logarithmic
from tunesmith.report.charts.shapes import marker, placed, sample

HEIGHT = 300
WIDE, NARROW = 500.0, 250.0
"""The narrowest width of the plot, in pixels, at which each drawing is shown."""
_LETTER, _LINE = 7.2, 15.0
_GAP = 13.0


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share a point."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


def draw_scatter(plot: plots.Scatter) -> Markup:
    """The two drawings, and the list of the numbers."""
    xs = [spot.x for spot in plot.spots]
    ys = [v for s in plot.spots for v in (s.y, s.low, s.high) if v is not None]
    across = logarithmic(xs) if plot.log else linear(xs)
    low = min(ys, default=0.0)
    up = (
        linear(ys)
        if plot.y_from_zero or low < 0.3 * max(ys, default=1.0)
        else Scale(tuple(ticks(low, max(ys))))
    )
    entries = Markup("").join(
        Markup("<li>{}<span>{}{}</span><small>{}</small></li>").format(
            sample(spot.shape, spot.tone, hollow=spot.hollow),
            f"{number}. {spot.label}",
            Markup(' <span class="chip">{}</span>').format(spot.tag) if spot.tag else "",
            spot.shown,
        )
        for number, spot in enumerate(plot.spots, start=1)
    )
    wide = _drawing(plot, across, up, WIDE, [_name(spot) for spot in plot.spots])
    numbers = [str(number) for number, _ in enumerate(plot.spots, start=1)]
    narrow = _drawing(plot, across, up, NARROW, numbers)
    spoken = [f"{_name(spot)}: {spot.shown}" for spot in plot.spots]
    body = Markup(
        '<div class="wide">{}</div><div class="narrow">{}</div><ol class="spots">{}</ol>'
    ).format(wide, narrow, entries)
    return figure(plot, "scatter", spoken, body)


def _name(spot: plots.Spot) -> str:
    return f"{spot.label} ({spot.tag})" if spot.tag else spot.label


def _drawing(
    plot: plots.Scatter, across: Scale, up: Scale, width: float, names: Sequence[str]
) -> Markup:
    parts = [y_grid([(HEIGHT * (1 - up.at(tick)), tick_text(tick)) for tick in up.axis])]
    parts += [
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            pct(across.at(tick)), HEIGHT + 18, tick_text(tick)
        )
        for tick in across.axis
    ]
    dots = [(across.at(s.x), HEIGHT * (1 - up.at(s.y))) for s in plot.spots]
    parts += [_spot(s, dot, up) for s, dot in zip(plot.spots, dots, strict=True)]
    whiskers = [
        (HEIGHT * (1 - up.at(s.low)), HEIGHT * (1 - up.at(s.high)))
        if s.low is not None and s.high is not None
        else (y, y)
        for s, (_, y) in zip(plot.spots, dots, strict=True)
    ]
    boxes = place([(x * width, y) for x, y in dots], names, width, whiskers)
    for spot, name, box, (share, y) in zip(plot.spots, names, boxes, dots, strict=True):
        parts.append(_label(spot, name, box, share, y, width))
    return xy(Markup(""), plot.y_label, plot.x_label, HEIGHT, parts)


def _spot(spot: plots.Spot, dot: tuple[float, float], up: Scale) -> Markup:
    share, y = dot
    parts = [Markup('<g class="{}">').format(spot.tone)]
    if spot.low is not None and spot.high is not None:
        parts.append(
            Markup('<line class="line" x1="{x}" x2="{x}" y1="{}" y2="{}"/>').format(
                px(HEIGHT * (1 - up.at(spot.low))), px(HEIGHT * (1 - up.at(spot.high))),
                x=pct(share),
            )
        )  # fmt: skip
    if spot.chosen:
        parts.append(placed(Markup('<circle class="ring" r="9.5"/>'), share, y))
    tip = f"{_name(spot)}: {spot.shown}"
    parts.append(placed(marker(spot.shape, spot.tone, hollow=spot.hollow, tip=tip), share, y))
    return Markup("").join([*parts, Markup("</g>")])


def _label(spot: plots.Spot, name: str, box: Box, share: float, y: float, width: float) -> Markup:
    """The name beside its point, with a thin line to it where it had to move away."""
    x = share * width
    left = box.x + box.width <= x
    edge = box.x + box.width if left else box.x
    middle = box.y + box.height / 2
    leader = Markup("")
    if abs(middle - y) > _LINE:
        leader = placed(
            Markup('<line class="leader" x1="0" y1="0" x2="{}" y2="{}"/>').format(
                px(edge - x), px(middle - y)
            ),
            share,
            y,
        )
    text = Markup('<text class="{}" x="{}" dx="{}" y="{}" text-anchor="{}">{}</text>').format(
        "spot-name chosen" if spot.chosen else "spot-name",
        pct(share), px(edge - x), px(middle + 4), "end" if left else "start", name,
    )  # fmt: skip
    return leader + text


def place(
    dots: Sequence[tuple[float, float]],
    names: Sequence[str],
    width: float,
    whiskers: Sequence[tuple[float, float]] = (),
) -> list[Box]:
    """A place for each name beside its point, clear of the points and of the names before it.

    Args:
        dots: The points, in pixels from the left and the top.
        names: Their names.
        width: The width of the plot in pixels; names stay inside it where they can.
        whiskers: The lower and the upper end of the line through each point, in pixels.
    """
    taken = [Box(x - 8, y - 8, 16, 16) for x, y in dots]
    taken += [
        Box(x - 2, high, 4, low - high) for (x, _), (low, high) in zip(dots, whiskers, strict=False)
    ]
    boxes = []
    for (x, y), name in zip(dots, names, strict=True):
        size = len(name) * _LETTER + 2
        free = None
        for box in _candidates(x, y, size):
            inside = box.x >= 0 and box.x + box.width <= width and box.y >= -8
            inside = inside and box.y + box.height <= HEIGHT + 4
            if inside and not any(box.overlaps(other) for other in taken):
                free = box
                break
        box = free or Box(x + _GAP, y - _LINE / 2, size, _LINE)
        taken.append(box)
        boxes.append(box)
    return boxes


def _candidates(x: float, y: float, size: float) -> list[Box]:
    """Right and left of the point, at its height first and then further up and down."""
    shifts = (0, *(sign * step * 8 for step in range(1, 32) for sign in (-1, 1)))
    return [
        Box(start, y - _LINE / 2 + shift, size, _LINE)
        for shift in shifts
        for start in (x + _GAP, x - _GAP - size)
    ]
