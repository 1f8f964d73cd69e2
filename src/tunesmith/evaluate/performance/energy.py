"""Energy: counters of the processors (RAPL) and the GPU (NVML) where they can be read.

RAPL counts the packages whole, whoever computes on them, and only root may read it on most systems
(CVE-2020-8694). NVML counts the board of the GPU.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunesmith.errors import TunesmithError

POWERCAP = Path("/sys/class/powercap")
_NVML = "libnvidia-ml.so.1"


class Meter:
    """Reads the counters of energy that this machine lets it read.

    Args:
        powercap: Where Linux lists the counters of the processors.
    """

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._packages = _packages(powercap)
        self._board = _board()

    def read(self) -> dict[str, float]:
        """Each counter as it stands: joules, from an unknown start."""
        out = {str(zone): int((zone / "energy_uj").read_text()) / 1e6 for zone in self._packages}
        if self._board is not None:
            out["nvml"] = self._board.joules()
        return out

    def since(self, before: Mapping[str, float]) -> dict[str, float]:
        """Joules since a reading, by kind: `rapl` (packages together), `nvml`."""
        now, out = self.read(), {}
        if self._packages:
            out["rapl"] = sum(
                _rise(before[str(zone)], now[str(zone)], largest)
                for zone, largest in self._packages.items()
            )
        if self._board is not None:
            out["nvml"] = now["nvml"] - before["nvml"]
        return out


def _packages(powercap: Path) -> dict[Path, float]:
    """The packages' counters that can be read, each with the joules at which it starts again."""
    found = {}
    for zone in sorted(powercap.glob("intel-rapl:*")):
        try:
            if (zone / "name").read_text().startswith("package"):
                int((zone / "energy_uj").read_text())
                found[zone] = int((zone / "max_energy_range_uj").read_text()) / 1e6
        except OSError:  # not for this user: without it there is an estimate, which says so
            return {}
    return found


def _rise(before: float, now: float, largest: float) -> float:
    return now - before if now >= before else now - before + largest


class _Board:
    """The energy counter of one NVIDIA GPU (Volta or newer), through the driver's library."""

    def __init__(self, library: Any, uuid: str) -> None:
        self._library, self._handle = library, ctypes.c_void_p()
        name = uuid.encode()
        self._call("nvmlDeviceGetHandleByUUID", name, ctypes.byref(self._handle))
        self.joules()

    def joules(self) -> float:
        """Since the driver was loaded."""
        millijoules = ctypes.c_ulonglong()
        place = ctypes.byref(millijoules)
        self._call("nvmlDeviceGetTotalEnergyConsumption", self._handle, place)
        return millijoules.value / 1000

    def _call(self, name: str, *given: Any) -> None:
        code = getattr(self._library, name)(*given)
        if code != 0:
            raise TunesmithError(f"the GPU's driver answers {name} with error {code}")


def _board() -> _Board | None:
    """The GPU that models answer on; None where there is none or its energy is not counted."""
    import torch

    if not torch.cuda.is_available():
        return None
    try:
        library = ctypes.CDLL(_NVML)
        if library.nvmlInit_v2() != 0:
            return None
        return _Board(library, f"GPU-{torch.cuda.get_device_properties().uuid}")
    except (OSError, TunesmithError):  # no driver library, or an older board: an estimate, marked
        return None
