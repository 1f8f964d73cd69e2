"""`likened`: embedding similarity and BERTScore of answers, in a process that can resume."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.perplexity import require
from tunesmith.evaluate.settings import EmbeddingConfig
from tunesmith.io import fingerprint, read_json, write_json
from tunesmith.models import BaseModel, resolve
from tunesmith.progress import Progress
from tunesmith.worker import Event, claim, run_job

_VERSION = 1  # bump when the same settings give other figures
_NAMES = {"embedding_similarity": "cosine", "bert_score": "f1"}


Liken = Callable[[list[dict[str, Any]], Path], list[dict[str, Any]]]
"""Adds likeness in meaning to the rows of predictions.jsonl; the folder is the answers'."""
LIKENESS = ("embedding_similarity", "bert_score")
"""The figures that need it."""


def embedding_model(config: EmbeddingConfig, *, base: BaseModel, folder: Path) -> BaseModel:
    """The model that the settings name: a folder, relative ones from `folder`, or the base model.

    Raises:
        ModelError: There is no such model.
    """
    if config.model is None:
        return base
    local = folder / Path(config.model).expanduser()
    return resolve(str(local) if local.is_dir() else config.model)


def likened(
    predictions: Sequence[dict[str, Any]],
    *,
    model: BaseModel,
    config: EmbeddingConfig,
    out: Path,
    progress: Progress,
) -> list[dict[str, Any]]:
    """The rows of predictions.jsonl with `embedding_similarity` and `bert_score`.

    `embedding_similarity` is the cosine of the mean embeddings of answer and reference;
    `bert_score` see `embed.bert_score_f1`. Both are rescaled as Zhang et al. (2020, section 5)
    rescale BERTScore, (x - b) / (1 - b), so that 0 is what unrelated texts reach: b is the mean
    over pairs of these rows' references, which is the same for every method. Without rescaling,
    a causal model's embeddings of any two texts have a cosine near 1.

    Args:
        predictions: The rows.
        model: The model that reads them; a method's own would judge itself.
        config: Layer, tokens, batch.
        out: The method's folder: `likeness.json` is written there, and used again for the same
            answers, model and settings.
        progress: Where to say how far it is.

    Returns:
        New rows. The values are None where there is no answer or nothing in the reference; an
        empty answer has 0.

    Raises:
        TunesmithError: All references are the same, so that nothing says how alike unrelated
            answers are.
        JobError: The process was killed or crashed; calling again resumes it.
        MissingExtraError: The extra `tune` is not installed.
    """
    require()
    ordered = sorted(predictions, key=lambda row: hashlib.sha256(str(row["id"]).encode()).digest())
    pairs = [[row["prediction"] or "", row["reference"] or ""] for row in ordered]
    if len({reference for _, reference in pairs}) < 2:
        raise TunesmithError(
            "all reference answers are the same, so likeness in meaning has no zero",
            where="evaluate.embedding",
            todo="leave embedding out, or test on more rows",
        )
    request = {
        "layer": config.layer,
        "max_tokens": config.max_tokens,
        "batch_size": config.batch_size,
    }
    identity = fingerprint(
        {**request, "pairs": pairs, "model": model.fingerprint, "version": _VERSION}
    )
    file = out / "likeness.json"
    if not file.exists() or read_json(file)["fingerprint"] != identity:
        found = _embed(pairs, model, {**request}, out / "work-embed", identity, progress)
        rows = {row["id"]: one for row, one in zip(ordered, found["rows"], strict=True)}
        write_json(file, {**found, "rows": rows, "fingerprint": identity})
    known = read_json(file)
    return [{**row, **_figures(row, known)} for row in predictions]


def _embed(
    pairs: list[list[str]],
    model: BaseModel,
    request: dict[str, Any],
    work: Path,
    identity: str,
    progress: Progress,
) -> dict[str, Any]:
    claim(work, identity)
    write_json(work / "pairs.json", pairs)
    with progress.stage("compare answers by embeddings", len(pairs)) as stage:

        def tell(event: Event) -> None:
            stage.advance(event.get("rows", 0))

        stats = run_job(
            "tunesmith.evaluate.embed",
            {**request, "model": str(model.path), "work": str(work)},
            log=work / "embed.log",
            on_event=tell,
        )
    rows = [row for part in sorted(work.glob("part-*.json")) for row in read_json(part)]
    shutil.rmtree(work)
    # Rows with the same reference say nothing about unrelated texts.
    distinct = [
        row["unrelated"]
        for i, row in enumerate(rows)
        if pairs[i][1] != pairs[(i + 1) % len(pairs)][1] and row["unrelated"]["f1"] is not None
    ]
    zero = {name: fmean(one[key] for one in distinct) for name, key in _NAMES.items()}
    return {
        "model": model.name if "/" not in model.name else Path(model.name).name,
        "layer": stats["layer"],
        "layers": stats["layers"],
        "unrelated": zero,
        "rows": [{name: row[key] for name, key in _NAMES.items()} for row in rows],
    }


def _figures(row: dict[str, Any], known: dict[str, Any]) -> dict[str, float | None]:
    out: dict[str, float | None] = {}
    for name in _NAMES:
        raw, zero = known["rows"][row["id"]][name], known["unrelated"][name]
        if row["prediction"] is None or not (row["reference"] or "").strip():
            out[name] = None
        else:
            out[name] = 0.0 if raw is None else (raw - zero) / (1 - zero)
    return out
