"""`tune`: train one method, resume it where it was, or take it finished from the run folder."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunesmith.errors import MissingExtraError, TunesmithError
from tunesmith.io import fingerprint, read_json, write_json
from tunesmith.models import BaseModel, require_quantization
from tunesmith.progress import Progress, SilentProgress
from tunesmith.prompting.example import Example
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune.folders import ADAPTER, MODEL, tuned
from tunesmith.tune.methods import LoraConfig, TrainedConfig
from tunesmith.tune.told import Price, plan_words, priced
from tunesmith.worker import Event, run_job

_VERSION = 1  # bump when training changes its result for the same settings
_NEEDS = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "safetensors")


def tune(
    method: TrainedConfig,
    *,
    train: Sequence[Example],
    validation: Sequence[Example],
    model: BaseModel,
    out: Path,
    prompt: PromptConfig | None = None,
    seed: int = 13,
    price: Price | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train `method` in a process of its own and save what it learned.

    Args:
        method: What to train and how.
        train: The training split.
        validation: The validation split; its loss is measured, nothing is learned from it.
        model: The base model.
        out: The method's folder, `RUN/methods/NAME`: `adapter/` or, of a method that changes all
            weights, `model/` (safetensors), `training.json` (what this returns, with a fingerprint)
            and, until it is done, `work/` (checkpoints).
        prompt: What the prompts have in common; the default one where None.
        seed: Used where the method sets none.
        price: What an hour of this machine costs, where it is known.
        progress: Where to say how far it is.

    Returns:
        The `training` object of `metrics.json`: seconds, tokens, losses, memory, settings, and
        with a price the cost. If `out` holds a finished training of the same method, rows, prompt
        and model, its result.

    Raises:
        TunesmithError: There is nothing to train on, the memory cannot suffice, or the loss became
            NaN.
        JobError: The process was killed or crashed; calling again resumes it.
        MissingExtraError: The extra `tune` is not installed.
    """
    if not train:
        raise TunesmithError(
            "there are no training rows", todo="check what cleaning and the split left over"
        )
    for package in _NEEDS:
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "tune")
    if isinstance(method, LoraConfig) and method.quantize is not None:
        require_quantization()
    progress = progress or SilentProgress()
    request: dict[str, Any] = {
        "method": method.model_dump(mode="json", exclude={"memory"}),  # changes no result
        "prompt": (prompt or PromptConfig()).model_dump(mode="json"),
        "train": [example.to_row() for example in train],
        "validation": [example.to_row() for example in validation],
        "seed": seed if method.seed is None else method.seed,
    }
    identity = fingerprint({**request, "model": model.fingerprint, "version": _VERSION})
    finished, work = out / "training.json", out / "work"
    if finished.exists():
        record = read_json(finished)
        if record["fingerprint"] == identity and tuned(out) is not None:
            progress.say(f"{out.name}: already trained with these settings, rows and model")
            return priced(record["training"], price)
        finished.unlink()
    _claim(work, identity)
    request["method"]["memory"] = method.memory
    training = _train(
        {**request, "model": str(model.path), "model_name": model.name, "work": str(work)},
        name=out.name,
        work=work,
        price=price,
        progress=progress,
    )
    for old in (out / ADAPTER, out / MODEL):
        if old.exists():
            shutil.rmtree(old)
    learned = tuned(work)
    if learned is None:
        raise AssertionError("the training job has saved nothing")
    learned.rename(out / learned.name)
    write_json(finished, {"fingerprint": identity, "training": training})
    shutil.rmtree(work)
    return priced(training, price)


def _claim(work: Path, identity: str) -> None:
    """Keep what an interrupted run of the same training left; remove what another one left."""
    mark = work / "training-id.json"
    if work.exists() and not (mark.exists() and read_json(mark) == identity):
        shutil.rmtree(work)
    if not work.exists():
        write_json(mark, identity)


def _train(
    request: dict[str, Any], *, name: str, work: Path, price: Price | None, progress: Progress
) -> dict[str, Any]:
    with progress.stage(f"train {name}") as stage:

        def tell(event: Event) -> None:
            if "plan" in event:
                plan = event["plan"]
                stage.total(plan["steps"])
                stage.advance(plan["done"])
                if plan["too_long"]:
                    progress.say(
                        f"{name}: {plan['too_long']} of {plan['too_long'] + plan['examples']} rows "
                        "are longer than max_length and left out"
                    )
                for line in plan_words(plan, price):
                    progress.say(f"{name}: {line}")
            else:
                stage.advance(1, note=f"loss {event['loss']:.3f}")

        return run_job("tunesmith.tune.job", request, log=work / "train.log", on_event=tell)
