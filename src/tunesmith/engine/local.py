"""The local engine: this process for little data, a pool of processes for more."""

from __future__ import annotations

import io
import itertools
import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import polars as pl

from tunesmith.engine.base import apply_in_slices
from tunesmith.step import Outcome, Step, StepCount


class LocalEngine:
    """Runs batches on this machine.

    Args:
        workers: Processes; 1 works in this one, 0 means one for each core.

    The first batch always runs here: a job of one batch pays for no pool.
    """

    def __init__(self, workers: int = 0) -> None:
        self.workers = workers or os.cpu_count() or 1

    def map(self, steps: list[Step], batches: Iterable[pl.DataFrame]) -> Iterator[Outcome]:
        """Run `steps` over each batch and give the outcomes in the order of the batches."""
        queue = iter(batches)
        first = list(itertools.islice(queue, 2))
        if self.workers == 1 or len(first) < 2:
            for batch in itertools.chain(first, queue):
                yield apply_in_slices(steps, batch)
            return
        yield from self._pool(steps, itertools.chain(first, queue))

    def _pool(self, steps: list[Step], batches: Iterable[pl.DataFrame]) -> Iterator[Outcome]:
        # "spawn", because a fork of a process with Polars' threads can deadlock.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(
            self.workers, mp_context=context, initializer=_start_worker, initargs=(steps,)
        ) as pool:
            waiting: deque[Future[_Packed]] = deque()
            try:
                for batch in batches:
                    waiting.append(pool.submit(_work, _pack(batch)))
                    if len(waiting) > 2 * self.workers:
                        yield _unpack_outcome(waiting.popleft().result())
                while waiting:
                    yield _unpack_outcome(waiting.popleft().result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


_Packed = tuple[bytes, bytes, list[StepCount]]
_steps: list[Step] = []


def _start_worker(steps: list[Step]) -> None:
    _steps[:] = steps


def _work(packed: bytes) -> _Packed:
    outcome = apply_in_slices(_steps, _unpack(packed))
    return _pack(outcome.frame), _pack(outcome.fates), outcome.counts


def _unpack_outcome(packed: _Packed) -> Outcome:
    return Outcome(_unpack(packed[0]), _unpack(packed[1]), packed[2])


def _pack(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    return buffer.getvalue()


def _unpack(data: bytes) -> pl.DataFrame:
    return pl.read_ipc(data)
