"""How many more test rows would settle what is open."""

from __future__ import annotations

import math
from statistics import NormalDist

from tunesmith.evaluate.power import POWER

MANY_ROWS = 100_000
"""More rows than this are not worth asking for."""


def rows_to_tell(
    gain: float,
    error: float,
    *,
    n: int,
    groups: int,
    min_gain: float,
    min_rows: int,
    alpha: float,
) -> int | None:
    """How many more test rows would tell a gain from 0 or from `min_gain`, in 4 of 5 cases.

    From the standard error s of the difference over g groups: a true gain d shows at level alpha
    with probability 0.8 if there are g (z s / d)^2 groups, z the sum of both normal quantiles.
    The gain is told from 0 or from `min_gain`, whichever is further.

    Args:
        gain: Of the method with more effort, as measured.
        error: Its standard error.
        n: Rows compared.
        groups: Independent ones among them.
        min_gain: The smallest gain that counts.
        min_rows: Groups needed for any verdict.
        alpha: Level of the test, divided by the number of pairs.

    Returns:
        Rows to add, rounded up to two digits; None if there is no sensible number.
    """
    target = max(gain, min_gain - gain)
    normal = NormalDist()
    if target <= 0:
        return None
    if error > 0:
        z = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(POWER)
        needed = groups * (z * error / target) ** 2
    elif gain == 0 and 0 < min_gain < 1:
        # All rows alike: how many until even the share that may differ is too small to matter
        needed = math.log(alpha / 2) / math.log(1 - min_gain)
    else:
        needed = 0.0
    more = (max(needed, min_rows, groups + 1) - groups) * n / groups
    return None if more > MANY_ROWS else about(more)


def about(rows: float) -> int:
    """A number of rows rounded up to two digits.

    >>> about(7.2), about(312.4), about(2001)
    (8, 320, 2100)
    """
    whole = math.ceil(rows)
    step = int(10 ** max(0, len(str(whole)) - 2))
    return math.ceil(whole / step) * step
