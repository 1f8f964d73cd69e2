"""`perplexities`: how well a base model predicts texts, in a process of its own that can resume."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import polars as pl

from tunesmith.errors import MissingExtraError
from tunesmith.io import read_json, write_json
from tunesmith.models import BaseModel, Precision
from tunesmith.progress import Progress
from tunesmith.worker import Event, run_job

_PACKAGES = ("torch", "transformers")


def require() -> None:
    """Look whether a model can be run here.

    Raises:
        MissingExtraError: The extra `tune` is not installed.
    """
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "tune")


def perplexities(
    texts: pl.Series,
    *,
    model: BaseModel,
    work: Path,
    max_tokens: int,
    batch_size: int,
    progress: Progress,
    precision: Precision = "auto",
) -> pl.Series:
    """The perplexity of each text under a model; null where there is nothing to read.

    exp of the mean negative log-likelihood (nats) of the first `max_tokens` tokens, the first of
    them after the model's begin token. Texts that are equal are read once.

    Args:
        texts: n texts.
        model: The base model.
        work: An empty folder, or what a killed call with the same arguments left there: it is
            used again. It holds the texts and is the caller's to remove.
        max_tokens: So many tokens of each text are read, as far as the context window goes.
        batch_size: Texts read together.
        progress: Where to say how far it is.
        precision: Number format of the weights.

    Raises:
        JobError: The process was killed or crashed; calling again resumes it.
        MissingExtraError: The extra `tune` is not installed.
    """
    require()
    readable = texts.filter(texts.is_not_null() & (texts.str.strip_chars() != ""))
    distinct = readable.unique(maintain_order=True).alias("text")
    if not distinct.len():
        return pl.Series([None] * texts.len(), dtype=pl.Float64)
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_json(work / "texts.json", distinct.to_list())
    request = {
        "work": str(work),
        "model": str(model.path),
        "max_tokens": max_tokens,
        "batch_size": batch_size,
        "precision": precision,
    }
    with progress.stage("perplexity", distinct.len()) as stage:

        def tell(event: Event) -> None:
            stage.advance(event.get("rows", 0))

        run_job("tunesmith.evaluate.score", request, log=work / "score.log", on_event=tell)
    scores: list[float | None] = [None] * distinct.len()
    for part in sorted(work.glob("part-*.json")):
        for row, nll, tokens in read_json(part):
            scores[row] = math.exp(nll / tokens) if tokens else None
    found = pl.DataFrame({"text": distinct, "score": pl.Series(scores, dtype=pl.Float64)})
    asked = texts.alias("text").to_frame()
    return asked.join(found, on="text", how="left", maintain_order="left").get_column("score")
