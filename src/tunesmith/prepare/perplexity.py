"""Letting a model read every row: the one check that sees all rows at once."""

from __future__ import annotations

import shutil
from dataclasses import replace

import polars as pl

from tunesmith import record
from tunesmith.check.perplexity import SCORES, Perplexity
from tunesmith.evaluate import perplexity
from tunesmith.io import fingerprint
from tunesmith.models import BaseModel, resolve
from tunesmith.prepare.context import Context
from tunesmith.prepare.rows import Checked
from tunesmith.step import apply
from tunesmith.store import cache
from tunesmith.store.cache import Stage


def judge_perplexity(context: Context, checked: Checked, step: Perplexity) -> Checked:
    """Drop the rows that a model finds hard to believe.

    All rows are judged together: a quantile is of all of them.
    """
    with context.timed("perplexity"):
        model = resolve(step.model or context.recipe.model)
        identity = {
            "format": cache.FORMAT,
            "input": checked.rows.folder.name,
            "step": step.identity(),
            "model": model.fingerprint,
        }
        stage = context.cache.stage("perplexity", fingerprint(identity))
        if not stage.done:
            _judge(context, checked.rows, step, model, stage)
    return Checked([*checked.stages, stage], [*checked.steps, step], checked.inputs)


def _judge(context: Context, rows: Stage, step: Perplexity, model: BaseModel, stage: Stage) -> None:
    frame = pl.concat(rows.frames(), rechunk=True)
    held = pl.col("kind").is_in(list(step.records))
    work = stage.folder / "scores"
    scores = perplexity.perplexities(
        frame.select(pl.when(held).then(record.body())).to_series(),
        model=model,
        work=work,
        max_tokens=step.max_tokens,
        batch_size=step.batch_size,
        progress=context.progress,
    )
    outcome = apply([step], frame.with_columns(scores.alias(SCORES)))
    stage.write(0, replace(outcome, frame=outcome.frame.drop(SCORES)))
    if work.exists():  # it holds the texts
        shutil.rmtree(work)
    stage.finish(1)
