"""The learning-rate finder: `learning_rate: auto`.

A training of some tens of steps from a fresh start, whose learning rate rises evenly on a
logarithmic scale from far too low to far too high (the range test of Smith 2015, "Cyclical Learning
Rates for Training Neural Networks", arXiv:1506.01186, 3.3).
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunesmith.errors import DivergedError, TunesmithError
from tunesmith.tune.methods import AnyTrained, trained_method
from tunesmith.tune.watch import far_above
from tunesmith.worker import Event, run_job

STEPS = 60
"""Steps of a range test: 15 for each power of ten."""
_SPAN = 100.0
"""How far below and above the preset's learning rate it looks."""
_SMOOTHING = 0.8
_SHARE = 0.1


@dataclass
class RangeTest:
    """What a range test measured."""

    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    """The training loss of each step, nats a token."""

    def over(self) -> bool:
        """Whether the loss has risen so far that higher rates have nothing more to tell."""
        if not self.losses or not math.isfinite(self.losses[-1]):
            return bool(self.losses)
        line = smoothed(self.losses)
        return line[-1] > far_above(min(line))


def smoothed(losses: Sequence[float], weight: float = _SMOOTHING) -> list[float]:
    """An exponential moving average whose start is not drawn to zero (Kingma and Ba 2014, 3)."""
    out, mean = [], 0.0
    for number, loss in enumerate(losses, 1):
        mean = weight * mean + (1 - weight) * loss
        out.append(mean / (1 - weight**number))
    return out


def suggestion(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """The learning rate to train with: a tenth of the one at which the smoothed loss is lowest.

    Where the loss is lowest the rate has begun to be too high: the gain of a step and its harm
    cancel out. A tenth of it, as is usual (Howard and Gugger 2020, "Deep Learning for Coders", 5),
    is still well within the fall. Smoothing lags behind, which moves the lowest point a few steps
    towards higher rates.

    Args:
        rates: The rate of each step, ascending.
        losses: Its loss; from the first that is not a number on, none is read.

    Returns:
        A rate of two significant digits; None where the loss never fell, by more than the error
        of its mean over the first third, below that mean.
    """
    finite = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), len(losses))
    if finite < 3:
        return None
    line = smoothed(losses[:finite])
    low = min(range(finite), key=line.__getitem__)
    # the first third is below any rate that learns in so few steps: its losses differ by chance
    first = losses[: max(2, finite // 3)]
    start = sum(first) / len(first)
    spread = math.sqrt(sum((loss - start) ** 2 for loss in first) / len(first))
    if low < len(first) or start - line[low] <= spread / math.sqrt(len(first)):
        return None
    return float(f"{rates[low] * _SHARE:.1e}")


def preset_rate(method: AnyTrained) -> float:
    """The learning rate of the method's preset, which the finder looks around."""
    rate: float = type(method).presets[method.preset].get("learning_rate", 1e-3)
    return rate


def range_test(
    method: AnyTrained, request: dict[str, Any], *, work: Path, on_step: Any = None
) -> RangeTest:
    """Train once with a rising learning rate, until the loss has risen far above its lowest.

    Args:
        method: The method; its own learning rate and length are not used.
        request: What a training job is asked, but for `method` and `work`.
        work: An empty folder.
        on_step: Called after every step.
    """
    middle = preset_rate(method)
    low, high = middle / _SPAN, min(middle * _SPAN, 99.0)
    config = trained_method.validate_python(
        {
            **method.model_dump(mode="json"),
            "learning_rate": high,
            "max_steps": STEPS,
            "epochs": None,
            "warmup": 0,
            "validation_rows": 0,
            "sample_rows": 0,
            "save_steps": STEPS + 1,
            "keep": "last",
            "search": None,
        }
    )
    test = RangeTest()

    def watch(event: Event) -> None:
        if "step" not in event:
            return
        test.rates.append(event["learning_rate"])
        test.losses.append(event["loss"])
        if on_step is not None:
            on_step()
        if test.over() or len(test.losses) == STEPS:  # there is nothing to be saved
            raise _EnoughError

    job = {
        **request,
        "method": config.model_dump(mode="json"),
        "validation": [],
        "sweep_from": low,
        "work": str(work),
    }
    with contextlib.suppress(_EnoughError, DivergedError):  # that is what the test goes on to
        run_job("tunesmith.tune.launch.job", job, log=work / "train.log", on_event=watch)
    return test


def none_found(test: RangeTest, name: str) -> TunesmithError:
    """The error that no rate between the test's ends makes the loss fall."""
    ends = f"{test.rates[0]:.0e} and {test.rates[-1]:.0e}" if test.rates else "its ends"
    return TunesmithError(
        f"{name}: no learning rate between {ends} made the loss fall in {len(test.losses)} steps",
        todo="set learning_rate yourself, or raise batch_size: the loss of single steps may differ "
        "too much",
    )


class _EnoughError(Exception):
    """Ends a range test that has seen enough."""
