"""The training benchmark runs whole, on a tiny model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tunesmith.models import BaseModel

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.alone
def test_ours_and_trl_train_on_the_same_rows(tiny_model: BaseModel, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    told = tmp_path / "told.json"
    cases = ["ours-all", "trl-best-all"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.training", "--only", *cases, "--steps", "3"),
            *("--skip", "1", "--rows", "12", "--held", "4", "--json", str(told)),
        ],
        cwd=ROOT,
        env=os.environ | {"TUNESMITH_BENCH_MODEL": str(tiny_model.path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert all(f"| {case} |" in done.stdout for case in cases)
    results = json.loads(told.read_text())
    assert all(results[case][0]["tokens_per_s"] > 0 for case in cases)
    assert 0 < results["ours-all"][0]["ceiling_share"] < 1
