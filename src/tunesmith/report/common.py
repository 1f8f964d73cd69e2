"""What the sections of the report have in common: names, figures as cells, sentences."""

from __future__ import annotations

from dataclasses import dataclass

from tunesmith.report import plots
from tunesmith.report.anchors import Anchors
from tunesmith.report.blocks import Badge, Cell, Sentence, Sentences
from tunesmith.report.methods import Method, Metric, read_metric
from tunesmith.report.node import Node, Number
from tunesmith.report.wording import MISSING, count, plural, significant

SHOWN_METHODS = 3
"""Methods that a chart with a lane for each shows; the table under it has them all."""


@dataclass(frozen=True)
class Scene:
    """What every section is made with."""

    decision: Node
    methods: tuple[Method, ...]
    anchors: Anchors
    metric: str
    """The name of the metric that the verdict rests on."""

    def short(self, name: str | None) -> str:
        """What the report calls the method with this name."""
        known = next((m.short for m in self.methods if m.name == name), None)
        return known or name or "?"

    def method(self, name: str | None) -> Method | None:
        """The method with this name."""
        return next((m for m in self.methods if m.name == name), None)

    def ranked(self) -> list[str]:
        """The names of the methods: the chosen one, the others from best to worst."""

        def rank(method: Method) -> tuple[bool, float]:
            score = method.metrics.get(self.metric)
            value = float(score.value) if score and score.value is not None else float("-inf")
            better = score.higher_is_better if score else True
            return not method.chosen, value if better is False else -value

        return [method.name for method in sorted(self.methods, key=rank)]

    def shown(self, present: list[str]) -> list[str]:
        """A few of these methods: the chosen one, the best other, and the base model."""
        order = [name for name in self.ranked() if name in present]
        order += [name for name in present if name not in order]
        base = [m.name for m in self.methods if m.kind == "base" and m.name in order]
        wanted = list(dict.fromkeys([*order[: SHOWN_METHODS - 1], *base, *order]))[:SHOWN_METHODS]
        return [name for name in order if name in wanted]

    def series(self, names: list[str]) -> tuple[plots.Series, ...]:
        """The methods as the series of a chart."""
        found = []
        for name in names:
            method = self.method(name)
            tone, shape = (method.tone, method.shape) if method else ("s7", "tall")
            found.append(plots.Series(self.short(name), tone, shape))
        return tuple(found)


def figure(node: Node, name: str = "") -> Metric:
    """A figure as the files write it; nothing in it is needed."""
    return read_metric(name, node)


def figure_cell(metric: Metric, anchor: str = "", *, strong: bool = False) -> Cell:
    """A figure with its interval as a cell."""
    unscored = f", {count(metric.unscored)} unscored" if metric.unscored else ""
    small = f"{metric.interval}{unscored}".removeprefix(", ")
    return Cell(metric.shown, small, num=True, strong=strong, anchor=anchor)


def point(series: int, metric: Metric) -> plots.Point:
    """A figure as a point of a chart."""
    shown = metric.shown if metric.value is not None else "not measured"
    return plots.Point(series, metric.value, metric.low, metric.high, shown, metric.interval)


def number_cell(value: Number | None) -> Cell:
    """A count as a cell."""
    return Cell(count(value), num=True)


def written_sentences(node: Node, key: str = "sentences") -> list[Sentence]:
    """The sentences that a file brings with it."""
    return [Sentence(text) for text in node.texts(key)]


def as_block(items: list[Sentence]) -> tuple[Sentences, ...]:
    """Sentences as a block; none at all as no block."""
    return (Sentences(tuple(items)),) if items else ()


def passed(value: bool | None, yes: str = "✓ passed", no: str = "✗ failed") -> Badge:
    """An outcome, not known where it is None."""
    if value is None:
        return Badge("not judged", "open")
    return Badge(yes if value else no, "yes" if value else "no")


def rows_of(n: Number | None, groups: Number | None = None) -> str:
    """How many rows, in how many groups where those are fewer."""
    if n is None:
        return ""
    rows = plural(n, "row")
    return f"{rows} in {plural(groups, 'group')}" if groups is not None and groups != n else rows


def value_text(node: Node) -> str:
    """A number or a text of a file as it is written."""
    if isinstance(node.value, float):
        return significant(node.as_number())
    return node.written() or MISSING


def p_words(value: Number | None, name: str = "p") -> str:
    """A p-value as it is written."""
    if value is None:
        return ""
    return f"{name} < 0.001" if value < 0.001 else f"{name} = {value:.3f}"
