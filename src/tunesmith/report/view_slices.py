"""Slices: which customers get worse?"""

from __future__ import annotations

from tunesmith.report import plots
from tunesmith.report.anchors import pointer
from tunesmith.report.blocks import (
    Badge,
    Block,
    Cell,
    Chart,
    Fold,
    Heading,
    Section,
    Sentence,
    Table,
    Text,
)  # fmt: skip
from tunesmith.report.common import (
    Scene,
    as_block,
    figure,
    figure_cell,
    p_words,
    point,
    rows_of,
    written_sentences,
)  # fmt: skip
from tunesmith.report.glossary import metric, plain
from tunesmith.report.node import Node
from tunesmith.report.wording import count, plural

_FILE = "slices.json"
_MOST = 12
"""Values of a facet that the chart shows; the table has them all."""


def view_slices(slices: Node, scene: Scene) -> Section | None:
    """What got worse, and every facet drawn; None without slices.json."""
    facets = slices.items("facets")
    if not facets and not slices.items("worse") and not slices.texts("sentences"):
        return None
    scene.anchors.section("slices", (_FILE, ""))
    label = metric(slices.text("metric") or "").label or "the metric"
    blocks: list[Block] = _behind(slices, scene)
    for index, facet in enumerate(facets):
        blocks += _facet(index, facet, scene, label)
    left = [
        f"{plain(node.text('facet') or '?')}: {node.text('why') or 'not looked at'}"
        for node in slices.items("left_out")
    ]
    if left:
        blocks.append(Text(f"Not looked at. {'; '.join(left)}.", fine=True))
    return Section(
        id="slices",
        title="Slices",
        lead=f"{label} for each kind of question: a method that is better on the whole may be "
        "worse for some customers.",
        blocks=tuple(blocks),
        terms=("slice", "holm"),
    )


def _behind(slices: Node, scene: Scene) -> list[Block]:
    """What the file says, the clear findings, and those that may be chance folded away."""
    found = _worse(slices, scene)
    clear = [one for one in found if one.badge is not None and one.badge.tone == "no"]
    told = {one.text for one in clear}
    said = [one for one in written_sentences(slices) if one.text not in told]
    blocks: list[Block] = [*as_block([*clear, *said])]
    rest = [one for one in found if one not in clear]
    if rest:
        summary = f"Behind somewhere, which may be chance ({count(len(rest))})"
        blocks.append(Fold(summary, as_block(rest)))
    return blocks


def _worse(slices: Node, scene: Scene) -> list[Sentence]:
    found = []
    for index, node in enumerate(slices.items("worse")):
        rival, method = scene.short(node.text("rival")), scene.short(node.text("method"))
        text = node.text("sentence") or (
            f"{method} is worse than {rival} for {node.text('value') or '?'}."
        )
        clear = node.flag("clear")
        details = [rows_of(node.number("n"), node.number("groups"))]
        details.append(p_words(node.number("p_holm"), "adjusted p"))
        badge = Badge("clear", "no") if clear else Badge("not clear", "open")
        found.append(
            Sentence(
                text,
                badge if clear is not None else None,
                ", ".join(part for part in details if part),
                scene.anchors.place((_FILE, pointer("worse", index))),
            )
        )
    return found


def _facet(index: int, facet: Node, scene: Scene, label: str) -> list[Block]:
    title = facet.text("label") or plain(facet.text("name") or "")
    values = facet.items("values")
    if not values:
        return []
    present = list(dict.fromkeys(name for node in values for name, _ in node.pairs("methods")))
    shown = scene.shown(present)
    rows = tuple(_row(node, shown) for node in values[:_MOST])
    blocks: list[Block] = [
        Chart(
            plots.Dots(
                title=f"{title}: {_finding(values, shown, scene)}",
                subtitle=f"{label} of {_who(shown, present)}, with the interval of each",
                axis=label,
                series=scene.series(shown),
                rows=rows,
            )
        )
    ]
    more = len(values) > _MOST or len(present) > len(shown)
    if more:
        table = _table(index, values, present, scene, title)
        blocks.append(Fold(f"All of {title} as a table ({count(len(values))})", (table,)))
    return blocks if index else [Heading("By kind of question"), *blocks]


def _who(shown: list[str], present: list[str]) -> str:
    if len(shown) == len(present):
        return "every method"
    return f"{len(shown)} of {plural(len(present), 'method')} (the table has all)"


def _row(node: Node, shown: list[str]) -> plots.DotRow:
    points = tuple(
        point(i, figure(node.at("methods").at(name), "")) for i, name in enumerate(shown)
    )
    return plots.DotRow(
        label=node.at("value").written() or "not known",
        points=points,
        note=rows_of(node.number("n"), node.number("groups")),
    )


def _finding(values: list[Node], shown: list[str], scene: Scene) -> str:
    """Where the first method shown is weakest."""
    scored = []
    for node in values:
        value = figure(node.at("methods").at(shown[0])).value
        if value is not None:
            scored.append((value, node.at("value").written() or "not known"))
    if len(scored) < 2:
        return plural(len(values), "kind")
    return f"{scene.short(shown[0])} scores least on “{min(scored)[1]}”"


def _table(index: int, values: list[Node], present: list[str], scene: Scene, title: str) -> Table:
    rows = []
    for at, node in enumerate(values):
        cells = [
            Cell(
                node.at("value").written() or "not known",
                rows_of(node.number("n"), node.number("groups")),
            )
        ]
        for name in present:
            place = (_FILE, pointer("facets", index, "values", at, "methods", name))
            cells.append(
                figure_cell(figure(node.at("methods").at(name)), scene.anchors.place(place))
            )
        rows.append(tuple(cells))
    head = (Cell(title), *(Cell(scene.short(name), num=True) for name in present))
    return Table(f"Table of {title}", head, tuple(rows), cards=False)
