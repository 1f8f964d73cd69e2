"""Means, differences and evenness against SciPy, the bootstrap and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.assess.dataset import estimate
from tunesmith.assess.dataset.estimate import counted, difference, evenness, mean, within

WORDS = {"unit": "words", "label": "l", "meaning": "m"}
SHARE = {"unit": "share", "label": "l", "meaning": "m"}
stats = pytest.importorskip("scipy.stats")


def own(n):
    return np.arange(n)


def test_beyond_the_bootstrap_the_interval_is_nearly_the_bootstraps(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 400, 2000)
    values = rng.gamma(2, 10, 2000) + rng.normal(0, 5, 400)[codes]
    boot = mean(values, codes, **WORDS)
    monkeypatch.setattr(estimate, "BOOTSTRAP", 10)
    line = mean(values, codes, **WORDS)
    assert line["value"] == boot["value"] == pytest.approx(values.mean())
    assert line["groups"] == boot["groups"] == len(np.unique(codes))
    width = boot["high"] - boot["low"]
    assert line["high"] - line["low"] == pytest.approx(width, rel=0.06)
    assert line["low"] == pytest.approx(boot["low"], abs=0.06 * width)


def test_rows_of_one_thread_widen_the_interval() -> None:
    rng = np.random.default_rng(1)
    thread = rng.normal(0, 1, 600)
    values = np.repeat(thread, 10)
    apart = mean(values, own(6000), **WORDS)
    together = mean(values, np.repeat(own(600), 10), **WORDS)
    ratio = (together["high"] - together["low"]) / (apart["high"] - apart["low"])
    assert ratio == pytest.approx(np.sqrt(10), rel=0.02)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        codes = np.repeat(own(600), rng.integers(1, 5, 600))
        values = rng.exponential(1, len(codes)) + rng.normal(0, 1, 600)[codes]
        found = mean(values, codes, **WORDS)
        held += found["low"] <= 1 <= found["high"]
    assert 0.93 <= held / 400 <= 0.97


def test_few_groups_unscored_rows_and_rows_that_are_alike() -> None:
    few = mean(np.ones(20), np.zeros(20, dtype=np.int64), **WORDS)
    assert (few["low"], few["groups"]) == (None, 1)
    assert "10 are needed" in few["note"]
    none = mean(np.full(3, np.nan), own(3), **WORDS)
    assert (none["value"], none["unscored"], none["n"]) == (None, 3, 0)
    some = mean(np.array([1.0, np.nan, 3.0]), own(3), **WORDS)
    assert (some["value"], some["n"], some["unscored"]) == (2.0, 2, 1)
    # The upper Clopper-Pearson limit of no failure in g, by SciPy
    for groups in (100, 3000):
        alike = mean(np.ones(groups), own(groups), **SHARE)
        limit = stats.beta.ppf(0.975, 1, groups)
        assert alike["high"] == 1
        assert alike["low"] == pytest.approx(1 - limit, rel=1e-6)
    assert counted(None, 0, **SHARE)["note"] == "There is nothing to count."


def test_a_difference_of_independent_rows_is_welchs() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(1, 2, 700), rng.normal(0.7, 1, 300)
    values, side = np.concatenate([one, other]), np.arange(1000) < 700
    found = difference(values, side, own(1000))
    welch = stats.ttest_ind(one, other, equal_var=False)
    interval = welch.confidence_interval(0.95)
    assert found.value == pytest.approx(one.mean() - other.mean())
    assert found.p_value == pytest.approx(welch.pvalue, rel=0.25)
    assert (found.low, found.high) == (
        pytest.approx(interval.low, abs=0.01), pytest.approx(interval.high, abs=0.01),
    )  # fmt: skip
    assert (found.n, found.groups) == ((700, 300), (700, 300))
    assert difference(values, np.zeros(1000, dtype=bool), own(1000)) is None


def test_no_difference_is_called_one_in_about_one_of_twenty() -> None:
    rng = np.random.default_rng(4)
    wrong = 0
    for _ in range(1000):
        codes = np.repeat(own(150), 3)
        values = rng.normal(0, 1, 450) + rng.normal(0, 1, 150)[codes]
        side = (rng.random(150) < 0.4)[codes]
        wrong += difference(values, side, codes).p_value <= 0.05
    assert 0.03 <= wrong / 1000 <= 0.075


def test_a_thread_on_both_sides_makes_the_difference_surer() -> None:
    rng = np.random.default_rng(5)
    thread = np.repeat(rng.normal(0, 3, 200), 2)
    values, side = thread + rng.normal(0, 0.1, 400), np.tile([True, False], 200)
    paired = difference(values, side, np.repeat(own(200), 2))
    apart = difference(values, side, own(400))
    assert paired.high - paired.low < 0.1 * (apart.high - apart.low)


def test_evenness_is_scipys_entropy_over_its_largest_value() -> None:
    codes = np.array([0] * 50 + [1] * 30 + [2] * 15 + [3] * 5 + [-1] * 7)
    each, labels = evenness(codes)
    counts = [50, 30, 15, 5]
    assert labels == 4
    assert np.nanmean(each) == pytest.approx(stats.entropy(counts) / np.log(4))
    assert np.isnan(each).sum() == 7
    assert np.isnan(evenness(np.zeros(5, dtype=np.int64))[0]).all()


@given(st.lists(st.integers(0, 5), min_size=2, max_size=60))
def test_evenness_is_at_most_one_and_one_where_all_are_even(codes) -> None:
    each, labels = evenness(np.array(codes))
    if labels < 2:
        assert np.isnan(each).all()
        return
    value = np.nanmean(each)
    assert 0 < value <= 1 + 1e-9
    counts = np.bincount(codes)
    even = len(set(counts[counts > 0].tolist())) == 1
    assert (value > 1 - 1e-9) == even


def test_what_differs_between_strata_does_not_differ_within() -> None:
    strata = np.array([0, 0, 1, 1])
    assert within(np.array([1.0, 3.0, 10.0, 14.0]), strata).tolist() == [-1, 1, -2, 2]
