"""Classification: every class, and which are taken for which."""

from __future__ import annotations

from tunesmith.report import plots
from tunesmith.report.anchors import pointer
from tunesmith.report.blocks import Block, Cell, Chart, Fold, Section, Table
from tunesmith.report.common import Scene, figure, number_cell, point
from tunesmith.report.methods import Method
from tunesmith.report.node import Node
from tunesmith.report.wording import count, plural

_MOST = 25
"""Classes that a confusion matrix shows."""
_SERIES = (
    plots.Series("precision", "s3", "square"),
    plots.Series("recall", "s2", "diamond"),
    plots.Series("F1", "accent", "circle"),
)


def view_classes(scene: Scene) -> Section | None:
    """The chosen method first; the others folded."""
    order = scene.ranked()
    with_classes = [m for m in scene.methods if m.classification]
    with_classes.sort(key=lambda method: order.index(method.name))
    if not with_classes:
        return None
    blocks: list[Block] = []
    for index, method in enumerate(with_classes):
        parts = _method(method, scene)
        if not parts:
            continue
        if index == 0:
            blocks += parts
        else:
            blocks.append(Fold(f"Classes with {method.short}", tuple(parts)))
    return Section(
        id="classes",
        title="Classes",
        lead="How well each class is found, and which classes are taken for one another.",
        blocks=tuple(blocks),
        terms=("precision", "recall", "f1", "confusion"),
    )


def _method(method: Method, scene: Scene) -> list[Block]:
    node, path = method.classification, f"methods/{method.name}/metrics.json"
    scene.anchors.section("classes", (path, "/classification"))
    rows = []
    for item in node.items("per_class"):
        points = tuple(
            point(i, figure(item.at(key), key))
            for i, key in enumerate(("precision", "recall", "f1"))
        )
        rows.append(
            plots.DotRow(
                item.at("label").written() or "?",
                points,
                note=plural(item.number("support"), "row"),
            )
        )
    blocks: list[Block] = []
    if rows:
        weakest = min(
            (row for row in rows if row.points[2].value is not None),
            key=lambda row: row.points[2].value or 0,
            default=None,
        )
        finding = f": “{weakest.label}” is found worst" if weakest and len(rows) > 1 else ""
        plot = plots.Dots(
            title=f"{method.short}{finding}",
            subtitle="Precision, recall and F1 of each class",
            axis="0 to 1, higher is better",
            series=_SERIES,
            rows=tuple(rows),
        )
        blocks.append(Chart(plot))
    if (table := _confusion(node, path, scene, method)) is not None:
        blocks.append(table)
    return blocks


def _confusion(node: Node, path: str, scene: Scene, method: Method) -> Table | None:
    labels = [item.written() or "?" for item in node.items("labels")]
    matrix = [_counts(node, row) for row in node.items("confusion")]
    if not labels or not matrix or len(labels) > _MOST:
        return None
    columns = max(len(row) for row in matrix)
    named = [*labels, *("other answer" for _ in range(columns - len(labels)))]
    rows = []
    for index, (label, values) in enumerate(zip(labels, matrix, strict=False)):
        total = sum(values) or 1
        cells = [
            Cell(count(value), num=True, strong=index == i, shade=_shade(value / total))
            for i, value in enumerate(values)
        ]
        anchor = scene.anchors.place((path, pointer("classification", "confusion", index)))
        rows.append((Cell(label, anchor=anchor), *cells, number_cell(sum(values))))
    head = (Cell("True class ↓, answer →"), *(Cell(name, num=True) for name in named[:columns]),
            Cell("Rows", num=True))  # fmt: skip
    return Table(f"Confusion matrix of {method.short}", head, tuple(rows), cards=False)


def _counts(node: Node, row: Node) -> list[int]:
    if not isinstance(row.value, list):
        row.refuse("a list")
    found = []
    for index, value in enumerate(row.value):
        number = Node(value, f"{row.where}[{index}]").as_number()
        found.append(int(number or 0))
    return found


def _shade(share: float) -> int:
    return 0 if share == 0 else min(5, 1 + int(share * 5))
