"""The search for settings, whole on the tiny model: its trials are real trainings."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from token_rows import PROMPT
from tunesmith.errors import DivergedError, JobError, MissingExtraError, TunesmithError
from tunesmith.io import read_json
from tunesmith.models import BaseModel
from tunesmith.progress import SilentProgress
from tunesmith.prompting import Example
from tunesmith.tune import FullConfig, LoraConfig, PromptTuningConfig, tune
from tunesmith.tune import search as module
from tunesmith.tune.methods.searched import SearchConfig
from tunesmith.worker import Event

pytest.importorskip("torch")
pytest.importorskip("optuna")

Row = dict[str, Any]


def method(**search: Any) -> LoraConfig:
    settings: dict[str, Any] = {"minutes": 60, "trials": 6, "steps": 8, "rows": 12, **search}
    return LoraConfig(
        learning_rate=1e-3, max_steps=4, batch_size=2, precision="float32",
        search=SearchConfig(**settings),
    )  # fmt: skip


class Jobs:
    """Stands for the child processes: a loss that depends on the settings, told rung by rung."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float = 1.0) -> None:
        self.requests: list[Row] = []
        self.now, self.seconds, self.kill_at, self.kill_step = 0.0, seconds, -1, 2
        monkeypatch.setattr(module, "run_job", self.run)
        monkeypatch.setattr(module, "_clock", lambda: self.now)

    def run(self, name: str, request: Row, *, log: Path, on_event: Any) -> Row:
        log.parent.mkdir(parents=True)
        self.requests.append(request)
        config = request["method"]
        if config["learning_rate"] > 0.02:
            raise DivergedError("training diverged")
        off = abs(np_log(config["learning_rate"] / 4e-3)) + abs(config["r"] - 32) / 64
        on_event({"plan": {}})
        on_event({"validation": {"step": 0, "loss": 9.0}})
        for step in (2, 4, 6, 8):
            self.now += self.seconds
            if self.kill_at == len(self.requests) and step == self.kill_step:
                raise JobError("killed")
            on_event({"validation": {"step": step, "loss": off + 5 / step}})
        raise AssertionError("the last rung ends a trial")


def np_log(value: float) -> float:
    import math

    return math.log10(value)


def settle(config: LoraConfig, out: Path, rows: int = 24) -> tuple[Any, Row]:
    request = {
        "prompt": {}, "seed": 5, "train": [{"id": n} for n in range(rows)],
        "validation": [{"id": "v"}], "model": "m", "model_name": "m",
    }  # fmt: skip
    settled, found = module.settle(
        config, request, identity="x", out=out, progress=SilentProgress()
    )
    assert found is not None
    return settled, found


def test_the_rate_comes_first_and_then_the_fields_of_the_method(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jobs = Jobs(monkeypatch)
    settled, found = settle(method(trials=16), tmp_path)
    trials = found["trials"]
    assert [t["phase"] for t in trials] == ["learning_rate"] * 8 + ["settings"] * 8
    rates = [t["settings"]["learning_rate"] for t in trials[:8]]
    assert rates[:3] == [0.001, 0.000333, 0.003]
    assert all(1e-3 / 31 < rate < 1e-3 * 31 for rate in rates)
    finished = [t for t in trials[:8] if t["state"] == "finished"]
    best = min(finished, key=lambda t: t["loss"])
    assert {t["settings"]["learning_rate"] for t in trials[8:]} == {
        best["settings"]["learning_rate"]
    }
    assert best["rungs"][-1] == {"step": 8, "loss": best["loss"]}
    every = [t for t in trials if t["state"] == "finished"]
    chosen = min(every, key=lambda t: t["loss"])["settings"]
    assert {**chosen, "r": found["chosen"]["r"], "alpha": found["chosen"]["alpha"]} == found[
        "chosen"
    ]
    assert (settled.learning_rate, settled.r) == (chosen["learning_rate"], found["chosen"]["r"])
    assert settled.max_steps == 4
    assert found["chosen"]["learning_rate"] > 1e-3
    assert len({str(t["settings"]) for t in trials}) == 16, "nothing is tried twice"
    assert {t["state"] for t in trials} >= {"finished", "pruned"}
    pruned = next(t for t in trials if t["state"] == "pruned")
    assert pruned["loss"] is None
    assert 0 < len(pruned["rungs"]) < 4
    assert all(
        request["method"]["max_steps"] == 8
        and request["method"]["search"] is None
        and request["seed"] == 5
        and len(request["train"]) == 12
        for request in jobs.requests
    )
    assert len({str(request["train"]) for request in jobs.requests}) == 1
    assert not (tmp_path / "work-search").exists()


def test_a_finished_search_is_not_repeated_and_another_one_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jobs = Jobs(monkeypatch)
    first = settle(method(), tmp_path)
    count = len(jobs.requests)
    assert settle(method(), tmp_path) == first
    assert len(jobs.requests) == count
    assert read_json(tmp_path / "search.json")["search"] == first[1]


@pytest.mark.parametrize(("kill_at", "kill_step"), [(1, 6), (2, 2), (5, 2), (8, 2)])
def test_a_search_that_was_killed_goes_on_as_it_would_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kill_at: int, kill_step: int
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a pickle")

    monkeypatch.setattr(pickle, "dumps", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    Jobs(monkeypatch)
    _, whole = settle(method(trials=10), tmp_path / "whole")
    jobs = Jobs(monkeypatch)
    jobs.kill_at, jobs.kill_step = kill_at, kill_step
    with pytest.raises(JobError):
        settle(method(trials=10), tmp_path / "cut")
    journal = tmp_path / "cut" / "work-search" / "journal.log"
    journal.write_bytes(journal.read_bytes() + b'{"op_code": 5, "torn')
    Path(f"{journal}.lock").symlink_to(journal)
    _, resumed = settle(method(trials=10), tmp_path / "cut")

    def told(found: Row) -> list[Row]:
        decided = [t for t in found["trials"] if t["state"] != "interrupted"]
        return [{key: t[key] for key in ("settings", "state", "rungs")} for t in decided]

    assert told(resumed) == told(whole)
    assert resumed["chosen"] == whole["chosen"]
    interrupted = [t for t in resumed["trials"] if t["state"] == "interrupted"]
    assert [len(t["rungs"]) for t in interrupted] == [kill_step // 2 - 1]


def test_the_time_is_kept_and_the_first_trial_finished(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Jobs(monkeypatch, seconds=10)  # a trial of 40 s
    _, found = settle(method(minutes=2, trials=None), tmp_path / "two")
    assert 120 <= found["seconds"] <= 130
    assert found["trials"][-1]["state"] in {"out of time", "finished", "pruned"}
    Jobs(monkeypatch, seconds=100)
    _, found = settle(method(minutes=2, trials=None), tmp_path / "one")
    assert [t["state"] for t in found["trials"]] == ["finished"]
    assert found["chosen"] == {"learning_rate": 1e-3, "r": 16, "alpha": 32.0}


def test_trials_that_all_diverge_are_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jobs = Jobs(monkeypatch)
    config = method().model_copy(update={"learning_rate": 2.0})
    with pytest.raises(DivergedError, match="none of 10 trials came to its end"):
        settle(config, tmp_path)
    assert len(jobs.requests) == 10


def test_only_the_fields_that_are_asked_for_are_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Jobs(monkeypatch)
    _, found = settle(method(fields=("r",), trials=9), tmp_path / "r")
    assert {t["phase"] for t in found["trials"]} == {"settings"}
    assert found["trials"][0]["settings"] == {"learning_rate": 0.001, "r": 16}
    # five values: there is nothing more to try
    assert {t["settings"]["r"] for t in found["trials"]} <= {4, 8, 16, 32, 64}
    assert found["chosen"]["r"] == 32
    _, rates = settle(method(fields=("learning_rate",)), tmp_path / "rate")
    assert {t["phase"] for t in rates["trials"]} == {"learning_rate"}
    assert len(rates["trials"]) == 6
    with pytest.raises(ValidationError, match="no search for dropout"):
        method(fields=("dropout",))


def test_what_a_search_needs_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(TunesmithError, match="no validation rows"):
        settle(method().model_copy(update={"validation_rows": 0}), tmp_path)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="optuna"):
        settle(method(), tmp_path)


def test_every_searched_value_is_one_that_the_method_takes() -> None:
    for kind in (LoraConfig, FullConfig, PromptTuningConfig):
        base = kind(learning_rate=1e-3)
        for name, values in kind.searched.items():
            for value in values:
                assert getattr(module.changed(base, {name: value}), name) == value


@pytest.mark.slow
def test_a_whole_search_with_real_trainings_killed_and_resumed(
    tiny_model: BaseModel, examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    config = method(trials=2).model_copy(update={"learning_rate": "auto"})
    arguments: Row = {
        "train": examples[:18], "validation": examples[18:], "model": tiny_model,
        "prompt": PROMPT, "seed": 5, "out": tmp_path / "lora",
    }  # fmt: skip
    honest = module.run_job
    rungs = 0

    def killing(*given: Any, on_event: Any, **named: Any) -> Any:
        def watch(event: Event) -> None:
            nonlocal rungs
            on_event(event)
            rungs += "validation" in event
            if rungs == 3:
                for child in psutil.Process().children():
                    os.kill(child.pid, signal.SIGKILL)

        return honest(*given, on_event=watch, **named)

    with monkeypatch.context() as patch:
        patch.setattr(module, "run_job", killing)
        with pytest.raises(JobError, match="SIGKILL"):
            tune(config, **arguments)
    kept = read_json(tmp_path / "lora" / "work-search" / "finder.json")
    assert not (tmp_path / "lora" / "training.json").exists()
    result = tune(config, **arguments)
    found = result["search"]
    assert found["finder"] == kept
    assert found["trials"][0]["state"] == "interrupted"
    assert [p["step"] for p in found["trials"][0]["rungs"]][:1] == [2]
    assert {t["state"] for t in found["trials"][1:]} <= {"finished", "pruned"}
    again = found["trials"][1]
    assert again["settings"] == found["trials"][0]["settings"]
    assert again["rungs"][0] == found["trials"][0]["rungs"][0], "the same seed, the same loss"
    assert result["settings"]["learning_rate"] == found["chosen"]["learning_rate"]
    assert result["settings"]["r"] == found["chosen"]["r"]
    assert result["steps"] == 4
    assert tune(config, **arguments) == result
