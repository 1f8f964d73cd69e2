"""Intervals that hold the truth as often as they say, and p-values that do not cry wolf."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats

from tunesmith.evaluate.metrics import bleu_figure, mean_figure, mean_rows, perplexity_figure
from tunesmith.evaluate.significance import (
    apart,
    group_sums,
    holm,
    interval,
    paired,
    quantile_interval,
    resampled_sums,
    rows_for_upper,
    student_quantile,
)


def skewed(rng, g):
    return mean_rows(rng.beta(1.2, 3, g)), 1.2 / 4.2, mean_figure


def difference(rng, g):
    hard = rng.normal(0, 0.2, g)
    return mean_rows(0.05 + (rng.beta(2, 3, g) - 0.4) + hard - hard), 0.05, mean_figure


def perplexity(rng, g):
    tokens = rng.integers(10, 120, g)
    nll = tokens * rng.gamma(4, 0.5, g)
    return np.stack([nll, tokens], axis=1), np.exp(2.0), perplexity_figure


def threads(rng, g):
    """Threads of 1 to 5 rows whose rows are alike."""
    sizes = rng.choice([1, 1, 2, 5], g)
    of = np.repeat(np.arange(g), sizes)
    values = 0.4 + rng.normal(0, 0.2, g)[of] + rng.normal(0, 0.05, len(of))
    return group_sums(mean_rows(values), of.tolist()), 0.4, mean_figure


@pytest.mark.parametrize("draw", [skewed, difference, perplexity, threads])
def test_95_percent_intervals_hold_the_truth_in_93_to_97_percent(draw):
    rng = np.random.default_rng(7)
    repetitions, held, below = 2000, 0, 0
    for repetition in range(repetitions):
        sample, truth, figure = draw(rng, 60)
        found = interval(sample, figure, resamples=400, seed=repetition)
        held += found.low <= truth <= found.high
        below += truth < found.low
    assert 0.93 <= held / repetitions <= 0.97
    assert below >= 20  # the misses are not all on one side


@pytest.mark.parametrize(
    ("rows", "chance"), [(200, 0.02), (120, 0.03), (60, 0.05), (30, 0.1), (60, 0.5)]
)
def test_intervals_of_rare_shares_hold_the_truth_in_93_to_98_percent(rows, chance):
    """Exactly, over every count of hits: the bootstrap holds 2% of 200 in 89%."""
    held = 0.0
    for hits in range(rows + 1):
        sample = mean_rows(np.arange(rows) < hits)
        found = interval(sample, mean_figure, resamples=20, bounds=(0, 1))
        if found.low <= chance <= found.high:
            held += stats.binom.pmf(hits, rows, chance)
    assert 0.93 <= held <= 0.98


def test_a_share_of_independent_rows_has_wilsons_interval():
    for hits, rows in ((1, 12), (2, 200), (37, 60)):
        found = interval(mean_rows(np.arange(rows) < hits), mean_figure, bounds=(0, 1))
        expected = stats.binomtest(hits, rows).proportion_ci(method="wilson")
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    pairs = group_sums(mean_rows(np.arange(60) < 5), [str(n // 2) for n in range(60)])
    resampled = interval(pairs, mean_figure, resamples=500, bounds=(0, 1))
    assert resampled == interval(pairs, mean_figure, resamples=500)


def test_ignoring_threads_would_be_too_sure():
    """The cluster bootstrap is needed: as if rows were independent, coverage falls far short."""
    rng = np.random.default_rng(1)
    held = 0
    for repetition in range(200):
        values = 0.4 + np.repeat(rng.normal(0, 0.2, 30), 4)
        found = interval(mean_rows(values), mean_figure, resamples=300, seed=repetition)
        held += found.low <= 0.4 <= found.high
    assert held / 200 < 0.8


def test_no_difference_is_called_one_in_at_most_5_percent():
    rng = np.random.default_rng(3)
    repetitions, alarms, strict = 2500, 0, 0
    for repetition in range(repetitions):
        hard = rng.beta(1, 2, 40)
        a, b = (mean_rows(hard + rng.gamma(1, 0.2, 40)) for _ in range(2))
        found = paired(a, b, mean_figure, resamples=300, seed=repetition)
        alarms += found.p_value <= 0.05
        strict += found.p_value <= 0.05 and (found.low > 0 or found.high < 0)
    assert 0.04 <= alarms / repetitions <= 0.06
    assert strict <= alarms
    assert strict / repetitions <= 0.055


def test_a_difference_of_corpus_figures_without_cause_is_seldom_called():
    rng = np.random.default_rng(4)
    alarms = 0
    for repetition in range(200):
        tokens = rng.integers(10, 80, 40)
        a, b = (np.stack([tokens * rng.gamma(4, 0.5, 40), tokens], axis=1) for _ in range(2))
        found = paired(a, b, perplexity_figure, resamples=300, seed=repetition)
        alarms += found.p_value <= 0.05
    assert alarms / 200 <= 0.09


def test_the_p_value_is_scipys_permutation_test():
    rng = np.random.default_rng(5)
    a, b = rng.normal(0.3, 1, 11), rng.normal(0, 1, 11)
    exact = stats.permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    found = paired(mean_rows(a), mean_rows(b), mean_figure, resamples=4000)
    assert found.p_value == pytest.approx(exact.pvalue)  # 2^11 swaps are all counted
    sampled = paired(mean_rows(a), mean_rows(b), mean_figure, resamples=2000)
    assert sampled.p_value == pytest.approx(exact.pvalue, abs=0.04)


def test_the_interval_of_many_rows_is_scipys_percentile_interval():
    values = np.random.default_rng(6).gamma(1, 1, 400)
    found = interval(mean_rows(values), mean_figure, resamples=20_000)
    scipys = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile")
    assert found.low == pytest.approx(scipys.confidence_interval.low, abs=0.005)
    assert found.high == pytest.approx(scipys.confidence_interval.high, abs=0.005)
    assert found.standard_error == pytest.approx(scipys.standard_error, rel=0.02)


def test_the_interval_of_few_rows_is_as_wide_as_students():
    values = np.random.default_rng(6).normal(0, 1, 12)
    found = interval(mean_rows(values), mean_figure, resamples=50_000)
    expected = stats.t.interval(0.95, 11, loc=values.mean(), scale=stats.sem(values))
    assert found.high - found.low == pytest.approx(expected[1] - expected[0], rel=0.04)


def test_pairing_makes_a_small_steady_gain_clear():
    rng = np.random.default_rng(8)
    hard = rng.uniform(0, 1, 100)
    a, b = mean_rows(hard + 0.02 + rng.normal(0, 0.01, 100)), mean_rows(hard)
    found = paired(a, b, mean_figure, resamples=2000)
    assert 0.017 < found.low < found.difference < found.high < 0.025
    assert found.p_value == pytest.approx(1 / 2001)
    assert interval(a, mean_figure, resamples=2000).low < 0.5  # alone it is not


def test_the_sign_turns_with_the_order():
    rng = np.random.default_rng(9)
    a, b = mean_rows(rng.uniform(0, 1, 50)), mean_rows(rng.uniform(0, 1, 50))
    one, other = (paired(*pair, mean_figure, resamples=500) for pair in ((a, b), (b, a)))
    assert one.difference == -other.difference
    assert one.p_value == other.p_value


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    rows = mean_rows(np.random.default_rng(0).uniform(0, 1, 100))
    one, two, three = (interval(rows, mean_figure, resamples=500, seed=s) for s in (1, 1, 2))
    assert one == two
    assert one != three


def test_chunks_do_not_change_the_draw_of_many_groups(monkeypatch):
    rows = np.random.default_rng(0).uniform(0, 1, (90, 2))
    whole = resampled_sums(rows, 50, seed=1)
    monkeypatch.setattr("tunesmith.evaluate.significance._CELLS", 1000)
    np.testing.assert_allclose(resampled_sums(rows, 50, seed=1), whole, rtol=1e-12)


def test_equal_rows_leave_room_for_the_unseen():
    """No exact match in 60 rows is not "never": up to 1 - 0.025^(1/60) of rows may match."""
    nothing = mean_rows(np.zeros(60))
    found = interval(nothing, mean_figure, resamples=200, bounds=(0, 1))
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(stats.binomtest(0, 60).proportion_ci().high)
    assert interval(nothing, mean_figure, resamples=200) is None
    same = paired(nothing, nothing, mean_figure, resamples=200, bounds=(-1, 1))
    assert same.low == pytest.approx(-found.high)
    assert same.p_value == 1


def test_one_side_against_the_rest_is_scipys_permutation_test():
    rng = np.random.default_rng(11)
    a, b = rng.normal(0.6, 1, 15), rng.normal(0, 1, 40)
    difference, p_value = apart(mean_rows(a), mean_rows(b), mean_figure, resamples=20_000)
    theirs = stats.permutation_test(
        (a, b), lambda x, y: np.mean(x) - np.mean(y), n_resamples=20_000, rng=rng
    )
    assert difference == pytest.approx(a.mean() - b.mean())
    assert p_value == pytest.approx(theirs.pvalue, abs=0.01)


def test_one_group_has_no_interval():
    assert interval(mean_rows([0.4]), mean_figure, resamples=200) is None


def test_rows_of_one_group_are_summed_and_rows_without_one_stay_alone():
    sums = group_sums(np.array([[1.0], [2.0], [4.0], [8.0]]), ["t", None, "t", None])
    assert sums.tolist() == [[5.0], [2.0], [8.0]]


def test_student_quantiles_are_scipys():
    for degrees in (9, 20, 100):
        for p in (0.0025, 0.025, 0.5, 0.975):
            assert student_quantile(p, degrees) == pytest.approx(stats.t.ppf(p, degrees), rel=1e-3)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


@pytest.mark.parametrize(("q", "n"), [(0.5, 16), (0.5, 101), (0.95, 200)])
def test_latency_intervals_hold_the_quantile_as_often_as_asked_and_hardly_more(q, n):
    _, low, high = quantile_interval(range(n), q)  # the values are their own ranks
    below = stats.binom(n, q)  # how many values lie below the true quantile
    assert below.cdf(high) - below.cdf(low) >= 0.95
    assert below.cdf(low) <= 0.025 < below.cdf(low + 1)
    assert below.sf(high) <= 0.025 < below.sf(high - 1)


def test_an_upper_limit_of_p95_needs_72_rows():
    assert rows_for_upper(0.95) == 72
    assert quantile_interval(range(71), 0.95)[2] is None
    assert quantile_interval(range(72), 0.95)[2] == 71
    assert quantile_interval([0.5], 0.5) == (0.5, None, None)
    # the classic table for the median of 16: the 4th and the 13th value
    assert quantile_interval(range(1, 17), 0.5) == (8.5, 4, 13)


def test_500_rows_take_well_under_a_second():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 40, (500, 10)).astype(float)
    begin = time.process_time()
    interval(counts, bleu_figure)
    assert time.process_time() - begin < 1.0
