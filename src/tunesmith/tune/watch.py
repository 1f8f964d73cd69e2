"""When a training should stop: nothing more is gained, or its numbers are broken.

Everything is worked out from the curves measured so far, so a resumed run decides as one that was
not interrupted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from tunesmith.errors import DivergedError

Point = dict[str, float]
"""A point of a curve: `step`, `loss` (nats a token), and what else was measured there."""

DIVERGED_STEPS = 10
"""Steps in a row with a loss far above the start, after which a run has diverged."""


def lowest(validation: Sequence[Point]) -> Point | None:
    """The first of the lowest validations after training began; None where there is none yet.

    The untrained model's does not count: a method is judged by what it has learned, and the base
    model is measured as a method of its own.
    """
    trained = [point for point in validation if point["step"] > 0]
    return min(trained, key=lambda point: point["loss"], default=None)


def out_of_patience(validation: Sequence[Point], *, patience: int, least: float) -> bool:
    """Whether the last `patience` validations were none of them better by `least` nats.

    Better than the last one that counted as better (Prechelt 1998, "Early Stopping - But When?"),
    so that many small gains add up to one.
    """
    best, since = math.inf, 0
    for point in validation:
        if point["step"] == 0:
            continue
        if point["loss"] < best - least:
            best, since = point["loss"], 0
        else:
            since += 1
    return since >= patience


def far_above(start: float) -> float:
    """The loss that counts as far above a start: twice it, and at least one nat more."""
    return start + max(1.0, start)


@dataclass(frozen=True)
class Watch:
    """What a training is watched for."""

    learning_rate: float
    """The peak learning rate, which advice starts from."""
    patience: int | None = None
    """Validations without improvement after which to stop; None: never."""
    min_improvement: float = 0.0
    """The smallest fall of the validation loss that counts, in nats."""

    def enough(self, validation: Sequence[Point]) -> bool:
        """Whether validation has not become better for long enough."""
        return self.patience is not None and out_of_patience(
            validation, patience=self.patience, least=self.min_improvement
        )

    def check_step(self, curve: Sequence[Point], validation: Sequence[Point]) -> None:
        """Look at the newest step.

        A run has diverged when the loss was, for ten steps in a row, more than twice its start and
        more than one nat above it (`far_above`). The start is the loss before anything was
        learned: that of the first step or of the first validation, whichever is higher.

        Args:
            curve: All steps so far; `gradient` is the length of the gradient before clipping.
            validation: All validations so far.

        Raises:
            DivergedError: The loss or the gradient is not a number, or the run has diverged.
        """
        newest = curve[-1]
        step = newest["step"]
        for name, what in (("loss", "the loss"), ("gradient", "the length of the gradient")):
            value = newest.get(name)
            if name == "loss" and step == 1 and not math.isfinite(value or 0):
                _refuse_model(value)  # nothing has been learned yet
            if value is not None and not math.isfinite(value):
                self._stop(f"{what} at step {step:.0f} is {value}", curve, validation)
        bound = far_above(_start(curve, validation))
        last = curve[-DIVERGED_STEPS:]
        if len(last) == DIVERGED_STEPS and all(point["loss"] > bound for point in last):
            self._stop(
                f"the loss has been above {bound:.2f} for {DIVERGED_STEPS} steps, at step "
                f"{step:.0f} it is {newest['loss']:.2f}; it began at {curve[0]['loss']:.2f}",
                curve,
                validation,
            )

    def check_validation(self, curve: Sequence[Point], point: Point) -> None:
        """Look at a validation.

        Raises:
            DivergedError: Its loss is not a number.
        """
        if point["step"] == 0 and not math.isfinite(point["loss"]):
            _refuse_model(point["loss"])
        if not math.isfinite(point["loss"]):
            what = f"the validation loss at step {point['step']:.0f} is {point['loss']}"
            self._stop(what, curve, [point])

    def _stop(self, what: str, curve: Sequence[Point], validation: Sequence[Point]) -> None:
        rate = lower_rate(self.learning_rate, curve, validation)
        raise DivergedError(
            f"training diverged: {what}",
            todo=f"set learning_rate: {rate:g} for this method (it was {self.learning_rate:g}), or "
            "learning_rate: auto, which looks for one",
        )


def _refuse_model(loss: float | None) -> NoReturn:
    raise DivergedError(
        f"the loss of the model is {loss} before it has learned anything",
        todo="try precision: float32; if it stays so, the weights of the model are broken",
    )


def lower_rate(rate: float, curve: Sequence[Point], validation: Sequence[Point]) -> float:
    """A learning rate to try after one that diverged, of one significant digit.

    A tenth of it; less where the loss left its start earlier in the warm-up: half of the rate at
    the last step whose loss was not above the start. Never below a thousandth.
    """
    start = _start(curve, validation)
    held = rate
    for point in curve:
        if not point["loss"] <= far_above(start):  # NaN too
            break
        held = point.get("learning_rate") or held
    return float(f"{max(rate / 1000, min(rate / 10, held / 2)):.0e}")


def _start(curve: Sequence[Point], validation: Sequence[Point]) -> float:
    """The loss before anything was learned; infinite where none was measured."""
    known = [curve[0]["loss"]] if curve else []
    known += [point["loss"] for point in validation[:1] if point["step"] == 0]
    return max((loss for loss in known if math.isfinite(loss)), default=math.inf)
