"""The parts of the report in their order: what a reader asks first comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tunesmith.report.blocks import Section
from tunesmith.report.common import Scene
from tunesmith.report.node import Node
from tunesmith.report.view_approaches import view_approaches
from tunesmith.report.view_audits import view_audits
from tunesmith.report.view_classes import view_classes
from tunesmith.report.view_data import DataView
from tunesmith.report.view_evaluation import view_evaluation
from tunesmith.report.view_folds import view_folds
from tunesmith.report.view_forgetting import view_forgetting
from tunesmith.report.view_methods import MethodsView
from tunesmith.report.view_opinions import view_human, view_judge
from tunesmith.report.view_plan import view_plan
from tunesmith.report.view_setup import view_setup
from tunesmith.report.view_slices import view_slices
from tunesmith.report.view_speed import view_speed
from tunesmith.report.view_tradeoff import view_tradeoff
from tunesmith.report.view_verdict import view_verdict

TOP = ("slices.json", "cross_validation.json", "judge.json", "human.json", "plan.json",
       "evaluation.json")  # fmt: skip
"""Files at the top of a run folder that a part of the report reads; each may be missing."""
EACH = ("audit.json", "forgetting.json", "performance.json")
"""Files in the folder of a method; each may be missing."""
HISTORY = "audits/history.jsonl"
"""What audits have said over time."""


@dataclass(frozen=True)
class Files:
    """What a run folder holds; only `run` is always there."""

    run: Node
    quality: Node
    decision: Node
    methods: tuple[Node, ...]
    more: Mapping[str, Node] = field(default_factory=dict)
    """What else the folder has at its top, by the name of the file."""
    each: Mapping[str, Mapping[str, Node]] = field(default_factory=dict)
    """What else the methods have: by the name of the file, then of the method."""
    history: tuple[Node, ...] = ()
    """The lines of past audits, the oldest first."""


@dataclass(frozen=True)
class Part:
    """One part of the report: its place in the contents, and what draws it."""

    href: str
    short: str
    template: str = ""
    """The template of a part that has one of its own."""
    section: Section | None = None


def arrange(
    files: Files, scene: Scene, compared: MethodsView | None, data: DataView
) -> tuple[Part, ...]:
    """Every part that the files have something for, in the order of the report."""
    nothing: Mapping[str, Node] = {}

    def top(name: str) -> Node:
        return files.more.get(name, Node(None, name))

    def each(name: str) -> Mapping[str, Node]:
        return files.each.get(name, nothing)

    parts = [
        _part(view_verdict(scene)),
        _page("comparison", "Comparison", "comparison", there=compared),
        _part(view_tradeoff(scene)),
        _part(view_classes(scene)),
        _part(view_speed(each("performance.json"), scene)),
        _part(view_slices(top("slices.json"), scene)),
        _page("answers", "Sample answers", "samples", there=compared and compared.samples),
        _part(view_audits(each("audit.json"), scene, files.history)),
        _part(view_forgetting(each("forgetting.json"), scene)),
        _page("cost", "Cost", "cost", there=compared),
        _part(view_folds(top("cross_validation.json"), scene)),
        _part(view_judge(top("judge.json"), scene)),
        _part(view_human(top("human.json"), scene)),
        _part(view_approaches(scene)),
        _part(view_plan(top("plan.json"), scene)),
        _part(view_setup(scene)),
        _page("training", "Training", "training", there=compared and compared.training),
        _page("data", "Data", "data", there=data),
        _part(view_evaluation(top("evaluation.json"), scene)),
        _page("made", "How it was made", "made", there=True),
    ]
    if compared is not None:
        scene.anchors.section("comparison", ("decision.json", "/table"))
        scene.anchors.section("comparison", ("decision.json", "/comparisons"))
        scene.anchors.section("cost", ("decision.json", "/cost"))
    return tuple(part for part in parts if part is not None)


def _part(section: Section | None) -> Part | None:
    if section is None:
        return None
    return Part(section.id, section.short or section.title, section=section)


def _page(name: str, short: str, template: str, *, there: object) -> Part | None:
    return Part(name, short, template=f"{template}.html.j2") if there else None
