"""The cost over the number of answers, and what the total consists of."""

from __future__ import annotations

import math
from itertools import pairwise

from tunesmith.report import plots
from tunesmith.report.anchors import Anchors, pointer
from tunesmith.report.blocks import Block, Cell, Table, Text
from tunesmith.report.glossary import plain
from tunesmith.report.methods import Method
from tunesmith.report.node import Node
from tunesmith.report.wording import count, join, money

_DECADES = 50.0
"""Volumes that differ by more than this factor stand on logarithmic axes."""
_MARKS = 3


def volumes(cost: Node, methods: tuple[Method, ...], currency: str | None) -> plots.Lines | None:
    """A line for each method through the volumes of the decision, with the break-even points."""
    points = _points(cost, methods)
    if not points:
        return None
    xs = sorted({x for line in points.values() for x, _ in line})
    positive = [x for x in xs if x > 0]
    log = len(positive) > 1 and max(positive) / min(positive) >= _DECADES
    if log:
        least = _least(cost, max(positive))
        points = {
            name: tuple((x, y) for x, y in line if x >= least and y > 0)
            for name, line in points.items()
        }
    by_name = {method.name: method for method in methods}
    expected = _expected(cost, points, xs[-1])
    totals = {name: _at(line, expected) for name, line in points.items()}
    lines = tuple(
        plots.Line(
            label=by_name[name].short,
            points=line,
            tone=by_name[name].tone,
            shown=f"{money(totals[name], currency)} at {count(round(expected))}",
            dashed=not by_name[name].trained,
            shape=by_name[name].shape,
        )
        for name, line in points.items()
        if len(line) > 1
    )
    if not lines:
        return None
    chosen = {method.name for method in methods if method.chosen}
    marks = _marks(cost, points, xs[-1], chosen)
    cheapest = min((totals[name], name) for name in totals if totals[name] is not None)[1]
    counted = any(method.work_cost for method in methods)
    set_up = "Training, work " if counted else "Training "
    return plots.Lines(
        title=f"{by_name[cheapest].short} costs least at {count(round(expected))} answers",
        subtitle=f"{set_up}and answers added up, by the number of answers"
        + ("; both axes are logarithmic" if log else "")
        + ("; a circle is where two methods cost the same" if marks else ""),
        x_label="Number of answers",
        y_label=f"Total cost{f', {currency}' if currency else ''}",
        lines=lines,
        marks=marks,
        from_zero=not log,
        log=log,
    )


def _expected(cost: Node, points: dict[str, tuple[tuple[float, float], ...]], last: float) -> float:
    """The expected number of answers where every line reaches it, else the last one drawn."""
    answers = cost.number("horizon_answers")
    if answers and all(_at(line, float(answers)) is not None for line in points.values()):
        return float(answers)
    return last


def _least(cost: Node, most: float) -> float:
    """Where a logarithmic axis begins: three decades below its end, or before a break-even."""
    crossings = [n for pair in cost.items("break_even") if (n := pair.number("answers"))]
    return min([most / 1000, *(float(n) / 3 for n in crossings if n >= most / 10_000)])


def _points(cost: Node, methods: tuple[Method, ...]) -> dict[str, tuple[tuple[float, float], ...]]:
    found: dict[str, list[tuple[float, float]]] = {method.name: [] for method in methods}
    for node in cost.items("volumes"):
        answers = node.number("answers")
        for name, total in node.pairs("totals"):
            value = total.as_number()
            if answers is not None and value is not None and name in found:
                found[name].append((float(answers), float(value)))
    return {name: tuple(sorted(line)) for name, line in found.items() if line}


def _marks(
    cost: Node,
    points: dict[str, tuple[tuple[float, float], ...]],
    last: float,
    chosen: set[str],
) -> tuple[plots.Mark, ...]:
    """The break-even points of the chosen method, or of all, that lie on the plot."""
    pairs = cost.items("break_even")
    own = [pair for pair in pairs if {pair.text("a"), pair.text("b")} & chosen]
    marks = {}
    for pair in own or pairs:
        answers, name = pair.number("answers"), pair.text("a") or ""
        if answers and answers <= last and len(points.get(name, ())) > 1:
            y = _at(points[name], float(answers))
            if y is not None:
                marks[answers] = plots.Mark(float(answers), y, f"{count(answers)} answers")
    return tuple(marks[answers] for answers in sorted(marks))[:_MARKS]


def _at(line: tuple[tuple[float, float], ...], x: float) -> float | None:
    """The cost at `x`, between the two points around it: costs are linear in the answers."""
    for (x0, y0), (x1, y1) in pairwise(line):
        if x0 <= x <= x1 and x1 > x0:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return None


def cost_parts(
    cost: Node, methods: tuple[Method, ...], currency: str | None, anchors: Anchors
) -> tuple[Block, ...]:
    """The table of the parts of each total; those that are assumed are marked."""
    nodes = cost.items("totals")
    if not nodes:
        return ()
    keys = list(dict.fromkeys(key for node in nodes for key, _ in node.pairs("parts")))
    by_name = {method.name: method for method in methods}
    rows, assumed_any = [], []
    for index, node in enumerate(nodes):
        name = node.text("method") or "?"
        assumed = node.texts("assumed")
        assumed_any += assumed
        known = by_name.get(name)
        cells = [
            Cell(
                known.short if known else name,
                "chosen" if known and known.chosen else "",
                anchor=anchors.place(("decision.json", pointer("cost", "totals", index))),
            )
        ]
        cells.append(Cell(money(node.number("total"), currency), num=True, strong=True))
        for key in keys:
            amount = money(node.at("parts").number(key), currency)
            cells.append(Cell(amount, "assumed" if key in assumed else "", num=True))
        rows.append(tuple(cells))
    uncounted = any(
        (counted := node.number("counted")) is not None
        and not math.isclose(counted, node.number("total") or 0)
        for node in nodes
    )
    total = "In all, with assumed work (does not decide)" if uncounted else "In all"
    head = (Cell("Method"), Cell(total, num=True), *(Cell(plain(k), num=True) for k in keys))
    table = Table("Table of what the total cost consists of", head, tuple(rows))
    if not assumed_any:
        return (table,)
    names = join([plain(key).lower() for key in dict.fromkeys(assumed_any)])
    note = f"Assumed: {names}; starting figures of the source documents, until you put in your own."
    return (table, Text(note, fine=True))
