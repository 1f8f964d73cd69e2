"""Cross-validation: the same methods on other divisions of the rows."""

from __future__ import annotations

from tunesmith.report import plots
from tunesmith.report.blocks import Block, Cell, Chart, Fold, Section, Sentence, Table
from tunesmith.report.common import Scene, as_block, figure, number_cell, written_sentences
from tunesmith.report.glossary import metric, plain
from tunesmith.report.methods import Metric
from tunesmith.report.node import Node
from tunesmith.report.wording import join, measure, plural, significant

_FILE = "cross_validation.json"


def view_folds(document: Node, scene: Scene) -> Section | None:
    """Every method over the folds, the sizes and the quality of each fold."""
    methods = document.pairs("methods")
    rows = document.items("rows")
    if not methods and not rows:
        return None
    scene.anchors.section("folds", (_FILE, ""))
    names = list(dict.fromkeys(name for _, node in methods for name, _ in node.pairs("metrics")))
    names.sort(key=lambda name: name != scene.metric)
    charts = [chart for name in names if (chart := _chart(name, methods, scene)) is not None]
    told = [Sentence(t) for node in document.items("comparisons") if (t := node.text("sentence"))]
    said = written_sentences(document)
    blocks: list[Block] = [*as_block([*said, *(one for one in told if one not in said)])]
    blocks += [Chart(charts[0])] if charts else []
    if len(charts) > 1:
        rest = tuple(Chart(chart) for chart in charts[1:])
        blocks.append(Fold(f"Every other metric over the folds ({len(rest)})", rest))
    if rows:
        blocks.append(_table(rows))
    return Section(
        id="folds",
        title="Cross-validation",
        lead=_lead(document, rows),
        blocks=tuple(blocks),
        terms=("fold", "spread"),
    )


def _lead(document: Node, rows: list[Node]) -> str:
    folds = document.at("folds")
    number = folds.as_number() if not isinstance(folds.value, list | dict) else len(rows)
    text = f"The rows divided {plural(number, 'time')}: each part is the test once, and the others "
    text += "are learned from."
    grouped = [plain(name).lower() for name in _names(document.at("grouped_by"))]
    stratified = [plain(name).lower() for name in _names(document.at("stratified_by"))]
    if grouped:
        text += f" Rows that share a {join(grouped)} stay together."
    if stratified:
        text += f" Every part has the same mixture of {join(stratified)}."
    return text


def _names(node: Node) -> list[str]:
    if isinstance(node.value, list):
        return [text for i, item in enumerate(node.value)
                if (text := Node(item, f"{node.where}[{i}]").as_text())]  # fmt: skip
    text = node.as_text()
    return [text] if text else []


def _fold_values(node: Node) -> list[float]:
    values = []
    for item in node.items("folds"):
        number = item.number("value") if isinstance(item.value, dict) else item.as_number()
        if number is not None:
            values.append(float(number))
    return values


def _chart(name: str, methods: list[tuple[str, Node]], scene: Scene) -> plots.Dots | None:
    rows: list[plots.DotRow] = []
    known: Metric | None = None
    for method, node in methods:
        place = node.at("metrics").at(name)
        mean = figure(place, name)
        if mean.value is None:
            continue
        known = known or mean
        spread = place.number("spread")
        folds = tuple(plots.Point(0, v, shown=measure(v, mean.unit)) for v in _fold_values(place))
        rows.append(
            plots.DotRow(
                label=scene.short(method),
                points=(*folds, plots.Point(1, mean.value, mean.low, mean.high, mean.shown,
                                            mean.interval)),
                shown=mean.shown,
                more=f"± {significant(spread)}" if spread is not None else mean.interval,
            )
        )  # fmt: skip
    if known is None:
        return None
    label = known.label or metric(name).label
    better = {True: "higher is better", False: "lower is better", None: ""}[known.higher_is_better]
    best = _best(name, methods, scene)
    return plots.Dots(
        title=f"{label}: {best} is best on average" if best else label,
        subtitle="Each fold as a hollow mark; the mean with its interval; ± is the spread",
        axis=", ".join(part for part in (label, better) if part),
        series=(
            plots.Series("one fold", "grey", "circle", hollow=True),
            plots.Series("mean of the folds", "accent", "diamond"),
        ),
        rows=tuple(rows),
        lanes=False,
        from_zero=False,
    )


def _best(name: str, methods: list[tuple[str, Node]], scene: Scene) -> str:
    scored = []
    for method, node in methods:
        mean = figure(node.at("metrics").at(name), name)
        if mean.value is not None and mean.higher_is_better is not None:
            scored.append((mean.value if mean.higher_is_better else -mean.value, method))
    scored.sort(reverse=True)
    level = len(scored) > 1 and scored[0][0] == scored[1][0]
    return scene.short(scored[0][1]) if len(scored) > 1 and not level else ""


def _table(rows: list[Node]) -> Table:
    keys = list(dict.fromkeys(key for row in rows for key, _ in _scalars(row.at("quality"))))
    body = []
    for row in rows:
        found = dict(_scalars(row.at("quality")))
        cells = [Cell(f"Fold {row.at('fold').written() or '?'}")]
        cells += [number_cell(row.number(key)) for key in ("train", "validation")]
        cells += [Cell(_short_number(found.get(key, "")), num=True) for key in keys]
        body.append(tuple(cells))
    head = (Cell("Part"), Cell("Training rows", num=True), Cell("Validation rows", num=True),
            *(Cell(plain(key.replace(".", " ")), num=True) for key in keys))  # fmt: skip
    return Table("Table of the folds: sizes and data quality", head, tuple(body))


def _scalars(quality: Node) -> list[tuple[str, str]]:
    """The plain figures of a fold's data quality; those that are tables stay in the file."""
    return [
        (name, node.written())
        for name, node in quality.members()
        if isinstance(node.value, int | float) and not isinstance(node.value, bool)
    ]


def _short_number(text: str) -> str:
    try:
        return significant(float(text)) if "." in text else text
    except ValueError:
        return text
