"""Memory of a process that answers: the model at rest, and the peak while it works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunesmith.evaluate.loaded import Loaded
from tunesmith.tune.heap import trimmer
from tunesmith.worker import peak_memory_mib

_PEAK = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # proc(5): sets the peak resident size to the current one


def model_memory_mib(method: Loaded) -> float:
    """What the model's numbers take while nobody asks (MiB), virtual tokens included."""
    tensors = [*method.model.parameters(), *method.model.buffers()]
    if method.before is not None:
        tensors += [one for layer in method.before.layers for one in layer]
    sizes: dict[int, int] = {
        t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors
    }
    return round(sum(sizes.values()) / 2**20, 1)


class Peak:
    """The peak of this process's memory from when it is made: loading is left out if it can be.

    Loading takes more than answering where adapters are merged in float32.
    """

    def __init__(self) -> None:
        import torch

        trim: Any = trimmer()
        if trim is not None:
            trim(0)
        self.without_loading = _reset()
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()

    def read(self) -> dict[str, float]:
        """`resident_mib` of the process, and `gpu_mib` of tensors where there is a GPU."""
        import torch

        out = {"resident_mib": peak_memory_mib()}
        if torch.cuda.is_available():
            out["gpu_mib"] = round(torch.cuda.max_memory_allocated() / 2**20, 1)
        return out


def _reset() -> bool:
    try:
        _PEAK.write_text(_RESET_PEAK)
    except OSError:  # not Linux, or not allowed: the peak then has the loading in it, and says so
        return False
    return True
