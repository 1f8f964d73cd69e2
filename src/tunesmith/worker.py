"""Jobs in a process of their own: torch stays out of the main process, a crash is one error.

`run_job` starts `python -m MODULE`, hands it one JSON request on stdin and reads JSON lines from
its stdout: any number of progress events, then one result. The module ends with
`serve(main)`, where `main(request, emit)` returns the result.

Events on the pipe:

```
{"event": "progress", ...}                              whatever the job wants to tell
{"event": "result", "result": {...}, "peak_memory_mib": 812.4}
{"event": "error", "error": "ModelError", "what": ..., "where": ..., "todo": ...}
{"event": "crash", "error": "ValueError", "at": ["trainer.py:120 in _train", ...]}
```
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any

import orjson

from tunesmith.errors import DivergedError, JobError, ModelError, SourceError, TunesmithError
from tunesmith.io import read_json, write_json

Event = dict[str, Any]
Emit = Callable[[Event], None]

ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""glibc settings that keep freed activations in the process, in huge pages.

By default every activation goes back to the kernel and is faulted in again, zeroed, at the next
step. glibc reads these when a program starts, so they must be in the environment of a new one.
"""

_OF_THREAD: ContextVar[Mapping[str, str] | None] = ContextVar("of_thread", default=None)
_PARENT = "TUNESMITH_PARENT_PID"
_PR_SET_PDEATHSIG = 1
_ERRORS: dict[str, type[TunesmithError]] = {
    "DivergedError": DivergedError,
    "ModelError": ModelError,
    "SourceError": SourceError,
    "JobError": JobError,
}


def run_job(
    module: str,
    request: Mapping[str, Any],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    on_event: Emit | None = None,
) -> dict[str, Any]:
    """Run one job in a child process and wait for its result.

    The child is killed when this call is left in any way, and by the kernel (Linux) when the
    thread that called this ends.

    Args:
        module: The module to run; it must end in `serve(main)`.
        request: What the job works on, as JSON.
        log: Where the child's stderr goes, appended.
        env: Environment variables on top of `job_environment()`.
        on_event: Called with every progress event, in this thread.

    Returns:
        The job's result, with `peak_memory_mib`: the most resident memory the child had (MiB).

    Raises:
        TunesmithError: The job met an expected error (the same class where it has a plain one).
        JobError: The child was killed, crashed, or ended without a result.
    """
    child = start_job(module, log=log, env=env)
    try:
        final = converse(child, request, on_event)
        child.wait()
    finally:
        stop_job(child)
    return result_of(final, module=module, returncode=child.returncode, log=log)


def start_job(
    module: str, *, log: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a job's process: a part of `run_job`, which says what the arguments are."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stderr:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**job_environment(), **(env or {}), _PARENT: str(os.getpid())},
        )


def stop_job(child: subprocess.Popen[bytes]) -> None:
    """Kill a job's process where it still runs, and close its pipes."""
    if child.poll() is None:
        child.kill()
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # what a dead child left unread
                pipe.close()


def claim(work: Path, identity: str) -> None:
    """Keep what an interrupted run of the same job left in its folder; remove another one's."""
    mark = work / "job-id.json"
    if work.exists() and not (mark.exists() and read_json(mark) == identity):
        shutil.rmtree(work)
    if not work.exists():
        write_json(mark, identity)


def job_environment() -> dict[str, str]:
    """The environment of a job: this process's own, quiet, offline, with the allocator's settings.

    Variables that the user has set already win over the defaults here, and those of
    `jobs_with` over both.
    """
    defaults = {
        **ALLOCATOR,
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "OMP_NUM_THREADS": str(usable_cores()),
        # A thread that waits turns for a moment, not for milliseconds: beside other work the cores
        # that spin are those that somebody else needs.
        "GOMP_SPINCOUNT": "2000",
    }
    return {**defaults, **os.environ, **(_OF_THREAD.get() or {})}


@contextlib.contextmanager
def jobs_with(variables: Mapping[str, str]) -> Iterator[None]:
    """Give the jobs that this thread starts more environment variables: its GPU, its cores."""
    token = _OF_THREAD.set({**(_OF_THREAD.get() or {}), **variables})
    try:
        yield
    finally:
        _OF_THREAD.reset(token)


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def peak_memory_mib() -> float:
    """The most resident memory this process has had, in MiB.

    Linux's `VmHWM`; `ru_maxrss` would also count the parent's pages at the time of the fork.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)


def serve(
    main: Callable[[dict[str, Any], Emit], dict[str, Any]], request_file: Path | None = None
) -> None:
    """Be the child: read the request, run `main`, write its result, and exit.

    Whatever a library prints goes to stderr, so that stdout carries events alone. A result that
    has a `peak_memory_mib` of its own keeps it.

    Args:
        main: Does the work.
        request_file: Where the request is; None: it comes on stdin.
    """
    _die_with_parent()
    with os.fdopen(os.dup(1), "wb") as pipe:
        os.dup2(2, 1)

        def emit(event: Event) -> None:
            _write(pipe, {"event": "progress", **event})

        try:
            given = request_file.read_bytes() if request_file else sys.stdin.buffer.read()
            result = main(orjson.loads(given), emit)
        except TunesmithError as error:
            _write(
                pipe,
                {
                    "event": "error",
                    "error": type(error).__name__,
                    "what": error.what,
                    "where": error.where,
                    "todo": error.todo,
                },
            )
            sys.exit(error.exit_code)
        except Exception as error:
            _write(pipe, {"event": "crash", "error": type(error).__name__, "at": _locations(error)})
            raise
        peak = result.get("peak_memory_mib") or peak_memory_mib()
        _write(pipe, {"event": "result", "result": result, "peak_memory_mib": peak})


def _write(pipe: IO[bytes], event: Event) -> None:
    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY
    pipe.write(orjson.dumps(event, option=options))
    pipe.flush()


def _locations(error: BaseException) -> list[str]:
    """The last three frames as `file.py:line in function`, without the error's own words.

    Messages and values may hold rows of the user's data; they are in the log only.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames[-3:]]


def _die_with_parent() -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    expected = os.environ.get(_PARENT)
    if expected is not None and os.getppid() != int(expected):  # it died before the line above
        os.kill(os.getpid(), signal.SIGKILL)


def converse(
    child: subprocess.Popen[bytes], request: Mapping[str, Any], on_event: Emit | None
) -> Event | None:
    """Send a job its request, pass its progress on, and return its last event if it is final."""
    if child.stdin is None or child.stdout is None:
        raise AssertionError("both pipes were asked for")
    with contextlib.suppress(BrokenPipeError):  # its exit status says more
        child.stdin.write(orjson.dumps(request, option=orjson.OPT_SERIALIZE_NUMPY))
        child.stdin.close()
    final: Event | None = None
    for line in child.stdout:
        try:
            event: Event = orjson.loads(line)
        except orjson.JSONDecodeError:  # the child was killed in the middle of a line
            break
        if event["event"] != "progress":
            final = event
        elif on_event is not None:
            on_event({key: value for key, value in event.items() if key != "event"})
    return final


def result_of(final: Event | None, *, module: str, returncode: int, log: Path) -> dict[str, Any]:
    """A job's result from its last event, or the error that it met; `run_job` says which."""
    match final:
        case {"event": "result", "result": dict() as result, "peak_memory_mib": peak}:
            return {**result, "peak_memory_mib": peak}
        case {"event": "error", "error": name, "what": what, "where": where, "todo": todo}:
            raise _ERRORS.get(name, TunesmithError)(what, where=where, todo=todo)
        case {"event": "crash", "error": name, "at": list() as at}:
            raise JobError(
                f"the job {module} failed with {name} at {' < '.join(reversed(at))}",
                todo=f"the whole traceback is in {log}",
            )
    if returncode < 0:
        name = signal.Signals(-returncode).name
        memory = ", perhaps because the machine ran out of memory" if name == "SIGKILL" else ""
        raise JobError(
            f"the job {module} was killed by {name}{memory}",
            todo=f"run again: it resumes where it was. Its log is {log}",
        )
    raise JobError(
        f"the job {module} ended with status {returncode} and without a result",
        todo=f"its log is {log}",
    )
