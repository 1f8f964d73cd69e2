from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tunesmith.evaluate.metrics import mean_figure, mean_rows
from tunesmith.evaluate.power import smallest_effect
from tunesmith.evaluate.significance import paired


def test_the_formula_by_scipy():
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert smallest_effect(0.01, alpha=0.05) == pytest.approx(0.01 * z)
    assert smallest_effect(0.01, alpha=0.05) == pytest.approx(0.028, abs=1e-4)
    assert smallest_effect(0.0, alpha=0.05) is None


def test_an_effect_of_this_size_is_seen_in_80_percent_of_cases():
    rng = np.random.default_rng(5)
    true = smallest_effect(0.2 / np.sqrt(60), alpha=0.05)
    seen = 0
    for seed in range(400):
        a, b = mean_rows(rng.normal(true, 0.2, 60)), mean_rows(np.zeros(60))
        seen += paired(a, b, mean_figure, resamples=400, seed=seed).p_value <= 0.05
    assert 0.73 <= seen / 400 <= 0.87
