"""Figures of the dataset itself: intrinsic metrics, quality, bias."""

from __future__ import annotations

from tunesmith.report import plots
from tunesmith.report.anchors import pointer
from tunesmith.report.blocks import Block, Cell, Chart, Heading, Section, Sentence, Table
from tunesmith.report.common import Scene, as_block, figure, figure_cell, written_sentences
from tunesmith.report.glossary import plain
from tunesmith.report.methods import Metric
from tunesmith.report.node import Node
from tunesmith.report.wording import capital, count, decimal

_FILE = "evaluation.json"
_BIASES = ("demographic", "temporal", "selection", "confirmation")


def view_evaluation(document: Node, scene: Scene) -> Section | None:
    """Intrinsic, quality and bias figures; the extrinsic ones are the comparison's."""
    told = {one.text for one in _findings(document.at("bias"))}
    said = [one for one in written_sentences(document) if one.text not in told]
    blocks: list[Block] = [*as_block(said)]
    blocks += _quality(document.at("quality"), scene)
    blocks += _bias(document.at("bias"), scene)
    rows = _figures("intrinsic", document.pairs("intrinsic"), scene)
    if rows:
        head = (Cell("Figure"), Cell("Value", num=True), Cell("Rows", num=True))
        blocks += [Heading("Of the dataset alone"), Table("Table of intrinsic figures", head, rows)]
    if not blocks:
        return None
    scene.anchors.section("dataset", (_FILE, ""))
    return Section(
        id="dataset",
        title="The dataset, measured",
        lead="What can be said of the data before any model sees it: its quality, its balance, and "
        "whom it may treat unfairly.",
        blocks=tuple(blocks),
        terms=("composite", "intrinsic", "bias"),
    )


def _scalar(node: Node) -> Metric | None:
    """A figure, or a bare number as one."""
    if isinstance(node.value, dict):
        metric = figure(node)
        return metric if "value" in node.value else None
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return figure(Node({"value": node.value, "unit": "share"}, node.where))
    return None


def _figures(key: str, pairs: list[tuple[str, Node]], scene: Scene) -> tuple[tuple[Cell, ...], ...]:
    rows = []
    for name, node in pairs:
        metric = _scalar(node)
        if metric is None:
            continue
        label = metric.label or plain(name)
        anchor = scene.anchors.place((_FILE, pointer(key, name)))
        rows.append(
            (
                Cell(label, metric.meaning or metric.note),
                figure_cell(metric, anchor, strong=True),
                Cell(count(metric.n), num=True),
            )
        )
    return tuple(rows)


def _quality(quality: Node, scene: Scene) -> list[Block]:
    scored = [
        (name, metric)
        for name, node in quality.members()
        if (metric := _scalar(node)) is not None and metric.value is not None
    ] if quality else []  # fmt: skip
    if not scored:
        return []
    scored.sort(key=lambda entry: entry[0] != "composite")
    composite = next((m for name, m in scored if name == "composite"), None)
    title = "Quality of the dataset"
    if composite is not None and composite.value is not None:
        title += f": {decimal(composite.value, 2)} of 1 in all"
    for name, _ in scored:
        scene.anchors.section("dataset", (_FILE, pointer("quality", name)))
    return [
        Chart(
            plots.Bars(
                title=title,
                subtitle="Each part from 0 to 1; higher is better",
                bars=tuple(
                    plots.Bar(
                        _label(metric, name),
                        float(metric.value or 0),
                        decimal(metric.value, 3),
                        tone="accent" if name == "composite" else "grey",
                    )
                    for name, metric in scored
                ),
                top=max(1.0, *(float(metric.value or 0) for _, metric in scored)),
            )
        )
    ]


def _label(metric: Metric, name: str) -> str:
    return metric.label if metric.label and metric.name != metric.label else plain(name)


def _bias(bias: Node, scene: Scene) -> list[Block]:
    if not bias:
        return []
    blocks: list[Block] = []
    bars = []
    for name in (*_BIASES, "score"):
        node = bias.at(name)
        score = _scalar(node.at("score") if name != "score" else node)
        if score is None or score.value is None:
            continue
        scene.anchors.section("dataset", (_FILE, pointer("bias", name)))
        label = "In all" if name == "score" else plain(name)
        tone = "accent" if name == "score" else "grey"
        bars.append(plots.Bar(label, float(score.value), decimal(score.value, 3), tone=tone))
    if bars:
        plot = plots.Bars(
            title="Freedom from bias",
            subtitle="1: nothing was found, 0: the worst there could be; findings stand below",
            bars=tuple(bars),
            top=max(1.0, *(bar.value for bar in bars)),
        )
        blocks.append(Chart(plot))
    return [*blocks, *as_block(_findings(bias))]


def _findings(bias: Node) -> list[Sentence]:
    return [
        Sentence(text, details=f"{plain(name)} bias")
        for name in _BIASES
        for finding in bias.at(name).items("findings")
        if (text := _finding(finding))
    ]


def _finding(node: Node) -> str:
    if isinstance(node.value, dict):
        known = node.text("sentence") or node.text("finding") or node.text("text")
        return known or capital("; ".join(f"{plain(k)} {v}" for k, v in node.flat()))
    return node.written()
