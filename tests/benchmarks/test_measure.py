"""Measuring jobs in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.inputs import write_tickets
from benchmarks.measure import BenchmarkError, Job, Work, cpu_seconds, measure, timed

BURN = "x = 0\nfor n in range(3_000_000): x += n"


def burn() -> dict[str, int]:
    subprocess.run([sys.executable, "-c", BURN], check=True)
    return {"done": 1}


def test_the_time_of_children_counts() -> None:
    started = cpu_seconds()
    told = timed(Work(10, burn))
    assert told["items"] == 10
    assert told["facts"] == {"done": 1}
    assert 0.03 < told["cpu_s"] <= cpu_seconds() - started


def test_short_work_is_repeated_and_judged_once() -> None:
    runs, judged = [], []

    def run() -> int:
        runs.append(sum(range(10_000)))
        return len(runs)

    def judge(result: int) -> dict[str, int]:
        judged.append(result)
        return {"runs": result}

    started = cpu_seconds()
    told = timed(Work(1, run, least_s=0.1, judge=judge))
    assert cpu_seconds() - started >= 0.1
    assert told["facts"] == {"runs": len(runs)}
    assert judged == [len(runs)]
    assert len(runs) > 10
    assert told["cpu_s"] * len(runs) == pytest.approx(0.1, rel=0.5)


def test_jobs_take_turns_in_fresh_processes(tmp_path) -> None:
    path = tmp_path / "tickets.jsonl"
    write_tickets(path, 60)
    jobs = [Job(name, "benchmarks.prepare:floor", {"data": str(path)}) for name in ("a", "b")]
    said: list[str] = []
    results = measure(jobs, 2, said.append)
    assert [line.split(",")[0] for line in said] == [
        "round 1: a", "round 1: b", "round 2: a", "round 2: b"
    ]  # fmt: skip
    assert [result.items for result in results] == [60, 60]
    assert all(len(result.seconds) == 2 for result in results)
    assert results[0].facts == {"rows out": 60}


def test_a_failed_job_says_which_and_why(tmp_path) -> None:
    job = Job("the floor", "benchmarks.prepare:floor", {"data": str(tmp_path / "missing.jsonl")})
    with pytest.raises(BenchmarkError, match=r"(?s)the floor failed \(status 1\).*missing.jsonl"):
        measure([job], 1)


@pytest.mark.slow
@pytest.mark.alone
def test_the_stages_are_measured(tmp_path) -> None:
    path, warm = tmp_path / "tickets.jsonl", tmp_path / "warm.jsonl"
    write_tickets(path, 60)
    write_tickets(warm, 20)
    both = {"data": str(path), "warm": str(warm), "language_id": False}
    (stages,) = measure(
        [Job("stages", "benchmarks.prepare:stages", both | {"kinds": ["EMAIL"]})], 1
    )
    assert stages.items == 60
    assert 0 < stages.facts["rows out"] <= 60
    assert json.dumps(stages.facts)
