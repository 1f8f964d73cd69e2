"""The best weights: kept, saved at the end, and found again by a run that was killed."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from stopping import StopHereError, stop_at
from token_rows import PROMPT
from tunesmith.errors import DivergedError, JobError
from tunesmith.models import BaseModel
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import FullConfig, LoraConfig, PromptTuningConfig, TrainedConfig, tuned
from tunesmith.tune.best import Best
from tunesmith.tune.folders import weight_files
from tunesmith.tune.formats import encode_examples
from tunesmith.tune.masters import Masters
from tunesmith.worker import run_job

torch = pytest.importorskip("torch")

from tunesmith.evaluate.decode import reference_nll  # noqa: E402
from tunesmith.evaluate.loaded import load_method  # noqa: E402

#: Learns the first rows by heart: the validation loss falls, then rises.
OVER: dict[str, Any] = {
    "max_steps": 24,
    "batch_size": 2,
    "precision": "float32",
    "save_steps": 4,
    "eval_steps": 3,
    "validation_rows": 6,
    "scheduler": "constant_with_warmup",
    "warmup": 0,
    "patience": None,
    "sample_rows": 2,
}
METHODS: dict[str, TrainedConfig] = {
    "lora": LoraConfig(r=8, learning_rate=0.05, dropout=0.1, **OVER),
    "full": FullConfig(learning_rate=0.02, **OVER),
    "prompt": PromptTuningConfig(virtual_tokens=5, learning_rate=30.0, **OVER),
}
every = pytest.mark.parametrize("config", METHODS.values(), ids=METHODS)


def weights(folder: Path) -> dict[str, Any]:
    found = tuned(folder)
    assert found is not None
    loaded: dict[str, Any] = load_file(weight_files(found)[0])
    return loaded


def same(one: Path, other: Path) -> bool:
    ours, theirs = weights(one), weights(other)
    assert ours.keys() == theirs.keys()
    return all(torch.equal(ours[name], theirs[name]) for name in theirs)


@every
def test_what_is_saved_is_the_state_of_the_lowest_validation_loss(
    tiny_model: BaseModel, train: Any, tmp_path: Path, config: TrainedConfig,
    encoder: ChatEncoder, examples: list[Example],
) -> None:  # fmt: skip
    """Evaluation's own likelihood of the references is the reference."""
    result = train(config, tmp_path / "best")
    trained = [point for point in result["validation"] if point["step"] > 0]
    low = min(trained, key=lambda point: point["loss"])
    if config.kind == "lora":  # the others may learn to the end: rounding decides
        assert 3 <= low["step"] < 24, trained
    assert (result["kept_step"], result["kept_loss"]) == (low["step"], low["loss"])
    assert (result["steps"], result["planned_steps"]) == (24, 24)
    method = load_method(tiny_model.path, weights=tuned(tmp_path / "best"), precision="float32")
    rows = encode_examples(encoder, examples[18:], prompt=PROMPT, max_length=512).rows
    cuts = [row["labels"].count(-100) for row in rows]
    prompts = [row["input_ids"][:cut] for row, cut in zip(rows, cuts, strict=True)]
    answers = [row["input_ids"][cut:] for row, cut in zip(rows, cuts, strict=True)]
    sums = reference_nll(method.model, prompts, answers, pad_id=2, before=method.before)
    assert sum(sums) / sum(map(len, answers)) == pytest.approx(low["loss"], rel=1e-4)
    last = train(config.model_copy(update={"keep": "last"}), tmp_path / "last")
    assert (last["kept_step"], last["kept_loss"]) == (24, trained[-1]["loss"])
    assert same(tmp_path / "best", tmp_path / "last") == (low["step"] == 24)


@every
@pytest.mark.parametrize("cut", [7, 23])
def test_the_best_weights_outlive_an_interruption(
    train: Any, tmp_path: Path, config: TrainedConfig, cut: int
) -> None:
    whole = train(config, tmp_path / "whole")
    with pytest.raises(StopHereError):
        train(config, tmp_path / "cut", stop_at(cut))
    resumed = train(config, tmp_path / "cut")
    assert resumed["resumed_from_step"] == cut // 4 * 4
    assert resumed["kept_step"] == whole["kept_step"]
    assert resumed["validation"] == whole["validation"]
    assert same(tmp_path / "whole", tmp_path / "cut")


EARLY = METHODS["lora"].model_copy(
    update={"patience": 2, "min_improvement": 0.5, "max_steps": 60, "save_steps": 3}
)


def test_a_run_that_does_not_get_better_stops_and_keeps_its_best(
    train: Any, tmp_path: Path
) -> None:
    said: list[str] = []
    result = train(EARLY, tmp_path / "whole", lambda event: said.append(event.get("say", "")))
    validation = [point for point in result["validation"] if point["step"] > 0]
    stopped = validation[-1]["step"]
    assert 6 < stopped < 60
    assert (result["steps"], result["planned_steps"]) == (stopped, 60)
    assert result["curve"][-1]["step"] == stopped
    assert result["kept_loss"] == min(point["loss"] for point in validation)
    assert result["epochs"] == pytest.approx(stopped * 2 / 18, abs=1e-3)
    assert any(f"stopped early at step {stopped}" in text for text in said)
    patient = EARLY.model_copy(update={"patience": 3})
    assert train(patient, tmp_path / "patient")["steps"] > stopped
    never = EARLY.model_copy(update={"patience": None, "max_steps": stopped + 3})
    assert train(never, tmp_path / "never")["steps"] == stopped + 3


@pytest.mark.parametrize("config", [EARLY, METHODS["lora"]], ids=["stopped early", "to its end"])
def test_killed_after_its_last_step_it_only_saves(
    train: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: TrainedConfig
) -> None:
    from tunesmith.tune import job

    def stop(*_: Any, **__: Any) -> None:
        raise StopHereError

    whole = train(config, tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(StopHereError):
        patch.setattr(job, "save_tuned", stop)
        train(config, tmp_path / "cut")
    steps: list[Any] = []
    resumed = train(config, tmp_path / "cut", lambda event: steps.append(event.get("step")))
    assert set(steps) <= {None}
    for key in ("steps", "kept_step", "kept_loss", "validation", "tokens"):
        assert resumed[key] == whole[key]
    assert same(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.parametrize("rate", [3.0, 50.0])
def test_a_rate_that_diverges_is_stopped_and_the_advice_learns(
    train: Any, tmp_path: Path, rate: float
) -> None:
    config = FullConfig(**{**OVER, "max_steps": 40, "learning_rate": rate, "max_grad_norm": 1e9})
    with pytest.raises(DivergedError) as error:
        train(config, tmp_path / "high")
    advised = float(re.findall(r"learning_rate: ([0-9.e+-]+) ", str(error.value.todo))[0])
    assert advised <= rate / 10
    while True:  # as a user would
        try:
            result = train(
                config.model_copy(update={"learning_rate": advised}), tmp_path / f"{advised}"
            )
            break
        except DivergedError as again:
            advised = float(re.findall(r"learning_rate: ([0-9.e+-]+) ", str(again.todo))[0])
    assert result["validation"][-1]["loss"] < result["validation"][0]["loss"]


@pytest.mark.slow
def test_the_best_weights_outlive_sigkill(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def run(work: Path, on_event: Any = None) -> dict[str, Any]:
        request = {
            "method": METHODS["lora"].model_dump(mode="json"),
            "prompt": PROMPT.model_dump(mode="json"),
            "train": [example.to_row() for example in examples[:18]],
            "validation": [example.to_row() for example in examples[18:]],
            "seed": 5,
            "model": str(tiny_model.path),
            "model_name": "tiny",
            "work": str(work),
        }
        return run_job("tunesmith.tune.job", request, log=work / "log", on_event=on_event)

    def kill(event: dict[str, Any]) -> None:
        if event.get("step") == 15:
            for child in psutil.Process().children():
                os.kill(child.pid, signal.SIGKILL)

    whole = run(tmp_path / "whole")
    with pytest.raises(JobError, match="SIGKILL"):
        run(tmp_path / "cut", kill)
    resumed = run(tmp_path / "cut")
    assert resumed["resumed_from_step"] in {8, 12, 16}
    assert resumed["validation"] == whole["validation"]
    assert resumed["kept_step"] == whole["kept_step"] < 24
    assert same(tmp_path / "whole", tmp_path / "cut")


def test_a_resumed_run_takes_the_best_of_its_checkpoint_and_not_a_later_one(
    tmp_path: Path,
) -> None:
    """Whatever was kept between the checkpoint and the kill, the checkpoint decides."""
    layer = torch.nn.Linear(2, 1, bias=False)
    masters = Masters(layer, torch.float32)
    best = Best(masters, tmp_path)

    def become(value: float) -> None:
        with torch.no_grad():
            for copy in masters.copies.values():
                copy.fill_(value)

    before, after = tmp_path / "checkpoint-1", tmp_path / "checkpoint-2"
    before.mkdir()
    after.mkdir()
    best.save(before)
    become(1.0)
    best.keep()
    best.save(after)
    become(2.0)
    best.keep()  # must not reach into the checkpoint
    become(3.0)
    again = Best(masters, tmp_path)
    again.resume(after)
    again.restore()
    assert layer.weight.tolist() == [[1.0, 1.0]]
    again.resume(before)
    assert not (tmp_path / "best").exists()
    again.resume(None)
    assert not (tmp_path / "best").exists()


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_best_long_before_the_last_checkpoint_is_found_again(
    train: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """Real steps, validation losses as written here; the weights of step 6 are caught there."""
    from tunesmith.tune import job

    seen: dict[int, dict[str, Any]] = {}

    def scripted(trainer: Any, rows: Any) -> float:
        step = trainer.state.global_step
        state = trainer.masters.state()
        seen[step] = {name: value.clone() for name, value in state.items()}
        return 1.0 if step == 6 else 2.0 + step / 100

    monkeypatch.setattr(job, "validation_loss", scripted)
    config = METHODS[method].model_copy(update={"sample_rows": 0})
    whole = train(config, tmp_path / "whole")
    assert (whole["kept_step"], whole["kept_loss"]) == (6, 1.0)
    ours = sorted(weights(tmp_path / "whole").values(), key=lambda t: (t.shape, float(t.sum())))
    caught = sorted(seen[6].values(), key=lambda t: (t.shape, float(t.sum())))
    assert all(torch.equal(a, b) for a, b in zip(ours, caught, strict=True))
    with pytest.raises(StopHereError):
        train(config, tmp_path / "cut", stop_at(23))
    resumed = train(config, tmp_path / "cut")
    assert (resumed["resumed_from_step"], resumed["kept_step"]) == (20, 6)
    assert same(tmp_path / "whole", tmp_path / "cut")
