"""The training job under Ray Train: two workers on this machine's processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from token_rows import SHORT
from tunesmith.models import BaseModel
from tunesmith.prompting import Example, PromptConfig
from tunesmith.tune import LoraConfig, tune, tuned
from tunesmith.tune.launch import LaunchConfig

pytest.importorskip("torch")


def test_a_job_for_a_cluster_says_how_many_workers() -> None:
    with pytest.raises(ValidationError, match="devices is a number"):
        LaunchConfig.model_validate({"ray": {}})


@pytest.mark.slow
@pytest.mark.alone
def test_two_workers_of_ray_train_like_one_process(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    results: list[dict[str, Any]] = []
    for name, launch in {"alone": {"devices": 1}, "ray": {"devices": 2, "ray": {}}}.items():
        results.append(
            tune(
                LoraConfig(r=4, **SHORT),
                train=examples[:18],
                validation=examples[18:],
                model=tiny_model,
                out=tmp_path / name,
                prompt=PromptConfig(system="Help."),
                seed=5,
                launch=LaunchConfig.model_validate(launch),
            )
        )
        assert tuned(tmp_path / name) is not None
    alone, together = results
    assert together["processes"] == 2
    ours, theirs = ([point["loss"] for point in result["curve"]] for result in (together, alone))
    assert ours == pytest.approx(theirs, rel=1e-4)
    assert together["validation"][-1]["loss"] == pytest.approx(
        alone["validation"][-1]["loss"], rel=1e-4
    )
