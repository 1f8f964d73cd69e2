"""Student's t against scipy's."""

from __future__ import annotations

import pytest

from tunesmith.evaluate.cross_validation.student import half_width, two_sided

stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 9, 10, 49])
def test_tails_and_quantiles_are_scipys(degrees: int) -> None:
    for t in (0.0, 0.3, 1.0, -2.5, 12.0):
        assert two_sided(t, degrees) == pytest.approx(
            2 * stats.t.sf(abs(t), degrees), rel=1e-9, abs=1e-12
        )
    for confidence in (0.5, 0.95, 0.999):
        assert half_width(confidence, degrees) == pytest.approx(
            stats.t.ppf((1 + confidence) / 2, degrees), rel=1e-6
        )
