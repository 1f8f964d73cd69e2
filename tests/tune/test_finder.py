"""The learning-rate finder: its rule on made curves, and whole on the tiny model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.tune.finder import RangeTest, smoothed, suggestion

RATES = list(np.geomspace(1e-5, 1e-1, 60))


def curve(best: float, *, start: float = 2.0, noise: float = 0.1, seed: int = 0) -> list[float]:
    """Falls over the decade below `best`, and rises steeply beyond it."""
    random = np.random.default_rng(seed)
    where = [math.log10(rate / best) for rate in RATES]
    shape = [start - max(0.0, 1 + min(x, 0)) + 6 * max(0.0, x) ** 2 for x in where]
    return [loss + float(random.normal(0, noise)) for loss in shape]


def test_the_average_is_not_drawn_to_zero() -> None:
    assert smoothed([3.0, 3.0, 3.0]) == pytest.approx([3.0] * 3)
    plain, weight = [4.0, 1.0, 2.0], 0.5
    weighted = [4.0, (4 * 0.25 + 1 * 0.5) / 0.75, (4 * 0.125 + 1 * 0.25 + 2 * 0.5) / 0.875]
    assert smoothed(plain, weight) == pytest.approx(weighted)


@given(seed=st.integers(0, 10_000), best=st.sampled_from([1e-3, 3e-3, 1e-2]))
def test_it_suggests_a_tenth_of_the_rate_with_the_lowest_loss(seed: int, best: float) -> None:
    rate = suggestion(RATES, curve(best, seed=seed))
    assert rate is not None
    assert best / 25 < rate < best / 3


def test_a_loss_that_never_falls_has_no_rate() -> None:
    random = np.random.default_rng(3)
    flat = [2.0 + float(random.normal(0, 0.2)) for _ in RATES]
    rising = [2.0 + 0.1 * step for step in range(60)]
    assert suggestion(RATES, rising) is None
    assert suggestion(RATES, [2.0, math.nan, 1.0]) is None
    assert suggestion(RATES[:2], [2.0, 1.0]) is None
    found = suggestion(RATES, flat)
    assert found is None or found > 0


def test_what_comes_after_a_number_that_is_none_is_not_read() -> None:
    losses = curve(1e-2, noise=0.0)
    cut = next(i for i, rate in enumerate(RATES) if rate > 2e-2)
    broken = [*losses[:cut], math.inf, *[0.0] * (59 - cut)]
    assert suggestion(RATES, broken) == suggestion(RATES[:cut], losses[:cut])


def test_it_stops_when_the_loss_has_risen_far() -> None:
    test = RangeTest()
    ends = []
    for rate, loss in zip(RATES, curve(1e-3, noise=0.0), strict=True):
        test.rates.append(rate)
        test.losses.append(loss)
        ends.append(test.over())
    assert RATES[ends.index(True)] > 3e-3
    assert RangeTest([1.0], [math.nan]).over()
    assert not RangeTest().over()


def test_the_rate_rises_evenly_from_end_to_end(train: Any, tmp_path: Path) -> None:
    """The schedule of the job, against NumPy's."""
    from tunesmith.tune import LoraConfig

    config = LoraConfig(
        max_steps=9, learning_rate=0.1, precision="float32", validation_rows=0, keep="last"
    )
    result = train(config, tmp_path, sweep_from=1e-5)
    rates = [point["learning_rate"] for point in result["curve"]]
    assert rates == pytest.approx(np.geomspace(1e-5, 0.1, 9))
