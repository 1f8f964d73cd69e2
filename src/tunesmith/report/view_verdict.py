"""Behind the verdict: hard limits, what is dominated, and what would change it."""

from __future__ import annotations

from tunesmith.report.anchors import pointer
from tunesmith.report.blocks import (
    Badge,
    Block,
    Cell,
    Fold,
    Heading,
    Section,
    Sentence,
    Table,
    Text,
)
from tunesmith.report.common import Scene, as_block, value_text
from tunesmith.report.glossary_sections import DOMINATES
from tunesmith.report.node import Node
from tunesmith.report.wording import capital, count, duration, join, mebibytes, money, plural

_FILE = "decision.json"


def view_verdict(scene: Scene) -> Section | None:
    """Limits, dominated methods, the preference by use case, and the assumptions that matter."""
    verdict = scene.decision.at("verdict")
    limits = verdict.items("limits")
    blocks: list[Block] = []
    if limits:
        blocks.append(_limits(limits, scene))
        badges = {"failed": Badge("✗ failed", "no"), "unclear": Badge("not clear", "open")}
        failures = [
            Sentence(text, badge)
            for limit in limits
            for key, badge in badges.items()
            for item in limit.items(key)
            if (text := item.text("sentence"))
        ]
        blocks += as_block(failures)
    if text := verdict.at("use_case").text("sentence"):
        blocks += [Heading("By use case"), Text(text)]
    blocks += _dominated(verdict.items("dominated"), scene)
    blocks += _sensitivity(scene)
    if not blocks:
        return None
    terms = [("limit", limits), ("dominated", verdict.items("dominated"))]
    return Section(
        id="behind",
        title="Behind the verdict",
        lead=_lead(limits, verdict.items("dominated")),
        blocks=tuple(blocks),
        terms=tuple(name for name, present in terms if present),
        short="Limits" if limits else "Assumptions",
    )


def _lead(limits: list[Node], dominated: list[Node]) -> str:
    """What the section answers; only what is in it."""
    asked = ["what every method had to keep to"] if limits else []
    asked += [f"for which methods another is {DOMINATES}"] if dominated else []
    asked.append("which assumption would change the verdict")
    return f"{capital('; '.join(asked))}."


def _limits(limits: list[Node], scene: Scene) -> Table:
    rows = []
    for index, limit in enumerate(limits):
        failed = [scene.short(item.text("method")) for item in limit.items("failed")]
        unclear = len(limit.items("unclear"))
        outcome = Badge("✓ kept by all", "yes")
        if failed:
            also = f", {count(unclear)} open" if unclear else ""
            outcome = Badge(f"✗ {count(len(failed))} out{also}", "no")
        elif unclear:
            outcome = Badge(f"{count(unclear)} open", "open")
        rows.append(
            (
                Cell(
                    limit.text("label") or limit.text("name") or "?",
                    anchor=scene.anchors.place((_FILE, pointer("verdict", "limits", index))),
                ),
                Cell(_allowed(limit, scene), num=True),
                Cell("", badge=outcome),
                Cell(join(failed)),
            )
        )
    head = (Cell("Limit"), Cell("Allowed", num=True), Cell("Outcome"), Cell("Ruled out"))
    return Table("Table of hard limits", head, tuple(rows))


def _allowed(limit: Node, scene: Scene) -> str:
    """A limit in its unit, with its direction."""
    name, node = limit.text("name") or "", limit.at("limit")
    if isinstance(node.value, bool | str):
        return value_text(node)
    number = node.as_number()
    shown = value_text(node)
    if "latency" in name:
        shown = duration(number)
    elif "cost" in name:
        shown = money(number, scene.decision.at("cost").text("currency"))
    elif "memory" in name:
        shown = mebibytes(number)
    side = {"max": "at most ", "min": "at least "}.get(name.partition("_")[0], "")
    return f"{side}{shown}"


def _dominated(nodes: list[Node], scene: Scene) -> list[Block]:
    items = []
    for index, node in enumerate(nodes):
        default = (
            f"{scene.short(node.text('method'))}: {scene.short(node.text('by'))} is {DOMINATES}."
        )
        anchor = scene.anchors.place((_FILE, pointer("verdict", "dominated", index)))
        items.append(Sentence(node.text("sentence") or default, anchor=anchor))
    return [Heading("Dominated"), *as_block(items)] if items else []


def _sensitivity(scene: Scene) -> list[Block]:
    items: list[Sentence] = []
    still: list[Sentence] = []
    hours, counted = 0, any(method.work_cost for method in scene.methods)
    for index, node in enumerate(scene.decision.at("cost").items("sensitivity")):
        assumption = node.text("assumption") or ""
        if assumption.startswith("hours.") and node.at("flips_at").value is None and not counted:
            hours += 1
            continue
        flips = node.at("flips_at")
        where = "" if flips.value is None else f"turns at {value_text(flips)}"
        if to := node.text("to"):
            where += f" to {scene.short(to)}" if where else ""
        label = node.text("label") or node.text("assumption") or "An assumption"
        details = [f"{label}: now {value_text(node.at('now'))}", where]
        anchor = scene.anchors.place((_FILE, pointer("cost", "sensitivity", index)))
        said = node.text("sentence") or ", ".join(part for part in details if part)
        (still if flips.value is None else items).append(Sentence(said, anchor=anchor))
    if hours:
        said = f"Hours of work with {plural(hours, 'method')} are not counted: they change nothing."
        still.append(Sentence(said))
    blocks: list[Block] = []
    if items or still:
        blocks.append(Heading("What would change the verdict"))
        blocks += as_block(items) or [Text("No assumption that was tried changes the verdict.")]
    if still:
        blocks.append(Fold(f"What does not change it ({len(still)})", as_block(still)))
    return blocks
