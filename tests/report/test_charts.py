"""The drawing of plots: lengths in proportion, text escaped, axes round."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup

from tunesmith.report import plots
from tunesmith.report.charts import draw, ticks


def attributes(svg: str, tag: str, name: str) -> list[str]:
    found = []
    for element in re.findall(rf"<{tag}\b[^>]*>", svg):
        match = re.search(rf'\b{name}="([^"]*)"', element)
        if match:
            found.append(match.group(1))
    return found


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 0.469, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (-0.02, 0.04, [-0.02, 0, 0.02, 0.04]),
        (1.25, 2.91, [1, 1.5, 2, 2.5, 3]),
        (5, 5, [5, 5.2, 5.4, 5.6, 5.8, 6]),
        (0, 1_234_567, [0, 500_000, 1_000_000, 1_500_000]),
    ],
)
def test_ticks_are_round_and_span_the_data(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def test_bars_are_as_long_as_their_values() -> None:
    bars = (plots.Bar("a", 50, "50"), plots.Bar("b", 25, "25"), plots.Bar("c", 0, "0"))
    svg = draw(plots.Bars(title="t", bars=bars))
    assert attributes(svg, "rect", "width") == ["100%", "50%"]


def test_a_tiny_value_can_still_be_seen() -> None:
    bars = (plots.Bar("a", 1_000_000, "m"), plots.Bar("b", 1, "1"))
    widths = attributes(draw(plots.Bars(title="t", bars=bars)), "rect", "width")
    assert widths == ["100%", "0.15%"]


def test_parts_of_a_stack_join() -> None:
    chart = plots.Stacks(
        title="t",
        series=(("x", "accent"), ("y", "s2"), ("z", "s3")),
        rows=(plots.StackRow("a", (80, 0, 20)),),
    )
    svg = draw(chart)
    rects = re.findall(r"<rect[^>]*\bpart\b[^>]*>", svg)
    assert attributes("".join(rects), "rect", "x") == ["0%", "80%"]
    assert attributes("".join(rects), "rect", "width") == ["80%", "20%"]


def test_whiskers_span_the_interval_around_the_dot() -> None:
    chart = plots.Estimates(
        title="t", axis="", estimates=(plots.Estimate("a", 0.5, 0.25, 1.0, "0.5", "0.25 to 1"),)
    )
    svg = draw(chart)
    whisker = next(line for line in re.findall(r"<line[^>]*>", svg) if 'class="line"' in line)
    assert 'x1="25%" x2="100%"' in whisker
    assert attributes(svg, "circle", "cx") == ["50%"]


def test_a_missing_estimate_has_no_dot() -> None:
    missing = plots.Estimate("a", None, None, None, "not measured", "")
    svg = draw(plots.Estimates(title="t", axis="", estimates=(missing,)))
    assert "<circle" not in svg
    assert "not measured" in svg


def test_a_funnel_loss_stands_where_the_rows_were() -> None:
    rows = (
        plots.FunnelRow("all", 0, 100, "100", total=True),
        plots.FunnelRow("lost", 60, 100, "-40", "dropped"),
        plots.FunnelRow("kept", 0, 60, "60", total=True),
    )
    svg = draw(plots.Funnel(title="t", rows=rows))
    assert attributes(svg, "rect", "x") == ["0%", "0%", "60%", "0%"]
    assert attributes(svg, "rect", "width") == ["100%", "60%", "40%", "60%"]


def test_line_points_are_placed_in_the_axes() -> None:
    line = plots.Line("l", ((0.0, 0.0), (10.0, 1.0)), "accent")
    svg = draw(plots.Lines(title="t", x_label="x", y_label="y", lines=(line,)))
    assert attributes(svg, "polyline", "points") == ["0,220 1000,0"]


def test_one_point_does_not_divide_by_zero() -> None:
    line = plots.Line("l", ((3.0, 2.0),), "accent")
    svg = draw(plots.Lines(title="t", x_label="x", y_label="y", lines=(line,)))
    assert not re.search(r"\b(nan|inf)\b", svg)


def test_histogram_bars_are_as_high_as_their_counts() -> None:
    bins = (plots.Bin(0, 1, 10), plots.Bin(1, 2, 5), plots.Bin(2, None, 0))
    svg = draw(plots.Histogram(title="t", x_label="x", y_label="y", bins=bins))
    high, low = (float(value) for value in attributes(svg, "rect", "height"))
    assert high == 2 * low
    assert "2+" in svg


@pytest.mark.parametrize(
    "chart",
    [
        plots.Bars(title="<b>", subtitle='"', bars=(plots.Bar('<i>"', 1, "<u>", "<s>"),)),
        plots.Stacks(title="<b>", series=(("<i>", "accent"),), rows=(plots.StackRow("<u>", (1,)),)),
        plots.Estimates(
            title="<b>", axis="<i>", estimates=(plots.Estimate('"<u>', 1, 0, 2, "<s>", '"'),)
        ),
        plots.Lines(
            title="<b>",
            x_label="<i>",
            y_label="<u>",
            lines=(plots.Line('<s>"', ((0.0, 1.0), (1.0, 2.0)), "accent", "<s>"),),
            marks=(plots.Mark(0.5, 1.5, '<i>"'),),
        ),
        plots.Histogram(title="<b>", x_label="<i>", y_label="<u>", bins=(plots.Bin(0, 1, 2),)),
        plots.Funnel(title="<b>", rows=(plots.FunnelRow('<i>"', 0, 2, "<u>", note="<s>"),)),
    ],
)
def test_labels_are_escaped(chart: plots.Plot) -> None:
    svg = draw(chart)
    assert isinstance(svg, Markup)
    assert not re.search(r"<(b|i|u|s)>", svg)
    assert "&lt;b&gt;" in svg


def test_an_unknown_plot_is_refused() -> None:
    with pytest.raises(TypeError, match="no drawing for Plot"):
        draw(plots.Plot(title="t"))
