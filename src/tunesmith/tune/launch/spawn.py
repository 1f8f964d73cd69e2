"""Starting the processes of one training on this machine, and judging how they ended."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunesmith.errors import JobError
from tunesmith.worker import Emit, Event, converse, result_of, start_job, stop_job, usable_cores

MODULE = "tunesmith.tune.launch.rank"
_GRACE_S = 3.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How one process ended."""

    rank: int
    final: Event | None
    returncode: int

    @property
    def failed(self) -> bool:
        """It left without a result."""
        return self.final is None or self.final["event"] != "result"

    @property
    def told(self) -> str:
        """`killed`, or the kind of its last event, or `nothing`."""
        if self.returncode < 0:
            return "killed"
        return "nothing" if self.final is None else str(self.final["event"])


def train_together(
    request: Mapping[str, Any], *, processes: int, log: Path, emit: Emit | None
) -> dict[str, Any]:
    """Run a training in several processes and return what the first of them says.

    When one fails the others are killed: they wait for it, and some transports wait for ever.

    Args:
        request: What `job.train` works on; every process gets it.
        processes: How many on this machine.
        log: Where their stderr goes.
        emit: Gets the events of the first process; None where another machine tells them.

    Raises:
        TunesmithError: A process met an expected error.
        JobError: One was killed or crashed; the message says which.
    """
    children = [
        start_job(MODULE, log=log, env=environment)
        for environment in environments(processes, os.environ)
    ]
    first = int(os.environ.get("NODE_RANK", "0")) * processes
    ended: queue.Queue[Ended] = queue.Queue()

    def follow(child: subprocess.Popen[bytes], number: int) -> None:
        final = converse(child, request, emit if number == 0 else None)
        ended.put(Ended(first + number, final, child.wait()))

    threads = [
        threading.Thread(target=follow, args=(child, number), daemon=True)
        for number, child in enumerate(children)
    ]
    try:
        for thread in threads:
            thread.start()
        done = _gather(ended, processes)
    finally:
        for child in children:
            child.kill()
        for thread in threads:
            thread.join()  # its pipe is at its end
        for child in children:
            stop_job(child)
    failed = [one for one in done if one.failed]
    if failed:
        _raise(failed, log=log, world=_nodes() * processes)
    chosen = next(one for one in done if one.rank == first)
    return result_of(chosen.final, module=MODULE, returncode=chosen.returncode, log=log)


def environments(processes: int, given: Mapping[str, str]) -> list[dict[str, str]]:
    """What each process on this machine is told, as torchrun tells it.

    `NNODES`, `NODE_RANK`, `MASTER_ADDR` and `MASTER_PORT` in the environment say that there are
    other machines; without them this one is alone.

    Raises:
        JobError: There are several machines and one of the variables is missing.
    """
    nodes, node = _nodes(given), int(given.get("NODE_RANK", "0"))
    missing = [name for name in ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT") if name not in given]
    if nodes > 1 and missing:
        raise JobError(
            f"NNODES is {nodes}, but {', '.join(missing)} is not set",
            todo="set NODE_RANK (0 on the first machine), and MASTER_ADDR and MASTER_PORT of the "
            "first machine on every one",
        )
    place = {
        "MASTER_ADDR": given["MASTER_ADDR"] if nodes > 1 else "127.0.0.1",
        "MASTER_PORT": given["MASTER_PORT"] if nodes > 1 else str(_free_port()),
        "WORLD_SIZE": str(nodes * processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "OMP_NUM_THREADS": _threads(processes, given),
    }
    return [
        {**place, "RANK": str(node * processes + number), "LOCAL_RANK": str(number)}
        for number in range(processes)
    ]


def _nodes(given: Mapping[str, str] = os.environ) -> int:
    return int(given.get("NNODES", "1"))


def _threads(processes: int, given: Mapping[str, str]) -> str:
    """Threads of each process: an equal share of the cores, or fewer where the user says so."""
    mine = max(1, usable_cores() // processes)
    return str(min(mine, int(given.get("OMP_NUM_THREADS", mine))))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _gather(ended: queue.Queue[Ended], processes: int) -> list[Ended]:
    """How the processes ended; after the first failure the others have a moment to say theirs."""
    done: list[Ended] = []
    until: float | None = None
    while len(done) < processes:
        try:
            wait = None if until is None else max(0.0, until - time.monotonic())
            done.append(ended.get(timeout=wait))
        except queue.Empty:
            break
        if until is None and done[-1].failed:
            until = time.monotonic() + _GRACE_S
    return done


def _raise(failed: list[Ended], *, log: Path, world: int) -> None:
    """Tell of the failure that the others follow from.

    A process that was killed or met an expected error is a cause; one that crashed may have done so
    because it lost another.
    """
    weight = ("killed", "error", "crash", "nothing")
    cause = min(failed, key=lambda one: weight.index(one.told))
    if cause.told == "killed":
        name = signal.Signals(-cause.returncode).name
        memory = ", perhaps because the machine ran out of memory" if name == "SIGKILL" else ""
        raise JobError(
            f"process {cause.rank} of the {world} that train together was killed by {name}{memory}",
            todo=f"run again: it resumes where it was. Their log is {log}",
        )
    result_of(
        cause.final,
        module=f"{MODULE} (process {cause.rank} of {world})",
        returncode=cause.returncode,
        log=log,
    )
    raise AssertionError("a process that failed has a result")
