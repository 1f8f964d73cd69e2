"""Agreement, against published values, scikit-learn and the definition written out."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.evaluate.human.agreement import alpha, coincidences, kappa, with_interval

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example C: four observers.
PUBLISHED = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""


def units_of(text: str) -> list[list[int]]:
    rows = [line.split() for line in text.strip().splitlines()]
    return [[int(cell) - 1 for cell in unit if cell != "."] for unit in zip(*rows, strict=True)]


def alpha_of(units: list[list[int]], categories: int, level: Any) -> float:
    return float(alpha(sum(coincidences(unit, categories) for unit in units), level))  # type: ignore[arg-type]


def by_definition(units: list[list[int]], level: str) -> float:
    """1 - observed / expected disagreement, pair by pair, with no table."""
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]

    def distance(a: int, b: int) -> float:
        if level == "nominal":
            return float(a != b)
        low, high = min(a, b), max(a, b)
        between = sum(low <= value <= high for value in values)
        return (between - (values.count(a) + values.count(b)) / 2) ** 2 if a != b else 0.0

    observed = sum(
        distance(a, b) / (len(unit) - 1)
        for unit in units
        for a, b in itertools.permutations(unit, 2)
    ) / len(values)
    expected = sum(distance(a, b) for a, b in itertools.permutations(values, 2))
    return 1 - observed / (expected / (len(values) * (len(values) - 1)))


def test_the_published_example() -> None:
    units = units_of(PUBLISHED)
    assert alpha_of(units, 5, "nominal") == pytest.approx(0.743, abs=0.0005)
    assert alpha_of(units, 5, "ordinal") == pytest.approx(0.815, abs=0.0005)


@given(st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=2, max_size=12))
def test_alpha_is_its_definition(units: list[list[int]]) -> None:
    used = {value for unit in units if len(unit) > 1 for value in unit}
    for level in ("nominal", "ordinal"):
        found = alpha_of(units, 4, level)
        if len(used) < 2:
            assert np.isnan(found)
        else:
            assert found == pytest.approx(by_definition(units, level), abs=1e-9)
            assert found <= 1


def test_perfect_agreement_is_one_and_chance_is_about_zero() -> None:
    assert alpha_of([[0, 0], [1, 1], [2, 2, 2]], 3, "nominal") == 1
    rng = np.random.default_rng(3)
    units = rng.integers(0, 3, size=(4000, 2)).tolist()
    assert alpha_of(units, 3, "ordinal") == pytest.approx(0, abs=0.05)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=40))
def test_kappa_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    table = np.zeros((5, 5))
    for first, second in pairs:
        table[first, second] += 1
    if len({value for pair in pairs for value in pair}) == 1:
        assert np.isnan(kappa(table, "nominal"))
        return
    first, second = zip(*pairs, strict=True)
    given: dict[str, Any] = {"labels": list(range(5))}
    assert float(kappa(table, "nominal")) == pytest.approx(
        metrics.cohen_kappa_score(first, second, **given)
    )
    assert float(kappa(table, "ordinal")) == pytest.approx(
        metrics.cohen_kappa_score(first, second, weights="quadratic", **given)
    )


def test_the_interval_holds_the_figure_and_narrows_with_more_units() -> None:
    rng = np.random.default_rng(1)

    def simulated(units: int) -> tuple[float, Any]:
        truth = rng.integers(0, 3, size=units)
        said = np.where(
            rng.random((units, 2)) < 0.8, truth[:, None], rng.integers(0, 3, (units, 2))
        )
        tables = [coincidences(row.tolist(), 3) for row in said]
        value, found = with_interval(
            tables, [None] * units, "nominal", kind="alpha", confidence=0.95, resamples=1000, seed=1
        )
        assert value is not None
        return value, found

    (few, wide), (many, narrow) = simulated(20), simulated(500)
    assert wide.low < few < wide.high
    assert narrow.low < many < narrow.high
    assert narrow.high - narrow.low < (wide.high - wide.low) / 3


def test_no_units_and_one_category_have_no_figure() -> None:
    given: dict[str, Any] = {"kind": "alpha", "confidence": 0.95, "resamples": 200, "seed": 1}
    assert with_interval([], [], "nominal", **given) == (None, None)
    same = [coincidences([1, 1], 3)] * 4
    assert with_interval(same, [None] * 4, "nominal", **given) == (None, None)


def test_real_raters(shared_data: Path) -> None:
    """How many errors three professionals marked in the same translations (WMT 2023, MQM)."""
    marked: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    with (shared_data / "rater-agreement" / "mqm_ende_3raters.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            seen = marked[row["system"], row["globalSegId"]]
            seen[row["rater"]] += row["severity"] in {"Minor", "Major"}
    units = [[min(count, 4) for count in of.values()] for of in list(marked.values())[:40]]
    assert {len(unit) for unit in units} <= {2, 3}
    for level in ("nominal", "ordinal"):
        assert alpha_of(units, 5, level) == pytest.approx(by_definition(units, level))
    assert 0.1 < alpha_of(units, 5, "ordinal") < 0.8
