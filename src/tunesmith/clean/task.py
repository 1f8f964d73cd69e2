"""Row steps over parts of the collected rows, each part as a piece of work of its own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Self

import polars as pl

from tunesmith.clean.boilerplate import BoilerplateConfig, line_table
from tunesmith.clean.pii.known import attach, of_threads
from tunesmith.config import Config
from tunesmith.engine import Task
from tunesmith.engine.base import apply_in_slices
from tunesmith.io import atomic_write
from tunesmith.step import Outcome, Step
from tunesmith.store.cache import Stage
from tunesmith.store.parts import Part, read


class KnownPeople(Config):
    """What the columns of threads say about people, in a file that every process reads once."""

    threads: Path
    """The table of `of_threads`; it holds personal data."""
    personal: dict[str, list[str]]
    """By source, the extra columns that name a person."""

    @classmethod
    def gathered(
        cls, path: Path, frames: Iterable[pl.DataFrame], personal: dict[str, list[str]]
    ) -> Self:
        """Write what the rows of each thread say together.

        Args:
            path: Where.
            frames: Records, or their columns source, thread, customer, author and extra.
            personal: By source, the extra columns that name a person.
        """
        _threads.cache_clear()
        with atomic_write(path) as file:
            of_threads(frames, personal).write_parquet(file, compression="lz4")
        return cls(threads=path, personal=personal)

    def attached(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the column that masking looks for."""
        return attach(frame, _threads(self.threads), self.personal)

    def forget(self) -> None:
        """Remove the file, and what this process holds of it."""
        _threads.cache_clear()
        self.threads.unlink()


@lru_cache(maxsize=1)
def _threads(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path)


class ApplySteps(Task):
    """Run row steps over a few parts together, and write one."""

    kind: ClassVar[str] = "apply_steps"

    steps: list[Step]
    """What is done, in order."""
    inputs: list[Part]
    """The rows."""
    output: Part
    """Where they go."""
    people: KnownPeople | None = None
    """What is known of people; attached to the rows before the steps."""
    lines: BoilerplateConfig | None = None
    """Write the table of the rows' lines, in which boilerplate is found, instead of the rows."""

    def run(self) -> int:
        """Read, work, write; returns the number of rows read."""
        frame = self.read()
        self.write(apply_in_slices(self.steps, frame))
        return frame.height

    def read(self) -> pl.DataFrame:
        """The rows that the steps are to work on."""
        frame = read(self.inputs)
        return frame if self.people is None else self.people.attached(frame)

    def write(self, outcome: Outcome) -> None:
        """Write what the steps gave."""
        if self.lines is not None:
            lines = line_table(outcome.frame, self.lines)
            outcome = Outcome(lines, outcome.fates, outcome.counts, outcome.aside)
        Stage(self.output.stage).write(self.output.number, outcome)
