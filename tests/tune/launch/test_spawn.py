"""Processes that are started together end together, and the one that failed is named.

The processes are real; what they run is a stand-in for training, without torch.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tunesmith.errors import JobError, ModelError
from tunesmith.tune.launch import spawn

RANK = """
import os, signal, sys, time
from tunesmith.errors import ModelError
from tunesmith.worker import serve

def main(request, emit):
    rank = os.environ["RANK"]
    open(os.path.join(request["folder"], f"pid-{rank}"), "w").write(str(os.getpid()))
    if rank == "0":
        emit({"step": 1})
    else:
        print("noise on stdout")
    what = request["do"][rank]
    if what == "error":
        raise ModelError("no such layer", where="target", todo="name another")
    if what == "killed":
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "lost":
        time.sleep(0.2)
        raise RuntimeError("connection closed by peer")
    if what == "waits":
        time.sleep(600)
    world = {name: os.environ[name] for name in ("WORLD_SIZE", "LOCAL_RANK", "OMP_NUM_THREADS")}
    return {"rank": rank, **world}

serve(main)
"""


@pytest.fixture
def together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "rank_stand_in.py").write_text(RANK)
    paths = [str(tmp_path), *(path for path in sys.path if path)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setattr(spawn, "MODULE", "rank_stand_in")

    def run(*do: str) -> tuple[dict[str, Any], list[Any]]:
        events: list[Any] = []
        request = {"do": {str(i): what for i, what in enumerate(do)}, "folder": str(tmp_path)}
        log = tmp_path / "log"
        result = spawn.train_together(request, processes=len(do), log=log, emit=events.append)
        return result, events

    return run


def gone(folder: Path, rank: int, patience_s: float = 20.0) -> bool:
    pid = int((folder / f"pid-{rank}").read_text())
    until = time.monotonic() + patience_s
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_the_first_speaks_and_the_others_are_silent(together: Any) -> None:
    result, events = together("ends", "ends")
    assert events == [{"step": 1}]
    assert (result["rank"], result["WORLD_SIZE"], result["LOCAL_RANK"]) == ("0", "2", "0")


def test_an_expected_error_of_any_process_is_told_and_the_others_are_killed(
    together: Any, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="no such layer"):
        together("waits", "error")
    assert gone(tmp_path, 0)


def test_a_killed_process_is_the_cause_and_not_the_one_that_lost_it(
    together: Any, tmp_path: Path
) -> None:
    with pytest.raises(JobError, match="process 1 of the 2 that train together was killed by SIGK"):
        together("lost", "killed")
    assert gone(tmp_path, 0)


def test_a_crash_says_which_process(together: Any) -> None:
    with pytest.raises(JobError, match=r"\(process 1 of 2\) failed with RuntimeError"):
        together("waits", "lost")


def test_children_die_with_their_parent(together: Any, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from tunesmith.tune.launch import spawn\n"
        "spawn.MODULE = 'rank_stand_in'\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "request = {'do': {'0': 'waits', '1': 'waits'}, 'folder': str(folder)}\n"
        "spawn.train_together(request, processes=2, log=folder / 'log', emit=print)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    until = time.monotonic() + 60
    while not all((tmp_path / f"pid-{rank}").exists() for rank in (0, 1)):
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.2)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert gone(tmp_path, 0)
    assert gone(tmp_path, 1)


def test_several_machines_are_told_by_environment_variables() -> None:
    given = {"NNODES": "3", "NODE_RANK": "2", "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"}
    told = spawn.environments(2, given)
    assert [one["RANK"] for one in told] == ["4", "5"]
    assert [one["LOCAL_RANK"] for one in told] == ["0", "1"]
    assert all(one["WORLD_SIZE"] == "6" for one in told)
    assert all(one["MASTER_ADDR"] == "10.0.0.1" for one in told)
    with pytest.raises(JobError, match="MASTER_PORT is not set"):
        spawn.environments(2, {key: given[key] for key in given if key != "MASTER_PORT"})


def test_the_cores_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spawn, "usable_cores", lambda: 8)
    assert spawn.environments(2, {})[0]["OMP_NUM_THREADS"] == "4"
    assert spawn.environments(2, {"OMP_NUM_THREADS": "1"})[0]["OMP_NUM_THREADS"] == "1"
    assert spawn.environments(16, {})[0]["OMP_NUM_THREADS"] == "1"
