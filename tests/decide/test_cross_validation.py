"""What folds say together: by hand, against scipy, and by how often chance is called a gain."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cross_validation import cross_validation_report
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.cross_validation.config import CrossValidationConfig
from tunesmith.evaluate.cross_validation.folds import Fold
from tunesmith.evaluate.cross_validation.run import FoldResult
from tunesmith.evaluate.scorecard import Method, scorecard
from tunesmith.split import SplitConfig

EVALUATION = EvaluateConfig(metrics=("exact_match",), resamples=400)
QUALITY = {"rows_missing_in_training": 0, "missing_in_training": []}


def result(number: int, right: dict[str, list[int]], *, train: int = 80) -> FoldResult:
    """A fold in which each method has answered some rows right."""
    held = len(next(iter(right.values())))
    rows = pl.DataFrame({"split": ["train"] * train + ["validation"] * 5 + ["test"] * held})
    rows = rows.with_columns(category=pl.lit("billing"), answer=pl.lit("yes"))
    answers = {
        name: [
            {"id": f"{number}-{n:03}", "reference": "yes", "prediction": "yes" if good else "no",
             "group": None}
            for n, good in enumerate(given)
        ]
        for name, given in right.items()
    }  # fmt: skip
    cards = {
        name: scorecard(Method(name=name, kind=name, label=name), given, config=EVALUATION,
                        training=None, generation=None)
        for name, given in answers.items()
    }  # fmt: skip
    return FoldResult(Fold(number, rows), dict(QUALITY), cards, answers, 1.0)


def report(results: list[FoldResult]) -> dict[str, Any]:
    return cross_validation_report(
        results,
        CrossValidationConfig(folds=len(results)),
        SplitConfig(),
        decision=DecideConfig(metric="exact_match"),
        evaluation=EVALUATION,
    )


def test_what_folds_were_dealt_by_is_said() -> None:
    results = [result(n, {"base": [0] * 10, "lora": [1] * 10}) for n in (1, 2)]
    found = report(results)
    assert found["stratified_by"] == "category"
    assert "dealt evenly by category" in found["sentences"][0]
    bare = [
        replace(one, fold=Fold(one.fold.number, one.fold.rows.with_columns(
            category=pl.lit(None, pl.String))))
        for one in results
    ]  # fmt: skip
    found = report(bare)
    assert found["stratified_by"] is None
    assert "not stratified" in found["sentences"][0]


def test_figures_by_hand() -> None:
    stats = pytest.importorskip("scipy.stats")
    shares = (5, 10, 12, 14)
    found = report(
        [
            result(n, {"base": [1] * 5 + [0] * 15, "lora": [1] * good + [0] * (20 - good)})
            for n, good in enumerate(shares, 1)
        ]
    )
    lora = found["methods"]["lora"]["metrics"]["exact_match"]
    values = [good / 20 for good in shares]
    assert lora["value"] == pytest.approx(41 / 80)
    assert lora["n"] == 80
    assert lora["folds"] == values
    assert lora["mean"] == pytest.approx(np.mean(values))
    assert lora["spread"] == pytest.approx(np.std(values, ddof=1))
    reach = stats.t.ppf(0.975, 3) * np.std(values, ddof=1) * math.sqrt(1 / 4 + 80 / 320)
    assert lora["corrected"]["low"] == pytest.approx(np.mean(values) - reach)
    (pair,) = found["comparisons"]
    gains = np.array(values) - 0.25
    t = gains.mean() / (gains.std(ddof=1) * math.sqrt(1 / 4 + 80 / 320))
    assert pair["p_corrected"] == pytest.approx(2 * stats.t.sf(t, 3))
    assert pair["folds_better"] == 3
    # All answers together would say that it is better; folds that differ so much do not.
    assert not pair["clear"]
    assert pair["low"] > 0
    assert found["rows"][0] | {"quality": 0, "methods": 0} == {
        "fold": 1, "train": 80, "watched": 5, "validation": 20, "answered": 20, "seconds": 1.0,
        "quality": 0, "methods": 0,
    }  # fmt: skip
    assert found["sentences"] == [
        (
            "4 folds over 105 rows (training and validation; the test split is untouched), dealt "
            "evenly by category; rows of a customer, rows of a conversation and questions nearly alike "
            "stay in one fold."
        ),
        (
            "The base model: Exact match 0.250 "
            f"({_range(found['methods']['base'])}); in the folds from 0.250 to 0.250 "
            "(standard deviation 0.000), on 80 rows."
        ),
        (
            "LoRA tuning: Exact match 0.512 "
            f"({_range(found['methods']['lora'])}); in the folds from 0.250 to 0.700 "
            "(standard deviation 0.193), on 80 rows."
        ),
        (
            "LoRA tuning and the base model cannot be told apart by Exact match: the difference is "
            f"0.262 ({pair['low']:.3f} to {pair['high']:.3f}), ahead in 3 of 4 folds."
        ),
    ]


def _range(method: dict[str, Any]) -> str:
    figure = method["metrics"]["exact_match"]
    return f"{figure['low']:.3f} to {figure['high']:.3f}"


def test_a_gain_in_every_fold_is_clear() -> None:
    found = report(
        [
            result(n, {"base": [1] * 5 + [0] * 15, "lora": [1] * (14 + n % 2) + [0] * (6 - n % 2)})
            for n in range(1, 6)
        ]
    )
    (pair,) = found["comparisons"]
    assert (pair["clear"], pair["better"], pair["folds_better"]) == (True, "lora", 5)
    assert pair["sentence"].startswith("LoRA tuning is better than the base model by 0.48")
    assert pair["sentence"].endswith("ahead in 5 of 5 folds.")


def test_categories_that_training_lacks_are_said() -> None:
    one = result(1, {"base": [1, 0] * 10})
    one.quality.update(rows_missing_in_training=3, missing_in_training=["billing"])
    found = report([one, result(2, {"base": [1, 0] * 10})])
    assert found["sentences"][-1] == (
        "Fold 1: 3 held-out rows are of categories that no training row has: billing."
    )


def test_chance_is_rarely_called_a_gain() -> None:
    """300 cross-validations of two equal methods whose folds vary more than their rows do."""
    clear = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        results = []
        for number in range(1, 6):
            lucky = {name: 0.5 + rng.normal(0, 0.08) for name in ("base", "lora")}
            results.append(
                result(number, {name: list(rng.random(20) < p) for name, p in lucky.items()})
            )
        clear += report(results)["comparisons"][0]["clear"]
    assert clear / 300 <= 0.05
