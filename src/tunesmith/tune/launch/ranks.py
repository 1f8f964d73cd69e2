"""The processes that train together: how many there are, and what they tell each other.

All of it also holds for a process alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist

_PATIENCE = timedelta(minutes=30)  # the first may be loading a model from a slow disk
_T = TypeVar("_T")


def join() -> None:
    """Meet the other processes, as RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT say."""
    gpus = torch.cuda.is_available()
    if gpus:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpus else "gloo", timeout=_PATIENCE)


def leave() -> None:
    """Part from the other processes."""
    dist.destroy_process_group()


def count() -> int:
    """Processes that train together."""
    return dist.get_world_size() if _together() else 1


def number() -> int:
    """Which of them this one is, from 0."""
    return dist.get_rank() if _together() else 0


def here() -> int:
    """How many of them are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if _together() else 1


def wait() -> None:
    """Wait until every process is here."""
    if _together():
        dist.all_reduce(torch.zeros(1))  # on the processor: a barrier of NCCL needs a GPU


def sums(*numbers: float) -> list[float]:
    """The sums of the processes' numbers, in float64."""
    given = torch.tensor(numbers, dtype=torch.float64)
    if _together():
        dist.all_reduce(given)
    return [float(number) for number in given]


def first_alone(work: Callable[[], _T]) -> _T:
    """Let the first process do something while the others wait; then they do it too."""
    if number() == 0:
        done = work()
        wait()
        return done
    wait()
    return work()


def only_first(work: Callable[[], float]) -> float:
    """Let the first process do something that gives a number, which all processes get."""
    given = work() if number() == 0 else 0.0
    return sums(given)[0]


def _together() -> bool:
    return dist.is_available() and dist.is_initialized()
