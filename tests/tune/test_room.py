"""What is left of the memory: control groups as the kernel writes them, of both versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunesmith.tune import room

MIB = 2**20


def group(folder: Path, *, limit: str, usage: int, stat: str, names: tuple[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{usage}\n")
    (folder / "memory.stat").write_text(stat)


V2 = ("memory.max", "memory.current")
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")


def groups_of(folder: Path, lines: str) -> Path:
    file = folder / "cgroup"
    file.write_text(lines)
    return file


def test_the_limit_of_any_group_above_counts_and_caches_do_not(tmp_path: Path) -> None:
    mount = tmp_path / "fs"
    stat = f"anon 5\nactive_file {10 * MIB}\ninactive_file {20 * MIB}\nfile_mapped 7\n"
    group(mount / "a", limit=str(500 * MIB), usage=100 * MIB, stat=stat, names=V2)
    group(mount / "a/b", limit="max", usage=90 * MIB, stat=stat, names=V2)
    found = room.group_rooms(mount=mount, groups=groups_of(tmp_path, "0::/a/b\n"))
    assert found == [430 * MIB]


def test_version_one_of_control_groups(tmp_path: Path) -> None:
    mount = tmp_path / "fs"
    stat = f"cache 1\ntotal_active_file {MIB}\ntotal_inactive_file {2 * MIB}\n"
    no_limit = str(2**63 - 4096)
    group(mount / "memory", limit=no_limit, usage=9 * MIB, stat=stat, names=V1)
    group(mount / "memory/job", limit=str(50 * MIB), usage=40 * MIB, stat=stat, names=V1)
    lines = "5:cpu,cpuacct:/job\n4:memory:/job\n1:name=systemd:/\n"
    found = room.group_rooms(mount=mount, groups=groups_of(tmp_path, lines))
    assert found == [13 * MIB]


def test_in_a_container_its_own_limit_lies_at_the_mount(tmp_path: Path) -> None:
    """The path names a group outside of what the container sees."""
    mount = tmp_path / "fs"
    group(mount, limit=str(64 * MIB), usage=60 * MIB, stat="", names=V2)
    lines = groups_of(tmp_path, "0::/docker/0123abc\n")
    assert room.group_rooms(mount=mount, groups=lines) == [4 * MIB]


def test_a_group_that_is_over_its_limit_has_no_room(tmp_path: Path) -> None:
    mount = tmp_path / "fs"
    group(mount, limit="10", usage=99, stat="", names=V2)
    assert room.group_rooms(mount=mount, groups=groups_of(tmp_path, "0::/\n")) == [0]


def test_without_control_groups_the_machine_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert room.group_rooms(mount=tmp_path, groups=tmp_path / "missing") == []
    monkeypatch.setattr(room, "group_rooms", list)
    import psutil

    available = psutil.virtual_memory().available / MIB
    assert room.room_mib() == pytest.approx(available + room.resident_mib(), rel=0.2)
    monkeypatch.setattr(room, "group_rooms", lambda: [7 * MIB])
    assert room.room_mib() == pytest.approx(7 + room.resident_mib(), rel=0.01)
