"""The Ray engine: the same steps over the same batches, on the machines of a cluster.

Rows travel as Arrow IPC; what Ray serialises by itself are the steps (settings, and the names of
their classes), the names of two functions of this module, and counts. No code travels: every
machine has tunesmith installed. Ray's own reporting of usage is off.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version as version_of
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import polars as pl

from tunesmith import __version__
from tunesmith.engine.base import Packed, Task, pack, unpack_outcome, work
from tunesmith.engine.config import RayConfig
from tunesmith.errors import ClusterError, JobError, MissingExtraError
from tunesmith.step import Outcome, Step

#: How often Ray runs a piece of work again whose process or machine was lost.
RETRIES = 4
#: What must be the same everywhere, beside tunesmith itself, because rows depend on it.
SAME_VERSIONS = ("polars", "numpy", "pyarrow")
_REACH_S = 5.0
_TOKENS = "ray._private.authentication.authentication_token_setup"


class RayEngine:
    """Runs batches, and the pieces of global steps, as Ray tasks of one core each.

    Use it as a context: entering connects and looks at every machine, leaving disconnects.

    Args:
        config: Which cluster.
        folder: The run's work folder; every machine must see it under this path.
        workers: Tasks at a time; 0 means as many as the cluster has cores.
        environment: Environment variables that the work needs, such as the secret. They travel as
            an argument, so that neither Ray's logs nor its dashboard show them.

    Raises:
        MissingExtraError: Ray is not installed.
        ClusterError: The cluster cannot be reached, a machine does not see the folder, or has
            other versions of what rows depend on.
    """

    def __init__(
        self,
        config: RayConfig,
        folder: Path,
        *,
        workers: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.config, self.folder, self.workers = config, folder.resolve(), workers
        self.environment = dict(environment or {})
        self._ray: ModuleType | None = None
        self._mine = False

    def __enter__(self) -> Self:
        self._ray = ray = _imported()
        self._mine = not ray.is_initialized()
        if self._mine:
            _connect(ray, self.config.address or os.environ.get("RAY_ADDRESS"), self.workers)
        try:
            self._look_at_machines(ray)
        except BaseException:
            self.__exit__()
            raise
        cores = int(ray.cluster_resources().get("CPU", 1))
        self._at_once = self.workers or max(cores, 1)
        return self

    def __exit__(self, *_: object) -> None:
        if self._ray is not None and self._mine:
            self._ray.shutdown()
        self._ray = None

    def map(self, steps: list[Step], batches: Iterable[pl.DataFrame]) -> Iterator[Outcome]:
        """Run `steps` over each batch and give the outcomes in the order of the batches.

        At most two batches for each task at a time are in the cluster: this process holds none.
        """
        packed = self._in_order(_apply, steps, (pack(batch) for batch in batches))
        yield from map(unpack_outcome, packed)

    def run(self, tasks: Sequence[Task]) -> Iterator[int]:
        """Run tasks in any order and give what they return in the order of the tasks."""
        yield from self._in_order(_run, [], tasks)

    def _in_order(
        self, function: Callable[..., Any], steps: list[Step], pieces: Iterable[Any]
    ) -> Iterator[Any]:
        ray = self._ray
        if ray is None:
            raise RuntimeError("the engine is not connected: use it in a `with` statement")
        remote = ray.remote(function).options(
            num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD"
        )
        context = ray.put((steps, self.environment))
        # In a list, Ray hands the reference on as it is, and a worker reads it once.
        handed = uuid.uuid4().hex, [context]
        waiting: deque[Any] = deque()
        try:
            for piece in pieces:
                waiting.append(remote.remote(*handed, piece))
                if len(waiting) >= 2 * self._at_once:
                    yield _result(ray, waiting.popleft())
            while waiting:
                yield _result(ray, waiting.popleft())
        finally:
            # A generator may be closed after the engine was: Ray would start anew.
            if self._ray is not None:
                for reference in waiting:
                    ray.cancel(reference)

    def _look_at_machines(self, ray: ModuleType) -> None:
        """Every machine sees the folder and has what is installed here."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        token = uuid.uuid4().hex
        note = self.folder / f"cluster-{token}"
        note.write_text(token)
        nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        try:
            asked = [
                ray.remote(_seen)
                .options(
                    num_cpus=0,
                    scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
                )
                .remote(str(note))
                for node in nodes
            ]
            for node, reference in zip(nodes, asked, strict=True):
                self._judge(ray, node["NodeManagerHostname"], reference, token)
        finally:
            note.unlink()

    def _judge(self, ray: ModuleType, host: str, reference: Any, token: str) -> None:
        where = f"machine '{host}'"
        try:
            said, theirs = ray.get(reference)
        except (ray.exceptions.RayError, ImportError) as error:
            raise ClusterError(
                f"tunesmith does not start there ({type(error).__name__})",
                where=where,
                todo=f"install tunesmith {__version__} on every machine of the cluster",
            ) from error
        if theirs != _versions():
            other = [
                f"{name} {theirs[name]} (here {mine})"
                for name, mine in _versions().items()
                if theirs[name] != mine
            ]
            raise ClusterError(
                f"other versions are installed there: {', '.join(other)}",
                where=where,
                todo="install the same versions on every machine: rows depend on them",
            )
        if said != token:
            raise ClusterError(
                "the run folder cannot be read there",
                where=where,
                todo="put it on storage that every machine has under the same path (--out), "
                "readable by the user that Ray runs as",
            )


def _imported() -> ModuleType:
    # Ray reads these when it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise MissingExtraError("ray", "ray") from None
    module: ModuleType = ray
    return module


def _connect(ray: ModuleType, address: str | None, workers: int) -> None:
    settings: dict[str, Any] = {"address": address or "local"}
    if address is None:
        settings |= {"include_dashboard": False, "num_cpus": workers or None}
        # A cluster of our own on this machine: Ray says at each start that it asks for a token.
        logging.getLogger(_TOKENS).setLevel(logging.ERROR)
    elif address != "auto":
        _reach(address)
    try:
        ray.init(
            **settings,
            log_to_driver=False,
            configure_logging=False,
            # A task has one core: more threads would only wait for each other.
            runtime_env={"env_vars": {"POLARS_MAX_THREADS": "1"}},
        )
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise _unreachable(address, str(error).partition("\n")[0]) from error


def _reach(address: str) -> None:
    """Ray itself waits for minutes where nobody answers."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_REACH_S).close()
    except (OSError, ValueError) as error:
        raise _unreachable(address, str(error)) from error


def _unreachable(address: str | None, why: str) -> ClusterError:
    return ClusterError(
        f"the Ray cluster cannot be reached: {why}",
        where=f"ray.address {address}" if address else "ray",
        todo="start it with `ray start --head`, or correct ray.address (RAY_ADDRESS)",
    )


def _result(ray: ModuleType, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        # The step's own error, as the local engine raises it.
        if isinstance(error.cause, Exception):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:
        raise JobError(
            f"the cluster lost a piece of work {RETRIES + 1} times ({type(error).__name__})",
            todo="run again: it resumes where it was. Ray's logs tell why; when memory is short, "
            "lower `workers`",
        ) from error


# ── on the machines of the cluster ───────────────────────────────────────────────────────────

_context: tuple[str, list[Step]] = ("", [])


def _steps_of(name: str, handed: list[Any]) -> list[Step]:
    """The steps of one `map`, read once by each process; the environment is set with them."""
    global _context  # noqa: PLW0603 - a worker process has one context at a time
    if _context[0] != name:
        import ray

        steps, environment = ray.get(handed[0])
        os.environ.update(environment)
        _context = (name, steps)
    return _context[1]


def _apply(name: str, handed: list[Any], packed: bytes) -> Packed:
    return work(_steps_of(name, handed), packed)


def _run(name: str, handed: list[Any], task: Task) -> int:
    _steps_of(name, handed)
    return task.run()


def _seen(note: str) -> tuple[str, dict[str, str]]:
    said = ""
    with contextlib.suppress(OSError):  # not there, or not readable: the caller says so
        said = Path(note).read_text()
    return said, _versions()


def _versions() -> dict[str, str]:
    return {"tunesmith": __version__} | {name: version_of(name) for name in SAME_VERSIONS}
