"""Several folds at a time, each in a place of its own: a GPU, or a share of the cores."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import Literal, TypeVar

from tunesmith.progress import Progress, SilentProgress, Stage
from tunesmith.worker import jobs_with, usable_cores

Item = TypeVar("Item")
Result = TypeVar("Result")
Place = Mapping[str, str]
"""Environment variables of the jobs that are done there."""

CORES = 8
"""Cores below which two trainings at a time are slower than one after the other."""
_SPARE = 1.2  # of the memory that a fold has been seen to need


def gpus() -> list[str]:
    """The GPUs that jobs may use, as CUDA_VISIBLE_DEVICES names them; found without torch."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip() not in {"", "-1"}]
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    found = subprocess.run(
        [tool, "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return found.stdout.split() if found.returncode == 0 else []


def places(count: int, cards: Sequence[str], cores: int) -> list[Place]:
    """Where `count` folds at a time are worked on: GPUs in turn, cores shared out."""
    if count == 1:
        return [{}]
    threads = {"OMP_NUM_THREADS": str(max(1, cores // count))}
    if "OMP_NUM_THREADS" in os.environ:
        threads = {}  # the user's own number
    cuda = [{"CUDA_VISIBLE_DEVICES": cards[i % len(cards)]} if cards else {} for i in range(count)]
    return [{**threads, **card} for card in cuda]


def at_a_time(
    parallel: Literal["auto"] | int,
    *,
    folds: int,
    cards: int,
    cores: int,
    room_mib: float,
    peak_mib: float | None,
) -> int:
    """How many folds to work on at a time.

    Args:
        parallel: What the settings say.
        folds: How many are left.
        cards: GPUs.
        cores: Cores.
        room_mib: Memory that is left, MiB.
        peak_mib: The most memory that a fold has needed, MiB; null: none was worked on yet.
    """
    if parallel != "auto":
        return max(1, min(parallel, folds))
    if cards:
        return max(1, min(cards, folds))
    if peak_mib is None:
        return 1
    return max(1, min(folds, cores // CORES, int(room_mib / (_SPARE * max(peak_mib, 1.0)))))


def work_on(
    items: Sequence[Item], work: Callable[[Item], Result], where: Sequence[Place]
) -> list[Result]:
    """Work on items, as many at a time as there are places; results in the items' order.

    When one fails those that wait are not begun, those under way come to their end (what they have
    done is kept), and the first error is raised.
    """
    if len(where) == 1:
        with jobs_with(where[0]):
            return [work(item) for item in items]
    free: SimpleQueue[Place] = SimpleQueue()
    for place in where:
        free.put(place)

    def one(item: Item) -> Result:
        place = free.get()
        try:
            with jobs_with(place):
                return work(item)
        finally:
            free.put(place)

    with ThreadPoolExecutor(len(where), thread_name_prefix="fold") as pool:
        futures = [pool.submit(one, item) for item in items]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            for future in futures:
                future.cancel()
    return [future.result() for future in futures if not future.cancelled()]


def cores() -> int:
    """Cores that the jobs may share."""
    return usable_cores()


class FoldProgress:
    """Progress of one fold: its number before every line; several at a time have no bars."""

    _lock = threading.Lock()

    def __init__(self, progress: Progress, name: str, *, alone: bool) -> None:
        self.progress, self.name, self.alone = progress, name, alone

    @contextlib.contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Stage]:
        """Open a stage; where several folds are worked on, its end is one line."""
        if self.alone:
            with self.progress.stage(f"{self.name}: {name}", total) as stage:
                yield stage
            return
        with SilentProgress().stage(name, total) as stage:
            yield stage
        self.say(f"{name}: done")

    def say(self, text: str) -> None:
        """Say one sentence."""
        with self._lock:
            self.progress.say(f"{self.name}: {text}")
