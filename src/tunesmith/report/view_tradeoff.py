"""Quality against cost: every method as a point."""

from __future__ import annotations

from tunesmith.report import glossary, plots
from tunesmith.report.anchors import slug
from tunesmith.report.blocks import Chart, Section, Text
from tunesmith.report.common import Scene
from tunesmith.report.glossary_sections import DOMINATES
from tunesmith.report.methods import Method
from tunesmith.report.wording import count, money

_SPREAD = 8.0
"""Costs that differ by more than this factor stand on a logarithmic axis."""


def view_tradeoff(scene: Scene) -> Section | None:
    """The plot of the deciding metric over the cost to the horizon, or of 1,000 answers."""
    scored = [
        method
        for method in scene.methods
        if scene.metric in method.metrics and method.metrics[scene.metric].value is not None
    ]
    answers = _horizon(scene)
    by_total = bool(answers) and all(method.total_cost is not None for method in scored)
    costs = {method.name: method.total_cost if by_total else method.per_1000 for method in scored}
    drawn = [method for method in scored if costs[method.name] is not None]
    if len(drawn) < 2:
        return None
    xs = [float(costs[method.name] or 0) for method in drawn]
    log = min(xs) > 0 and max(xs) / min(xs) > _SPREAD
    metric = drawn[0].metrics[scene.metric]
    what = f"{count(answers)} answers, set-up included" if by_total else "1,000 answers"
    currency = next((method.currency for method in drawn if method.currency), None)
    beaten = {node.text("method") for node in scene.decision.at("verdict").items("dominated")}
    better = {True: "higher is better", False: "lower is better", None: ""}[metric.higher_is_better]
    plot = plots.Scatter(
        title=_finding(drawn, costs, scene),
        subtitle=f"{metric.label} with its interval, over the cost of {what}",
        hint=metric.meaning,
        term=slug(scene.metric) if metric.meaning else "",
        x_label=f"Cost of {what}{f', {currency}' if currency else ''}"
        + (" (logarithmic)" if log else ""),
        y_label=", ".join(part for part in (metric.label, better) if part),
        spots=tuple(
            _spot(method, float(x), scene.metric, beaten, currency)
            for method, x in zip(drawn, xs, strict=True)
        ),
        log=log,
    )
    missing = [method.short for method in scene.methods if method not in drawn]
    notes = (Text(f"Not drawn, for want of a figure: {', '.join(missing)}.", fine=True),)
    return Section(
        id="tradeoff",
        title="Quality against cost",
        lead="The best place is at the top on the left. A hollow mark is a dominated "
        f"method: another is {DOMINATES}. The ring is the chosen one.",
        blocks=(Chart(plot), *(notes if missing else ())),
        terms=("dominated", *(("horizon",) if by_total else ())),
    )


def _horizon(scene: Scene) -> int:
    cost = scene.decision.at("cost")
    months, volume = cost.number("horizon_months"), cost.number("answers_per_month")
    return round(months * volume) if months and volume else 0


def _spot(
    method: Method, x: float, name: str, beaten: set[str | None], currency: str | None
) -> plots.Spot:
    metric = method.metrics[name]
    dominated = method.name in beaten
    return plots.Spot(
        label=method.short,
        x=x,
        y=float(metric.value or 0),
        low=metric.low,
        high=metric.high,
        shown=f"{metric.shown}{f' ({metric.interval})' if metric.interval else ''} "
        f"at {money(x, currency)}",
        tone=method.tone,
        shape=method.shape,
        chosen=method.chosen,
        hollow=dominated,
        tag="chosen" if method.chosen else "dominated" if dominated else "",
    )


def _finding(drawn: list[Method], costs: dict[str, int | float | None], scene: Scene) -> str:
    cheapest = min(drawn, key=lambda method: costs[method.name] or 0)
    metric = cheapest.metrics[scene.metric]
    sign = -1 if metric.higher_is_better is False else 1
    best = max(drawn, key=lambda method: sign * (method.metrics[scene.metric].value or 0))
    label = metric.label or glossary.plain(scene.metric)
    if best is cheapest:
        return f"{best.short} has the best {label} and is cheapest"
    clear = _clear(best.name, cheapest.name, scene)
    doubt = ", though not clearly" if clear is False else ""
    return f"{cheapest.short} is cheapest, {best.short} has the best {label}{doubt}"


def _clear(a: str, b: str, scene: Scene) -> bool | None:
    """Whether two methods clearly differ in the deciding metric."""
    for node in scene.decision.items("comparisons"):
        if node.text("metric") == scene.metric and {node.text("a"), node.text("b")} == {a, b}:
            return node.flag("clear")
    return None
