"""Measuring a tiny model, in a process of its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from token_rows import PROMPT
from tunesmith.errors import JobError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.generate import Generation, generate
from tunesmith.evaluate.performance.config import PerformanceConfig
from tunesmith.evaluate.performance.measure import measured, one_of_each_group
from tunesmith.io import read_json
from tunesmith.models import BaseModel
from tunesmith.progress import SilentProgress
from tunesmith.prompting import BaseConfig, Example, FewShotConfig

pytest.importorskip("torch")

APART = EvaluateConfig(
    max_new_tokens=6,
    resamples=200,
    performance=PerformanceConfig(always=True, rows=12, concurrency=(1, 4)),
)
FOLDED = APART.model_copy(update={"performance": PerformanceConfig(rows=12, concurrency=(1, 4))})
NOTHING = Generation([], {})


def test_rows_are_spread_and_no_group_comes_twice_before_all_have() -> None:
    rows = [Example(str(i), "q", "a", group=f"g{i // 3}") for i in range(12)]
    assert [row.id for row in one_of_each_group(rows, 4)] == ["0", "3", "6", "9"]
    assert [row.id for row in one_of_each_group(rows, 2)] == ["0", "6"]
    assert [row.id for row in one_of_each_group(rows, 6)] == ["0", "3", "6", "9", "1", "2"]
    assert len(one_of_each_group(rows, 99)) == 12
    free = [Example(str(i), "q", "a") for i in range(5)]
    assert one_of_each_group(free, 5) == free


def test_old_run_folders_tell_the_latency_of_answers_alone(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {"id": str(i), "group": None, "latency_s": 1.0 + i if i < 3 else None, "tokens_out": 5}
        for i in range(6)
    ]
    stats = {"batch_size": 8, "max_new_tokens": 6, "peak_memory_mib": 700.0}
    card = measured(
        BaseConfig(), examples, config=FOLDED, answered=Generation(rows, stats), model=tiny_model,
        out=tmp_path,
    )  # fmt: skip
    assert card["latency"]["answer_s"]["p50"]["value"] == 2.0
    assert card["latency"]["answer_s"]["p50"]["n"] == 3
    assert card["latency"]["first_token_s"]["p50"]["value"] is None
    assert [one["concurrency"] for one in card["throughput"]] == [1]
    assert card["peak_memory_mib"] == 700.0
    assert card["energy"]["watt_hours_per_1000"] is None
    assert read_json(tmp_path / "performance.json") == card


@pytest.mark.slow
def test_answering_the_test_rows_takes_the_times_too(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    answered = generate(
        BaseConfig(), examples, model=tiny_model, out=tmp_path, prompt=PROMPT, batch_size=4,
        max_new_tokens=6, latency_rows=11, precision="float32",
    )  # fmt: skip
    card = measured(
        BaseConfig(), examples, config=FOLDED, answered=answered, model=tiny_model, out=tmp_path
    )
    assert not (tmp_path / "performance-timings.json").exists()
    first = card["latency"]["first_token_s"]["p50"]
    assert 0 < first["value"] <= card["latency"]["answer_s"]["p50"]["value"]
    assert first["n"] == 11
    one, four = card["throughput"]
    assert (one["concurrency"], four["concurrency"]) == (1, 4)
    assert (one["n"], four["n"]) == (11, 12)
    assert card["energy"]["watt_hours_per_1000"] > 0
    assert card["conditions"]["cores"] >= 1
    assert 0 < card["model_memory_mib"] < card["peak_memory_mib"]
    # The same latency as in predictions.jsonl.
    alone = sorted(r["latency_s"] for r in answered.predictions if r["latency_s"] is not None)
    assert card["latency"]["answer_s"]["p50"]["value"] == pytest.approx(alone[5], abs=1e-4)


@pytest.mark.slow
def test_a_method_is_measured_once_and_goes_on_after_a_kill(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "answered": NOTHING, "model": tiny_model, "prompt": PROMPT, "precision": "float32",
        "out": tmp_path / "few", "train": examples[12:], "config": APART,
    }  # fmt: skip
    method, asked = FewShotConfig(k=2), examples[:12]
    work = tmp_path / "few" / "work-performance"

    class Killer(SilentProgress):
        def stage(self, name: str, total: float | None = None) -> Any:
            import contextlib

            import psutil

            class Stage:
                def advance(self, amount: float = 1, *, note: str | None = None) -> None:
                    if (work / "part-00002.json").exists():
                        for child in psutil.Process().children():
                            os.kill(child.pid, signal.SIGKILL)

            return contextlib.nullcontext(Stage())

    with pytest.raises(JobError, match="SIGKILL"):
        measured(method, asked, progress=Killer(), **settings)
    kept = read_json(work / "part-00000.json")["wave"]
    card = measured(method, asked, **settings)
    timings = read_json(tmp_path / "few" / "performance-timings.json")
    assert timings["waves"][0] == kept
    assert not work.exists()
    one, four = card["throughput"]
    assert (one["n"], one["waves"], four["n"], four["waves"]) == (12, 12, 12, 3)
    assert card["latency"]["answer_s"]["p50"]["n"] == 12
    assert card["latency"]["answer_s"]["p50"]["groups"] == 6
    assert card["peak_memory_mib"] > card["model_memory_mib"] > 0
    assert any("more than one piece" in note for note in card["notes"])
    written = (tmp_path / "few" / "performance-timings.json").stat().st_mtime_ns
    assert measured(method, asked, **settings) == card
    # Without `always`, what was measured stays in use, for the same method alone.
    assert measured(method, asked, **{**settings, "config": FOLDED}) == card
    other = measured(FewShotConfig(k=1), asked, **{**settings, "config": FOLDED})
    assert other["latency"]["answer_s"]["p50"]["n"] == 0
    assert (tmp_path / "few" / "performance-timings.json").stat().st_mtime_ns == written
