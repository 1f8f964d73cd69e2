"""The documents' table of approaches: measured where this project has figures, else opinion."""

from __future__ import annotations

from tunesmith.report.blocks import Badge, Cell, Section, Sentence, Table, Text
from tunesmith.report.common import Scene, as_block
from tunesmith.report.glossary import plain
from tunesmith.report.node import Node
from tunesmith.report.wording import MISSING, join

_COLUMNS = (
    ("training_time", "Training time"), ("computational_cost", "Computation"),
    ("performance", "Performance"), ("flexibility", "Flexibility"),
    ("maintenance", "Maintenance"),
)  # fmt: skip
_BASIS: dict[str, Badge | None] = {
    "": None,
    "measured": Badge("measured", "yes"),
    "opinion": Badge("opinion", "open"),
    "none": None,
}


def view_approaches(scene: Scene) -> Section | None:
    """The table, with what each cell rests on."""
    nodes = scene.decision.items("approaches")
    if not nodes:
        return None
    scene.anchors.section("approaches", ("decision.json", "/approaches"))
    table = Table(
        "Table of approaches",
        (Cell("Approach"), *(Cell(label) for _, label in _COLUMNS)),
        tuple(_row(node, scene) for node in nodes),
    )  # fmt: skip
    uses = [use for node in nodes if (use := _use(node)) is not None]
    note = (
        "“Measured” is a figure of this project. “Opinion” is what the documents behind tunesmith "
        "say of the approach in general; nothing here has tested it."
    )
    return Section(
        id="approaches",
        title="Approaches compared",
        lead="Every way to adapt a model, beside what this project measured of it.",
        blocks=(table, Text(note, fine=True), *as_block(uses)),
        terms=("measured",),
        short="Approaches",
    )


def _row(node: Node, scene: Scene) -> tuple[Cell, ...]:
    methods = join([scene.short(name) for name in node.texts("methods")])
    cells = [Cell(_name(node), f"here: {methods}" if methods else "not tried here")]
    for key, _ in _COLUMNS:
        cell = node.at(key)
        if isinstance(cell.value, str):
            cells.append(Cell(cell.written()))
            continue
        basis = cell.text("basis") or ""
        badge = _BASIS[basis] if basis in _BASIS else Badge(plain(basis), "open")
        opinion = cell.text("opinion") if basis == "measured" else None
        small = f"opinion: {opinion}" if opinion else ""
        cells.append(Cell(cell.at("text").written() or MISSING, small, badge=badge))
    return tuple(cells)


def _use(node: Node) -> Sentence | None:
    """What an approach is for, and what it is not for."""
    best, not_for = (", ".join(_texts(node.at(key))) for key in ("best_for", "not_for"))
    parts = [f"best for {best}" if best else "", f"not for {not_for}" if not_for else ""]
    said = "; ".join(part for part in parts if part)
    return Sentence(f"{_name(node)}: {said}.") if said else None


def _name(node: Node) -> str:
    return node.text("label") or plain(node.text("approach") or "?")


def _texts(node: Node) -> list[str]:
    if isinstance(node.value, list):
        return [Node(v, f"{node.where}[{i}]").written() for i, v in enumerate(node.value)]
    return [text] if (text := node.written()) else []
