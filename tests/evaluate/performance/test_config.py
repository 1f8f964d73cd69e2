from __future__ import annotations

import pytest
from pydantic import ValidationError

from tunesmith.evaluate.performance.config import PerformanceConfig


def test_concurrencies_are_sorted_and_once() -> None:
    assert PerformanceConfig(concurrency=(8, 1, 8, 2)).concurrency == (1, 2, 8)


@pytest.mark.parametrize(("given", "words"), [((2, 4), "needs 1"), ((0, 1), "1 or more")])
def test_wrong_concurrencies_are_refused(given: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        PerformanceConfig(concurrency=given)
