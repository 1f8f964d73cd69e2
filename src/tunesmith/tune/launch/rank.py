"""One of the processes that train together: `python -m tunesmith.tune.launch.rank [REQUEST]`.

It finds the others by the variables that torchrun and `accelerate launch` set, so that either can
start it too; REQUEST is then the file in the method's `work/` folder.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from tunesmith.worker import Emit, peak_memory_mib, serve

#: What launchers set for trainers that read them. Here the recipe says what is to be done.
_ELSEWHERE = ("ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED", "ACCELERATE_MIXED_PRECISION")


def train(request: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """This process's part of a training; the first one tells of it."""
    for name in _ELSEWHERE:
        os.environ.pop(name, None)
    from tunesmith.tune.job import train as job
    from tunesmith.tune.launch import ranks

    ranks.join()
    result = job(request, emit if ranks.number() == 0 else _silent)
    (together,) = ranks.sums(peak_memory_mib())
    ranks.leave()
    return {**result, "processes": int(os.environ["WORLD_SIZE"]), "peak_memory_mib": together}


def _silent(event: dict[str, Any]) -> None:
    """Tell nobody: the first process has told it already."""


if __name__ == "__main__":
    serve(train, Path(sys.argv[1]) if len(sys.argv) > 1 else None)
