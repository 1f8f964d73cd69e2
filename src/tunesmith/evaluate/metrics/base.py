"""What a quality figure is: sums over rows, so that rows can be resampled.

Every metric is two functions. `rows` gives each prediction a row of *sufficient statistics*, shape
(n, k); `figure` turns summed statistics, shape (..., k), into the figure, shape (...). A mean is
(value, 1), perplexity is (sum of nll, tokens), corpus BLEU and chrF are n-gram counts, macro-F1 is
three counts for each label. One matrix product then gives the figure of every bootstrap resample
(see `significance`).

A row that could not be scored (no answer was made, or the reference holds nothing to compare
with) is a row of NaN: it is counted as unscored and never enters a sum as zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tunesmith.evaluate.config import EvaluateConfig, MetricName

FloatArray = npt.NDArray[np.float64]
Prediction = Mapping[str, Any]
"""A row of predictions.jsonl: at least `question`, `prediction`, `reference`, `reference_nll` and
`reference_tokens`."""
Rows = Callable[[Sequence[Prediction], EvaluateConfig], FloatArray]

RARE = 3
"""With fewer rows than this that differ from the others, a share's interval is too wide."""


def unwary(sums: FloatArray) -> None:
    """No reason for caution."""
    del sums


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One quality figure: its words, and its two functions (see the module)."""

    name: MetricName
    label: str
    meaning: str
    """What the figure says, in words for someone who has never met it."""
    gloss: str
    """The same in a few words, for a headline."""
    unit: str
    higher_is_better: bool
    rows: Rows
    """Predictions to statistics, shape (n, k), NaN rows where unscored."""
    figure: Callable[[FloatArray], FloatArray]
    """Summed statistics, shape (..., k), to the figure, shape (...)."""
    binary: bool = False
    """Each row is right or wrong, (1, 1) or (0, 1): McNemar's test applies."""
    caution: Callable[[FloatArray], str | None] = lambda sums: None
    """From summed statistics, why the interval may hold the truth less often than it says."""


def mean_figure(sums: FloatArray) -> FloatArray:
    """A mean from (sum, count), shape (..., 2) to (...); NaN where nothing was scored."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return sums[..., 0] / sums[..., 1]


def mean_rows(values: Sequence[float]) -> FloatArray:
    """The statistics of a mean: (value, 1) for each row, NaN rows where the value is NaN."""
    column = np.asarray(values, dtype=np.float64)
    return np.stack([column, np.where(np.isnan(column), np.nan, 1.0)], axis=1)


def rows_of(score: Callable[[str | None, str | None], float]) -> Rows:
    """The statistics of the mean of a score of prediction and reference."""

    def rows(predictions: Sequence[Prediction], config: EvaluateConfig) -> FloatArray:
        del config
        return mean_rows([score(row["prediction"], row["reference"]) for row in predictions])

    return rows


def rare(sums: FloatArray) -> str | None:
    """Why the interval of a share of rows that go together errs: nearly all rows are alike.

    Where every row is independent the interval is exact enough, and `estimate` does not ask.

    Args:
        sums: (rows that are so, rows).
    """
    few = min(sums[0], sums[1] - sums[0])
    if few >= RARE:
        return None
    if not few:
        return "All rows are alike, so the range says only what so many rows cannot exclude."
    alike = "1 row differs" if few == 1 else f"{few:.0f} rows differ"
    return (
        f"Only {alike} from the rest, and rows of one thread go together, so the range may be too "
        "narrow."
    )
