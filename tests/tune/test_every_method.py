"""What holds for every trained method: it learns, resumes, and answers as it was trained."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from stopping import StopHereError, stop_at
from token_rows import PROMPT, SHORT
from tunesmith.models import BaseModel
from tunesmith.prompting import Example
from tunesmith.prompting.encode import ChatEncoder
from tunesmith.tune import (
    FullConfig,
    LoraConfig,
    PrefixTuningConfig,
    PromptTuningConfig,
    TrainedConfig,
    tuned,
)
from tunesmith.tune.folders import weight_files
from tunesmith.tune.formats import encode_examples

torch = pytest.importorskip("torch")

FAST = {**SHORT, "learning_rate": 0.02}
#: A method, and how many numbers of the tiny model learn: its width is 32, its layers are two, each
#: with four heads and two of keys and values.
METHODS: dict[str, tuple[TrainedConfig, int]] = {
    "lora": (LoraConfig(r=4, **FAST), 2 * 4 * (64 + 2 * 48 + 64 + 3 * 96)),
    "rslora": (LoraConfig(r=4, rslora=True, **FAST), 2 * 4 * (64 + 2 * 48 + 64 + 3 * 96)),
    # DoRA also learns a magnitude for each output
    "dora": (
        LoraConfig(r=4, dora=True, target="attention-qv", **FAST),
        2 * (4 * (64 + 48) + 32 + 16),
    ),
    "pissa": (LoraConfig(r=4, start="pissa", target=("o_proj",), **FAST), 2 * 4 * 64),
    "full": (
        FullConfig(**{**FAST, "learning_rate": 0.002}),
        2 * 259 * 32 + 32 + 2 * (2 * 32 + 2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 64),
    ),
    "prefix": (PrefixTuningConfig(virtual_tokens=5, **FAST), 5 * 2 * 2 * 16),
    "projected": (
        PrefixTuningConfig(
            virtual_tokens=5, projection=True, start="random", **{**FAST, "learning_rate": 0.003}
        ),
        # embeddings of the width of all keys, and two layers
        5 * 16 + (16 * 32 + 32) + (32 * 64 + 64),
    ),
    "prompt": (PromptTuningConfig(virtual_tokens=5, **FAST), 5 * 32),
}
every = pytest.mark.parametrize(("config", "learned"), METHODS.values(), ids=METHODS)


@every
def test_it_learns_and_nothing_else_does(
    train: Any, tmp_path: Path, config: TrainedConfig, learned: int
) -> None:
    result = train(config.model_copy(update={"max_steps": 8}), tmp_path)
    assert result["trainable_parameters"] == learned
    assert result["validation"][-1]["loss"] < result["validation"][0]["loss"]


@every
def test_what_was_saved_answers_as_it_was_trained(
    tiny_model: BaseModel,
    train: Any,
    examples: list[Example],
    encoder: ChatEncoder,
    tmp_path: Path,
    config: TrainedConfig,
    learned: int,
) -> None:
    """The loss of the references, as evaluation computes it, is the last validation loss."""
    from tunesmith.evaluate.decode import reference_nll
    from tunesmith.evaluate.loaded import load_method

    result = train(config, tmp_path)
    method = load_method(tiny_model.path, weights=tuned(tmp_path), precision="float32")
    rows = encode_examples(encoder, examples[18:], prompt=PROMPT, max_length=512).rows
    cuts = [row["labels"].count(-100) for row in rows]
    prompts = [row["input_ids"][:cut] for row, cut in zip(rows, cuts, strict=True)]
    answers = [row["input_ids"][cut:] for row, cut in zip(rows, cuts, strict=True)]
    sums = reference_nll(method.model, prompts, answers, pad_id=2, before=method.before)
    mean = sum(sums) / sum(map(len, answers))
    assert mean == pytest.approx(result["validation"][-1]["loss"], rel=1e-4)


@every
def test_resumed_in_the_middle_it_ends_like_one_that_was_not_interrupted(
    train: Any, tmp_path: Path, config: TrainedConfig, learned: int
) -> None:
    whole = train(config, tmp_path / "whole")
    with pytest.raises(StopHereError):
        train(config, tmp_path / "cut", stop_at(3))
    resumed = train(config, tmp_path / "cut")
    assert resumed["resumed_from_step"] == 2
    assert resumed["curve"][-1]["loss"] == whole["curve"][-1]["loss"]
    assert resumed["validation"] == whole["validation"]
    folders = [tuned(tmp_path / name) for name in ("cut", "whole")]
    ours, theirs = (load_file(weight_files(folder)[0]) for folder in folders if folder)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_virtual_tokens_come_before_every_prompt_of_a_batch(
    tiny_model: BaseModel, train: Any, encoder: ChatEncoder, tmp_path: Path
) -> None:
    """Greedy answers of a padded batch are those of each prompt alone, through PEFT's own forward."""
    from peft import PeftModel

    from tunesmith.decoding import greedy
    from tunesmith.evaluate.loaded import load_method
    from tunesmith.models import load_model

    prompts = [encoder.tokenizer(text)["input_ids"] for text in ("a parcel", "b", "the invoice")]
    for name in ("prefix", "prompt"):
        folder = tmp_path / name
        train(METHODS[name][0].model_copy(update={"learning_rate": 0.5}), folder)
        method = load_method(tiny_model.path, weights=tuned(folder), precision="float32")
        together = greedy(
            method.model, prompts, stop_ids=frozenset(), pad_id=2, max_new_tokens=6,
            before=method.before,
        )  # fmt: skip
        base = load_model(tiny_model.path, precision="float32")
        soft = PeftModel.from_pretrained(base, folder / "adapter").eval()
        for prompt, answer in zip(prompts, together, strict=True):
            ids = list(prompt)
            for _ in range(6):
                with torch.no_grad():
                    logits = soft(
                        input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids))
                    ).logits
                ids.append(int(logits[0, -1].argmax()))
            assert answer.ids == ids[len(prompt) :]
        plain = greedy(method.model, prompts, stop_ids=frozenset(), pad_id=2, max_new_tokens=6)
        assert [a.ids for a in plain] != [a.ids for a in together]
        shutil.rmtree(folder)
