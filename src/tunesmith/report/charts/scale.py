"""Scales: from a value to a share of the axis, linear or logarithmic, with round ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tunesmith.report.charts.parts import ticks


@dataclass(frozen=True)
class Scale:
    """An axis from its first tick to its last."""

    axis: tuple[float, ...]
    log: bool = False

    def at(self, value: float) -> float:
        """Where `value` stands, 0 at the start and 1 at the end; held inside the axis."""
        low, high = self._place(self.axis[0]), self._place(self.axis[-1])
        share = (self._place(value) - low) / (high - low)
        return min(max(share, 0.0), 1.0)

    def _place(self, value: float) -> float:
        if not self.log:
            return value
        return math.log10(max(value, self.axis[0] / 10))


def linear(values: Iterable[float], *, zero: bool = False) -> Scale:
    """A linear scale over `values`, from zero where that is asked for or no value is below it."""
    known = list(values)
    low, high = min(known, default=0.0), max(known, default=1.0)
    if zero or low >= 0:
        low, high = min(low, 0.0), max(high, 0.0)
    return Scale(tuple(ticks(low, high)))


def logarithmic(values: Iterable[float]) -> Scale:
    """A logarithmic scale over the positive ones of `values`; linear where there is none."""
    known = [value for value in values if value > 0]
    if not known:
        return linear([0.0, 1.0])
    return Scale(log_ticks(min(known), max(known)), log=True)


def log_ticks(low: float, high: float, most: int = 6) -> tuple[float, ...]:
    """Round numbers (1, 2 or 5 times a power of ten, or powers alone) that span low to high."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    last = max(last, first + 1)
    if last - first <= 2:
        steps = [factor * 10.0**power for power in range(first, last) for factor in (1, 2, 5)]
        steps.append(10.0**last)
        return _around(steps, low, high)
    every = math.ceil((last - first) / (most - 1))
    powers = [10.0**power for power in range(first, last + every, every)]
    return tuple(powers)


def _around(steps: Sequence[float], low: float, high: float) -> tuple[float, ...]:
    """The steps from the last at or below `low` to the first at or above `high`."""
    start = max((i for i, step in enumerate(steps) if step <= low * (1 + 1e-9)), default=0)
    ends = (i for i, step in enumerate(steps) if step >= high * (1 - 1e-9))
    end = min(ends, default=len(steps) - 1)
    return tuple(float(f"{step:.12g}") for step in steps[start : max(end, start + 1) + 1])
