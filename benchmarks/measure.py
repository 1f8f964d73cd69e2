"""Measuring jobs: each in a process of its own, in CPU seconds, rounds of all of them in turn.

A job names a function that gets a piece of work ready (imports, models, compiled kernels, a
warm-up) and returns what is to be timed. CPU seconds are user and system time of the process and of
all the processes that it started and waited for.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

#: One thread wherever a library could take more, and no downloads or progress bars.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "ARROW_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
}


class BenchmarkError(Exception):
    """A job could not be measured."""


@dataclass(frozen=True)
class Work:
    """What is timed: `run` does `items` once and returns facts about what came out.

    With `least_s`, `run` is repeated until so many CPU seconds have passed, for the clock is
    coarse; `judge` makes more facts of the last result, untimed.
    """

    items: int
    run: Callable[[], Any]
    least_s: float = 0.0
    judge: Callable[[Any], dict[str, Any]] | None = None


@dataclass(frozen=True)
class Job:
    """One line of a table.

    Attributes:
        name: What the table calls it.
        function: Where the function is that makes the `Work`, as `module:function`.
        settings: Its keyword arguments, as JSON knows them.
    """

    name: str
    function: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Measured:
    """What was measured of a job: CPU seconds of one run over its items, once a round."""

    name: str
    items: int = 0
    seconds: list[float] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def cpu_s(self) -> float:
        """The median."""
        return statistics.median(self.seconds)

    @property
    def rate(self) -> float:
        """Items per CPU-second, of the median."""
        return self.items / self.cpu_s


def cpu_seconds() -> float:
    """User and system time so far of this process and of its children that have ended."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


def timed(work: Work) -> dict[str, Any]:
    """Run the work and say what it took."""
    started, times = cpu_seconds(), 0
    while not times or cpu_seconds() - started < work.least_s:
        result = work.run()
        times += 1
    seconds = (cpu_seconds() - started) / times
    facts = result if isinstance(result, dict) else {}
    if work.judge is not None:
        facts = facts | work.judge(result)
    return {"items": work.items, "cpu_s": seconds, "facts": facts}


def in_a_process(job: Job) -> dict[str, Any]:
    """Measure a job once, in a fresh process.

    Raises:
        BenchmarkError: The process failed; the end of what it printed is said.
    """
    with tempfile.TemporaryDirectory() as name:
        told, log = Path(name, "result.json"), Path(name, "log")
        with log.open("wb") as file:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.child", job.function, str(told)],
                input=json.dumps(job.settings).encode(), stdout=file, stderr=subprocess.STDOUT,
                env=os.environ | ENVIRONMENT, cwd=ROOT, check=False,
            )  # fmt: skip
        if done.returncode or not told.exists():
            tail = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
            raise BenchmarkError(f"{job.name} failed (status {done.returncode}):\n{tail}")
        result: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
        return result


def measure(
    jobs: Sequence[Job], rounds: int, say: Callable[[str], object] = lambda _: None
) -> list[Measured]:
    """Measure jobs, one round of all of them after the other."""
    results = [Measured(job.name) for job in jobs]
    for number in range(rounds):
        for job, result in zip(jobs, results, strict=True):
            one = in_a_process(job)
            result.items, result.facts = one["items"], one["facts"]
            result.seconds.append(one["cpu_s"])
            say(f"round {number + 1}: {job.name}, {one['cpu_s']:.2f} CPU-s")
    return results


def machine() -> str:
    """The machine and the interpreter, in words."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    chip = names[0] if names else platform.machine()
    return f"{chip}, {os.cpu_count()} cores, Python {platform.python_version()}"
