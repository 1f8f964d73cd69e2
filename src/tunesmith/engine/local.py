"""The local engine: this process for little data, a pool of processes for more."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import polars as pl

from tunesmith.engine.base import Packed, apply_in_slices, pack, unpack_outcome, work
from tunesmith.step import Outcome, Step


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
            waiting: deque[Future[Packed]] = deque()
            try:
                for batch in batches:
                    waiting.append(pool.submit(_work, pack(batch)))
                    if len(waiting) > 2 * self.workers:
                        yield unpack_outcome(waiting.popleft().result())
                while waiting:
                    yield unpack_outcome(waiting.popleft().result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


_steps: list[Step] = []


def _start_worker(steps: list[Step]) -> None:
    _steps[:] = steps


def _work(packed: bytes) -> Packed:
    return work(_steps, packed)
