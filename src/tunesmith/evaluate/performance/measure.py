"""`measured`: a method's `performance.json`, from what was measured for it or else its answers."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.generate import Generation, asked, learned_by, require_models
from tunesmith.evaluate.performance.figures import performance
from tunesmith.evaluate.performance.timing import MEASURED, TIMINGS, Timed, Wave, timings_of
from tunesmith.evaluate.performance.words import one_line
from tunesmith.io import fingerprint, read_json, write_json
from tunesmith.models import BaseModel, Precision
from tunesmith.progress import Progress, SilentProgress
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune.methods import Method
from tunesmith.worker import claim, job_environment, run_job, usable_cores

FILE = "performance.json"
ENDPOINT = "endpoint"
"""The kind of a method whose model computes elsewhere."""
_VERSION = 1  # bump when the same settings measure something else


def measured(
    method: Method,
    examples: Sequence[Example],
    *,
    config: EvaluateConfig,
    answered: Generation,
    model: BaseModel,
    out: Path,
    weights: Path | None = None,
    train: Sequence[Example] = (),
    prompt: PromptConfig | None = None,
    precision: Precision = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure a method's speed, memory and energy, and write `performance.json` in its folder.

    With `config.performance.always` this is done in a process of its own, unless it was done
    before for the same method, rows, model, settings and machine. Without it such an earlier
    measurement is used, and where there is none, the times taken while the test rows were answered.

    Args:
        method: The method.
        examples: The test rows.
        config: How much is measured, and how sure intervals shall be.
        answered: The method's answers to the test rows.
        model: The base model.
        out: The method's folder.
        weights: What a training has left.
        train: The training split, from which few-shot examples are chosen.
        prompt: What the prompts have in common.
        precision: Number format of the weights.
        progress: Where to say how far it is.

    Returns:
        The content of `performance.json`.

    Raises:
        JobError: The process was killed or crashed; calling again resumes it.
        MissingExtraError: The extra `tune` is not installed.
    """
    local = str(method.kind) != ENDPOINT  # an endpoint's speed is what its client has seen
    file, there = out / MEASURED, False
    if local and (config.performance.always or file.exists()):
        rows = one_of_each_group(examples, config.performance.rows)
        request = {
            **asked(method, rows, train=train, prompt=prompt),
            "concurrency": list(config.performance.concurrency),
            "max_new_tokens": config.max_new_tokens,
            "precision": precision,
        }
        identity = _identity(request, model, weights)
        there = file.exists() and read_json(file)["fingerprint"] == identity
        if config.performance.always and not there:
            job = {
                **request,
                "model": str(model.path),
                "model_fingerprint": model.fingerprint,
                "weights": str(weights) if weights else None,
            }
            _measure(job, file, identity, rows=len(rows), progress=progress or SilentProgress())
            there = True
    card = _from_timings(file, config) if there else _from_answers(out, answered, config)
    write_json(out / FILE, card)
    if config.performance.always and progress is not None:
        progress.say(f"{out.name}: {one_line(card)}")
    return card


def _identity(request: dict[str, Any], model: BaseModel, weights: Path | None) -> str:
    """Changes with what is measured and the machine that it is measured on."""
    return fingerprint(
        {
            **request,
            "model": model.fingerprint,
            "weights": learned_by(weights),
            "machine": [platform.node(), usable_cores(), job_environment()["OMP_NUM_THREADS"]],
            "version": _VERSION,
        }
    )


def one_of_each_group(examples: Sequence[Example], rows: int) -> list[Example]:
    """Rows spread evenly over the examples, no group twice unless all have been taken."""
    seen: set[str] = set()
    first: list[Example] = []
    more: list[Example] = []
    for example in examples:
        (more if example.group in seen else first).append(example)
        if example.group is not None:
            seen.add(example.group)
    few = min(rows, len(first))
    spread = [first[i * len(first) // few] for i in range(few)]
    return [*spread, *more[: rows - few]]


def _measure(
    job: dict[str, Any], file: Path, identity: str, *, rows: int, progress: Progress
) -> None:
    require_models()
    work = file.parent / "work-performance"
    claim(work, identity)
    sizes = job["concurrency"]
    asked_for = sum(-(-rows // size) * size for size in sizes)
    with progress.stage(f"time {file.parent.name}", asked_for) as stage:
        result = run_job(
            "tunesmith.evaluate.performance.job",
            {**job, "work": str(work)},
            log=work / "performance.log",
            on_event=lambda event: stage.advance(event.get("rows", 0)),
        )
    timings = timings_of(work, result["conditions"], identity)
    settings = {"rows": rows, "concurrency": sizes, "max_new_tokens": job["max_new_tokens"]}
    extra = {"memory": result["memory"], "settings": settings, "resumed": result["resumed"]}
    write_json(file, {**timings, **extra})
    shutil.rmtree(work)


def _from_timings(file: Path, config: EvaluateConfig) -> dict[str, Any]:
    found = read_json(file)
    card = performance(
        file.parent.name,
        [Wave.from_json(wave) for wave in found["waves"]],
        config=config,
        settings={**found["settings"], "how": "measured apart, concurrencies taking turns"},
        conditions=found["conditions"],
        memory=found["memory"],
    )
    if found["resumed"]:
        card["notes"].append("Measured in more than one piece: the conditions are the last one's.")
    return card


def _from_answers(out: Path, answered: Generation, config: EvaluateConfig) -> dict[str, Any]:
    """What answering the test rows tells: all of it, or in old run folders the latency alone."""
    stats, elsewhere = answered.stats, "endpoint" in answered.stats
    batch = stats.get("batch_size", 1)
    waves, conditions = _latencies(answered.predictions), {}
    found = _timings(out)
    if found is not None:
        every = [Wave.from_json(wave) for wave in found["waves"]]
        alone, conditions = len(waves), found["conditions"]
        waves = every[:alone] + [w for w in every[alone:] if w.concurrency == batch > 1]
    return performance(
        out.name,
        waves,
        config=config,
        settings={
            "rows": len(answered.predictions),
            "concurrency": sorted({1, batch} & {wave.concurrency for wave in waves}),
            "max_new_tokens": stats.get("max_new_tokens"),
            "how": "taken while the test rows were answered: some alone, then the others in "
            "batches of similar length, the longest prompts first",
        },
        conditions=conditions,
        memory=None
        if elsewhere
        else {
            "peak_memory_mib": stats.get("peak_memory_mib"),
            "model_memory_mib": conditions.get("model_memory_mib"),
            "note": "The peak has the loading of the model and the scoring of references in it.",
        },
    )


def _timings(out: Path) -> dict[str, Any] | None:
    """The times that were taken with a method's answers; None where there are none of these."""
    file, finished = out / TIMINGS, out / "generation.json"
    if not (file.exists() and finished.exists()):
        return None
    found: dict[str, Any] = read_json(file)
    same = found["fingerprint"] == read_json(finished)["fingerprint"]
    return found if same and found["waves"] else None


def _latencies(predictions: Sequence[dict[str, Any]]) -> list[Wave]:
    """The rows that were answered alone, as `predictions.jsonl` has them."""
    timed = [
        row
        for row in predictions
        if row.get("latency_s") is not None and row["tokens_out"] is not None
    ]
    return [
        Wave(
            concurrency=1,
            seconds=row["latency_s"],
            answers=[
                Timed(
                    row.get("first_token_s"), row["latency_s"], row["tokens_out"], row.get("group")
                )
            ],
        )
        for row in timed
    ]
