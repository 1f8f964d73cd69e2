"""What a run finds out beside its scorecards: folds, slices, audits, a judge."""

from __future__ import annotations

from functools import partial

from tunesmith import audits
from tunesmith.audits import AuditRequest
from tunesmith.decide.cross_validation import cross_validation_report
from tunesmith.decide.slices import slice_report
from tunesmith.evaluate.cross_validation.config import CrossValidationConfig
from tunesmith.evaluate.cross_validation.folds import Fold
from tunesmith.evaluate.cross_validation.run import Setup, chosen_methods, run_folds
from tunesmith.evaluate.facets import Facets
from tunesmith.evaluate.judge.judge import judge, usual_pairs
from tunesmith.evaluate.likeness import embedding_model
from tunesmith.io import write_json
from tunesmith.models import BaseModel
from tunesmith.pipeline.state import Run
from tunesmith.prepare.facets import row_facets
from tunesmith.prepare.folds import dataset_folds, fold_rows


def facets_of(work: Run) -> Facets | None:
    """What the test rows are told apart by: asked for early, as its mistakes need no training."""
    recipe = work.loaded.recipe
    if not (recipe.methods and work.reaches("decide")):
        return None
    return row_facets(work.prepared, work.test_rows(), recipe.evaluate.slices, recipe)


def folds_of(work: Run) -> list[Fold]:
    """The folds, where the recipe asks for some: dealt early, as mistakes need no training."""
    recipe = work.loaded.recipe
    config = recipe.evaluate.cross_validation
    if config is None or not (recipe.methods and work.reaches("evaluate")):
        return []
    return dataset_folds(work.prepared, config, recipe.split, recipe.evaluate.task)


def cross_validate(work: Run, base: BaseModel, folds: list[Fold]) -> None:
    """Train and measure methods in every fold: RUN/cross_validation, and its .json."""
    recipe, data = work.loaded.recipe, work.prepared
    config = recipe.evaluate.cross_validation or CrossValidationConfig()
    reading = recipe.evaluate.embedding
    setup = Setup(
        methods=recipe.methods,
        chosen=chosen_methods(config, recipe.methods),
        rows_of=partial(fold_rows, data, loaded=work.loaded),
        model=base,
        out=work.out / "cross_validation",
        evaluation=recipe.evaluate,
        config=config,
        metric=recipe.decide.metric,
        prompt=recipe.prompt,
        seed=recipe.seed,
        launch=recipe.launch,
        reader=None
        if reading is None
        else embedding_model(reading, base=base, folder=work.loaded.base),
    )
    found = cross_validation_report(
        run_folds(folds, setup, work.progress),
        config,
        recipe.split,
        decision=recipe.decide,
        evaluation=recipe.evaluate,
    )
    version = {"version": data.version.number, "fingerprint": data.version.fingerprint}
    work.cross_validation = {**found, "dataset": version}
    write_json(work.out / "cross_validation.json", work.cross_validation)


def audit_methods(work: Run, base: BaseModel, request: AuditRequest | None) -> None:
    """Ask the methods the questions of the suites, where the recipe or the caller wants it."""
    config = work.loaded.recipe.evaluate.audit
    if request is None and config is None:
        return
    work.audits = work.timed(
        "audit",
        lambda: audits.audit_methods(
            work.loaded,
            work.prepared,
            work.out,
            models=work.models,
            untrained=base,
            request=request or AuditRequest(),
            progress=work.progress,
        ),
    )
    if request is not None or (config is not None and config.gate):
        work.failed_gates += audits.audit_failures(work.audits)


def look_at_slices(work: Run, facets: Facets | None) -> None:
    """Look at every slice of the test rows: RUN/slices.json."""
    if facets is None or work.decision is None:
        return
    work.slices = slice_report(
        work.scorecards,
        work.predictions,
        facets,
        choice=work.decision["verdict"]["choice"],
        comparisons=work.decision["comparisons"],
        metric=work.decision["metric"],
        evaluation=work.loaded.recipe.evaluate,
    )
    write_json(work.out / "slices.json", work.slices)


def ask_judge(work: Run) -> None:
    """Let the recipe's judge, where there is one, compare the answers of methods."""
    recipe = work.loaded.recipe
    if recipe.evaluate.judge is None or work.decision is None:
        return
    config, pairs = recipe.evaluate.judge, usual_pairs(work.decision)
    found = work.timed(
        "judge",
        lambda: judge(
            config,
            work.predictions,
            pairs,
            out=work.out,
            base=work.loaded.base,
            evaluation=recipe.evaluate,
            min_rows=recipe.decide.min_rows,
            progress=work.progress,
        ),
    )
    write_json(work.out / "judge.json", found)
