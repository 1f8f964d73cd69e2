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
from tunesmith.prompting.template import PromptConfig
from tunesmith.tune.folders import ADAPTER, MODEL, tuned
from tunesmith.tune.launch import LaunchConfig
from tunesmith.tune.methods import AnyTrained, LoraConfig
from tunesmith.tune.search import settle
from tunesmith.tune.told import Price, plan_words, priced
from tunesmith.worker import Event, claim, run_job

_VERSION = 2  # bump when training changes its result for the same settings
_NEEDS = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "safetensors")


def tune(
    method: AnyTrained,
    *,
    train: Sequence[Any],
    validation: Sequence[Any],
    model: BaseModel,
    out: Path,
    prompt: PromptConfig | None = None,
    seed: int = 13,
    launch: LaunchConfig | None = None,
    price: Price | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train `method` in a process of its own and save what it learned.

    Args:
        method: What to train and how.
        train: The training rows, as the method's format takes them: `Example`s (qa, instruction);
            `Conversation`s or lists of messages (chat); `Document`s or texts (completion);
            `Pair`s or mappings with prompt, chosen and rejected (preference).
        validation: The validation rows; their loss is measured, nothing is learned from them.
        model: The base model; of a method with `after`, what `start_from` gives.
        out: The method's folder, `RUN/methods/NAME`: `adapter/` or, of a method that changes all
            weights, `model/` (safetensors), `training.json` (what this returns, with a fingerprint)
            and, until it is done, `work/` (checkpoints).
        prompt: What the prompts have in common; the default one where None.
        seed: Used where the method sets none.
        launch: In how many processes, and how they share the model; None: as the hardware allows.
            Another launch resumes what one has begun, and takes what it has finished.
        price: What an hour of this machine costs, where it is known.
        progress: Where to say how far it is.

    Returns:
        The `training` object of `metrics.json`: seconds, tokens, losses, memory, settings, and
        with a price the cost. If `out` holds a finished training of the same method, rows, prompt
        and model, its result.

    Raises:
        TunesmithError: There is nothing to train on, a row has nothing to learn, the memory cannot
            suffice, or the loss became NaN.
        TypeError: A row is nothing that the format learns from.
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
        "train": [method.format.row(row, n).to_row() for n, row in enumerate(train, 1)],
        "validation": [method.format.row(row, n).to_row() for n, row in enumerate(validation, 1)],
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
    place = {
        "model": str(model.path),
        "model_name": model.name,
        "model_fingerprint": model.fingerprint,
        "launch": (launch or LaunchConfig()).model_dump(mode="json"),
    }
    settled, search = settle(
        method, {**request, **place}, identity=identity, out=out, progress=progress
    )
    request["method"] = settled.model_dump(mode="json", exclude={"memory"})
    claim(work, fingerprint([identity, request["method"]]))
    request["method"]["memory"] = method.memory
    training = _train(
        {**request, **place, "work": str(work.resolve())},
        name=out.name,
        work=work,
        price=price,
        progress=progress,
    )
    if search is not None:
        training["search"] = search
    for words in _kept(training):
        progress.say(f"{out.name}: {words}")
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


def _kept(training: dict[str, Any]) -> list[str]:
    """What there is to say of the weights that are saved."""
    loss, said = training["kept_loss"], []
    if training["kept_step"] != training["steps"]:
        said.append(
            f"saved are the weights of step {training['kept_step']}, whose validation loss "
            f"{loss:.3f} is the lowest"
        )
    untrained = [point["loss"] for point in training["validation"] if point["step"] == 0]
    if loss is not None and untrained and loss >= untrained[0]:
        rate = training["settings"]["learning_rate"]
        said.append(
            f"nothing was gained: the validation loss of the untrained model, {untrained[0]:.3f}, "
            f"was never beaten. Try learning_rate: {rate / 10:.0e}, or learning_rate: auto"
        )
    return said


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
                stage.left(plan["left_s"])
            elif "say" in event:
                progress.say(f"{name}: {event['say']}")
            elif "step" in event:
                stage.left(event["left_s"])
                stage.advance(1, note=f"loss {event['loss']:.3f}")

        return run_job("tunesmith.tune.launch.job", request, log=work / "train.log", on_event=tell)
