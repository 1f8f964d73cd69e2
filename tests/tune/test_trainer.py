"""The trainer on a tiny model, against plain PyTorch and against itself."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from stopping import Killer, StopHereError, stop_at
from tunesmith.errors import DivergedError, JobError, ModelError, TunesmithError
from tunesmith.io import read_json
from tunesmith.models import BaseModel, load_model, load_tokenizer
from tunesmith.prompting import Example, PromptConfig
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import LoraConfig, tune
from tunesmith.tune.formats import encode_examples
from tunesmith.worker import Event

torch = pytest.importorskip("torch")

CONFIG = LoraConfig(
    max_steps=6,
    batch_size=2,
    gradient_accumulation=2,
    learning_rate=5e-3,
    dropout=0.1,
    precision="float32",
    save_steps=2,
    eval_steps=3,
    validation_rows=4,
)


def request(model: BaseModel, examples: list[Example], work: Path, config: LoraConfig) -> Event:
    work.mkdir(parents=True, exist_ok=True)
    return {
        "method": config.model_dump(mode="json"),
        "prompt": {"system": "Help."},
        "train": [example.to_row() for example in examples[:18]],
        "validation": [example.to_row() for example in examples[18:]],
        "seed": 5,
        "model": str(model.path),
        "model_name": model.name,
        "work": str(work),
    }


def run(
    model: BaseModel,
    examples: list[Example],
    work: Path,
    config: LoraConfig = CONFIG,
    emit: Any = None,
) -> dict[str, Any]:
    from tunesmith.tune.job import train

    return train(request(model, examples, work, config), emit or (lambda event: None))


def losses(result: dict[str, Any]) -> list[float]:
    return [point["loss"] for point in result["curve"]]


def test_the_result_has_every_figure_and_the_adapter_is_safetensors_alone(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    events: list[Event] = []
    result = run(tiny_model, examples, tmp_path, emit=events.append)
    assert [point["step"] for point in result["curve"]] == [1, 2, 3, 4, 5, 6]
    assert [point["step"] for point in result["validation"]] == [0, 3, 6]
    assert result["validation"][-1]["loss"] < result["validation"][0]["loss"]
    assert events[0]["plan"]["left_s"] > 0
    assert [event["step"] for event in events if "step" in event] == [1, 2, 3, 4, 5, 6]
    assert (result["steps"], result["examples"], result["resumed_from_step"]) == (6, 18, None)
    # r (in + out) for every linear layer but the head: q, k, v, o, gate, up, down of two layers
    shapes = [(32, 32), (32, 16), (32, 16), (32, 32), (32, 64), (32, 64), (64, 32)]
    assert result["trainable_parameters"] == 2 * 16 * sum(a + b for a, b in shapes)
    assert {file.name for file in (tmp_path / "adapter").iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "trained.json",
    }
    assert (
        read_json(tmp_path / "adapter" / "adapter_config.json")["base_model_name_or_path"] == "tiny"
    )


def test_tokens_are_those_of_the_rows_without_padding(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    one_pass = CONFIG.model_copy(
        update={"max_steps": 9, "batch_size": 2, "gradient_accumulation": 1}
    )
    result = run(tiny_model, examples, tmp_path, one_pass)
    encoder = ChatEncoder(load_tokenizer(tiny_model.path))
    encoded = encode_examples(
        encoder, examples[:18], prompt=PromptConfig(system="Help."), max_length=512
    )
    assert result["tokens"] == encoded.tokens


def test_the_loss_is_the_mean_over_answer_tokens_of_a_plain_loop(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    """Step 1 and the validation before it, against logits from transformers row by row."""
    config = CONFIG.model_copy(update={"dropout": 0.0, "max_steps": 1})
    result = run(tiny_model, examples, tmp_path, config)
    encoder = ChatEncoder(load_tokenizer(tiny_model.path))
    model = load_model(tiny_model.path, precision="float32")

    def plain(rows: list[Example]) -> float:
        total, count = 0.0, 0
        for row in encode_examples(
            encoder, rows, prompt=PromptConfig(system="Help."), max_length=512
        ).rows:
            with torch.no_grad():
                logits = model(torch.tensor([row["input_ids"]])).logits[0, :-1]
            chosen = torch.log_softmax(logits, -1)
            for place, label in enumerate(row["labels"][1:]):
                if label != -100:
                    total, count = total - float(chosen[place, label]), count + 1
        return total / count

    from tunesmith.tune.order import training_order

    lengths = [
        len(row["input_ids"])
        for row in encode_examples(
            encoder, examples[:18], prompt=PromptConfig(system="Help."), max_length=512
        ).rows
    ]
    first = training_order(lengths, steps=1, batch_size=2, accumulation=2, seed=5)
    assert losses(result)[0] == pytest.approx(plain([examples[i] for i in first]), rel=1e-4)
    held = {example.id for example in examples[18:]}
    assert len(held) == 6
    every = CONFIG.model_copy(update={"dropout": 0.0, "max_steps": 1, "validation_rows": 6})
    before = run(tiny_model, examples, tmp_path / "all", every)["validation"][0]["loss"]
    assert before == pytest.approx(plain(examples[18:]), rel=1e-4)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    def weights(name: str, config: LoraConfig, seed: int) -> dict[str, Any]:
        from tunesmith.tune.job import train

        work = tmp_path / name
        train({**request(tiny_model, examples, work, config), "seed": seed}, lambda event: None)
        return load_file(work / "adapter" / "adapter_model.safetensors")

    one, same, other = weights("a", CONFIG, 5), weights("b", CONFIG, 5), weights("c", CONFIG, 6)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_bfloat16_adapters_learn_in_float32(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    """Steps far below bfloat16's resolution still move the saved weights."""
    config = CONFIG.model_copy(
        update={"precision": "bfloat16", "learning_rate": 1e-6, "warmup": 0.0, "dropout": 0.0}
    )
    run(tiny_model, examples, tmp_path, config)
    saved = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    moved = [value for name, value in saved.items() if "lora_B" in name]
    assert all(value.dtype == torch.float32 for value in saved.values())
    assert all(0 < float(value.abs().max()) < 1e-4 for value in moved)


def test_a_checkpoint_is_text_and_safetensors_alone(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    run(tiny_model, examples, tmp_path, CONFIG.model_copy(update={"max_steps": 2}))
    files = [file for file in (tmp_path / "checkpoint-2").rglob("*") if file.is_file()]
    assert {file.suffix for file in files} <= {".json", ".safetensors", ".jinja", ".md", ".txt"}
    for file in files:  # a name can say anything
        if file.suffix == ".safetensors":
            load_file(file)
        elif file.suffix == ".json":
            read_json(file)
        else:
            assert "\0" not in file.read_text(encoding="utf-8")
    names = {file.name for file in files}
    assert names >= {
        "adapter_model.safetensors",
        "masters.safetensors",
        "optimizer.json",
        "optimizer.safetensors",
        "random.json",
        "random.safetensors",
        "scheduler.json",
        "trainer_state.json",
        "training_args.json",
        "tunesmith.json",
    }
    moments = load_file(tmp_path / "checkpoint-2" / "optimizer.safetensors")
    weights = load_file(tmp_path / "checkpoint-2" / "masters.safetensors")
    kinds = ("exp_avg", "exp_avg_sq", "step")
    assert set(moments) == {f"{name}.{kind}" for name in weights for kind in kinds}
    assert all(float(value) == 2 for name, value in moments.items() if name.endswith(".step"))


def test_no_environment_adds_mixed_precision_and_its_scaler(
    tiny_model: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import Dataset

    from tunesmith.tune.job import _trainer

    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    trainer = _trainer(
        request(tiny_model, [], tmp_path, CONFIG),
        CONFIG,
        encoder=ChatEncoder(load_tokenizer(tiny_model.path)),
        rows=Dataset.from_list([{"input_ids": [1, 2], "labels": [1, 2]}]),
        steps=1,
    )
    assert trainer.accelerator.mixed_precision == "no"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_resumed_in_the_middle_ends_like_one_that_was_not_interrupted(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path, precision: str
) -> None:
    config = CONFIG.model_copy(update={"precision": precision})
    whole = run(tiny_model, examples, tmp_path / "whole", config)
    work = tmp_path / "cut"

    with pytest.raises(StopHereError):
        run(tiny_model, examples, work, config, emit=stop_at(5))
    torn = work / "checkpoint-6"
    shutil.copytree(work / "checkpoint-4", torn)
    (torn / "tunesmith.json").unlink()  # its last file: killed while it was written
    resumed = run(tiny_model, examples, work, config)
    assert resumed["resumed_from_step"] == 4
    assert losses(resumed) == losses(whole)
    assert resumed["validation"] == whole["validation"]
    assert resumed["tokens"] == whole["tokens"]
    ours = load_file(work / "adapter" / "adapter_model.safetensors")
    theirs = load_file(tmp_path / "whole" / "adapter" / "adapter_model.safetensors")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_loss_that_is_not_a_number_stops_the_run(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunesmith.tune import trainer

    honest = trainer.answer_nll
    broken_from = 10**9

    def broken(model: Any, **tensors: Any) -> Any:
        nonlocal broken_from
        broken_from -= 1
        loss, count = honest(model, **tensors)
        return loss * float("nan") if broken_from < 0 else loss, count

    def after(event: Event) -> None:
        nonlocal broken_from
        if event.get("step") == 1:
            broken_from = 0

    monkeypatch.setattr(trainer.AnswerTrainer, "objective", staticmethod(broken))
    with pytest.raises(
        DivergedError, match=r"the loss at step 2 is nan\n→ set learning_rate: 0.0005"
    ):
        run(tiny_model, examples, tmp_path, emit=after)
    broken_from = 0
    with pytest.raises(DivergedError, match="is nan before it has learned anything"):
        run(tiny_model, examples, tmp_path)


@pytest.mark.slow
def test_a_training_killed_with_sigkill_resumes_and_a_finished_one_is_taken_as_it_is(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    arguments: dict[str, Any] = {
        "train": examples[:18],
        "validation": examples[18:],
        "model": tiny_model,
        "prompt": PromptConfig(system="Help."),
        "seed": 5,
    }
    whole = tune(CONFIG, out=tmp_path / "whole", **arguments)
    out = tmp_path / "cut"

    with pytest.raises(JobError, match="SIGKILL"):
        tune(CONFIG, out=out, progress=Killer(out / "work" / "checkpoint-2"), **arguments)
    assert not (out / "training.json").exists()
    resumed = tune(CONFIG, out=out, **arguments)
    assert resumed["resumed_from_step"] in {2, 4}
    assert losses(resumed) == losses(whole)
    assert resumed["peak_memory_mib"] > 100
    assert not (out / "work").exists()
    before = (out / "adapter" / "adapter_model.safetensors").stat().st_mtime_ns
    assert tune(CONFIG, out=out, **arguments) == resumed
    assert (out / "adapter" / "adapter_model.safetensors").stat().st_mtime_ns == before
    other = tune(CONFIG.model_copy(update={"max_steps": 1}), out=out, **arguments)
    assert other["steps"] == 1


def test_no_training_rows_are_refused(tiny_model: BaseModel, tmp_path: Path) -> None:
    with pytest.raises(TunesmithError, match="no training rows"):
        tune(CONFIG, train=[], validation=[], model=tiny_model, out=tmp_path)


def test_a_folder_that_is_no_model_is_refused(examples: list[Example], tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        run(BaseModel("none", tmp_path, "none", "folder"), examples, tmp_path / "work")
