from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.collect.tables.findings import outlier_limits
from tunesmith.collect.tables.quantiles import of_rank, quantiles
from tunesmith.collect.tables.rules import Outliers

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)


def column(values: list[float], pieces: int = 3):
    def walk() -> Iterator[np.ndarray]:
        yield from np.array_split(np.array(values, float), pieces)

    return walk


@given(st.lists(NUMBERS, min_size=1, max_size=60), st.integers(1, 5))
def test_every_rank_is_that_of_the_sorted_column(values, pieces) -> None:
    found = of_rank(column(values, pieces), range(len(values)))
    assert found == sorted(values)


@given(
    st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=60),
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
def test_quantiles_are_those_of_numpy(values, shares) -> None:
    expected = np.quantile(values, shares)
    np.testing.assert_allclose(quantiles(column(values), shares), expected, rtol=1e-12, atol=1e-9)


def test_a_column_without_values_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="no value"):
        quantiles(column([]), [0.5])


@pytest.mark.parametrize("method", ["iqr", "zscore", "mad"])
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=80))
def test_limits_of_outliers_are_those_of_numpy(method, values) -> None:
    x = np.array(values)
    if method == "iqr":
        q1, q3 = np.quantile(x, [0.25, 0.75])
        expected = (q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1))
    elif method == "zscore":
        expected = (x.mean() - 3 * x.std(), x.mean() + 3 * x.std())
    else:
        middle = np.median(x)
        spread = np.median(abs(x - middle)) / 0.6745 or 1.253314 * abs(x - middle).mean()
        expected = (middle - 3.5 * spread, middle + 3.5 * spread)
    found = outlier_limits(Outliers(method=method), column(values))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)
