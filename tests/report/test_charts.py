"""The drawing of plots: lengths in proportion, text escaped, axes round."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from tunesmith.report import plots
from tunesmith.report.charts import draw, ticks
from tunesmith.report.charts.scale import Scale, linear, log_ticks, logarithmic
from tunesmith.report.charts.scatter import HEIGHT, NARROW, WIDE, place
from tunesmith.report.charts.shapes import SHAPES, marker


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


POSITIVE = st.floats(min_value=1e-6, max_value=1e9)


@given(low=POSITIVE, high=POSITIVE)
def test_logarithmic_ticks_rise_are_round_and_span_the_data(low: float, high: float) -> None:
    low, high = min(low, high), max(low, high)
    axis = log_ticks(low, high)
    assert 2 <= len(axis) <= 8
    assert list(axis) == sorted(set(axis))
    assert axis[0] <= low * (1 + 1e-6)
    assert axis[-1] >= high * (1 - 1e-6)
    for tick in axis:
        digits = f"{tick:.6e}".split("e")[0]
        assert float(digits) in {1.0, 2.0, 5.0}


@given(values=st.lists(POSITIVE, min_size=2), log=st.booleans())
def test_a_scale_keeps_the_order_and_stays_inside(values: list[float], log: bool) -> None:
    scale = logarithmic(values) if log else linear(values)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= share <= 1 for share in places)


def test_a_decade_is_as_long_as_the_next() -> None:
    scale = Scale((1.0, 10.0, 100.0), log=True)
    assert [round(scale.at(v), 6) for v in (1, 10, 100, 0.5, 1000)] == [0, 0.5, 1, 0, 1]


@given(dots=st.lists(st.tuples(st.floats(0, NARROW), st.floats(0, HEIGHT)), min_size=1, max_size=7))
def test_numbers_beside_points_never_cover_one_another(dots: list[tuple[float, float]]) -> None:
    boxes = place(dots, [str(i + 1) for i in range(len(dots))], NARROW)
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:i])


def test_names_of_seven_close_points_do_not_overlap() -> None:
    dots = [(60.0 + 12 * i, 40.0 + 3 * i) for i in range(7)]
    names = ["Full fine-tuning", "Few-shot prompting (chosen)", "Prefix tuning", "LoRA tuning",
             "Instruction tuning", "Prompt tuning (dominated)", "Base model"]  # fmt: skip
    boxes = place(dots, names, WIDE, [(y + 12, y - 12) for _, y in dots])
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:i])
        assert one.x >= 0
        assert one.x + one.width <= WIDE


def test_every_series_has_a_shape_of_its_own() -> None:
    drawn = {re.sub(r'class="[^"]*"', "", marker(shape, "grey")) for shape in SHAPES}
    assert len(drawn) == len(SHAPES)


def _dots(limit: tuple[float, str] | None = None) -> plots.Dots:
    series = (plots.Series("before", "grey", "circle"), plots.Series("after", "accent", "diamond"))
    points = (plots.Point(0, 1.0, 0.5, 1.5, "1.0", "0.5 to 1.5"),
              plots.Point(1, 2.0, 1.0, None, "2.0", "1.0 or more"))  # fmt: skip
    rows = (plots.DotRow("row", points), plots.DotRow("gap", (plots.Point(0, None, shown="none"),)))
    return plots.Dots(title="t", axis="x", series=series, rows=rows, limit=limit)


def test_dots_stand_where_their_values_are_and_a_missing_one_is_written() -> None:
    svg = draw(_dots())
    assert attributes(svg, "svg", "x") == ["50%", "100%"]
    assert svg.count("stroke-dasharray") == 1
    assert "gap: before none" in svg
    lines = re.findall(r'<line class="line" x1="([^"]+)" x2="([^"]+)"', svg)
    assert lines == [("25%", "75%"), ("50%", "100%")]


def test_a_limit_is_drawn_or_named_where_it_is_far_away() -> None:
    near, far = draw(_dots((1.5, "Limit"))), draw(_dots((50.0, "Limit")))
    assert near.count("limit-line") == 3
    assert far.count("limit-line") == 1
    assert "Limit, beyond the axis" in far


def test_a_scatter_marks_what_is_chosen_and_dominated_without_colour() -> None:
    spots = (
        plots.Spot("A", 1.0, 0.4, 0.3, 0.5, "0.4", "accent", "circle", chosen=True, tag="chosen"),
        plots.Spot("B", 100.0, 0.2, None, None, "0.2", "grey", "square", hollow=True,
                   tag="dominated"),
    )  # fmt: skip
    svg = draw(plots.Scatter(title="t", x_label="x", y_label="y", spots=spots, log=True))
    assert svg.count('class="ring"') == 2
    assert svg.count('class="hollow grey"') == 3
    assert "A (chosen)" in svg
    assert "B (dominated)" in svg
    assert attributes(svg.split('class="narrow"')[0], "svg", "x")[:2] == ["0%", "0%"]


def test_lines_over_logarithmic_axes_go_through_their_points() -> None:
    line = plots.Line("a", ((1.0, 1.0), (10.0, 10.0), (100.0, 100.0)), "accent", shape="circle")
    svg = draw(plots.Lines(title="t", x_label="x", y_label="y", lines=(line,), log=True))
    points = re.findall(r'points="([^"]+)"', svg)[0].split()
    assert [tuple(map(float, point.split(","))) for point in points] == [
        (0, 220), (500, 110), (1000, 0)
    ]  # fmt: skip
