"""The smallest difference that so many rows can be expected to show."""

from __future__ import annotations

from statistics import NormalDist

POWER = 0.8
"""How likely the difference shall show."""


def smallest_effect(standard_error: float, *, alpha: float, power: float = POWER) -> float | None:
    """The minimum detectable effect, (z of 1 - alpha / 2 + z of power) × standard error.

    A true difference of this size is called by a two-sided test at level alpha with the
    probability `power` (Bloom 1995, "Minimum detectable effects"; normal approximation).

    Args:
        standard_error: Of the measured difference, in the figure's unit.
        alpha: Level of the test, divided by the number of comparisons where there are several.
        power: Between 0 and 1.

    Returns:
        In the figure's unit; None where rows that are all alike tell no standard error.
    """
    if not standard_error > 0:
        return None
    normal = NormalDist()
    return (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)) * standard_error
