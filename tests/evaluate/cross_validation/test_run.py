"""Cross-validation on a tiny model: any method, resumed after a kill, the same in parallel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from factory import recipe, tickets, write_csv
from tunesmith.errors import RecipeError, TunesmithError
from tunesmith.io import read_json, read_jsonl
from tunesmith.models import BaseModel
from tunesmith.pipeline import run
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load

pytest.importorskip("torch")

SHORT: dict[str, Any] = {
    "kind": "lora", "r": 2, "max_steps": 2, "batch_size": 2, "max_length": 400,
    "validation_rows": 2,
}  # fmt: skip


class Listening(SilentProgress):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def written(folder: Path, model: BaseModel, rows: int = 40, **cross: Any) -> Path:
    """A recipe that cross-validates; methods are given as `methods`."""
    methods = cross.pop("methods_of_recipe", {"base": {"kind": "base"}, "lora": SHORT})
    write_csv(folder / "t.csv", tickets(rows))
    return recipe(
        folder,
        {"path": "t.csv"},
        model=str(model.path),
        prompt={"system": "Help."},
        track={"enabled": False},
        evaluate={
            "test_rows": 2, "max_new_tokens": 2, "latency_rows": 0, "resamples": 200,
            "metrics": ["token_f1", "perplexity"],
            "cross_validation": {"folds": 2, "rows_per_fold": 4, **cross},
        },
        methods=methods,
    )  # fmt: skip


@pytest.mark.slow
def test_every_fold_is_learned_and_answered_and_a_second_run_takes_what_is_there(
    tiny_model: BaseModel, tmp_path: Path
) -> None:
    path = written(tmp_path, tiny_model, rows=50, folds=3)
    run(load(path), tmp_path / "out", until="evaluate")
    found = read_json(tmp_path / "out" / "cross_validation.json")
    assert (found["folds"], found["n"], found["stratified_by"]) == (3, 12, "category")
    assert found["grouped_by"] == ["customer", "conversation", "questions nearly alike"]
    splits = {
        name: {row["id"] for row in read_jsonl(tmp_path / f"out/export/standard/{name}.jsonl")}
        for name in ("train", "validation", "test")
    }
    learning = splits["train"] | splits["validation"]
    for row in found["rows"]:
        assert row["train"] + row["watched"] + row["validation"] == len(learning)
        assert row["quality"]["duplicate_questions"] == 0
        assert row["methods"]["lora"]["steps"] == 2
    assert sum(row["validation"] for row in found["rows"]) == len(learning)
    answered = [
        row["id"]
        for number in (1, 2, 3)
        for row in read_jsonl(
            tmp_path / f"out/cross_validation/fold-{number}/methods/lora/predictions.jsonl"
        )
    ]
    assert len(set(answered)) == 12
    assert set(answered) <= learning
    figure = found["methods"]["lora"]["metrics"]["perplexity"]
    assert figure["n"] == 12
    assert len(figure["folds"]) == 3
    assert min(figure["folds"]) <= figure["value"] <= max(figure["folds"])
    assert found["sentences"][0].startswith(
        f"3 folds over {len(learning)} rows (training and validation; the test split is untouched)"
    )

    listening = Listening()
    before = (
        (tmp_path / "out/cross_validation/fold-2/methods/lora/training.json").stat().st_mtime_ns
    )

    run(load(path), tmp_path / "out", until="evaluate", progress=listening)
    said = listening.said
    after = (tmp_path / "out/cross_validation/fold-2/methods/lora/training.json").stat().st_mtime_ns
    assert after == before
    assert "fold 3: lora: already trained with these settings, rows and model" in said
    assert "fold 3: base: already answered these rows with these settings" in said
    again = read_json(tmp_path / "out" / "cross_validation.json")
    assert again["methods"] == found["methods"]


@pytest.mark.slow
def test_folds_at_the_same_time_give_the_same(tiny_model: BaseModel, tmp_path: Path) -> None:
    path = written(tmp_path, tiny_model, parallel=1)
    run(load(path), tmp_path / "one", until="evaluate")
    both = load(path, ["evaluate.cross_validation.parallel=2"])
    run(both, tmp_path / "two", until="evaluate")
    one, two = (read_json(tmp_path / out / "cross_validation.json") for out in ("one", "two"))
    assert one["methods"] == two["methods"]
    assert one["comparisons"] == two["comparisons"]
    for fold in ("fold-1", "fold-2"):
        files = [
            tmp_path / out / "cross_validation" / fold / "methods/lora/predictions.jsonl"
            for out in ("one", "two")
        ]
        assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(tiny_model: BaseModel, tmp_path: Path) -> None:
    path = written(tmp_path, tiny_model)
    first = tmp_path / "out/cross_validation/fold-1/methods/lora/predictions.jsonl"
    second = tmp_path / "out/cross_validation/fold-2"
    command = [sys.executable, "-m", "tunesmith", "evaluate", str(path), "--folds", "2",
               "--out", str(tmp_path / "out"), "--quiet"]  # fmt: skip
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 120
    while not (first.exists() and second.exists()):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive  # its jobs have died with it
    assert not (tmp_path / "out/cross_validation.json").exists()
    kept = first.stat().st_mtime_ns
    run(load(path), tmp_path / "out", until="evaluate")
    assert first.stat().st_mtime_ns == kept
    run(load(path), tmp_path / "whole", until="evaluate")
    cut, whole = (read_json(tmp_path / out / "cross_validation.json") for out in ("out", "whole"))
    assert cut["methods"] == whole["methods"]


@pytest.mark.slow
def test_a_method_after_another_and_conversations(tiny_model: BaseModel, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        tiny_model,
        methods=["second", "shots"],
        methods_of_recipe={
            "second": {**SHORT, "after": "first"},
            "first": {**SHORT, "format": "chat"},
            "shots": {"kind": "few_shot", "k": 1},
        },
    )
    run(load(path), tmp_path / "out", until="evaluate")
    found = read_json(tmp_path / "out" / "cross_validation.json")
    assert set(found["methods"]) == {"second", "shots"}
    fold = tmp_path / "out/cross_validation/fold-1/methods"
    assert read_json(fold / "second/adapter/trained.json")["after"] == "first"
    assert not (fold / "first/metrics.json").exists()


def test_mistakes_are_found_before_anything_is_trained(
    tiny_model: BaseModel, tmp_path: Path
) -> None:
    path = written(tmp_path, tiny_model, methods=["lorra"])
    with pytest.raises(RecipeError, match="no method 'lorra'; there are base, lora"):
        run(load(path), tmp_path / "out", until="evaluate")
    path = written(tmp_path, tiny_model, folds=50)
    with pytest.raises(TunesmithError, match="cannot be dealt to 50 folds"):
        run(load(path), tmp_path / "out", until="evaluate")
    assert not (tmp_path / "out" / "methods").exists()
