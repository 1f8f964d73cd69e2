"""Figures and comparisons in slices, against the same worked out by hand, and by simulation."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.facets import Facet
from tunesmith.evaluate.scorecard import quality_figure
from tunesmith.evaluate.significance import holm
from tunesmith.evaluate.slices import against_rest, compare_slices, figures_of

CONFIG = EvaluateConfig(metrics=("exact_match",), resamples=2000)


def answers(right: list[int], *, group: bool = False) -> list[dict[str, object]]:
    return [
        {
            "id": f"r{n}", "reference": "yes", "prediction": "yes" if good else "no",
            "group": f"g{n // 2}" if group else None,
        }
        for n, good in enumerate(right)
    ]  # fmt: skip


def by_parity(count: int) -> Facet:
    return Facet("parity", "Parity", ("even", "odd"),
                 {f"r{n}": ("even", "odd")[n % 2] for n in range(count)})  # fmt: skip


def test_a_slice_has_the_figure_of_its_rows_alone() -> None:
    given = answers([n % 4 < 2 for n in range(40)])
    found = figures_of(by_parity(40), {"base": given}, "exact_match", CONFIG)
    assert [(one["value"], one["n"], one["groups"]) for one in found] == [
        ("even", 20, 20), ("odd", 20, 20)
    ]  # fmt: skip
    assert found[0]["methods"]["base"] == quality_figure("exact_match", given[::2], CONFIG)


def test_a_slice_is_held_against_the_rest_of_the_rows() -> None:
    given = answers([n % 2 or n % 8 == 0 for n in range(80)])
    found = against_rest(by_parity(80), given, "exact_match", CONFIG)
    assert found["even"]["difference"] == -found["odd"]["difference"] == pytest.approx(-0.75)
    assert found["even"]["clear"]
    twins = answers([n % 2 for n in range(80)], group=True)
    categories = replace(by_parity(80), name="category")
    (figure, _) = figures_of(categories, {"base": twins}, "exact_match", CONFIG)
    assert figure["against_rest"]["base"]["difference"] == -1
    small = against_rest(by_parity(12), answers([1] * 12), "exact_match", CONFIG)
    assert small == {}


def test_equal_slices_are_seldom_called_different_from_the_rest() -> None:
    """Eight categories without a difference: in at most 5% of cases is any called clear."""
    facet = Facet("c", "C", tuple("abcdefgh"), {f"r{n}": "abcdefgh"[n % 8] for n in range(160)})
    rng, alarms = np.random.default_rng(3), 0
    for _ in range(60):
        given = answers(list(rng.random(160) < 0.7))
        found = against_rest(facet, given, "exact_match", CONFIG)
        alarms += any(one["clear"] for one in found.values())
    assert alarms <= 8  # a true 5% gives 8 or fewer in 99 of 100 cases


def test_a_method_that_is_better_overall_can_be_clearly_worse_in_a_slice() -> None:
    base = answers([n % 2 for n in range(60)])  # right on odd rows alone
    tuned = answers([n % 2 == 0 or n % 20 == 1 for n in range(60)])
    even, odd = compare_slices(
        [by_parity(60)], {"base": base, "lora": tuned}, [("lora", "base")], "exact_match", CONFIG
    )
    assert (even["clear"], even["better"], even["worse"]) == (True, True, False)
    assert (odd["clear"], odd["better"], odd["worse"]) == (True, False, True)
    assert odd["difference"] == pytest.approx(3 / 30 - 1)
    # 27 of 30 pairs differ, all the same way: by hand 2 / 2^27, and 1 / 2001 is the least here
    assert odd["p_value"] == pytest.approx(1 / 2001)
    assert odd["p_holm"] == pytest.approx(2 / 2001)


def test_holm_goes_over_all_slices_and_pairs_that_could_be_clear() -> None:
    rng = np.random.default_rng(5)
    given = {name: answers(list(rng.integers(0, 2, 90))) for name in ("base", "few_shot", "lora")}
    small = Facet("size", "Size", ("large", "small"),
                  {f"r{n}": "small" if n < 5 else "large" for n in range(90)})  # fmt: skip
    found = compare_slices(
        [by_parity(90), small], given, [("few_shot", "base"), ("lora", "base")], "exact_match",
        CONFIG,
    )  # fmt: skip
    assert len(found) == 8
    tiny = [one for one in found if one["value"] == "small"]
    assert all(one["p_holm"] is None and one["low"] is None for one in tiny)
    assert all(one["smallest_effect"] is None and not one["clear"] for one in tiny)
    rest = [one for one in found if one["value"] != "small"]
    assert [one["p_holm"] for one in rest] == holm([one["p_value"] for one in rest])


def test_a_slice_that_could_never_be_clear_does_not_count() -> None:
    """Eleven groups: the least p-value is 2 / 2^11, which 60 tests would make 0.06."""
    names = [f"v{n}" for n in range(60)]
    given = answers([1] * 660)
    other = answers([0] * 660)
    facet = Facet("v", "V", tuple(names), {f"r{n}": names[n % 60] for n in range(660)})
    found = compare_slices(
        [facet],
        {"a": given, "b": other},
        [("b", "a")],
        "exact_match",
        EvaluateConfig(metrics=("exact_match",)),
    )
    assert all(one["p_value"] == pytest.approx(2 / 2**11) for one in found)
    assert not any(one["clear"] for one in found)
    assert all(one["p_holm"] is None for one in found)


def test_resamples_suffice_for_as_many_slices_as_there_are() -> None:
    """200 resamples make a p-value of at least 1/201: 20 tests would never be clear."""
    few = EvaluateConfig(metrics=("exact_match",), resamples=200)
    names = [f"v{n}" for n in range(20)]
    facet = Facet("v", "V", tuple(names), {f"r{n}": names[n % 20] for n in range(400)})
    found = compare_slices(
        [facet], {"a": answers([1] * 400), "b": answers([0] * 400)}, [("b", "a")], "exact_match",
        few,
    )  # fmt: skip
    assert all(one["clear"] for one in found)


def test_chance_alone_makes_no_slice_clear_more_often_than_it_may() -> None:
    """400 runs of two equal methods, 6 slices each: at most 5% have a clear one (here 7.2% = +2 sd)."""
    config = EvaluateConfig(metrics=("exact_match",), resamples=400)
    facet = Facet("v", "V", tuple("abcdef"), {f"r{n}": "abcdef"[n % 6] for n in range(120)})
    false = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        given = {name: answers(list(rng.random(120) < 0.5)) for name in ("a", "b")}
        found = compare_slices([facet], given, [("a", "b")], "exact_match", config)
        false += any(one["clear"] for one in found)
    assert false / 400 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 400)


def test_the_smallest_effect_shows_in_four_of_five_cases() -> None:
    """One slice of 150 rows; a is right on half, b on half less the smallest effect."""
    config = EvaluateConfig(metrics=("exact_match",), resamples=400)
    facet = Facet("v", "V", ("all",), {f"r{n}": "all" for n in range(150)})

    def compared(seed: int, drop: float) -> dict[str, object]:
        rng = np.random.default_rng(seed)
        given = {"a": answers(list(rng.random(150) < 0.6)),
                 "b": answers(list(rng.random(150) < 0.6 - drop))}  # fmt: skip
        return compare_slices([facet], given, [("b", "a")], "exact_match", config)[0]

    drop = float(np.mean([compared(seed, 0.15)["smallest_effect"] for seed in range(30)]))
    seen = Counter(compared(seed, drop)["clear"] for seed in range(100, 300))
    assert 0.7 <= seen[True] / 200 <= 0.9
