"""A figure with its interval, and the note where the interval is rough."""

from __future__ import annotations

import numpy as np

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.estimate import estimate
from tunesmith.evaluate.metrics import mean_figure, mean_rows
from tunesmith.evaluate.metrics.base import rare

CONFIG = EvaluateConfig(resamples=500)


def of(hits: int, groups: list[str | None]) -> dict[str, object]:
    rows = mean_rows(np.arange(len(groups)) < hits)
    given = [{"group": group} for group in groups]
    return estimate(rows, mean_figure, "share", given, CONFIG, caution=rare)


def test_few_hits_among_rows_that_go_together_are_noted() -> None:
    threads = [f"t{n // 3}" for n in range(90)]
    assert "rows of one thread go together" in str(of(2, threads)["note"])
    assert "note" not in of(40, threads)


def test_few_hits_among_independent_rows_have_an_interval_that_needs_no_note() -> None:
    found = of(2, [None] * 90)
    assert "note" not in found
    assert found["low"] > 0.005  # type: ignore[operator]
    assert "note" in of(0, [None] * 90)
