"""What holds for every format: it learns, and resumes bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from stopping import StopHereError, stop_at
from token_rows import PROMPT, SHORT
from tunesmith.io import read_json
from tunesmith.models import BaseModel
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import FullConfig, LoraConfig, PrefixTuningConfig, TrainedConfig, tuned
from tunesmith.tune.folders import weight_files
from tunesmith.tune.formats import (
    ChatFormat,
    CompletionFormat,
    Conversation,
    Document,
    Format,
    InstructionFormat,
    Pair,
    PreferenceFormat,
)

torch = pytest.importorskip("torch")

FAST = {**SHORT, "learning_rate": 0.02}
METHODS: dict[str, TrainedConfig] = {
    "lora": LoraConfig(r=4, dropout=0.1, **FAST),
    "full": FullConfig(**{**FAST, "learning_rate": 0.002}),
    "prefix": PrefixTuningConfig(virtual_tokens=5, **FAST),
}
FORMATS: dict[str, Format] = {
    "instruction": InstructionFormat(by_category={"billing": "Be exact: {question}"}),
    "chat": ChatFormat(),
    "completion": CompletionFormat(),
    "preference": PreferenceFormat(),
}
every = pytest.mark.parametrize(
    ("method", "name"),
    [("lora", name) for name in FORMATS]
    + [("full", "chat"), ("full", "completion"), ("full", "preference"), ("prefix", "preference")],
)


def rows_of(name: str, examples: list[Example]) -> list[Any]:
    """Twenty-four rows of a format, of uneven length."""
    if name == "chat":
        return [Conversation.of(examples[n : n + 1 + n % 3]) for n in range(len(examples))]
    if name == "completion":
        return [Document(row.id, f"{row.question} {row.answer}\n" * 2) for row in examples]
    if name == "preference":
        return [Pair(row.id, row.question, row.answer, "Ask somebody else.") for row in examples]
    return examples


@every
def test_it_learns_and_resumed_in_the_middle_it_ends_like_one_that_was_not_interrupted(
    train: Any, examples: list[Example], tmp_path: Path, method: str, name: str
) -> None:
    config = METHODS[method].model_copy(update={"format": FORMATS[name]})
    rows = rows_of(name, examples)
    whole = train(config, tmp_path / "whole", rows=rows)
    assert whole["validation"][-1]["loss"] < whole["validation"][0]["loss"]
    with pytest.raises(StopHereError):
        train(config, tmp_path / "cut", stop_at(3), rows=rows)
    resumed = train(config, tmp_path / "cut", rows=rows)
    assert resumed["resumed_from_step"] == 2
    assert resumed["curve"][-1]["loss"] == whole["curve"][-1]["loss"]
    assert resumed["validation"] == whole["validation"]
    folders = [tuned(tmp_path / name) for name in ("cut", "whole")]
    ours, theirs = (load_file(weight_files(folder)[0]) for folder in folders if folder)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize("name", ["instruction", "chat", "completion"])
def test_the_loss_is_that_of_a_plain_loop(
    tiny_model: BaseModel,
    train: Any,
    encoder: ChatEncoder,
    examples: list[Example],
    tmp_path: Path,
    name: str,
) -> None:
    """The validation before the first step, against transformers' own forward row by row."""
    from token_rows import plain_nll
    from tunesmith.models import load_model

    config = METHODS["full"].model_copy(update={"format": FORMATS[name], "max_steps": 1})
    rows = rows_of(name, examples)
    loss = train(config, tmp_path, rows=rows)["validation"][0]["loss"]
    model = load_model(tiny_model.path, precision="float32")
    held = FORMATS[name].encode(encoder, rows[18:], prompt=PROMPT, max_length=config.max_length)
    total = 0.0
    for row in held.rows:
        with torch.no_grad():
            logits = model(torch.tensor([row["input_ids"]])).logits[0]
        total += plain_nll(logits, row["labels"])
    assert loss == pytest.approx(total / held.answer_tokens, rel=1e-4)


def test_what_was_trained_with_instructions_is_asked_with_them(
    tiny_model: BaseModel,
    train: Any,
    in_process: None,
    encoder: ChatEncoder,
    examples: list[Example],
    tmp_path: Path,
) -> None:
    """The evaluation's own loss of the references is the last validation loss, prompt and all."""
    from tunesmith.evaluate.generate import generate

    config = METHODS["lora"].model_copy(update={"format": FORMATS["instruction"]})
    result = train(config, tmp_path / "work")
    answered = generate(
        config,
        examples[18:],
        model=tiny_model,
        out=tmp_path / "out",
        weights=tuned(tmp_path / "work"),
        prompt=PROMPT,
        max_new_tokens=4,
        latency_rows=2,
        precision="float32",
    ).predictions
    mean = sum(row["reference_nll"] for row in answered) / sum(
        row["reference_tokens"] for row in answered
    )
    assert mean == pytest.approx(result["validation"][-1]["loss"], rel=1e-4)
    plain = generate(
        config.model_copy(update={"format": METHODS["lora"].format}),
        examples[18:],
        model=tiny_model,
        out=tmp_path / "out",
        weights=tuned(tmp_path / "work"),
        prompt=PROMPT,
        max_new_tokens=4,
        precision="float32",
    ).predictions
    assert all(a["tokens_in"] > b["tokens_in"] for a, b in zip(answered, plain, strict=True))


def test_what_was_learned_remembers_how(train: Any, tiny_model: BaseModel, tmp_path: Path) -> None:
    config = METHODS["lora"].model_copy(update={"format": FORMATS["instruction"]})
    train(config, tmp_path)
    memory = read_json(tmp_path / "adapter" / "trained.json")
    assert memory["format"] == config.format.model_dump(mode="json")
    assert memory["prompt"] == {"system": "Help."}
    assert memory["base"] == {"name": "tiny", "fingerprint": "tiny"}
    assert "<|im_start|>" in memory["chat_template"]
