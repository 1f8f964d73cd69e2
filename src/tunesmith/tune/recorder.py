"""What is measured while a model trains, kept with every checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tunesmith.io import read_json, write_json
from tunesmith.tune.best import Best
from tunesmith.tune.left import TimeLeft
from tunesmith.tune.watch import Watch, lowest
from tunesmith.worker import Emit

STATE_FILE = "tunesmith.json"
"""The last file written into a checkpoint: one without it is torn and is not resumed from."""


@dataclass
class Measured:
    """Figures of a training run up to some step."""

    step_seconds: float = 0.0
    """Seconds inside optimizer steps."""
    other_seconds: float = 0.0
    """Seconds of validation and checkpoints."""
    tokens: int = 0
    """Tokens trained on, padding not counted."""
    curve: list[dict[str, float]] = field(default_factory=list)
    """Per step: step, loss, learning_rate, gradient (its length before clipping), seconds."""
    validation: list[dict[str, float]] = field(default_factory=list)
    """Per validation: step, loss (nats a token of the answers), and of the rows that were answered
    token_f1 and stopped."""
    stopped: bool = False
    """Training was stopped early."""

    @property
    def steps(self) -> int:
        """Steps that are done."""
        return int(self.curve[-1]["step"]) if self.curve else 0


class Recorder(TrainerCallback):  # type: ignore[misc]
    """Times steps, keeps the curves and the best weights, validates at intervals, and stops a run.

    Args:
        emit: Where progress goes.
        validate: Returns the validation loss; None where there are no validation rows.
        eval_steps: Steps between validations.
        step_tokens: Tokens of each step.
        measured: What an interrupted run had measured.
        watch: Says when to stop.
        best: Keeps the best weights; None where the last ones are wanted.
        sample: Answers a few rows and returns figures of them; None where there are none.
    """

    def __init__(
        self,
        *,
        emit: Emit,
        validate: Callable[[], float] | None,
        eval_steps: int,
        step_tokens: list[int],
        measured: Measured,
        watch: Watch,
        best: Best | None = None,
        sample: Callable[[], dict[str, float]] | None = None,
    ) -> None:
        self.emit, self.validate, self.eval_steps = emit, validate, eval_steps
        self.step_tokens, self.measured = step_tokens, measured
        self.watch, self.best, self.sample = watch, best, sample
        steps = len(step_tokens)
        due = [step for step in range(1, steps + 1) if step % eval_steps == 0 or step == steps]
        self._time_left = TimeLeft(step_tokens, due if validate is not None else [])
        self._mark = time.monotonic()
        self._learning_rate = 0.0
        self._validated = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Validate the model as it is before the first step."""
        self._mark = time.monotonic()
        if state.global_step == 0:
            self._validate(0)

    def on_step_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        lr_scheduler: Any,
        **_: Any,
    ) -> None:
        """Start the step's clock."""
        between = self._lap()
        self.measured.other_seconds += between
        self._time_left.pause(between - self._validated)
        self._validated = 0.0
        # once the step is done the schedule is one further
        self._learning_rate = float(lr_scheduler.get_last_lr()[0])

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Stop the step's clock; validate where it is time, and stop where it is enough."""
        seconds = self._lap()
        self._time_left.step(state.global_step, seconds)
        self.measured.step_seconds += seconds
        self.measured.tokens += self.step_tokens[state.global_step - 1]
        last = state.global_step == state.max_steps
        if state.global_step % self.eval_steps == 0 or last:
            self._validate(state.global_step, last=last)
            if not last and self.watch.enough(self.measured.validation):
                self.measured.stopped = control.should_training_stop = True
                self.emit({"say": self._why_enough(state.global_step)})

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Keep the step's loss.

        Raises:
            DivergedError: The loss or the gradient is out of bounds.
        """
        if logs is None or "loss" not in logs:
            return
        loss = float(logs["loss"])
        point = {
            "step": state.global_step,
            "loss": loss,
            "learning_rate": self._learning_rate,
            "seconds": round(self.measured.step_seconds, 3),
        }
        if "grad_norm" in logs:
            point["gradient"] = float(logs["grad_norm"])
        self.measured.curve.append(point)
        self.watch.check_step(self.measured.curve, self.measured.validation)
        left = self._time_left.left(state.global_step)
        told = {"step": state.global_step, "loss": loss, "learning_rate": self._learning_rate}
        self.emit({**told, "left_s": round(left, 1)})

    def save(self, checkpoint: Path) -> None:
        """Write the figures into a checkpoint whose other files are all there."""
        if self.best is not None:
            self.best.save(checkpoint)
        write_json(checkpoint / STATE_FILE, asdict(self.measured))

    def finish(self) -> None:
        """Count what came after the last step."""
        self.measured.other_seconds += self._lap()

    def kept_step(self) -> int:
        """Make the model what is to be saved; returns the step that it comes from."""
        point = lowest(self.measured.validation) if self.best is not None else None
        if self.best is None or point is None or point["step"] == self.measured.steps:
            return self.measured.steps
        self.best.restore()
        return int(point["step"])

    def _validate(self, step: int, *, last: bool = False) -> None:
        if self.validate is None:
            return
        begin = time.monotonic()
        point = {"step": step, "loss": self.validate()}
        self.watch.check_validation(self.measured.curve, point)
        if self.sample is not None:
            point |= self.sample()
        self.measured.validation.append(point)
        self.emit({"validation": point})
        # after the last step the model itself is what would be kept
        if self.best is not None and not last and lowest(self.measured.validation) is point:
            self.best.keep()
        self._validated = time.monotonic() - begin
        self._time_left.validation(self._validated)

    def _why_enough(self, step: int) -> str:
        point = lowest(self.measured.validation) or {"loss": 0.0, "step": 0}
        return (
            f"stopped early at step {step}: the validation loss, lowest at step "
            f"{point['step']:.0f} ({point['loss']:.3f}), has not fallen by "
            f"{self.watch.min_improvement:g} in {self.watch.patience} validations"
        )

    def _lap(self) -> float:
        before, self._mark = self._mark, time.monotonic()
        return self._mark - before


def read_measured(checkpoint: Path) -> Measured:
    """The figures that a complete checkpoint holds."""
    return Measured(**read_json(checkpoint / STATE_FILE))
