"""The methods of a run and their figures, read from decision.json and methods/*/metrics.json."""

from __future__ import annotations

from dataclasses import dataclass

from tunesmith.decide import words
from tunesmith.report import glossary, plots
from tunesmith.report.node import Node, Number
from tunesmith.report.wording import capital, measure

_UNTRAINED = frozenset({"base", "few_shot", "endpoint"})
_SHAPES = ("square", "diamond", "triangle", "down", "plus", "wide", "tall")
_SERIES = ("s2", "s3", "s4", "s5", "s6", "s7")


@dataclass(frozen=True)
class Metric:
    """A measured value with its 95% interval; `unit` decides how it is written."""

    name: str
    label: str
    value: Number | None
    low: Number | None
    high: Number | None
    n: Number | None
    unscored: Number | None
    unit: str
    higher_is_better: bool | None
    meaning: str
    note: str

    @property
    def shown(self) -> str:
        """The value as it is written."""
        return measure(self.value, self.unit)

    @property
    def interval(self) -> str:
        """The interval as it is written, empty where there is none."""
        if self.low is None or self.high is None:
            known = self.low if self.high is None else self.high
            side = "or more" if self.high is None else "or less"
            return "" if known is None else f"{measure(known, self.unit)} {side}"
        return f"{measure(self.low, self.unit)} to {measure(self.high, self.unit)}"


@dataclass(frozen=True)
class Method:
    """One way to answer, its figures and what it costs."""

    name: str
    kind: str
    short: str
    label: str
    tone: plots.Tone
    shape: str
    """The mark of the method in every chart that tells methods apart."""
    chosen: bool
    n: Number | None
    metrics: dict[str, Metric]
    classification: Node
    training: Node
    signatures: Node
    generation: Node
    training_cost: Number | None
    work_cost: Number | None
    setup_cost: Number | None
    """What it costs before the first answer: training and work."""
    total_cost: Number | None
    """The cost up to the horizon of the decision."""
    per_1000: Number | None
    per_1000_range: tuple[Number | None, Number | None]
    currency: str | None

    @property
    def training_s(self) -> Number | None:
        """Seconds of the training and of the search for its settings, which its cost counts too."""
        own = self.training.number("seconds")
        return None if own is None else own + (self.search_s or 0)

    @property
    def search_s(self) -> Number | None:
        """Seconds of the search for settings; None where there was none."""
        return self.training.at("search").number("seconds")

    @property
    def trained(self) -> bool:
        """Whether anything was trained for it."""
        return bool(self.training) or self.kind not in _UNTRAINED


def read_methods(decision: Node, files: tuple[Node, ...]) -> tuple[Method, ...]:
    """The methods of `decision.json` in its order, then those that only have a `metrics.json`."""
    table = {row.text("method") or row.where: row for row in decision.items("table")}
    measured = {node.text("method") or node.where: node for node in files}
    choice = decision.at("verdict").text("choice")
    nothing, series, methods = Node(None, "-"), iter(_SERIES), []
    shapes = iter(_SHAPES)
    order = [*table, *(name for name in measured if name not in table)]
    kinds = [
        measured.get(name, nothing).text("kind") or table.get(name, nothing).text("kind") or name
        for name in order
    ]
    called = _names(order, kinds, table, measured)
    for name, kind in zip(order, kinds, strict=True):
        row, own = table.get(name, nothing), measured.get(name, nothing)
        chosen = bool(row.flag("chosen")) or (choice == name)
        label = own.text("label") or row.text("label") or ""
        tone = "accent" if chosen else "grey" if kind == "base" else next(series, "s7")
        shape = "circle" if chosen else next(shapes, "tall")
        short = called[name]
        figures = dict(row.pairs("metrics"))
        figures.update(own.pairs("metrics"))
        cost = row.at("cost")
        methods.append(
            Method(
                name=name,
                kind=kind,
                short=short,
                label=label if label != short else "",
                tone=tone,
                shape=shape,
                chosen=chosen,
                n=own.number("n") if own else row.number("n"),
                metrics={key: read_metric(key, node) for key, node in figures.items()},
                classification=own.at("classification"),
                training=own.at("training"),
                signatures=own.at("signatures"),
                generation=own.at("generation"),
                training_cost=cost.number("training"),
                work_cost=cost.number("work"),
                setup_cost=cost.number("training" if cost.number("setup") is None else "setup"),
                total_cost=cost.number("total"),
                per_1000=cost.number("per_1000"),
                per_1000_range=(cost.number("per_1000_low"), cost.number("per_1000_high")),
                currency=cost.text("currency") or decision.at("cost").text("currency"),
            )
        )
    return tuple(methods)


def _names(
    order: list[str], kinds: list[str], table: dict[str, Node], measured: dict[str, Node]
) -> dict[str, str]:
    """What the report calls each method: as the sentences of the decision do."""
    nothing = Node(None, "-")
    said = []
    for name, kind in zip(order, kinds, strict=True):
        own, row = measured.get(name, nothing), table.get(name, nothing)
        settings = own.at("training").at("settings").value
        known = glossary.METHODS.get(kind)
        label = known.label if known else own.text("label") or row.text("label")
        said.append(
            {
                "method": name,
                "kind": kind,
                "label": label or glossary.plain(name),
                "training": {"settings": settings if isinstance(settings, dict) else {}},
            }
        )
    return {n: capital(text.removeprefix("the ")) for n, text in words.names(said).items()}


def read_metric(name: str, node: Node) -> Metric:
    """A figure as metrics.json writes it; words of the glossary come before those of the file."""
    term, better = glossary.metric(name), node.flag("higher_is_better")
    known = name in glossary.METRICS
    return Metric(
        name=name,
        label=term.label if known else node.text("label") or term.label,
        value=node.number("value"),
        low=node.number("low"),
        high=node.number("high"),
        n=node.number("n"),
        unscored=node.number("unscored"),
        unit=node.text("unit") or term.unit,
        higher_is_better=term.higher_is_better if known else better,
        meaning=term.definition or node.text("meaning") or "",
        note=node.text("note") or "",
    )
