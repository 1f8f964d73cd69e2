"""A small part of the simulation that docs/metrics.md reports."""

from __future__ import annotations

import pytest

from benchmarks.coverage import DRAWS, coverage, false_better


@pytest.mark.parametrize("name", ["share of 15%", "macro F1, 4 labels", "paired difference of shares"])  # fmt: skip
def test_95_percent_intervals_hold_the_truth(name):
    """400 draws: a true 95% gives 92% or more in 99 of 100 cases."""
    assert 0.92 <= coverage(name, 120, 400) <= 0.985


@pytest.mark.parametrize(("name", "rows"), [("share of 2%", 200), ("share of 3%", 120)])
def test_95_percent_intervals_hold_rare_shares(name, rows):
    assert 0.92 <= coverage(name, rows, 1000) <= 0.985


def test_an_interval_that_is_too_narrow_would_be_found(monkeypatch):
    monkeypatch.setattr("benchmarks.coverage._limits", halved)
    assert coverage("share of 50%", 120, 200) < 0.85


def halved(drawn, seed):
    from tunesmith.evaluate.significance import interval

    found = interval(drawn.stats, drawn.figure, resamples=200, seed=seed)
    return tuple(found.value + (limit - found.value) / 2 for limit in (found.low, found.high))


def test_better_is_seldom_said_where_nothing_is():
    """60 draws: a true 5% gives 8 alarms or fewer in 99 of 100 cases."""
    for share in false_better(40, 60).values():
        assert share <= 8 / 60


def test_every_kind_of_figure_is_drawn():
    assert len(DRAWS) == 12
