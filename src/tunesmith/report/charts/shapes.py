"""Marks that are told apart by their shape, so that a chart can be read without colour."""

from __future__ import annotations

from markupsafe import Markup

from tunesmith.report.charts.parts import pct, px

SHAPES = ("circle", "square", "diamond", "triangle", "down", "plus", "wide", "tall")
"""The shapes in the order in which series take them."""

_PATHS = {
    "circle": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "square": "M-4.5 -4.5h9v9h-9z",
    "diamond": "M0 -6L6 0L0 6L-6 0z",
    "triangle": "M0 -5.5L5.5 4.5H-5.5z",
    "down": "M0 5.5L5.5 -4.5H-5.5z",
    "plus": "M-2 -5.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5v-4h3.5z",
    "wide": "M-6.5 -2.5h13v5h-13z",
    "tall": "M-2.5 -6.5h5v13h-5z",
}


def shape_of(index: int) -> str:
    """The shape of the series with this index; they repeat after the eighth."""
    return SHAPES[index % len(SHAPES)]


def marker(shape: str, tone: str, *, hollow: bool = False, tip: str = "") -> Markup:
    """The mark around the origin."""
    title = Markup("<title>{}</title>").format(tip) if tip else ""
    return Markup('<path class="{} {}" d="{}">{}</path>').format(
        "hollow" if hollow else "fill dot", tone, _PATHS[shape], title
    )


def placed(mark: Markup, share: float, y: float) -> Markup:
    """A mark at a share of the width and `y` pixels from the top."""
    return Markup('<svg class="at" x="{}" y="{}" width="1" height="1">{}</svg>').format(
        pct(share), px(y), mark
    )


def sample(shape: str, tone: str, *, hollow: bool = False) -> Markup:
    """The mark as it stands in a key or beside a value."""
    return Markup(
        '<svg class="key-mark" width="14" height="14" viewBox="-7 -7 14 14" '
        'aria-hidden="true" focusable="false">{}</svg>'
    ).format(marker(shape, tone, hollow=hollow))
