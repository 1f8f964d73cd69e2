"""The comparison of methods: figures with intervals, paired differences, samples."""

from __future__ import annotations

from dataclasses import dataclass

from tunesmith.report import glossary, plots
from tunesmith.report.anchors import Anchors, pointer, slug
from tunesmith.report.differences import Difference, compare_words
from tunesmith.report.methods import Method, Metric
from tunesmith.report.node import Node, Number
from tunesmith.report.view_cost import CostView, view_cost
from tunesmith.report.view_training import TrainingView, view_training
from tunesmith.report.wording import MISSING, count, join, measure, plural

_ELSEWHERE = frozenset({"latency_p50_s", "latency_p95_s"})
"""Metrics that the section on speed draws."""


@dataclass(frozen=True)
class Cell:
    """One figure of the comparison table."""

    shown: str
    interval: str
    best: bool
    chosen: bool
    anchor: str = ""
    """The id that evidence links to."""
    tip: str = ""
    """What is shown on hover: the figure in words, with its rows."""


@dataclass(frozen=True)
class MetricRow:
    """One metric of the comparison table over all methods."""

    name: str
    label: str
    definition: str
    term: str
    """Its name in the glossary; empty where it has no definition."""
    direction: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Comparison:
    """A paired comparison in a sentence."""

    metric: str
    sentence: str
    clear: bool | None
    details: str
    anchor: str = ""


@dataclass(frozen=True)
class Answer:
    """A method's answer to a sample question."""

    method: str
    chosen: bool
    difference: Difference | None
    """The answer beside the reference, word by word; None where there is no answer."""
    score: str


@dataclass(frozen=True)
class Sample:
    """A test question, its reference answer, and every method's answer."""

    number: int
    why: str
    """Which kind of sample this is: best, typical, worst."""
    opened: bool
    category: str
    question: str
    reference: str
    answers: tuple[Answer, ...]
    """The chosen method's first, the others from best to worst; the first three are shown."""


@dataclass(frozen=True)
class MethodsView:
    """Everything about the methods."""

    methods: tuple[Method, ...]
    n: str
    main: plots.Estimates | None
    others: tuple[plots.Estimates, ...]
    rows: tuple[MetricRow, ...]
    notes: tuple[str, ...]
    signatures: tuple[tuple[str, str], ...]
    differences: plots.Estimates | None
    comparisons: tuple[Comparison, ...]
    further: tuple[Comparison, ...]
    cost: CostView
    training: tuple[TrainingView, ...]
    samples: tuple[Sample, ...]
    score_label: str


def view_methods(
    decision: Node, methods: tuple[Method, ...], anchors: Anchors | None = None
) -> MethodsView:
    """The comparison of the methods, the main metric first."""
    anchors = anchors or Anchors([])
    main = main_metric(decision, methods)
    names = sorted(_names(methods), key=lambda name: name != main)
    paired = decision.items("comparisons")
    comparisons = [_comparison(node, methods, anchors, i) for i, node in enumerate(paired)]
    charts = [
        _estimates(name, methods, paired, lead=name == main)
        for name in names
        if name == main or name not in _ELSEWHERE
    ]
    drawn = [chart for chart in charts if any(e.value is not None for e in chart.estimates)]
    sizes = sorted({count(method.n) for method in methods if method.n is not None})
    return MethodsView(
        methods=methods,
        n=sizes[0] if len(sizes) == 1 else "",
        main=drawn[0] if drawn else None,
        others=tuple(drawn[1:]),
        rows=tuple(_row(name, methods, anchors) for name in names),
        notes=(*_unscored(names, methods), *_notes(names, methods)),
        signatures=_signatures(methods),
        differences=_differences(main, paired, methods),
        comparisons=tuple(c for c in comparisons if c.metric == main),
        further=tuple(c for c in comparisons if c.metric != main),
        cost=view_cost(decision, methods, anchors),
        training=tuple(view_training(method) for method in methods if method.training),
        samples=tuple(_samples(decision, _by_rank(main, methods))),
        score_label=glossary.metric("token_f1").label,
    )


def main_metric(decision: Node, methods: tuple[Method, ...]) -> str:
    """The name of the metric that the verdict rests on."""
    return decision.text("metric") or next(iter(_names(methods)), "")


def _names(methods: tuple[Method, ...]) -> list[str]:
    """The names of all metrics, those of the glossary first and in its order."""
    present = {name for method in methods for name in method.metrics}
    names = [name for name in glossary.METRICS if name in present]
    return names + sorted(present - set(names))


def _ranked(name: str, methods: tuple[Method, ...]) -> list[tuple[Method, Metric]]:
    """The methods with a value, best first; empty where the metric has no better direction."""
    scored = [(m, m.metrics[name]) for m in methods if name in m.metrics]
    scored = [(m, metric) for m, metric in scored if metric.value is not None]
    if not scored or scored[0][1].higher_is_better is None:
        return []
    sign = -1 if scored[0][1].higher_is_better else 1
    return sorted(scored, key=lambda entry: sign * (entry[1].value or 0))


def _by_rank(name: str, methods: tuple[Method, ...]) -> tuple[Method, ...]:
    """The chosen method, the best other, the base model, then the rest from best to worst."""
    ranked = [method for method, _ in _ranked(name, methods)]
    ranked += [method for method in methods if method not in ranked]
    ranked.sort(key=lambda method: not method.chosen)
    base = [method for method in ranked if method.kind == "base"]
    order = [*ranked[:2], *base, *ranked]
    return tuple({method.name: method for method in order}.values())


def _estimates(
    name: str, methods: tuple[Method, ...], paired: list[Node], *, lead: bool
) -> plots.Estimates:
    known = next((m.metrics[name] for m in methods if name in m.metrics), None)
    label = known.label if known else glossary.metric(name).label
    meaning = known.meaning if known else ""
    better = known.higher_is_better if known else None
    units = {"share": "0 to 1", "points": "points, 0 to 100", "s": "seconds", "tokens": "tokens"}
    unit = units.get(known.unit if known else "", "")
    direction = {True: "higher is better", False: "lower is better", None: ""}[better]
    return plots.Estimates(
        title=_finding(name, label, methods, paired),
        subtitle=meaning if lead else "",
        hint=meaning,
        term=slug(name) if meaning else "",
        axis=", ".join(part for part in (label, unit, direction) if part),
        estimates=tuple(
            plots.Estimate(
                label=method.short,
                value=metric.value if metric else None,
                low=metric.low if metric else None,
                high=metric.high if metric else None,
                shown=metric.shown if metric and metric.value is not None else "not measured",
                interval=metric.interval if metric else "",
                tone="accent" if method.chosen else "grey",
            )
            for method in methods
            for metric in [method.metrics.get(name)]
        ),
    )


def _finding(name: str, label: str, methods: tuple[Method, ...], paired: list[Node]) -> str:
    ranked = _ranked(name, methods)
    if len(ranked) < 2:
        return label
    (first, best), (second, next_best) = ranked[:2]
    if best.value == next_best.value:
        level = [method for method, metric in ranked if metric.value == best.value]
        if len(level) == len(ranked) > 2:
            return f"{label}: all methods are level"
        return f"{label}: {join([method.short for method in level])} are level"
    pair = {first.name, second.name}
    clear = next(
        (
            node.flag("clear")
            for node in paired
            if node.text("metric") == name and {node.text("a"), node.text("b")} == pair
        ),
        None,
    )
    if clear is None and None not in (best.low, best.high, next_best.low, next_best.high):
        clear = bool(
            (best.low or 0) > (next_best.high or 0) or (best.high or 0) < (next_best.low or 0)
        )
    if clear is False:
        return f"{label}: no clear winner; {first.short} and {second.short} are close"
    if clear is None:
        return f"{label}: {first.short} has the best figure"
    return f"{label}: {first.short} is best"


def _row(name: str, methods: tuple[Method, ...], anchors: Anchors) -> MetricRow:
    ranked = _ranked(name, methods)
    top = ranked[0][1].value if len(ranked) > 1 else None
    known = next(m.metrics[name] for m in methods if name in m.metrics)
    arrows = {True: "higher is better", False: "lower is better", None: ""}
    cells = []
    for index, method in enumerate(methods):
        metric = method.metrics.get(name)
        if metric is None:
            cells.append(Cell(MISSING, "", best=False, chosen=method.chosen))
            continue
        best = top is not None and metric.value == top
        anchor = anchors.place(
            (f"methods/{method.name}/metrics.json", pointer("metrics", name)),
            ("decision.json", pointer("table", index, "metrics", name)),
        )
        cell = Cell(
            metric.shown, metric.interval, best, method.chosen, anchor, _tip(method, metric)
        )
        cells.append(cell)
    return MetricRow(
        name=name,
        label=known.label,
        definition=known.meaning,
        term=slug(name) if known.meaning else "",
        direction=arrows[known.higher_is_better],
        cells=tuple(cells),
    )


def _tip(method: Method, metric: Metric) -> str:
    """A figure in words."""
    rows = f"{plural(metric.n, 'row')}" if metric.n is not None else ""
    unscored = f"{count(metric.unscored)} unscored" if metric.unscored else ""
    parts = [f"{metric.label}, {method.short}", rows, unscored, metric.note.rstrip(".")]
    return f"{'; '.join(part for part in parts if part)}. {metric.meaning}".strip()


def _unscored(names: list[str], methods: tuple[Method, ...]) -> tuple[str, ...]:
    return tuple(
        f"{method.short}, {metric.label}: {plural(metric.unscored, 'answer')} could not be scored."
        for name in names
        for method in methods
        if (metric := method.metrics.get(name)) is not None and metric.unscored
    )


def _notes(names: list[str], methods: tuple[Method, ...]) -> tuple[str, ...]:
    """What the evaluation says about single figures, each said once."""
    notes = [
        f"{metric.label}: {metric.note[:1].lower()}{metric.note[1:]}"
        for name in names
        for method in methods
        if (metric := method.metrics.get(name)) is not None and metric.note
    ]
    return tuple(dict.fromkeys(notes))


def _signatures(methods: tuple[Method, ...]) -> tuple[tuple[str, str], ...]:
    found = {entry: None for method in methods for entry in method.signatures.flat()}
    return tuple((glossary.metric(name).label, signature) for name, signature in sorted(found))


def _comparison(
    node: Node, methods: tuple[Method, ...], anchors: Anchors, index: int
) -> Comparison:
    name = node.text("metric") or ""
    details = []
    if (n := node.number("n")) is not None:
        details.append(plural(n, "paired answer"))
    if (p := node.number("p_value")) is not None:
        details.append("p < 0.001" if p < 0.001 else f"p = {p:.3f}")
    if (adjusted := node.number("p_holm")) is not None:
        details.append("adjusted p " + ("< 0.001" if adjusted < 0.001 else f"= {adjusted:.3f}"))
    effect = node.number("smallest_effect")
    if effect is not None:
        unit = next((m.metrics[name].unit for m in methods if name in m.metrics), "")
        details.append(f"smallest effect that could be seen {measure(effect, unit)}")
    names = {method.name: method.short for method in methods}
    pair = [names.get(node.text(side) or "", node.text(side) or "?") for side in ("a", "b")]
    return Comparison(
        metric=name,
        sentence=node.text("sentence") or f"{pair[0]} against {pair[1]}: not compared.",
        clear=node.flag("clear"),
        details=", ".join(details),
        anchor=anchors.place(("decision.json", pointer("comparisons", index))),
    )


def _differences(
    name: str, paired: list[Node], methods: tuple[Method, ...]
) -> plots.Estimates | None:
    names = {method.name: method for method in methods}
    unit = next((m.metrics[name].unit for m in methods if name in m.metrics), "")
    estimates = []
    for node in paired:
        value = node.number("difference")
        if node.text("metric") != name or value is None:
            continue
        low, high = node.number("low"), node.number("high")
        a, b = (names.get(node.text(side) or "") for side in ("a", "b"))
        sides = [side.short if side else "?" for side in (a, b)]
        interval = f"{_signed(low, unit)} to {_signed(high, unit)}"
        estimates.append(
            plots.Estimate(
                label=f"{sides[0]} minus {sides[1]}",
                value=value,
                low=low,
                high=high,
                shown=_signed(value, unit),
                interval="" if low is None or high is None else interval,
                tone="accent" if node.flag("clear") else "grey",
            )
        )
    if not estimates:
        return None
    label = glossary.metric(name).label
    clear = sum(estimate.tone == "accent" for estimate in estimates)
    total = len(estimates)
    finding = (
        f"{count(clear)} of {count(total)} differences are" if total > 1 else "The difference is"
    )
    if total == 1 and not clear:
        finding += " not"
    return plots.Estimates(
        title=f"{finding} clear",
        subtitle="The same questions, answer by answer; grey where the difference is not clear.",
        axis=f"Difference in {label}",
        estimates=tuple(estimates),
        zero=True,
    )


def _signed(value: Number | None, unit: str) -> str:
    shown = measure(value, unit)
    return f"+{shown}" if value is not None and value > 0 else shown


def _samples(decision: Node, methods: tuple[Method, ...]) -> list[Sample]:
    samples: list[Sample] = []
    seen: set[str] = set()
    for number, node in enumerate(decision.items("samples")[:10], start=1):
        reference = node.text("reference") or ""
        scores = node.at("token_f1")
        why = node.text("why") or ""
        answers = []
        for method in methods:
            text = node.at("answers").text(method.name)
            score = scores.number(method.name)
            answers.append(
                Answer(
                    method=method.short,
                    chosen=method.chosen,
                    difference=compare_words(text, reference) if text else None,
                    score=measure(score, "share") if score is not None else "",
                )
            )
        samples.append(
            Sample(
                number=number,
                why=why,
                opened=why not in seen if why else number <= 2,
                category=node.text("category") or "",
                question=node.text("question") or "",
                reference=reference,
                answers=tuple(answers),
            )
        )
        seen.add(why)
    return samples
