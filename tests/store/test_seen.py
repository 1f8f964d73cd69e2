"""Digests are remembered of files that nobody has written since, and of no others."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from tunesmith.store import seen
from tunesmith.store.seen import Seen

SECOND = 10**9


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The files that are read."""
    names: list[str] = []
    whole = seen.file_sha256

    def counted(path: Path) -> str:
        names.append(path.name)
        return whole(path)

    monkeypatch.setattr(seen, "file_sha256", counted)
    return names


def later(monkeypatch, seconds: float) -> None:
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + int(seconds * SECOND))


def asked(memory: Path, *files: Path) -> list[str]:
    digests = Seen(memory)
    found = [digests.sha256(path) for path in files]
    digests.close()
    return found


def test_a_file_is_read_once(tmp_path, monkeypatch, read) -> None:
    later(monkeypatch, 5)
    files = [tmp_path / name for name in ("a", "b")]
    for path in files:
        path.write_text(path.name)
    right = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    assert asked(tmp_path / "seen.json", *files) == right
    assert asked(tmp_path / "seen.json", *files) == right
    assert read == ["a", "b"]
    assert asked(tmp_path / "seen.json", files[0]) == right[:1]  # the other is forgotten
    asked(tmp_path / "seen.json", files[1])
    assert read == ["a", "b", "b"]


@pytest.mark.parametrize("how", ["in place", "replaced", "longer"])
def test_a_file_that_was_written_is_read_again(tmp_path, monkeypatch, read, how) -> None:
    later(monkeypatch, 5)
    path = tmp_path / "a"
    path.write_text("one")
    asked(tmp_path / "seen.json", path)
    times = path.stat()
    if how == "replaced":
        (tmp_path / "b").write_text("two")
        (tmp_path / "b").rename(path)
    else:
        path.write_text("two" if how == "in place" else "three")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as a copying tool may do
    found = asked(tmp_path / "seen.json", path)
    assert found == [hashlib.sha256(path.read_bytes()).hexdigest()]
    assert read == ["a", "a"]


def test_a_file_that_was_just_written_is_not_remembered(tmp_path, monkeypatch, read) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    monkeypatch.setattr(time, "time_ns", lambda: path.stat().st_ctime_ns)
    asked(tmp_path / "seen.json", path)
    asked(tmp_path / "seen.json", path)
    assert read == ["a", "a"]


def test_a_clock_of_whole_seconds_needs_more_time(tmp_path, monkeypatch, read) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    stamp = (time.time_ns() // SECOND) * SECOND
    os.utime(path, ns=(stamp, stamp))
    for ahead, times in ((1.0, 2), (3.0, 3), (3.0, 3)):
        monkeypatch.setattr(time, "time_ns", lambda: path.stat().st_ctime_ns)
        later(monkeypatch, ahead)
        asked(tmp_path / "seen.json", path)
        assert len(read) <= times
    assert read == ["a", "a"]


def test_what_depends_on_more_than_the_file_is_named(tmp_path, monkeypatch) -> None:
    """Nothing is remembered of a file for another name, nor when there was nothing to remember."""
    later(monkeypatch, 5)
    (tmp_path / "a").write_text("one")
    done: list[str] = []

    def asked(what: str, value: bool | None) -> bool | None:
        memory = Seen(tmp_path / "seen.json")
        found = memory.worked_out(tmp_path / "a", what, lambda: done.append(what) or value)
        memory.close()
        return found

    assert asked("x", True) is asked("x", False) is True
    assert asked("y", False) is asked("y", True) is False
    assert asked("x", None) is asked("x", None) is None
    assert done == ["x", "y", "x", "x"]
