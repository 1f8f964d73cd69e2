"""What the methods cost: training, each answer, and where the lines cross."""

from __future__ import annotations

from dataclasses import dataclass

from tunesmith.report import plots
from tunesmith.report.anchors import Anchors, pointer
from tunesmith.report.blocks import Block, Sentence
from tunesmith.report.methods import Method
from tunesmith.report.node import Node, Number
from tunesmith.report.view_volumes import cost_parts, volumes
from tunesmith.report.wording import MISSING, count, duration, mebibytes, money

_DEFAULT_VOLUME = 10_000
_FEW = 6
"""Pairs whose break-even is said without folding any away."""


@dataclass(frozen=True)
class CostRow:
    """A method's line in the cost table."""

    method: str
    chosen: bool
    training: str
    work: str
    per_1000: str
    total: str
    training_time: str
    speed: str
    memory: str
    anchor: str = ""
    """The id that evidence links to."""


@dataclass(frozen=True)
class CostView:
    """The cost of every method; `total` is missing where the cost per answer is not known."""

    rows: tuple[CostRow, ...]
    per_1000: plots.Bars | None
    total: plots.Lines | None
    parts: tuple[Block, ...]
    """What the total consists of, where the decision says it."""
    sentences: tuple[Sentence, ...]
    more_sentences: tuple[Sentence, ...]
    """The break-even of pairs without the chosen method, where there are many."""
    basis: str
    work: bool
    """Whether hours of work were counted."""
    horizon: str
    """What the deciding total is called, with the answers it counts; empty where there is none."""


def view_cost(
    decision: Node, methods: tuple[Method, ...], anchors: Anchors | None = None
) -> CostView:
    """The cost table, the bars of cost per 1,000 answers, and the break-even plot."""
    anchors = anchors or Anchors([])
    cost = decision.at("cost")
    currency = cost.text("currency")
    priced = [method for method in methods if method.per_1000 is not None]
    pairs = cost.items("break_even")
    said = _sentences(pairs, methods, anchors)
    return CostView(
        rows=tuple(_row(i, method, anchors) for i, method in enumerate(methods)),
        per_1000=_bars(priced) if priced else None,
        total=volumes(cost, methods, currency) or _total(priced, pairs, currency),
        parts=cost_parts(cost, methods, currency, anchors),
        sentences=said[0],
        more_sentences=said[1],
        basis=cost.text("note") or _basis(cost.number("machine_hour"), currency),
        work=any(method.work_cost for method in methods),
        horizon=_horizon(cost, methods),
    )


def _sentences(
    pairs: list[Node], methods: tuple[Method, ...], anchors: Anchors
) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...]]:
    """What is said of pairs with the chosen method, and of the others where there are many."""
    chosen = {method.name for method in methods if method.chosen}
    first: list[Sentence] = []
    more: list[Sentence] = []
    for index, pair in enumerate(pairs):
        if text := pair.text("sentence"):
            anchor = anchors.place(("decision.json", pointer("cost", "break_even", index)))
            with_it = bool({pair.text("a"), pair.text("b")} & chosen)
            (first if with_it or len(pairs) <= _FEW else more).append(Sentence(text, anchor=anchor))
    return tuple(first or more), tuple(more if first else ())


def _basis(hour: Number | None, currency: str | None) -> str:
    return "" if hour is None else f"Measured seconds at {money(hour, currency)} a machine hour."


def _horizon(cost: Node, methods: tuple[Method, ...]) -> str:
    months, volume = cost.number("horizon_months"), cost.number("answers_per_month")
    if months is None or volume is None or all(method.total_cost is None for method in methods):
        return ""
    work = any(method.work_cost for method in methods)
    what = "Machine and work" if work else "Machine cost"
    return f"{what} to the horizon (decides): {count(round(months * volume))} answers"


def _row(index: int, method: Method, anchors: Anchors) -> CostRow:
    training, generation = method.training, method.generation
    speed = generation.number("tokens_per_s")
    untrained = "none" if not method.trained else MISSING
    return CostRow(
        method=method.short,
        chosen=method.chosen,
        training=money(method.training_cost, method.currency) if method.trained else untrained,
        work=money(method.work_cost, method.currency),
        per_1000=_per_1000(method),
        total=money(method.total_cost, method.currency),
        training_time=duration(method.training_s) if training else untrained,
        speed=MISSING if speed is None else f"{count(round(speed))} tokens/s",
        memory=mebibytes(generation.number("peak_memory_mib")),
        anchor=anchors.place(
            ("decision.json", pointer("table", index, "cost")),
            ("decision.json", pointer("cost", "methods", method.name)),
            (f"methods/{method.name}/metrics.json", "/training"),
            (f"methods/{method.name}/metrics.json", "/generation"),
            (f"methods/{method.name}/training.json", ""),
        ),
    )


def _per_1000(method: Method) -> str:
    text = money(method.per_1000, method.currency)
    low, high = method.per_1000_range
    if low is None or high is None:
        return text
    ends = f"{money(low, None)} to {money(high, None)}"
    return f"{text} ({ends})"


def _bars(priced: list[Method]) -> plots.Bars:
    cheapest = min(priced, key=lambda method: method.per_1000 or 0)
    finding = f": {cheapest.short} is cheapest" if len(priced) > 1 else ""
    return plots.Bars(
        title=f"Cost per 1,000 answers{finding}",
        subtitle="Running cost only, training not included",
        bars=tuple(
            plots.Bar(
                method.short,
                float(method.per_1000 or 0),
                money(method.per_1000, method.currency),
                tone="accent" if method.chosen else "grey",
            )
            for method in priced
        ),
    )


def _total(priced: list[Method], pairs: list[Node], currency: str | None) -> plots.Lines | None:
    """Cumulative cost over the number of answers, out to twice the last crossing."""
    drawn = [m for m in priced if m.setup_cost is not None or not m.trained]
    if not drawn or (len(drawn) < 2 and not drawn[0].setup_cost):
        return None
    crossings = [(pair, n) for pair in pairs if (n := pair.number("answers")) is not None and n > 0]
    volume = 2.0 * max((n for _, n in crossings), default=_DEFAULT_VOLUME / 2)
    lines = tuple(
        plots.Line(
            label=method.short,
            points=((0.0, _at(method, 0)), (volume, _at(method, volume))),
            tone=method.tone,
            shown=money(method.per_1000, method.currency) + " per 1,000",
            dashed=not method.trained,
            shape=method.shape if len(drawn) > 3 else "",
        )
        for method in drawn
    )
    by_name = {method.name: method for method in drawn}
    marks = tuple(
        plots.Mark(float(n), _at(by_name[name], n), f"{count(n)} answers")
        for pair, n in crossings
        if (name := pair.text("a") or "") in by_name
    )
    title = "Total cost by number of answers"
    if crossings:
        pair, n = min(crossings, key=lambda entry: entry[1])
        whose = by_name.get(pair.text("a") or "")
        title = f"{whose.short if whose else 'The set-up'} is repaid after {count(n)} answers"
        other = by_name.get(pair.text("b") or "")
        title += f", against {other.short}" if other and len(crossings) > 1 else ""
    return plots.Lines(
        title=title,
        subtitle="Set-up and answers added up",
        x_label="Number of answers",
        y_label=f"Total cost{f', {currency}' if currency else ''}",
        lines=lines,
        marks=marks[:3],
        from_zero=True,
    )


def _at(method: Method, answers: Number) -> float:
    return float(method.setup_cost or 0) + float(method.per_1000 or 0) * answers / 1000
