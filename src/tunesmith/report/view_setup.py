"""What was chosen before answering: the number of examples, the endpoint and its prices."""

from __future__ import annotations

from tunesmith.report import glossary, plots
from tunesmith.report.anchors import pointer
from tunesmith.report.blocks import Block, Chart, Facts, Heading, Section
from tunesmith.report.common import Scene, figure, point
from tunesmith.report.methods import Method
from tunesmith.report.node import Node
from tunesmith.report.wording import count, duration, money, plural


def view_setup(scene: Scene) -> Section | None:
    """Chosen numbers of examples, and models behind an endpoint."""
    blocks: list[Block] = []
    for method in scene.methods:
        path = f"methods/{method.name}/metrics.json"
        chosen, endpoint = method.generation.at("chosen_k"), method.generation.at("endpoint")
        if chosen or endpoint:
            scene.anchors.section("setup", (path, pointer("generation")))
        if chosen:
            blocks += _examples(method, chosen)
        if endpoint:
            blocks += [Heading(method.short), Facts(tuple(_endpoint(endpoint)))]
    if not blocks:
        return None
    return Section(
        id="setup",
        title="Prompts and endpoints",
        lead="What was settled before the test: on validation rows, which the test rows never are.",
        blocks=tuple(blocks),
        short="Prompts",
    )


def _examples(method: Method, chosen: Node) -> list[Block]:
    k, name = chosen.number("k"), chosen.text("metric") or ""
    tried = chosen.items("tried")
    label = glossary.metric(name).label
    rows = tuple(
        plots.DotRow(
            label=plural(item.number("k"), "example"),
            note="chosen" if item.number("k") == k else "",
            points=(point(0, figure(item, name)),),
        )
        for item in tried
    )
    facts = [("Examples in the prompt", count(k))]
    if (n := chosen.number("rows")) is not None:
        facts.append(("Chosen on validation rows", count(n)))
    if (seconds := chosen.number("seconds")) is not None:
        facts.append(("Time to choose", duration(seconds)))
    blocks: list[Block] = []
    if rows:
        plot = plots.Dots(
            title=f"{method.short}: {plural(k, 'example')} chosen",
            subtitle=f"{label} on validation rows by the number of examples",
            axis=label,
            series=(plots.Series(method.short, method.tone, method.shape),),
            rows=rows,
            from_zero=False,
        )
        blocks.append(Chart(plot))
    else:
        blocks.append(Heading(method.short))
    return [*blocks, Facts(tuple(facts))]


def _endpoint(node: Node) -> list[tuple[str, str]]:
    currency = node.text("currency")
    facts = [("Model", node.text("model") or "?")]
    if host := node.text("host"):
        facts.append(("Host", host))
    for key, label in (("input_per_million", "A million tokens read"),
                       ("output_per_million", "A million tokens written")):  # fmt: skip
        if (price := node.number(key)) is not None:
            facts.append((label, money(price, currency)))
    return facts
