"""Counters of energy, from a folder like Linux's own and a library like NVIDIA's."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.performance import energy
from tunesmith.evaluate.performance.energy import Meter


def zone(folder: Path, name: str, said: str, microjoules: int) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    (place / "name").write_text(f"{said}\n")
    (place / "energy_uj").write_text(f"{microjoules}\n")
    (place / "max_energy_range_uj").write_text("262143328850\n")
    return place


def test_packages_are_added_and_a_counter_that_starts_again_goes_on(tmp_path: Path) -> None:
    first = zone(tmp_path, "intel-rapl:0", "package-0", 262_143_000_000)
    second = zone(tmp_path, "intel-rapl:1", "package-1", 5_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 1)  # is part of package 0
    zone(tmp_path, "intel-rapl:2", "psys", 1)  # has the packages in it
    meter = Meter(tmp_path)
    before = meter.read()
    (first / "energy_uj").write_text("1000000")
    (second / "energy_uj").write_text("7500000")
    found = meter.since(before)
    assert found["rapl"] == pytest.approx(262143.328850 - 262143 + 1 + 2.5)
    assert set(found) <= {"rapl", "nvml"}


def test_counters_that_only_root_may_read_are_none(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 1)
    place = tmp_path / "intel-rapl:0" / "energy_uj"
    place.unlink()
    place.mkdir()  # an OSError for root too
    meter = Meter(tmp_path)
    assert "rapl" not in meter.since(meter.read())
    assert "rapl" not in Meter(tmp_path / "none").since({})


class Driver:
    """Answers as libnvidia-ml does: codes, and values through pointers."""

    def __init__(self, *, counts: bool = True) -> None:
        self.counts, self.millijoules, self.uuid = counts, 1500, b""

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, handle: object) -> int:  # noqa: N802
        self.uuid = uuid
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: object, value: object) -> int:  # noqa: N802
        if not self.counts:
            return 3  # NVML_ERROR_NOT_SUPPORTED
        ctypes.cast(value, ctypes.POINTER(ctypes.c_ulonglong))[0] = self.millijoules  # type: ignore[arg-type]
        return 0


def test_a_gpu_counts_millijoules() -> None:
    driver = Driver()
    board = energy._Board(driver, "GPU-1")
    assert board.joules() == 1.5
    assert driver.uuid == b"GPU-1"
    with pytest.raises(TunesmithError, match="nvmlDeviceGetTotalEnergyConsumption with error 3"):
        energy._Board(Driver(counts=False), "GPU-1")
