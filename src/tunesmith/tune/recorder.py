"""What is measured while a model trains, kept with every checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tunesmith.errors import TunesmithError
from tunesmith.io import read_json, write_json
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
    """Per step: step, loss, learning_rate, seconds."""
    validation: list[dict[str, float]] = field(default_factory=list)
    """Per validation: step, loss (nats a token of the answers)."""


class Recorder(TrainerCallback):  # type: ignore[misc]
    """Times steps, keeps the curves, validates at intervals, and stops a diverged run.

    Args:
        emit: Where progress goes.
        validate: Returns the validation loss; None where there are no validation rows.
        eval_steps: Steps between validations.
        step_tokens: Tokens of each step.
        measured: What an interrupted run had measured.
    """

    def __init__(
        self,
        *,
        emit: Emit,
        validate: Callable[[], float] | None,
        eval_steps: int,
        step_tokens: list[int],
        measured: Measured,
    ) -> None:
        self.emit, self.validate, self.eval_steps = emit, validate, eval_steps
        self.step_tokens, self.measured = step_tokens, measured
        self._mark = time.monotonic()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Validate the model as it is before the first step."""
        self._mark = time.monotonic()
        if state.global_step == 0:
            self._validate(0)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the step's clock."""
        self.measured.other_seconds += self._lap()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Stop the step's clock; validate where it is time."""
        self.measured.step_seconds += self._lap()
        self.measured.tokens += self.step_tokens[state.global_step - 1]
        if state.global_step % self.eval_steps == 0 or state.global_step == state.max_steps:
            self._validate(state.global_step)

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
            TunesmithError: The loss is not a number.
        """
        if logs is None or "loss" not in logs:
            return
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise TunesmithError(
                f"training diverged: the loss at step {state.global_step} is {loss}",
                todo="lower learning_rate, or raise warmup, of this method",
            )
        self.measured.curve.append(
            {
                "step": state.global_step,
                "loss": loss,
                "learning_rate": float(logs["learning_rate"]),
                "seconds": round(self.measured.step_seconds, 3),
            }
        )
        self.emit({"step": state.global_step, "loss": loss})

    def save(self, checkpoint: Path) -> None:
        """Write the figures into a checkpoint whose other files are all there."""
        write_json(checkpoint / STATE_FILE, asdict(self.measured))

    def finish(self) -> None:
        """Count what came after the last step."""
        self.measured.other_seconds += self._lap()

    def _validate(self, step: int) -> None:
        if self.validate is not None:
            self.measured.validation.append({"step": step, "loss": self.validate()})

    def _lap(self) -> float:
        before, self._mark = self._mark, time.monotonic()
        return self._mark - before


def read_measured(checkpoint: Path) -> Measured:
    """The figures that a complete checkpoint holds."""
    return Measured(**read_json(checkpoint / STATE_FILE))
