"""The plan: phases, their gates, what is missing, the roadmap."""

from __future__ import annotations

from tunesmith.report.blocks import (
    Badge,
    Block,
    Cell,
    Checklist,
    Facts,
    Heading,
    Section,
    Table,
    Text,
)  # fmt: skip
from tunesmith.report.common import Scene, value_text
from tunesmith.report.glossary import plain
from tunesmith.report.node import Node
from tunesmith.report.wording import (
    MISSING,
    capital,
    count,
    duration,
    measure,
    mebibytes,
    money,
    plural,
)

_COUNTED = frozenset({"examples", "test rows", "answers", "categories"})
_AT_MOST = frozenset({"volume", "memory", "time", "stable"})
"""Gates that are met by less."""
_EITHER = frozenset({"prompting_not_enough", "lora_not_enough"})
"""Gates that look at a gain or at a quality: their sentence says which."""

_STATES = {
    "done": Badge("✓ done", "yes"),
    "current": Badge("▸ here now", "yes"),
    "open": Badge("○ open", "open"),
}
_SHORT = {True: Badge("✓ met", "yes"), False: Badge("✗ not met", "no"),
          None: Badge("not known yet", "open")}  # fmt: skip


def view_plan(plan: Node, scene: Scene) -> Section | None:
    """Where the project stands, the gates between the phases, and the roadmap as a checklist."""
    phases = plan.items("phases")
    if not phases and not plan.items("roadmap"):
        return None
    scene.anchors.section("plan", ("plan.json", ""))
    blocks: list[Block] = []
    for phase in phases:
        number = phase.at("number").written()
        name = phase.text("name") or "?"
        state = phase.text("state") or ""
        title = f"Phase {number}: {name}" if number else name
        blocks.append(Heading(title, _STATES.get(state)))
        if phase.items("gates"):
            blocks.append(_gates(phase, title, scene))
    if text := plan.at("stopped").text("sentence"):
        blocks += [Heading("The plan ends here"), Text(_named(text, scene))]
    missing = [_missing(node, scene) for node in plan.items("missing")]
    if missing:
        blocks.append(Heading("Missing for the next phase"))
        blocks.append(Checklist(tuple((False, text, details) for text, details in missing)))
    blocks += _steps(plan.at("next"))
    if facts := _next(plan.at("next")):
        blocks.append(Facts(facts))
    blocks += _roadmap(plan.items("roadmap"))
    return Section(
        id="plan",
        title="The plan",
        lead=_lead(plan, phases),
        blocks=tuple(blocks),
        terms=("phase_gate",),
    )


def _lead(plan: Node, phases: list[Node]) -> str:
    now = plan.at("phase").written()
    name = next((p.text("name") for p in phases if p.at("number").written() == now), None)
    text = "First a prompt, then a small trained part, then all weights, each only if the one "
    text += "before has earned it."
    return f"{text} Now in phase {now}{f': {name}' if name else ''}." if now else text


def _gates(phase: Node, title: str, scene: Scene) -> Table:
    rows = []
    for gate in phase.items("gates"):
        label = capital(gate.text("label") or gate.text("sentence") or gate.text("name") or "?")
        small = _named(gate.text("sentence") or "", scene) if gate.text("label") else ""
        rows.append(
            (
                Cell(label, small),
                Cell(_amount(gate, "measured"), num=True),
                Cell(_wanted(gate), num=True),
                Cell("", badge=_SHORT[gate.flag("met")]),
            )
        )  # fmt: skip
    head = (Cell("Gate"), Cell("Measured", num=True), Cell("Wanted", num=True), Cell("Outcome"))
    return Table(f"Table of gates, {title}", head, tuple(rows))


def _amount(gate: Node, key: str) -> str:
    """What was measured or is wanted, in its unit."""
    node, unit = gate.at(key), gate.text("unit") or ""
    if isinstance(node.value, dict | list):
        return MISSING
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        return node.written() or MISSING
    number = node.as_number()
    if unit == "MiB":
        return mebibytes(number)
    if unit == "h":
        return duration(None if number is None else number * 3600)
    if unit in _COUNTED and number is not None:
        return f"{count(round(number))} {unit}"
    return measure(number, unit) if unit else value_text(node)


def _wanted(gate: Node) -> str:
    """What is wanted, with the side of it on which a gate is met."""
    shown = _amount(gate, "wanted")
    if shown == MISSING or not isinstance(gate.at("wanted").value, int | float):
        return shown
    name = gate.text("name") or ""
    if name in _EITHER:
        return shown
    return f"{'at most' if name in _AT_MOST else 'at least'} {shown}"


def _named(text: str, scene: Scene) -> str:
    """A sentence with methods called as everywhere in the report."""
    for method in scene.methods:
        pieces = text.split(f"“{method.name}”")
        text = pieces[0]
        for rest in pieces[1:]:
            starts = not text or text.endswith((". ", ": "))
            text += (method.short if starts else _inside(method.short)) + rest
    return text


def _inside(name: str) -> str:
    """A name inside a sentence: "LoRA tuning" keeps its capitals, "Base model" does not."""
    first = name.split(" ", maxsplit=1)[0]
    return name if first != first.capitalize() else name[:1].lower() + name[1:]


def _missing(node: Node, scene: Scene) -> tuple[str, str]:
    """A condition that is not met, and what it would take."""
    if not isinstance(node.value, dict):
        return node.written(), ""
    rows = node.number("rows")
    details = f"about {plural(rows, 'more test row', 'more test rows')} would tell" if rows else ""
    said = _named(node.text("sentence") or "", scene)
    return said or plain(node.text("gate") or "?"), details


def _steps(node: Node) -> list[Block]:
    """What the next phase consists of."""
    items = []
    for item in node.items("items"):
        seconds, cost = item.number("seconds"), item.number("cost")
        parts = [duration(seconds) if seconds is not None else "time not known"]
        parts += [money(cost, node.text("currency"))] if cost is not None else []
        parts += [basis] if (basis := item.text("basis")) and seconds is not None else []
        text = item.text("text") or item.text("sentence") or "?"
        items.append((False, capital(text), ", ".join(parts)))
    return [Heading("What can be measured next"), Checklist(tuple(items))] if items else []


def _next(node: Node) -> tuple[tuple[str, str], ...]:
    if not node.items("items") and not (node.number("seconds") or node.number("cost")):
        return ()
    facts = []
    if (seconds := node.number("seconds")) is not None:
        facts.append(("Time, as far as it is known", duration(seconds)))
    if (cost := node.number("cost")) is not None:
        facts.append(("Machine cost, as far as it is known", money(cost, node.text("currency"))))
    if facts and (basis := node.text("basis")):
        facts.append(("Worked out from", basis))
    if unknown := sum(item.number("cost") is None for item in node.items("items")):
        facts.append(("Without a price yet", plural(unknown, "step")))
    return tuple(facts)


def _roadmap(parts: list[Node]) -> list[Block]:
    blocks: list[Block] = []
    if parts:
        items = [item for part in parts for item in part.items("items")]
        done = sum(item.flag("done") is True for item in items)
        blocks.append(Heading(f"Roadmap: {count(done)} of {count(len(items))} done"))
    for part in parts:
        weeks, title = part.at("weeks"), part.text("title") or ""
        when = "–".join(str(v) for v in weeks.value) if isinstance(weeks.value, list) else (
            weeks.written())  # fmt: skip
        label = when if when.lower().startswith("week") else f"Weeks {when}" if when else ""
        items_ = tuple(
            (item.flag("done"), item.text("text") or "?", _proof(item))
            for item in part.items("items")
        )
        blocks.append(Checklist(items_, ": ".join(x for x in (label, title) if x)))
    return blocks


def _proof(item: Node) -> str:
    """What shows that a point is done, or what to do about it."""
    return _evidence(item.at("evidence")) or item.at("todo").written()


def _evidence(node: Node) -> str:
    if isinstance(node.value, dict | list):
        return ", ".join(value for _, value in node.flat())
    return node.written()
