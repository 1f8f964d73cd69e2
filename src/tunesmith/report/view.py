"""The whole report as plain data: what the templates place and `charts` draws."""

from __future__ import annotations

from dataclasses import dataclass

from tunesmith.report import glossary
from tunesmith.report.anchors import Anchors, read_evidence, slug
from tunesmith.report.arrange import Files, Part, arrange
from tunesmith.report.common import Scene
from tunesmith.report.glossary_sections import SECTIONS
from tunesmith.report.methods import Method, read_methods
from tunesmith.report.node import Node
from tunesmith.report.reasons import Reasons, link_reasons
from tunesmith.report.view_data import DataView, view_data
from tunesmith.report.view_made import MadeView, view_made
from tunesmith.report.view_methods import MethodsView, main_metric, view_methods
from tunesmith.report.wording import (
    count,
    date,
    duration,
    join,
    measure,
    money,
    percent,
    plural,
    share_of,
)

_LONG = 60
"""A longer headline is set in a smaller size."""


@dataclass(frozen=True)
class KeyFigure:
    """One of the large figures at the top."""

    label: str
    shown: str
    note: str
    term: str = ""
    """The word of the glossary that defines the label."""


@dataclass(frozen=True)
class View:
    """Everything the report shows."""

    name: str
    subject: str
    """What the run was about, for the line above the headline."""
    when: str
    headline: str
    lead: str
    """The beginning of the headline, before its colon: the verdict in a few words."""
    rest: str
    """What follows in the headline; a long headline without a colon is all in here."""
    why: str
    """The heading over the reasons."""
    reasons: Reasons
    next: tuple[str, ...]
    notices: tuple[str, ...]
    """What a reader must know before trusting the rest: that the run is unfinished."""
    figures: tuple[KeyFigure, ...]
    methods: MethodsView | None
    data: DataView
    made: MadeView
    parts: tuple[Part, ...]
    """The parts of the report in their order."""
    confidence: str
    """The confidence of every interval, such as 95%."""
    terms: tuple[tuple[str, glossary.Term], ...]

    def label(self, name: str) -> str:
        """What the glossary calls a word; the word itself where it has none."""
        return next((term.label for key, term in self.terms if key == name), name)

    def definition(self, name: str) -> str:
        """The definition of a word in this report's glossary; empty where it has none."""
        return next((term.definition for key, term in self.terms if key == name), "")


def build_view(files: Files) -> View:
    """Turn the files of a run folder into the words and plots of its report.

    Raises:
        TunesmithError: A value in a file has the wrong type.
    """
    run, decision = files.run, files.decision
    methods = read_methods(decision, files.methods)
    verdict = decision.at("verdict")
    evidence = read_evidence(verdict)
    scene = Scene(
        decision=decision,
        methods=methods,
        anchors=Anchors([proof for reason in evidence for proof in reason]),
        metric=main_metric(decision, methods),
    )
    compared = view_methods(decision, methods, scene.anchors) if methods else None
    data = view_data(run, files.quality)
    parts = arrange(files, scene, compared, data)
    said = [node.as_text() or "" for node in verdict.items("reasons")]
    if not any(said):
        said, evidence = list(_data_reasons(data, methods)), []
    headline = decision.text("headline") or _headline(run, methods)
    lead, rest = _parts(headline)
    share = decision.number("confidence")
    confidence = percent(0.95 if share is None else share)
    return View(
        name=run.text("name") or "Untitled run",
        subject="Model and data report" if methods else "Data report",
        when=date(run.text("finished_at") or run.text("started_at")),
        headline=headline,
        lead=lead,
        rest=rest,
        why="Why" if decision else "In short",
        reasons=link_reasons(said, evidence, scene.anchors, methods),
        next=tuple(verdict.texts("next")),
        notices=_notices(run),
        figures=(*_method_figures(decision, methods), *_data_figures(run, data))[:6],
        methods=compared,
        data=data,
        made=view_made(run),
        parts=parts,
        confidence=confidence,
        terms=_terms(compared, methods, confidence, parts),
    )


def _headline(run: Node, methods: tuple[Method, ...]) -> str:
    if methods:
        return f"{plural(len(methods), 'method')} measured; no decision has been made yet."
    kept, collected = run.at("counts").number("kept"), run.at("counts").number("collected")
    if kept is None:
        return "The data of this run has not been counted yet."
    if kept == 0:
        return "No row is left: there is nothing to train on."
    if collected is None:
        return f"{plural(kept, 'row')} ready to use."
    ready = "is" if kept == 1 else "are"
    return f"{count(kept)} of {plural(collected, 'row')} {ready} ready to use."


def _parts(headline: str) -> tuple[str, str]:
    lead, colon, rest = headline.partition(": ")
    if colon and len(lead) <= _LONG:
        return lead, rest
    return ("", headline) if len(headline) > _LONG else (headline, "")


def _data_reasons(data: DataView, methods: tuple[Method, ...]) -> tuple[str, ...]:
    if methods or data.funnel is None or not data.funnel.rows[0].end:
        return ()
    reasons = []
    if data.targets:
        met, missed = _targets_met(data)
        reasons.append(f"{met} quality targets met{f'; {missed}' if missed else ''}.")
    reasons += [finding for finding in (data.funnel_finding, data.personal_finding) if finding]
    return tuple(reasons)


def _notices(run: Node) -> tuple[str, ...]:
    status = run.text("status")
    if status in {None, "done"}:
        return ()
    return (f"This run is not finished (status: {status}). Figures may be missing.",)


def _targets_met(data: DataView) -> tuple[str, str]:
    """How many targets are met, and which are not."""
    met = sum(target.met is True for target in data.targets)
    missed = [target.label for target in data.targets if target.met is False]
    named = [*missed[:3], f"{len(missed) - 3} more"] if len(missed) > 4 else missed
    judged = sum(target.met is not None for target in data.targets)
    return f"{met} of {judged}", f"not met: {join(named)}" if missed else ""


def _method_figures(decision: Node, methods: tuple[Method, ...]) -> list[KeyFigure]:
    chosen = next((method for method in methods if method.chosen), None)
    if chosen is None:
        return []
    figures = []
    name = decision.text("metric") or next(iter(chosen.metrics), "")
    score = chosen.metrics.get(name)
    if score is not None and score.value is not None:
        others = [
            f"{method.short} {measure(other.value, other.unit)}"
            for method in methods
            if method is not chosen
            and (other := method.metrics.get(name)) is not None
            and other.value is not None
        ]
        note = f"{chosen.short}, {plural(score.n, 'test answer')}"
        note += f"; {join(others)}" if 0 < len(others) < 4 else ""
        term = slug(name) if score.meaning else ""
        figures.append(KeyFigure(score.label, measure(score.value, score.unit), note, term))
    if chosen.per_1000 is not None:
        figures.append(
            KeyFigure(
                "Cost per 1,000 answers", money(chosen.per_1000, chosen.currency), chosen.short
            )
        )
    if chosen.training:
        spent = (
            money(chosen.training_cost, chosen.currency) if chosen.training_cost is not None else ""
        )
        found = "with the search for settings" if chosen.search_s else ""
        figures.append(
            KeyFigure(
                "Training time",
                duration(chosen.training_s),
                ", ".join(part for part in (found, spent) if part),
            )
        )
    waiting = chosen.metrics.get("latency_p50_s")
    if waiting is not None and waiting.value is not None:
        figures.append(
            KeyFigure(
                "Typical waiting time",
                duration(waiting.value),
                "for one answer, asked alone",
                "latency_p50_s",
            )
        )
    return figures


def _data_figures(run: Node, data: DataView) -> list[KeyFigure]:
    counts, figures = run.at("counts"), []
    kept, collected = counts.number("kept"), counts.number("collected")
    if kept is not None:
        note = f"{share_of(kept, collected)} of {count(collected)} collected" if collected else ""
        figures.append(KeyFigure("Rows kept", count(kept), note))
    if data.targets:
        figures.append(KeyFigure("Quality targets met", *_targets_met(data)))
    merged = counts.number("merged")
    if merged is not None:
        note = f"{percent(merged / collected)} of the rows collected" if collected else ""
        figures.append(KeyFigure("Duplicates merged", count(merged), note))
    if data.personal_total is not None:
        figures.append(KeyFigure("Personal data masked", count(data.personal_total), "findings"))
    splits = run.at("splits")
    if splits:
        rest = [f"{count(splits.number(name))} {name}" for name in ("validation", "test")]
        figures.append(KeyFigure("Training rows", count(splits.number("train")), join(rest)))
    if categories := run.items("categories"):
        figures.append(KeyFigure("Categories", count(len(categories)), ""))
    return figures


def _terms(
    compared: MethodsView | None,
    methods: tuple[Method, ...],
    confidence: str,
    parts: tuple[Part, ...],
) -> tuple[tuple[str, glossary.Term], ...]:
    """The glossary: only words that this report uses."""
    terms = dict(glossary.DATA)
    named = {name for part in parts if part.section for name in part.section.terms}
    terms |= {name: term for name, term in SECTIONS.items() if name in named}
    if compared is not None:
        kinds = {method.kind for method in methods}
        shown = {
            slug(name): glossary.Term(metric.label, metric.meaning)
            for method in methods
            for name, metric in method.metrics.items()
        }
        terms = {
            **{name: term for name, term in glossary.METHODS.items() if name in kinds},
            **shown,
            **glossary.GENERAL,
            "interval": glossary.interval(confidence),
            **terms,
        }
    ordered = sorted(terms.items(), key=lambda entry: entry[1].label.casefold())
    return tuple((name, term) for name, term in ordered if term.definition)
