"""Forgetting: what the training cost outside the domain."""

from __future__ import annotations

from collections.abc import Mapping

from tunesmith.report import plots
from tunesmith.report.anchors import pointer
from tunesmith.report.blocks import Block, Cell, Chart, Fold, Heading, Section, Sentence, Table
from tunesmith.report.common import (
    Scene,
    as_block,
    figure,
    figure_cell,
    p_words,
    passed,
    point,
    value_text,
    written_sentences,
)  # fmt: skip
from tunesmith.report.glossary import plain
from tunesmith.report.node import Node
from tunesmith.report.wording import measure

_SERIES = (
    plots.Series("before training", "grey", "circle", hollow=True),
    plots.Series("after training", "accent", "diamond"),
)


def view_forgetting(files: Mapping[str, Node], scene: Scene) -> Section | None:
    """Perplexity and tasks before and after, and whether the gate is passed."""
    present = [name for name in scene.ranked() if name in files]
    present += sorted(name for name in files if name not in present)
    if not present:
        return None
    blocks: list[Block] = []
    if (chart := _perplexity(present, files, scene)) is not None:
        blocks.append(Chart(chart))
    for name in present:
        blocks += _method(name, files[name], scene)
    return Section(
        id="forgetting",
        title="Forgetting",
        lead="Texts and tasks that have nothing to do with your data, before and after training: "
        "a method that learns your answers may lose other things.",
        blocks=tuple(blocks),
        terms=("forgetting", "gate"),
    )


def _perplexity(present: list[str], files: Mapping[str, Node], scene: Scene) -> plots.Dots | None:
    rows, ratios = [], []
    for name in present:
        node = files[name].at("perplexity")
        before, after = (figure(node.at(key), "perplexity") for key in ("before", "after"))
        scene.anchors.section("forgetting", (f"methods/{name}/forgetting.json", ""))
        if before.value is None and after.value is None:
            continue
        ratio = figure(node.at("ratio"), "ratio").value
        if ratio is not None:
            ratios.append((ratio, name))
        note = "" if ratio is None else f"{measure(ratio, 'perplexity')} times"
        rows.append(plots.DotRow(scene.short(name), (point(0, before), point(1, after)), note=note))
    if not rows:
        return None
    worst = max(ratios, default=None)
    title = "Perplexity outside the domain"
    if worst is not None:
        rose = "rose" if worst[0] > 1 else "fell"
        title += f" {rose} to {measure(worst[0], 'perplexity')} times"
        title += f" with {scene.short(worst[1])}" + (", the most" if len(ratios) > 1 else "")
    return plots.Dots(
        title=title,
        subtitle="How surprised the model is by general text; lower is better",
        axis="Perplexity, lower is better",
        series=_SERIES,
        rows=tuple(rows),
        from_zero=False,
    )


def _method(name: str, node: Node, scene: Scene) -> list[Block]:
    gate, tasks = node.at("gate"), node.items("tasks")
    badge = passed(gate.flag("passed"), "✓ gate passed", "✗ gate failed") if gate else None
    blocks: list[Block] = [Heading(scene.short(name), badge)]
    limit = gate.at("limit")
    allowed = f"Allowed: {value_text(limit)}" if limit.value is not None and not isinstance(
        limit.value, dict | list
    ) else ""  # fmt: skip
    said = written_sentences(node)
    reasons = [
        Sentence(text, details=allowed)
        for text in gate.texts("reasons")
        if not any(text.rstrip(".") in sentence.text for sentence in said)
    ]
    blocks += as_block([*said, *reasons])
    drawn = [
        plots.DotRow(
            label=task.text("label") or plain(task.text("name") or "?"),
            points=tuple(
                point(i, figure(task.at(key))) for i, key in enumerate(("before", "after"))
            ),
        )
        for task in tasks
    ]
    if drawn:
        plot = plots.Dots(
            title=f"{scene.short(name)}: {_finding(tasks)}",
            subtitle="Tasks outside the domain, before and after training",
            axis="Score, higher is better",
            series=_SERIES,
            rows=tuple(drawn),
        )
        table = _table(name, tasks, scene)
        summary = f"The tasks with {scene.short(name)} as a table"
        blocks += [Chart(plot), Fold(summary, (table,))]
    return blocks


def _finding(tasks: list[Node]) -> str:
    worse = []
    for task in tasks:
        change = task.at("difference").number("value")
        if task.at("difference").flag("clear") and change is not None and change < 0:
            worse.append(task.text("label") or plain(task.text("name") or "?"))
    if worse:
        return f"clearly worse on {', '.join(worse)}"
    return "no task became clearly worse"


def _table(name: str, tasks: list[Node], scene: Scene) -> Table:
    rows = []
    for index, task in enumerate(tasks):
        change = task.at("difference")
        metric = figure(change, "difference")
        details = p_words(change.number("p_value"))
        interval = ", ".join(part for part in (metric.interval, details) if part)
        clear = change.flag("clear")
        rows.append(
            (
                Cell(
                    task.text("label") or plain(task.text("name") or "?"),
                    anchor=scene.anchors.place(
                        (f"methods/{name}/forgetting.json", pointer("tasks", index))
                    ),
                ),
                figure_cell(figure(task.at("before"))),
                figure_cell(figure(task.at("after"))),
                Cell(metric.shown, interval, num=True, strong=True),
                Cell("clear" if clear else "not clear" if clear is False else ""),
            )
        )
    head = (Cell("Task"), Cell("Before", num=True), Cell("After", num=True),
            Cell("Change", num=True), Cell(""))  # fmt: skip
    return Table(f"Table of forgetting of {scene.short(name)}", head, tuple(rows))
