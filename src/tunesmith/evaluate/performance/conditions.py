"""What the machine is, and what else it did while something was timed."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

from tunesmith.worker import usable_cores

BUSY = 1.5
"""Runnable processes per core above which timings are doubted."""


class Watch:
    """Watches the machine from when it is made until it is read."""

    def __init__(self) -> None:
        self._load = _load()
        self._busy, self._stolen = _machine_cpu_s()
        self._own, self._begin = time.process_time(), time.perf_counter()

    def read(self) -> dict[str, Any]:
        """What happened meanwhile.

        Returns:
            `load_before` and `load_after` (runnable processes, mean of a minute; None where the
            system does not say), `other_cores` (cores that other processes kept busy, mean), and
            `stolen_cores` (cores that the host of a virtual machine took away, mean).
        """
        seconds = max(time.perf_counter() - self._begin, 1e-9)
        busy, stolen = _machine_cpu_s()
        other = busy - self._busy - (time.process_time() - self._own)
        return {
            "seconds": round(seconds, 3),
            "load_before": self._load,
            "load_after": _load(),
            "other_cores": round(max(0.0, other) / seconds, 2),
            "stolen_cores": round(max(0.0, stolen - self._stolen) / seconds, 2),
        }


def machine(precision: str) -> dict[str, Any]:
    """The machine and how a model computes on it.

    Args:
        precision: The number format of the weights.
    """
    import torch

    gpu = torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name() if gpu else "cpu",
        "cores": usable_cores(),
        "threads": torch.get_num_threads(),
        "precision": precision,
        "processor": _processor(),
        "torch": torch.__version__,
    }


def doubts(conditions: dict[str, Any]) -> list[str]:
    """Why timings may be off, in sentences; none where the machine was quiet.

    Args:
        conditions: `Watch.read` and `machine` together.
    """
    cores = conditions.get("cores")
    loads = [conditions.get(name) for name in ("load_before", "load_after")]
    known = [load for load in loads if load is not None]
    out = []
    if cores and known and max(known) > BUSY * cores:
        out.append(
            f"The load of the machine reached {max(known):.1f} on {cores} cores: other work slowed "
            "this down. Measure again when the machine is quiet."
        )
    stolen = conditions.get("stolen_cores") or 0.0
    if cores and stolen > 0.05 * cores:
        out.append(f"The host of this virtual machine took {stolen:.1f} of {cores} cores away.")
    return out


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def _machine_cpu_s() -> tuple[float, float]:
    """Seconds that all cores were busy, and that were stolen from them, since the start."""
    import psutil

    times = psutil.cpu_times()
    busy = sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq"))
    return busy, getattr(times, "steal", 0.0)


def _processor() -> str:
    """The processor's name, as Linux tells it, else its kind."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            names = (line.partition(":")[2].strip() for line in file if "model name" in line)
            return next(names, platform.machine())
    except OSError:
        return platform.machine()
