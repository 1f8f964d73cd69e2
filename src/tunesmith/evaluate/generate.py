"""`generate`: every test row answered by one method, in a process of its own that can resume."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunesmith.errors import MissingExtraError, TunesmithError
from tunesmith.evaluate.endpoint import answer as endpoint
from tunesmith.evaluate.performance.timing import TIMINGS, timings_of
from tunesmith.io import file_sha256, fingerprint, read_json, read_jsonl, write_json, write_jsonl
from tunesmith.models import BaseModel, Precision
from tunesmith.progress import Progress, SilentProgress
from tunesmith.prompting.endpoint import EndpointConfig
from tunesmith.prompting.example import Example
from tunesmith.prompting.select import FewShotConfig, select_shots
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune.folders import weight_files
from tunesmith.tune.methods import Method, TrainedConfig
from tunesmith.worker import Event, claim, run_job

_VERSION = 3  # bump when the same settings give other answers


@dataclass(frozen=True, slots=True)
class Generation:
    """One method's answers, and what they took."""

    predictions: list[dict[str, Any]]
    """A row of `predictions.jsonl` for each example, in the examples' order."""
    stats: dict[str, Any]
    """The `generation` object of `metrics.json`."""


def generate(
    method: Method,
    examples: Sequence[Example],
    *,
    model: BaseModel,
    out: Path,
    weights: Path | None = None,
    train: Sequence[Example] = (),
    prompt: PromptConfig | None = None,
    batch_size: int = 8,
    max_new_tokens: int = 160,
    latency_rows: int = 16,
    precision: Precision = "auto",
    progress: Progress | None = None,
) -> Generation:
    """Answer `examples` greedily and score their reference answers under the same prompts.

    `latency_rows` rows, spread evenly over the examples, are answered alone and timed; the rest in
    batches of prompts of similar length. `reference_nll` is the negative log-likelihood (nats) of
    the reference answer's tokens, its end token included, after the method's whole prompt.

    Args:
        method: The method; its kind decides about examples in the prompt, its format about an
            instruction.
        examples: The rows to answer.
        model: The base model; a method behind an endpoint does not look at it.
        out: The method's folder, `RUN/methods/NAME`: `predictions.jsonl`, `generation.json`,
            `answer-timings.json`, and `work-generate/` until it is done.
        weights: What a training has left: an adapter's folder, or a model's.
        train: The training split, from which few-shot examples are chosen.
        prompt: What the prompts have in common: the same as in training.
        batch_size: Rows answered together.
        max_new_tokens: An answer is cut off there (`finish` is then "length").
        latency_rows: Rows answered alone.
        precision: Number format of the weights.
        progress: Where to say how far it is.

    Returns:
        The predictions and the statistics; those of an earlier run if `out` holds them complete
        for the same method, rows, model and settings.

    Raises:
        TunesmithError: There are no examples, or a question does not fit in the context window.
        ModelError: `weights` were trained with another chat template, or on another model.
        JobError: The process was killed or crashed; calling again resumes it.
        MissingExtraError: The extra `tune` is not installed.
    """
    if not examples:
        raise TunesmithError("there are no rows to answer", todo="check the sizes of the splits")
    progress = progress or SilentProgress()
    if isinstance(method, EndpointConfig):
        predictions, stats = endpoint.answer(
            method,
            examples,
            out=out,
            train=train,
            prompt=prompt or PromptConfig(),
            max_new_tokens=max_new_tokens,
            latency_rows=latency_rows,
            progress=progress,
        )
        return Generation(predictions, stats)
    require_models()
    request: dict[str, Any] = {
        **asked(method, examples, train=train, prompt=prompt),
        "batch_size": batch_size,
        "max_new_tokens": max_new_tokens,
        "latency_rows": latency_rows,
        "precision": precision,
    }
    identity = fingerprint(
        {
            **request,
            "model": model.fingerprint,
            "weights": learned_by(weights),
            "version": _VERSION,
        }
    )
    finished, answers, work = (
        out / "generation.json",
        out / "predictions.jsonl",
        out / "work-generate",
    )
    if finished.exists():
        record = read_json(finished)
        if record["fingerprint"] == identity and answers.exists():
            progress.say(f"{out.name}: already answered these rows with these settings")
            return Generation(read_jsonl(answers), record["generation"])
        finished.unlink()
    claim(work, identity)
    job = {
        **request,
        "model": str(model.path),
        "model_fingerprint": model.fingerprint,
        "weights": str(weights) if weights else None,
        "work": str(work),
    }
    with progress.stage(f"answer {out.name}", len(examples)) as stage:

        def tell(event: Event) -> None:
            if event.get("dropped_shots"):
                progress.say(
                    f"{out.name}: {event['dropped_shots']} worked examples did not fit in the "
                    f"prompts of {event['rows_with_dropped_shots']} rows and are left out"
                )
            stage.advance(event.get("rows", 0))

        stats = run_job("tunesmith.evaluate.decode", job, log=work / "generate.log", on_event=tell)
    rows = {
        row["id"]: row
        for part in sorted(work.glob("part-*.json"))
        for row in read_json(part)["rows"]
    }
    write_json(out / TIMINGS, timings_of(work, stats.pop("conditions"), identity))
    predictions = [_prediction(example, rows[example.id]) for example in examples]
    write_jsonl(answers, predictions)
    write_json(finished, {"fingerprint": identity, "generation": stats})
    shutil.rmtree(work)
    return Generation(predictions, stats)


def require_models() -> None:
    """Look whether models can be loaded here.

    Raises:
        MissingExtraError: The extra `tune` is not installed.
    """
    for package in ("torch", "transformers", "peft"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "tune")


def asked(
    method: Method,
    examples: Sequence[Example],
    *,
    train: Sequence[Example],
    prompt: PromptConfig | None,
) -> dict[str, Any]:
    """What a method's prompts are made of: the part of a request that `decode.opened` reads.

    Args:
        method: The method.
        examples: The rows to answer.
        train: The training split, from which few-shot examples are chosen.
        prompt: What the prompts have in common.
    """
    return {
        "examples": [example.to_row() for example in examples],
        "prompt": (prompt or PromptConfig()).model_dump(mode="json"),
        "instructions": _instructions(method, examples),
        **_shots(method, train=train, examples=examples),
    }


def learned_by(weights: Path | None) -> list[str] | None:
    """The SHA-256 of each file that a training has left; None where there was none."""
    return [file_sha256(file) for file in weight_files(weights)] if weights else None


def _shots(
    method: Method, *, train: Sequence[Example], examples: Sequence[Example]
) -> dict[str, Any]:
    """The worked examples: each once in `shots`, and per row their places in `shots_of`."""
    if not isinstance(method, FewShotConfig):
        return {"template": "chat", "shots": [], "shots_of": [], "max_prompt_tokens": None}
    if method.k == "auto":
        raise TunesmithError(
            "k: auto is chosen on validation rows, and this work has none for it",
            todo="set k to a number",
        )
    if not train:
        raise TunesmithError(
            "few-shot prompting needs training rows and there are none",
            todo="check the sizes of the splits",
        )
    chosen = select_shots(method, train=train, questions=examples)
    used = {shot.id: shot for shots in chosen for shot in shots}
    place = {name: number for number, name in enumerate(used)}
    return {
        "template": method.template,
        "shots": [shot.to_row() for shot in used.values()],
        "shots_of": [[place[shot.id] for shot in shots] for shots in chosen],
        "max_prompt_tokens": method.max_prompt_tokens,
    }


def _instructions(method: Method, examples: Sequence[Example]) -> list[str | None]:
    """What is written before each question: what the method's format wrote in training."""
    if not isinstance(method, TrainedConfig):
        return [None for _ in examples]
    return [method.format.instruction(row.question, row.category) for row in examples]


def _prediction(example: Example, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": example.id,
        "category": example.category,
        "group": example.group,
        "question": example.question,
        "reference": example.answer,
        **row,
    }
