"""The documents' table of approaches: measured where this project has figures, else opinion."""

from __future__ import annotations

from tunesmith.report.blocks import Badge, Cell, Section, Table, Text
from tunesmith.report.common import Scene
from tunesmith.report.glossary import plain
from tunesmith.report.node import Node
from tunesmith.report.wording import MISSING, join

_COLUMNS = (
    ("training_time", "Training time"), ("computational_cost", "Computation"),
    ("performance", "Performance"), ("flexibility", "Flexibility"),
    ("maintenance", "Maintenance"),
)  # fmt: skip
_BASIS = {"measured": Badge("measured", "yes"), "opinion": Badge("opinion", "open")}


def view_approaches(scene: Scene) -> Section | None:
    """The table, with what each cell rests on."""
    nodes = scene.decision.items("approaches")
    if not nodes:
        return None
    scene.anchors.section("approaches", ("decision.json", "/approaches"))
    table = Table(
        "Table of approaches",
        (Cell("Approach"), *(Cell(label) for _, label in _COLUMNS), Cell("Best for"),
         Cell("Not for")),
        tuple(_row(node, scene) for node in nodes),
    )  # fmt: skip
    note = (
        "“Measured” is a figure of this project. “Opinion” is what the documents behind tunesmith "
        "say of the approach in general; nothing here has tested it."
    )
    return Section(
        id="approaches",
        title="Approaches compared",
        lead="Every way to adapt a model, beside what this project measured of it.",
        blocks=(table, Text(note, fine=True)),
        terms=("measured",),
        short="Approaches",
    )


def _row(node: Node, scene: Scene) -> tuple[Cell, ...]:
    methods = join([scene.short(name) for name in node.texts("methods")])
    name = node.text("label") or plain(node.text("approach") or "?")
    cells = [Cell(name, f"here: {methods}" if methods else "not tried here")]
    for key, _ in _COLUMNS:
        cell = node.at(key)
        if isinstance(cell.value, str):
            cells.append(Cell(cell.written()))
            continue
        basis = cell.text("basis") or ""
        badge = _BASIS.get(basis) or (Badge(plain(basis), "open") if basis else None)
        cells.append(Cell(cell.at("text").written() or MISSING, badge=badge))
    for_what = ("; ".join(_texts(node.at(key))) or MISSING for key in ("best_for", "not_for"))
    return (*cells, *(Cell(text) for text in for_what))


def _texts(node: Node) -> list[str]:
    if isinstance(node.value, list):
        return [Node(v, f"{node.where}[{i}]").written() for i, v in enumerate(node.value)]
    return [text] if (text := node.written()) else []
