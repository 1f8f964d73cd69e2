"""What an engine is: something that runs steps over batches and gives the outcomes in order."""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Protocol

import polars as pl

from tunesmith.config import Config
from tunesmith.step import Outcome, Step, StepCount, apply, together

#: Kernels are fastest on about a thousand rows at a time (they stay in the processor's cache).
BATCH_ROWS = 4_096

#: An outcome on its way between processes: rows and fates as Arrow IPC, the counts, and what was
#: set aside.
Packed = tuple[bytes, bytes, list[StepCount], bytes | None]


class Engine(Protocol):
    """Runs steps over batches; `map` is the whole interface."""

    def map(self, steps: list[Step], batches: Iterable[pl.DataFrame]) -> Iterator[Outcome]:
        """Run `steps` over each batch and give the outcomes in the order of the batches."""


class Task(Config):
    """A piece of a global step: it reads and writes files in a folder that all machines see.

    Its fields say which files. It may run again after a machine was lost, so it writes whole files
    and the same ones every time.
    """

    kind: ClassVar[str]

    @abstractmethod
    def run(self) -> int:
        """Do the work; returns how many rows it gave."""


class Cluster(Engine, Protocol):
    """An engine that also runs the pieces of global steps, on machines that share a folder."""

    def run(self, tasks: Sequence[Task]) -> Iterator[int]:
        """Run tasks in any order and give what they return in the order of the tasks."""


def apply_in_slices(steps: list[Step], frame: pl.DataFrame) -> Outcome:
    """Run `steps` over `frame` in slices of `BATCH_ROWS`, and put the outcomes together."""
    if frame.height <= BATCH_ROWS:
        return apply(steps, frame)
    outcomes = [apply(steps, part) for part in frame.iter_slices(BATCH_ROWS)]
    counts = outcomes[0].counts
    for outcome in outcomes[1:]:
        counts = [total + more for total, more in zip(counts, outcome.counts, strict=True)]
    return Outcome(
        pl.concat([outcome.frame for outcome in outcomes]),
        pl.concat([outcome.fates for outcome in outcomes]),
        counts,
        together(outcome.aside for outcome in outcomes),
    )


def work(steps: list[Step], packed: bytes) -> Packed:
    """`apply_in_slices` for another process: bytes in, bytes out."""
    outcome = apply_in_slices(steps, _unpack(packed))
    aside = None if outcome.aside is None else pack(outcome.aside)
    return pack(outcome.frame), pack(outcome.fates), outcome.counts, aside


def pack(frame: pl.DataFrame) -> bytes:
    """A frame as Arrow IPC."""
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    return buffer.getvalue()


def unpack_outcome(packed: Packed) -> Outcome:
    """The outcome that `work` packed."""
    rows, fates, counts, aside = packed
    return Outcome(_unpack(rows), _unpack(fates), counts, None if aside is None else _unpack(aside))


def _unpack(data: bytes) -> pl.DataFrame:
    return pl.read_ipc(data)
