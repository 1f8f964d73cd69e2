"""What a plot shows, as plain data: `view` makes these, `charts` draws them."""

from __future__ import annotations

from dataclasses import dataclass, field

Tone = str
"""A colour by role: `accent`, `grey`, `s2` to `s7`, `merged`, `dropped`, `quarantined`."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What every plot has."""

    title: str
    """The finding, or what is shown."""
    subtitle: str = ""
    """What is plotted, in which unit."""
    hint: str = ""
    """A definition that is shown on hover over the title."""
    term: str = ""
    """The word of the glossary that `hint` defines, so that the keyboard finds it too."""


@dataclass(frozen=True)
class Bar:
    """One horizontal bar."""

    label: str
    value: float
    shown: str
    note: str = ""
    tone: Tone = "accent"


@dataclass(frozen=True, kw_only=True)
class Bars(Plot):
    """Horizontal bars from zero, in the order given."""

    bars: tuple[Bar, ...]
    top: float | None = None
    """The value of a full bar; the largest value where it is not given."""


@dataclass(frozen=True)
class StackRow:
    """One bar in parts; `values` stand in the order of the chart's series."""

    label: str
    values: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Stacks(Plot):
    """Horizontal bars in parts."""

    series: tuple[tuple[str, Tone], ...]
    rows: tuple[StackRow, ...]
    top: float | None = None
    """The total of a full bar; the largest total where it is not given."""


@dataclass(frozen=True)
class Estimate:
    """A value and its interval; a missing value is drawn as a gap with its label."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    shown: str
    interval: str
    tone: Tone = "grey"


@dataclass(frozen=True, kw_only=True)
class Estimates(Plot):
    """Dots with whiskers on one axis."""

    axis: str
    """The axis label, with the unit and the better direction."""
    estimates: tuple[Estimate, ...]
    zero: bool = False
    """Whether zero is drawn as a line to compare with."""


@dataclass(frozen=True)
class Line:
    """A series of points (x ascending)."""

    label: str
    points: tuple[tuple[float, float], ...]
    tone: Tone
    shown: str = ""
    """The figure that the key gives beside the label."""
    dashed: bool = False
    dots: bool = False
    shape: str = ""
    """The shape that marks each point, so that lines are told apart without colour."""


@dataclass(frozen=True)
class Mark:
    """A point worth naming."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Lines(Plot):
    """Lines over a numeric axis."""

    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...] = ()
    from_zero: bool = False
    """Whether the vertical axis starts at zero."""
    log: bool = False
    """Whether both axes are logarithmic; every x and y must be positive then."""
    y_prefix: str = ""
    """What stands before each tick of the vertical axis: a currency sign."""


@dataclass(frozen=True)
class Bin:
    """Rows between two edges; the last bin may be open (`high` None)."""

    low: float
    high: float | None
    rows: int


@dataclass(frozen=True, kw_only=True)
class Histogram(Plot):
    """Counts over adjoining bins, drawn equally wide."""

    x_label: str
    y_label: str
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class FunnelRow:
    """A total (`start` is 0) or a loss, which spans the rows it took: `start` to `end`."""

    label: str
    start: int
    end: int
    shown: str
    tone: Tone = "accent"
    note: str = ""
    share: str = ""
    """The total as a share of the first total."""
    total: bool = False


@dataclass(frozen=True, kw_only=True)
class Funnel(Plot):
    """A waterfall from the rows collected to the rows kept."""

    rows: tuple[FunnelRow, ...]
    key: tuple[tuple[str, Tone], ...] = field(default=())


@dataclass(frozen=True)
class Series:
    """What the points of one colour and shape are."""

    label: str
    tone: Tone
    shape: str = "circle"
    hollow: bool = False


@dataclass(frozen=True)
class Point:
    """A value of one series and its interval; a missing value is written, not drawn."""

    series: int
    value: float | None
    low: float | None = None
    high: float | None = None
    shown: str = ""
    interval: str = ""


@dataclass(frozen=True)
class DotRow:
    """A row of `Dots`: one lane for each point, or all points in one lane."""

    label: str
    points: tuple[Point, ...]
    note: str = ""
    shown: str = ""
    """The value beside a row whose points share a lane."""
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class Dots(Plot):
    """Rows of points of several series on one axis: slices, quantiles, before and after, folds."""

    axis: str
    series: tuple[Series, ...]
    rows: tuple[DotRow, ...]
    lanes: bool = True
    """Whether each point has a lane of its own, with its value beside it."""
    limit: tuple[float, str] | None = None
    """A value that points must not pass, and what it is called."""
    log: bool = False
    from_zero: bool = True
    """Whether a linear axis starts at zero where no value is below it."""


@dataclass(frozen=True)
class Spot:
    """A point of a `Scatter` with its name."""

    label: str
    x: float
    y: float
    low: float | None
    high: float | None
    shown: str
    tone: Tone
    shape: str
    chosen: bool = False
    hollow: bool = False
    tag: str = ""
    """What is said of it beside its name: chosen, dominated."""


@dataclass(frozen=True, kw_only=True)
class Scatter(Plot):
    """Named points over two axes, each with an interval up and down."""

    x_label: str
    y_label: str
    spots: tuple[Spot, ...]
    log: bool = False
    """Whether the horizontal axis is logarithmic; every x must be positive then."""
    y_from_zero: bool = True
