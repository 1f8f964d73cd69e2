"""The heap of a training on a CPU, given back where it outgrows what was predicted.

`worker.ALLOCATOR` keeps what a step frees in the process, which makes steps faster. But rows differ
in length: what a step takes does not fit wholly into the gaps that others left, and over a hundred
steps the heap grows to a multiple of what any of them needs.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tunesmith.tune.room import resident_mib

_SPARE = 1.25
"""Giving back costs the next step its page faults: where most of the memory is in use, the limit
rises to this multiple of it."""


class HeapKeeper(TrainerCallback):  # type: ignore[misc]
    """Gives the heap's gaps back to the kernel after a step that leaves more than a limit.

    Args:
        limit_mib: Of the process's resident memory.
    """

    def __init__(self, limit_mib: float) -> None:
        self.limit_mib = limit_mib
        self._trim = trimmer()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Look at the memory, and give back what is more than the limit."""
        if self._trim is None or resident_mib() <= self.limit_mib:
            return
        self._trim(0)
        self.limit_mib = max(self.limit_mib, _SPARE * resident_mib())


def trimmer() -> Any:
    """The C library's `malloc_trim`; None where it is not glibc."""
    if sys.platform != "linux":  # Windows cannot even be asked
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
