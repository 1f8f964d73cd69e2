"""The main job, one stage after the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tunesmith import audits, figures
from tunesmith.assess.dataset import write_evaluation
from tunesmith.audits import AuditRequest
from tunesmith.decide.decision import decide
from tunesmith.decide.measured import read_measured
from tunesmith.decide.strategy.plan import make_plan
from tunesmith.decide.words import listed
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.endpoint.questions import ready
from tunesmith.evaluate.task import in_force
from tunesmith.io import write_json, write_text
from tunesmith.models import resolve
from tunesmith.pipeline.evaluation import (
    ask_judge,
    audit_methods,
    cross_validate,
    facets_of,
    folds_of,
    look_at_slices,
)
from tunesmith.pipeline.method import add_method
from tunesmith.pipeline.state import Run, Until
from tunesmith.pipeline.summary import finish, record
from tunesmith.prepare import prepare
from tunesmith.progress import Progress, SilentProgress
from tunesmith.recipe import LoadedRecipe, check
from tunesmith.report import build_report
from tunesmith.store.lock import run_lock
from tunesmith.store.seen import Seen
from tunesmith.tune.methods.order import in_order


def run(
    loaded: LoadedRecipe,
    out: Path,
    *,
    until: Until = "report",
    audit: AuditRequest | None = None,
    progress: Progress | None = None,
) -> Run:
    """Do what the recipe asks for, as far as `until`.

    Args:
        loaded: The recipe.
        out: The run folder. What it holds of an earlier run, killed or finished, is used again
            where nothing has changed.
        until: The last stage.
        audit: Methods to audit, whatever the recipe says, once they are measured.
        progress: Where to say how far it is.

    Returns:
        The run. `failed_gates` says which gates it was held to and did not meet.

    Raises:
        TunesmithError: Something expected went wrong; the message says what to do.
    """
    if audit is not None:
        audits.check_request(audit, loaded)
    with run_lock(out):
        work = Run(loaded, out, progress or SilentProgress(), until)
        _prepare(work)
        if work.reaches("tune"):
            _methods(work, audit)
        if work.reaches("decide"):
            work.timed("assess", lambda: _assess(work))
        finish(work)
        if work.reaches("decide"):
            plan = make_plan(out, loaded.recipe.name, loaded.recipe.decide)
            write_json(out / "plan.json", plan)
        if work.reaches("report"):
            record(work)
            work.timed("report", lambda: build_report(out))
        return work


def _prepare(work: Run) -> None:
    """Check everything that can be checked early, and make the dataset."""
    seen = Seen(work.out / "work" / "sound.json")
    check(work.loaded, seen=seen)
    seen.close()
    write_text(work.out / "recipe.yaml", work.loaded.as_run())
    work.data = prepare(work.loaded, work.out, work.progress)
    write_json(work.out / "quality.json", figures.quality_figures(work.data))


def _methods(work: Run, audit: AuditRequest | None) -> None:
    """Train and measure the methods, and decide between them."""
    if work.reaches("evaluate") and work.loaded.recipe.methods:
        work.loaded = _evaluation_in_force(work)
    recipe = work.loaded.recipe
    _check_critical(work)
    facets, folds = facets_of(work), folds_of(work)
    ready(*recipe.endpoints.values())
    base = work.timed("find the base model", lambda: resolve(recipe.model))
    for name, method in in_order(recipe.methods).items():
        add_method(work, name, method, base)
    if folds:
        work.timed("cross-validation", lambda: cross_validate(work, base, folds))
    if work.reaches("evaluate"):
        audit_methods(work, base, audit)
    if work.reaches("decide") and work.scorecards:
        _decide(work)
        work.timed("slices", lambda: look_at_slices(work, facets))
        ask_judge(work)


def _check_critical(work: Run) -> None:
    """Look whether the categories that the plan calls critical are the dataset's."""
    critical = work.loaded.recipe.decide.strategy.critical
    if not critical:
        return
    splits = ("train", "validation", "test")
    there = {row.category for split in splits for row in work.prepared.examples(split)} - {None}
    unknown = [name for name in critical if name not in there]
    if unknown:
        raise TunesmithError(
            f"no row of the dataset has the category {listed([repr(n) for n in unknown], 'or')}",
            where=f"{work.loaded.path}: decide.strategy.critical",
            todo=f"name some of: {listed(sorted(map(str, there)), 'or')}"
            if there
            else "leave it out, or name the column of categories (sources: columns: category)",
        )


def _evaluation_in_force(work: Run) -> LoadedRecipe:
    """The recipe with what the evaluation takes from the data (labels, facts of the pages)."""
    data, recipe = work.prepared, work.loaded.recipe
    rows = [*data.examples("train"), *data.examples("test")]
    evaluation = in_force(
        recipe.evaluate,
        answers=[row.answer for row in rows],
        pages=(page.text for page in data.documents()),
    )
    return replace(work.loaded, recipe=recipe.model_copy(update={"evaluate": evaluation}))


def _decide(work: Run) -> None:
    recipe = work.loaded.recipe
    asked = max(card["n"] for card in work.scorecards)
    work.decision = decide(
        work.scorecards,
        work.predictions,
        recipe.decide,
        evaluation=recipe.evaluate,
        measured=read_measured(work.out, (card["method"] for card in work.scorecards)),
        unasked=work.prepared.splits["test"] - asked,
    )
    write_json(work.out / "decision.json", work.decision)


def _assess(work: Run) -> None:
    write_evaluation(
        work.out,
        config=work.loaded.recipe.assess,
        base=work.loaded.base,
        methods=[card["method"] for card in work.scorecards],
    )
