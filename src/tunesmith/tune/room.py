"""How much memory this process can still have: of the machine, of its container, of a GPU."""

from __future__ import annotations

from pathlib import Path

import psutil

MIB = 2**20

_MOUNT = Path("/sys/fs/cgroup")
_FILES = {
    # version 2 of control groups, then version 1: limit, usage, and what of the usage is a cache
    2: ("memory.max", "memory.current", ("inactive_file", "active_file")),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes",
        ("total_inactive_file", "total_active_file")),
}  # fmt: skip


def resident_mib() -> float:
    """What this process holds now."""
    return float(psutil.Process().memory_info().rss) / MIB


def room_mib() -> float:
    """What this process can hold at most: what it has, and what is left for it.

    The least of what the machine has available and what every control group that the process is in
    allows (a container's limit, a job's), caches that can be dropped not counted as used.
    """
    left = [float(psutil.virtual_memory().available), *group_rooms()]
    return resident_mib() + max(0.0, min(left)) / MIB


def group_rooms(*, mount: Path = _MOUNT, groups: Path = Path("/proc/self/cgroup")) -> list[float]:
    """Bytes that are left in each control group of this process that has a limit.

    Args:
        mount: Where control groups are mounted.
        groups: The process's groups, as the kernel lists them.
    """
    if not groups.exists():
        return []
    found = []
    for line in groups.read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            version, roots = 2, [mount, mount / "unified"]
        elif "memory" in controllers.split(","):
            version, roots = 1, [mount / "memory"]
        else:
            continue
        for root in roots:
            found += [
                left
                for folder in _upwards(root, path)
                if (left := _left(folder, version)) is not None
            ]
    return found


def gpu_room_mib() -> float:
    """What is left on the GPU that is used.

    Raises:
        RuntimeError: There is none.
    """
    import torch

    return float(torch.cuda.mem_get_info()[0]) / MIB


def gpu_peak_mib() -> float | None:
    """The most that PyTorch has taken of the GPU; None where there is none."""
    import torch

    if not torch.cuda.is_available():
        return None
    return round(torch.cuda.max_memory_reserved() / MIB, 1)


def _upwards(root: Path, path: str) -> list[Path]:
    """A group's folder and those above it; a container's own may lie outside of what it sees."""
    inner = root / path.lstrip("/")
    return [folder for folder in [inner, *inner.parents] if folder.is_relative_to(root)]


def _left(folder: Path, version: int) -> float | None:
    """Bytes that a group may still take; None where it has no limit of its own."""
    limit, usage, caches = (_FILES[version][0], _FILES[version][1], _FILES[version][2])
    try:
        allowed = (folder / limit).read_text().strip()
        if allowed == "max" or int(allowed) >= 2**60:  # version 1 writes a huge number for none
            return None
        used = int((folder / usage).read_text())
        lines = (folder / "memory.stat").read_text().splitlines()
    except FileNotFoundError:
        return None
    cached = sum(int(line.split()[1]) for line in lines if line.split()[0] in caches)
    return max(0.0, float(int(allowed) - used + cached))
