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

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from tunesmith.report import plots
from tunesmith.report.charts.axes import draw_histogram, draw_lines
from tunesmith.report.charts.dots import draw_dots
from tunesmith.report.charts.parts import ticks
from tunesmith.report.charts.rows import draw_bars, draw_estimates, draw_funnel, draw_stacks
from tunesmith.report.charts.scatter import draw_scatter

__all__ = ["draw", "ticks"]


_DRAWINGS: dict[type[plots.Plot], Callable[[Any], Markup]] = {
    plots.Bars: draw_bars,
    plots.Stacks: draw_stacks,
    plots.Estimates: draw_estimates,
    plots.Lines: draw_lines,
    plots.Histogram: draw_histogram,
    plots.Funnel: draw_funnel,
    plots.Dots: draw_dots,
    plots.Scatter: draw_scatter,
}


def draw(plot: plots.Plot) -> Markup:
    """The `<figure>` of a plot.

    Raises:
        TypeError: There is no drawing for this kind of plot.
    """
    drawing = _DRAWINGS.get(type(plot))
    if drawing is None:
        raise TypeError(f"no drawing for {type(plot).__name__}")
    return drawing(plot)
