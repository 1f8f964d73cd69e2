"""Behaviour audits: what a method must do, and must never do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tunesmith.report.anchors import pointer
from tunesmith.report.blocks import (
    Badge,
    Block,
    Cases,
    Cell,
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
    number_cell,
    passed,
    written_sentences,
)  # fmt: skip
from tunesmith.report.glossary import plain
from tunesmith.report.node import Node
from tunesmith.report.wording import MISSING, count, date, join, percent, plural

_KINDS = {
    "minimum_functionality": "must be able to",
    "invariance": "must not change",
    "directional": "must change this way",
    "safety": "must never do",
    "memorisation": "must not repeat",
}


def view_audits(
    files: Mapping[str, Node], scene: Scene, history: Sequence[Node] = ()
) -> Section | None:
    """The suites of every audited method, what failed, the champion's, and how it was before.

    Args:
        files: Each method's audit.json.
        scene: The methods.
        history: The lines of audits/history.jsonl, the oldest first.
    """
    present = [name for name in scene.ranked() if name in files]
    present += sorted(name for name in files if name not in present)
    if not present:
        return None
    blocks: list[Block] = []
    kinds: dict[str, None] = {}
    for name in present:
        scene.anchors.section("audits", (f"methods/{name}/audit.json", ""))
        blocks += _audit(name, files[name], scene, many=len(present) > 1)
        blocks += _history([line for line in history if line.text("method") == name], name, scene)
        kinds.update(dict.fromkeys(s.text("kind") or "" for s in files[name].items("suites")))
    return Section(
        id="audits",
        title="Behaviour audits",
        lead="Questions made to find mistakes that an average does not show: each suite may fail "
        "only as often as its limit allows.",
        blocks=tuple(blocks),
        terms=tuple(kind for kind in _KINDS if kind in kinds),
        short="Audits",
    )


def _audit(name: str, node: Node, scene: Scene, *, many: bool) -> list[Block]:
    suites = node.items("suites")
    failed = sum(suite.flag("passed") is False for suite in suites)
    when = node.text("at")
    text = (
        f"{plural(len(suites), 'suite')}, {plural(failed, 'failure') if failed else 'none failed'}"
    )
    text += f"; {date(when)}." if when else "."
    blocks: list[Block] = [Heading(scene.short(name), passed(node.flag("passed")))]
    beside = node.at("compared").text("sentence") if node.at("compared") else None
    said = [one for one in written_sentences(node) if one.text != beside]
    blocks += as_block(said) or [Text(text, fine=True)]
    if suites:
        blocks.append(_table(name, suites, scene))
    blocks += _compared(node.at("compared"), scene)
    for suite in suites:
        cases = suite.items("failures")
        if cases:
            title = suite.text("title") or plain(suite.text("name") or "")
            total = suite.number("failed")
            of = f" of {count(total)}" if total is not None and total > len(cases) else ""
            summary = f"{title}: {count(len(cases))}{of} failed, to read"
            if many:
                summary = f"{scene.short(name)}, {summary}"
            blocks.append(Fold(summary, (Cases(tuple(_case(case) for case in cases)),)))
    return blocks


def _history(lines: Sequence[Node], name: str, scene: Scene) -> list[Block]:
    """How often each suite failed at every audit, where there was more than one."""
    times = list(dict.fromkeys(line.text("at") or "" for line in lines))
    if len(times) < 2:
        return []
    suites = list(dict.fromkeys(line.text("suite") or "?" for line in lines))
    known = {(line.text("at") or "", line.text("suite") or "?"): line for line in lines}
    rows = [
        (Cell(date(time)), *(_past(known.get((time, suite))) for suite in suites))
        for time in reversed(times)
    ]
    head = (Cell("Audit"), *(Cell(plain(suite), num=True) for suite in suites))
    table = Table(f"Table of past audits of {scene.short(name)}", head, tuple(rows))
    return [Fold(f"{scene.short(name)}: {plural(len(times), 'audit')} so far", (table,))]


def _past(line: Node | None) -> Cell:
    if line is None:
        return Cell(MISSING, num=True)
    failed, n = line.number("failed"), line.number("n")
    if failed is None or n is None:
        return Cell(MISSING, num=True)
    return Cell(f"{count(failed)} of {count(n)}", num=True, badge=passed(line.flag("passed")))


def _table(name: str, suites: list[Node], scene: Scene) -> Table:
    rows = []
    for index, suite in enumerate(suites):
        rate = figure(suite.at("failure_rate"), "failure_rate")
        interval = ""
        if rate.low is not None and rate.high is not None:
            interval = f"{percent(rate.low)} to {percent(rate.high)}"
        unscored, limit = suite.number("unscored"), suite.number("limit")
        kind = suite.text("kind") or ""
        rows.append(
            (
                Cell(
                    suite.text("title") or plain(suite.text("name") or "?"),
                    "; ".join(x for x in (_KINDS.get(kind, plain(kind)), suite.text("note")) if x),
                    anchor=scene.anchors.place(
                        (f"methods/{name}/audit.json", pointer("suites", index))
                    ),
                ),
                number_cell(suite.number("n")),
                number_cell(suite.number("failed")),
                Cell(
                    percent(rate.value) if rate.value is not None else MISSING,
                    interval + (f", {count(unscored)} unscored" if unscored else ""),
                    num=True,
                    strong=True,
                ),
                Cell(f"at most {percent(limit)}" if limit is not None else MISSING, num=True),
                Cell("", badge=passed(suite.flag("passed"))),
            )
        )
    head = (
        Cell("Suite"), Cell("Cases", num=True), Cell("Failed", num=True),
        Cell("Share", num=True, term="interval"), Cell("Allowed", num=True), Cell("Outcome"),
    )  # fmt: skip
    return Table(f"Table of audits of {scene.short(name)}", head, tuple(rows))


def _compared(node: Node, scene: Scene) -> list[Block]:
    """What became worse and better since the champion."""
    if not node:
        return []
    if text := node.text("sentence"):
        return _beside(text, node)
    champion = scene.short(node.text("champion")) if node.text("champion") else "the champion"
    items = []
    for key, badge in (("worse", Badge("worse", "no")), ("better", Badge("better", "yes"))):
        found = [_spoken(item) for item in node.items(key)]
        if found:
            items.append(Sentence(f"Against {champion}, {key}: {join(found)}.", badge))
    if not items:
        items.append(Sentence(f"Nothing is worse than with {champion}.", Badge("same", "open")))
    return list(as_block(items))


def _beside(text: str, node: Node) -> list[Block]:
    """The comparison in a sentence, and the cases that changed."""
    difference = node.at("difference")
    change, clear = difference.number("value"), difference.flag("clear")
    tone = "open" if not clear else "no" if (change or 0) < 0 else "yes"
    badge = None if clear is None else Badge("clear" if clear else "not clear", tone)
    blocks: list[Block] = [*as_block([Sentence(text, badge)])]
    for key, said in (("worse", "fail now and passed"), ("better", "pass now and failed")):
        cases = tuple(_case(item) for item in node.items(key) if isinstance(item.value, dict))
        if cases:
            blocks.append(Fold(f"Cases that {said} before, to read", (Cases(cases),)))
    return blocks


def _spoken(node: Node) -> str:
    if not isinstance(node.value, dict):
        return plain(node.written())
    text = node.text("sentence") or node.text("title") or plain(node.text("name") or "?")
    return text.rstrip(".")


def _case(node: Node) -> tuple[tuple[str, str], ...]:
    parts = (("Question", "question"), ("Answer", "answer"), ("Expected", "expected"),
             ("Why it failed", "why"))  # fmt: skip
    return tuple((label, text) for label, key in parts if (text := node.at(key).written()))
