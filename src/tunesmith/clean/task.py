"""Row steps over parts of the collected rows, each part as a piece of work of its own."""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from tunesmith.clean.boilerplate import BoilerplateConfig, line_table
from tunesmith.clean.people import KnownPeople
from tunesmith.engine import Task
from tunesmith.engine.base import apply_in_slices
from tunesmith.step import Outcome, Step
from tunesmith.store.cache import Stage
from tunesmith.store.parts import Part, read


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
