"""The same training job as a Ray Train job: a worker of the cluster for each process.

The job's function is the one that `launch.rank` runs; Ray starts the processes, places them on
machines and tells them of each other. No code travels: every machine has tunesmith installed, and
sees the run folder and the model under the same path.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tunesmith.engine.config import RayConfig
from tunesmith.errors import ClusterError, JobError, MissingExtraError, TunesmithError
from tunesmith.worker import Emit

_END: dict[str, Any] = {"event": "end"}
_REFUSED = "refused"


def train_on_ray(
    request: dict[str, Any],
    *,
    cluster: RayConfig,
    processes: int,
    gpus: bool,
    storage: Path,
    emit: Emit,
) -> dict[str, Any]:
    """Run a training as a Ray Train job and return what its first worker says.

    Args:
        request: What `tune.job.train` works on.
        cluster: Which cluster; without an address one is started on this machine.
        processes: Workers that train together.
        gpus: Each has a GPU, else a core.
        storage: Where Ray Train keeps its own records; every machine sees it.
        emit: Gets the events of the first worker.

    Raises:
        MissingExtraError: Ray Train is not installed.
        ClusterError: The cluster cannot be reached.
        TunesmithError: The job met an expected error.
        JobError: A worker was lost or crashed; run again, it resumes.
    """
    try:
        from ray.train import RunConfig, ScalingConfig
        from ray.train.torch import TorchConfig, TorchTrainer
    except ImportError as error:
        raise MissingExtraError(error.name or "ray", "ray") from None
    with _connected(cluster, processes, gpus=gpus), _events(emit) as queue:
        trainer = TorchTrainer(
            _worker,
            train_loop_config={"request": request, "queue": queue},
            torch_config=TorchConfig(backend="cpu:gloo,cuda:nccl" if gpus else "gloo"),
            scaling_config=ScalingConfig(num_workers=processes, use_gpu=gpus),
            run_config=RunConfig(name="ray", storage_path=str(storage.resolve())),
        )
        done = _fit(trainer, storage)
    if done is None or _REFUSED in done:
        refused = (done or {}).get(_REFUSED) or {"what": "the job ended without a result"}
        raise TunesmithError(**refused)
    return done


def _fit(trainer: Any, storage: Path) -> dict[str, Any] | None:
    from ray.exceptions import RayError
    from ray.train import TrainingFailedError

    try:
        value: dict[str, Any] | None = trainer.fit().return_value
    except (TrainingFailedError, RayError) as error:
        cause = getattr(error, "worker_failures", None) or {}
        where = ", ".join(f"worker {rank}" for rank in sorted(cause)) or "a worker"
        raise JobError(
            f"the Ray Train job failed: {where} was lost or crashed ({type(error).__name__})",
            todo=f"run again: it resumes where it was. Ray's records are in {storage}",
        ) from None
    return value


def _worker(config: dict[str, Any]) -> dict[str, Any]:
    """One worker's part of the job; an expected error is told as a value, not as a crash."""
    from tunesmith.tune.job import train
    from tunesmith.tune.launch import ranks
    from tunesmith.worker import job_environment, peak_memory_mib

    for name, value in job_environment().items():
        os.environ.setdefault(name, value)
    first = ranks.number() == 0
    tell: Callable[[dict[str, Any]], None] = config["queue"].put if first else _silent
    try:
        result = train(config["request"], tell)
    except TunesmithError as error:
        return {_REFUSED: {"what": error.what, "where": error.where, "todo": error.todo}}
    (together,) = ranks.sums(peak_memory_mib())
    return {**result, "processes": ranks.count(), "peak_memory_mib": together}


def _silent(event: dict[str, Any]) -> None:
    """Tell nobody: the first worker has told it already."""


@contextlib.contextmanager
def _events(emit: Emit) -> Iterator[Any]:
    """A queue that workers put events into, which `emit` gets in this process."""
    from ray.util.queue import Queue

    queue = Queue(actor_options={"num_cpus": 0})

    def relay() -> None:
        while (event := queue.get()) != _END:
            emit(event)

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    try:
        yield queue
    finally:
        queue.put(_END)
        thread.join()
        queue.shutdown()


@contextlib.contextmanager
def _connected(cluster: RayConfig, processes: int, *, gpus: bool) -> Iterator[None]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    address = cluster.address or os.environ.get("RAY_ADDRESS")
    settings: dict[str, Any] = {"address": address or "local"}
    if address is None:
        # one core more: Ray Train's controller has none of its own
        settings |= {"include_dashboard": False, "num_cpus": processes + 1}
        logging.getLogger("ray._private.authentication.authentication_token_setup").setLevel(
            logging.ERROR
        )
    try:
        ray.init(**settings, log_to_driver=False, configure_logging=False)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ClusterError(
            f"the Ray cluster cannot be reached: {str(error).partition(chr(10))[0]}",
            where="launch.ray.address",
            todo="start it with `ray start --head`, or correct the address",
        ) from error
    kind = "GPU" if gpus else "CPU"
    try:
        have = int(ray.cluster_resources().get(kind, 0))
        if have < processes:  # Ray would wait for ever
            raise ClusterError(
                f"{processes} processes are asked for, and the cluster has {have} {kind}s",
                where="launch.devices",
                todo="ask for fewer, or add machines",
            )
        yield
    finally:
        ray.shutdown()
