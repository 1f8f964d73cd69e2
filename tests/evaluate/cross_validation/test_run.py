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
from fold_driver import SHORT, cross_validate
from tunesmith.errors import RecipeError, TunesmithError
from tunesmith.evaluate.cross_validation.run import FoldResult
from tunesmith.io import read_json, read_jsonl
from tunesmith.models import BaseModel
from tunesmith.pipeline import run
from tunesmith.progress import SilentProgress
from tunesmith.recipe import load
from tunesmith.tune import Method

pytest.importorskip("torch")

LORA: dict[str, Any] = {"kind": "lora", "r": 2, "max_steps": 2, "batch_size": 2}


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
    methods = cross.pop("methods_of_recipe", {"base": {"kind": "base"}, "lora": LORA})
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


@pytest.fixture(scope="module")
def whole(tiny_model: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A cross-validation that nothing disturbed: (its folder, what it gave)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        out = tmp_path_factory.mktemp("whole")
        return out, cross_validate(tiny_model.path, out, parallel=1)


def answers(results: list[FoldResult]) -> list[Any]:
    return [[result.predictions, result.cards["lora"]["metrics"]] for result in results]


@pytest.mark.slow
def test_what_is_there_is_taken(tiny_model: BaseModel, whole: Any) -> None:
    out, first = whole
    listening = Listening()
    again = cross_validate(tiny_model.path, out, listening, parallel=1)
    assert answers(again) == answers(first)
    assert listening.said == [
        f"fold {number}: lora: already {words}"
        for number in (1, 2)
        for words in (
            "trained with these settings, rows and model",
            "answered these rows with these settings",
        )
    ]
    learned = [read_json(out / f"fold-{n}/methods/lora/training.json") for n in (1, 2)]
    assert learned[0]["fingerprint"] != learned[1]["fingerprint"]  # they have other rows


@pytest.mark.slow
def test_folds_at_the_same_time_give_the_same(
    tiny_model: BaseModel, tmp_path: Path, whole: Any
) -> None:
    found = cross_validate(tiny_model.path, tmp_path, parallel=2)
    assert answers(found) == answers(whole[1])
    for fold in ("fold-1", "fold-2"):
        file = f"{fold}/methods/lora/predictions.jsonl"
        assert (tmp_path / file).read_bytes() == (whole[0] / file).read_bytes()


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(
    tiny_model: BaseModel, tmp_path: Path, whole: Any
) -> None:
    first = tmp_path / "fold-1/methods/lora/metrics.json"
    second = tmp_path / "fold-2/methods/lora"
    driver = Path(__file__).parents[2] / "fold_driver.py"
    process = subprocess.Popen([sys.executable, driver, tiny_model.path, tmp_path])
    while not (first.exists() and second.exists()):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive  # its jobs have died with it
    assert not (second / "generation.json").exists()
    kept = first.with_name("predictions.jsonl").stat().st_mtime_ns
    found = cross_validate(tiny_model.path, tmp_path)
    assert first.with_name("predictions.jsonl").stat().st_mtime_ns == kept
    assert answers(found) == answers(whole[1])


@pytest.mark.slow
def test_what_a_method_starts_after_is_trained_in_the_fold_and_not_measured(
    tiny_model: BaseModel, tmp_path: Path
) -> None:
    methods: dict[str, Method] = {
        "first": SHORT, "second": SHORT.model_copy(update={"after": "first"})
    }  # fmt: skip
    (found,) = cross_validate(tiny_model.path, tmp_path, methods=methods, only=1)
    assert list(found.cards) == ["second"]
    fold = tmp_path / "fold-1/methods"
    assert read_json(fold / "second/adapter/trained.json")["after"] == "first"
    assert read_json(fold / "first/training.json")
    assert not (fold / "first/metrics.json").exists()


@pytest.mark.slow
def test_the_main_job_cross_validates_without_the_test_split(
    tiny_model: BaseModel, tmp_path: Path
) -> None:
    path = written(tmp_path, tiny_model, methods_of_recipe={"base": {"kind": "base"}})
    done = run(load(path), tmp_path / "out", until="decide")
    found = read_json(tmp_path / "out" / "cross_validation.json")
    assert (found["folds"], found["n"], found["stratified_by"]) == (2, 8, "category")
    assert found["grouped_by"] == ["customer", "conversation", "questions nearly alike"]
    assert done.data is not None
    assert found["dataset"]["fingerprint"] == done.data.version.fingerprint
    learning = {
        row["id"]
        for name in ("train", "validation")
        for row in read_jsonl(tmp_path / f"out/export/standard/{name}.jsonl")
    }
    for number, fold in enumerate(found["rows"], 1):
        assert fold["train"] + fold["watched"] + fold["validation"] == len(learning)
        assert fold["quality"]["duplicate_questions"] == 0
        file = tmp_path / f"out/cross_validation/fold-{number}/methods/base/predictions.jsonl"
        assert {row["id"] for row in read_jsonl(file)} <= learning
    assert sum(fold["validation"] for fold in found["rows"]) == len(learning)
    figure = found["methods"]["base"]["metrics"]["perplexity"]
    assert figure["n"] == 8
    assert min(figure["folds"]) <= figure["value"] <= max(figure["folds"])
    assert found["sentences"][0].startswith(
        f"2 folds over {len(learning)} rows (training and validation; the test split is untouched)"
    )
    slices = read_json(tmp_path / "out" / "slices.json")
    assert slices["sentences"] == ["There is nothing to compare in slices."]


def test_mistakes_are_found_before_anything_is_trained(
    tiny_model: BaseModel, tmp_path: Path
) -> None:
    path = written(tmp_path, tiny_model, methods=["lorra"])
    with pytest.raises(RecipeError, match="no method is called lorra; there are base, lora"):
        run(load(path), tmp_path / "out", until="evaluate")
    path = written(tmp_path, tiny_model, folds=50)
    with pytest.raises(TunesmithError, match="cannot be dealt to 50 folds"):
        run(load(path), tmp_path / "out", until="evaluate")
    assert not (tmp_path / "out" / "methods").exists()
