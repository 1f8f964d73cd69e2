"""Two processes train to what one does: the same losses and weights from the same rows.

The one is the training job in this process, which other tests hold to plain PyTorch.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest
from safetensors.torch import load_file

from stopping import Killer
from token_rows import PROMPT, SHORT
from tunesmith.errors import JobError, TunesmithError
from tunesmith.io import read_json
from tunesmith.models import BaseModel
from tunesmith.prompting import Example
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
from tunesmith.tune.formats import Pair, PreferenceFormat
from tunesmith.tune.launch import LaunchConfig

torch = pytest.importorskip("torch")

FAST = {**SHORT, "learning_rate": 0.01, "gradient_accumulation": 2}
METHODS: dict[str, TrainedConfig] = {
    "lora": LoraConfig(r=4, **FAST),
    "full": FullConfig(**{**FAST, "learning_rate": 0.002}),
    "prefix": PrefixTuningConfig(virtual_tokens=5, **FAST),
    # a step of one batch, whose rows are shared
    "prompt": PromptTuningConfig(virtual_tokens=5, **{**FAST, "gradient_accumulation": 1}),
    "packed": LoraConfig(r=4, **FAST, packing=True),
    "pairs": LoraConfig(r=4, **FAST, format=PreferenceFormat()),
}


def launch(strategy: str) -> dict[str, Any]:
    """The settings of a strategy; a stage of ZeRO is part of its name here."""
    if not strategy.startswith("deepspeed"):
        return {"strategy": strategy}
    pytest.importorskip("deepspeed")
    if shutil.which("c++") is None:
        pytest.skip("on processors DeepSpeed compiles a kernel")
    return {"strategy": "deepspeed", "reshard": not strategy.endswith("-2")}


def rows_of(name: str, examples: list[Example]) -> list[Any]:
    if name != "pairs":
        return examples
    return [Pair(row.id, row.question, row.answer, "Ask somebody else.") for row in examples]


@pytest.fixture
def together(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """`together(config, **launch)` trains in processes of their own."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def go(
        config: TrainedConfig, progress: Any = None, *, rows: Any = None, **launch: Any
    ) -> dict[str, Any]:
        rows = rows or examples
        return tune(
            config,
            train=rows[:18],
            validation=rows[18:],
            model=tiny_model,
            out=tmp_path / "together",
            prompt=PROMPT,
            seed=5,
            launch=LaunchConfig.model_validate(launch),
            progress=progress,
        )

    return go


def losses(result: dict[str, Any]) -> list[float]:
    curve = [point["loss"] for point in result["curve"]]
    return curve + [point["loss"] for point in result["validation"]]


def assert_same(ours: Path, theirs: Path) -> None:
    """The weights learned, up to the order of sums: Adam's first steps magnify their rounding."""
    one, other = tuned(ours), tuned(theirs)
    assert one is not None
    assert other is not None
    learned, reference = (load_file(weight_files(folder)[0]) for folder in (one, other))
    assert learned.keys() == reference.keys()
    for name, value in reference.items():
        assert torch.allclose(learned[name], value, rtol=1e-3, atol=1e-4), name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "strategy"),
    [
        ("lora", "ddp"),
        ("full", "ddp"),
        ("prefix", "ddp"),
        ("prompt", "ddp"),
        ("packed", "ddp"),
        ("pairs", "ddp"),
        ("pairs", "fsdp"),
        ("lora", "fsdp"),
        ("full", "fsdp"),
        ("lora", "deepspeed"),
        ("full", "deepspeed-2"),
        ("prefix", "deepspeed-2"),
    ],
)
def test_two_processes_train_like_one(
    train: Any,
    together: Any,
    examples: list[Example],
    tmp_path: Path,
    name: str,
    strategy: str,
) -> None:
    rows = rows_of(name, examples)
    alone = train(METHODS[name], tmp_path / "alone", rows=rows)
    both = together(METHODS[name], rows=rows, devices=2, **launch(strategy))
    assert both["processes"] == 2
    assert losses(both) == pytest.approx(losses(alone), rel=1e-4)
    assert both["tokens"] == alone["tokens"]
    assert [p.get("token_f1") for p in both["validation"]] == [
        p.get("token_f1") for p in alone["validation"]
    ]
    assert both["trainable_parameters"] == alone["trainable_parameters"]
    assert_same(tmp_path / "together", tmp_path / "alone")
    config = read_json(next((tmp_path / "together" / tuned_name(name)).glob("*config.json")))
    assert config  # what was saved says what it is
    settings = (tmp_path / "together" / "launch" / "accelerate.yaml").read_text(encoding="utf-8")
    assert "num_processes: 2" in settings


def tuned_name(name: str) -> str:
    return "model" if name == "full" else "adapter"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "strategy", "afterwards"),
    [
        ("lora", "ddp", "ddp"),
        ("full", "fsdp", None),  # in one process
        ("full", "deepspeed", "deepspeed-2"),
    ],
)
def test_killed_in_the_middle_it_resumes_with_any_strategy_or_in_one_process(
    train: Any, together: Any, tmp_path: Path, name: str, strategy: str, afterwards: str | None
) -> None:
    config = METHODS[name].model_copy(update={"max_steps": 8})
    whole = train(config, tmp_path / "alone")
    work = tmp_path / "together" / "work"
    before = set(psutil.Process().children(recursive=True))  # other tests' servers
    with pytest.raises(JobError, match="process 1 of the 2 that train together was killed by SIGK"):
        together(config, Killer(work / "checkpoint-2", rank=1), devices=2, **launch(strategy))
    assert set(psutil.Process().children(recursive=True)) <= before
    second = {"devices": 1} if afterwards is None else {"devices": 2, **launch(afterwards)}
    resumed = together(config, **second)
    assert resumed["resumed_from_step"] >= 2
    assert losses(resumed) == pytest.approx(losses(whole), rel=1e-4)
    assert_same(tmp_path / "together", tmp_path / "alone")


@pytest.mark.slow
def test_a_step_that_cannot_be_shared_is_refused(together: Any) -> None:
    with pytest.raises(TunesmithError, match="cannot be shared equally by 3 processes"):
        together(METHODS["lora"], devices=3)
