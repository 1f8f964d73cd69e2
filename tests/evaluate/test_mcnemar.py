"""McNemar's exact test against scipy's binomial test, and against the permutation test."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tunesmith.evaluate.mcnemar import mcnemar
from tunesmith.evaluate.metrics import mean_figure, mean_rows
from tunesmith.evaluate.significance import paired


@given(st.integers(0, 300), st.integers(0, 300))
def test_it_is_scipys_binomial_test(only_a, only_b):
    expected = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(only_a, only_b) == mcnemar(only_b, only_a)


def test_it_is_the_permutation_test_with_every_swap_counted():
    rng = np.random.default_rng(2)
    for _ in range(20):
        a, b = rng.integers(0, 2, (2, 10)).astype(float)
        found = paired(mean_rows(a), mean_rows(b), mean_figure, resamples=1024)
        expected = mcnemar(int(((a - b) > 0).sum()), int(((a - b) < 0).sum()))
        assert found.p_value == pytest.approx(expected, rel=1e-12)


def test_by_hand():
    # 1 against 9: 2 (1 + 10) / 2^10
    assert mcnemar(1, 9) == pytest.approx(22 / 1024)


def test_ten_thousand_discordant_rows_take_no_time() -> None:
    start = time.perf_counter()
    assert mcnemar(5000, 5000) == 1.0
    assert mcnemar(4900, 5100) == pytest.approx(stats.binomtest(4900, 10_000).pvalue, rel=1e-6)
    assert time.perf_counter() - start < 1
