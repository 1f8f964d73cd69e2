import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tunesmith.errors import JobError, ModelError, TunesmithError
from tunesmith.worker import ALLOCATOR, jobs_with, run_job

JOB = """
import os, signal, sys, time
import numpy as np
from tunesmith.errors import ModelError, RecipeError
from tunesmith.worker import serve

def main(request, emit):
    match request["do"]:
        case "sum":
            for number in request["numbers"]:
                emit({"seen": number})
            print("a library prints this")
            return {"sum": np.int64(sum(request["numbers"]))}
        case "environment":
            return {name: os.environ.get(name) for name in request["names"]}
        case "memory":
            block = np.ones(request["mib"] * 2**17)
            return {"touched": float(block.sum())}
        case "expected":
            raise ModelError("no such model", where="here", todo="name another")
        case "recipe":
            raise RecipeError(["one mistake"], where="recipe.yaml")
        case "bug":
            raise ValueError("the secret words of a customer")
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "silent":
            os._exit(5)
        case "wait":
            emit({"pid": os.getpid()})
            time.sleep(60)

if __name__ == "__main__":
    serve(main)
"""


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "some_job.py").write_text(JOB)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "work" / "job.log"


def test_progress_comes_in_order_and_the_result_last(job: Path) -> None:
    seen: list[dict[str, object]] = []
    request = {"do": "sum", "numbers": [1, 2, 3]}
    result = run_job("some_job", request, log=job, on_event=seen.append)
    assert seen == [{"seen": 1}, {"seen": 2}, {"seen": 3}]
    assert result["sum"] == 6
    assert job.read_text() == "a library prints this\n"


def test_the_childs_own_peak_memory_is_reported(job: Path) -> None:
    little = run_job("some_job", {"do": "memory", "mib": 1}, log=job)["peak_memory_mib"]
    much = run_job("some_job", {"do": "memory", "mib": 200}, log=job)["peak_memory_mib"]
    assert 190 < much - little < 210


def test_the_environment_has_the_allocators_settings_and_the_users_win(
    job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    names = [*ALLOCATOR, "OMP_NUM_THREADS", "HF_HUB_OFFLINE", "EXTRA"]
    result = run_job(
        "some_job", {"do": "environment", "names": names}, log=job, env={"EXTRA": "yes"}
    )
    assert {name: result[name] for name in ALLOCATOR} == ALLOCATOR
    assert (result["OMP_NUM_THREADS"], result["HF_HUB_OFFLINE"], result["EXTRA"]) == (
        "1",
        "1",
        "yes",
    )


def test_a_thread_gives_its_jobs_variables_of_their_own(
    job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    names = ["OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"]

    def seen(card: str) -> dict[str, str | None]:
        with jobs_with({"CUDA_VISIBLE_DEVICES": card}), jobs_with({"OMP_NUM_THREADS": f"{card}3"}):
            found = run_job("some_job", {"do": "environment", "names": names}, log=job)
        return {name: found[name] for name in names}

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(seen, ["5", "6"]))
    assert found == [
        {"OMP_NUM_THREADS": f"{card}3", "CUDA_VISIBLE_DEVICES": card} for card in ("5", "6")
    ]
    after = run_job("some_job", {"do": "environment", "names": names}, log=job)
    assert {name: after[name] for name in names} == {
        "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": None
    }  # fmt: skip


def test_an_expected_error_arrives_as_itself(job: Path) -> None:
    with pytest.raises(ModelError) as caught:
        run_job("some_job", {"do": "expected"}, log=job)
    assert caught.value.message == "here: no such model\n→ name another"
    with pytest.raises(TunesmithError, match="1 mistake found"):
        run_job("some_job", {"do": "recipe"}, log=job)


def test_a_bug_names_its_place_and_not_its_words(job: Path) -> None:
    with pytest.raises(JobError) as caught:
        run_job("some_job", {"do": "bug"}, log=job)
    assert "ValueError at some_job.py:" in caught.value.message
    assert str(job) in caught.value.message
    assert "secret" not in caught.value.message
    assert "the secret words" in job.read_text()


@pytest.mark.parametrize(("do", "words"), [("killed", "SIGKILL"), ("silent", "status 5")])
def test_an_end_without_a_result_is_an_error(job: Path, do: str, words: str) -> None:
    with pytest.raises(JobError, match=words):
        run_job("some_job", {"do": do}, log=job)


def test_a_module_that_does_not_exist_is_an_error(job: Path) -> None:
    with pytest.raises(JobError, match="status 1"):
        run_job("no_such_job", {"do": "x" * 1_000_000}, log=job)


def test_the_child_ends_when_the_caller_stops_listening(job: Path) -> None:
    pids: list[int] = []

    def stop(event: dict[str, int]) -> None:
        pids.append(event["pid"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_job("some_job", {"do": "wait"}, log=job, on_event=stop)
    assert not psutil.pid_exists(pids[0])


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_the_child_dies_with_a_killed_parent(job: Path) -> None:
    code = (
        "from pathlib import Path; from tunesmith.worker import run_job; "
        f"run_job('some_job', {{'do': 'wait'}}, log=Path({str(job)!r}), "
        "on_event=lambda event: print(event['pid'], flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)
