"""Two processes train to what one does: the same losses and weights from the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from token_rows import SHORT
from tunesmith.models import BaseModel
from tunesmith.prompting import Example, PromptConfig
from tunesmith.tune import (
    FullConfig,
    LoraConfig,
    PrefixTuningConfig,
    PromptTuningConfig,
    TrainedConfig,
    tune,
    tuned,
)
from tunesmith.tune.folders import weight_files
from tunesmith.tune.launch import LaunchConfig

torch = pytest.importorskip("torch")

FAST = {**SHORT, "learning_rate": 0.01, "gradient_accumulation": 2}
METHODS: dict[str, TrainedConfig] = {
    "lora": LoraConfig(r=4, **FAST),
    "full": FullConfig(**{**FAST, "learning_rate": 0.002}),
    "prefix": PrefixTuningConfig(virtual_tokens=5, **FAST),
    "prompt": PromptTuningConfig(virtual_tokens=5, **FAST),
}
Run = Any


@pytest.fixture
def run(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def go(
        config: TrainedConfig, name: str, **launch: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        out = tmp_path / name
        result = tune(
            config,
            train=examples[:18],
            validation=examples[18:],
            model=tiny_model,
            out=out,
            prompt=PromptConfig(system="Help."),
            seed=5,
            launch=LaunchConfig(**launch),
        )
        folder = tuned(out)
        assert folder is not None
        return result, load_file(weight_files(folder)[0])

    return go


def losses(result: dict[str, Any]) -> list[float]:
    curve = [point["loss"] for point in result["curve"]]
    return curve + [point["loss"] for point in result["validation"]]


def close(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    assert ours.keys() == theirs.keys()
    return all(torch.allclose(ours[name], theirs[name], rtol=1e-3, atol=2e-5) for name in theirs)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
@pytest.mark.parametrize("name", METHODS)
def test_two_processes_train_like_one(run: Run, name: str, strategy: str) -> None:
    alone, one = run(METHODS[name], "alone", devices=1)
    together, two = run(METHODS[name], "together", devices=2, strategy=strategy)
    assert (alone["processes"], together["processes"]) == (1, 2)
    assert losses(together) == pytest.approx(losses(alone), rel=1e-4)
    assert together["tokens"] == alone["tokens"]
    assert close(two, one)
