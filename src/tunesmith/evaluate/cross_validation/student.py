"""Student's t distribution for whole degrees of freedom, exactly."""

from __future__ import annotations

import math


def two_sided(t: float, degrees: int) -> float:
    """The chance of a value at least as far from 0 as `t` (Abramowitz and Stegun 26.7.3, 26.7.4).

    Args:
        t: Any number.
        degrees: Degrees of freedom, at least 1.
    """
    angle = math.atan(abs(t) / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term = total = cosine if odd else 1.0
    for k in range(2 + odd, degrees - 1, 2):
        term *= (k - 1) / k * cosine**2
        total += term
    if degrees == 1:
        total = 0.0
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return max(0.0, 1 - inside)


def half_width(confidence: float, degrees: int) -> float:
    """How far from 0 a value stays with the chance `confidence`."""
    low, high = 0.0, 1.0
    while two_sided(high, degrees) > 1 - confidence:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if two_sided(middle, degrees) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high
