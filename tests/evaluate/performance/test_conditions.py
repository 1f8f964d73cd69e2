from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tunesmith.evaluate.performance import conditions
from tunesmith.evaluate.performance.conditions import Watch, doubts, machine

pytest.importorskip("torch")


def test_other_processes_are_seen_and_this_one_is_not() -> None:
    watch = Watch()
    script = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass"
    subprocess.run([sys.executable, "-c", script], check=True)
    told = watch.read()
    assert told["other_cores"] * told["seconds"] >= 0.5
    assert told["other_cores"] <= 1.1 * (os.cpu_count() or 1)
    assert told["load_before"] is not None


def test_what_this_process_computes_is_not_others_work(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, own, clock = iter([(100.0, 0.0), (103.0, 0.5)]), iter([1.0, 2.0]), iter([0.0, 2.0])
    monkeypatch.setattr(conditions, "_machine_cpu_s", lambda: next(cpu))
    monkeypatch.setattr(conditions.time, "process_time", lambda: next(own))
    monkeypatch.setattr(conditions.time, "perf_counter", lambda: next(clock))
    told = Watch().read()
    monkeypatch.undo()
    assert (told["other_cores"], told["stolen_cores"], told["seconds"]) == (1.0, 0.25, 2.0)


def test_a_busy_machine_is_doubted() -> None:
    quiet = {"cores": 2, "load_before": 2.9, "load_after": 1.0, "stolen_cores": 0.05}
    assert doubts(quiet) == []
    assert doubts({}) == []
    (note,) = doubts({**quiet, "load_after": 3.1})
    assert "load of the machine reached 3.1 on 2 cores" in note
    (stolen,) = doubts({**quiet, "stolen_cores": 0.4})
    assert "0.4 of 2 cores" in stolen


def test_the_machine_is_described() -> None:
    told = machine("float32")
    assert told["precision"] == "float32"
    assert told["cores"] >= 1
    assert told["threads"] >= 1
    assert told["processor"]
