"""The heap is given back to the kernel where it has outgrown a limit, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tunesmith.worker import ALLOCATOR

pytest.importorskip("torch")

#: Half of many blocks is freed, one between any two: 120 MiB of gaps that the allocator keeps.
PROGRAM = """
import sys, torch
from tunesmith.tune.heap import HeapKeeper
from tunesmith.tune.room import resident_mib

kept = [torch.ones(2**17) for _ in range(480)]
full = resident_mib()
del kept[::2]
gaps = resident_mib()
keeper = HeapKeeper(limit_mib=float(sys.argv[1]) + full)
keeper.on_step_end(None, None, None)
print(full - gaps, gaps - resident_mib(), keeper.limit_mib - full)
"""


def freed(above_full: float) -> tuple[float, float, float]:
    """MiB that freeing gave back, MiB that the keeper gave back, and its limit afterwards."""
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(above_full)],
        env={**os.environ, **ALLOCATOR, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    by_freeing, by_keeper, limit = map(float, child.stdout.split()[-3:])
    return by_freeing, by_keeper, limit


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_gaps_go_back_to_the_kernel_beyond_the_limit() -> None:
    by_freeing, by_keeper, limit = freed(-200)
    assert by_freeing < 10
    assert by_keeper > 80
    assert limit > -200  # most of what is left is in use: not again after the next step


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_below_the_limit_nothing_is_done() -> None:
    _, by_keeper, limit = freed(50)
    assert abs(by_keeper) < 10
    assert limit == pytest.approx(50)
