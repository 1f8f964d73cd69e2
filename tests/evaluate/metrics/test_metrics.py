"""What holds for every quality figure."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.evaluate.config import CLASSIFICATION, GENERATION, EvaluateConfig, MetricName
from tunesmith.evaluate.metrics import METRICS
from tunesmith.report import glossary

CONFIG = EvaluateConfig(
    metrics=("format_adherence",),
    task="classification",
    classification={"labels": ["yes", "no"]},
    format={"required": ["yes"]},
)


def row(prediction, reference="yes", **more):
    return {
        "prediction": prediction, "reference": reference, "question": "is it?",
        "reference_nll": None if prediction is None else 1.0,
        "reference_tokens": None if prediction is None else 1,
        "embedding_similarity": None if prediction is None else 0.5,
        "bert_score": None if prediction is None else 0.5, **more,
    }  # fmt: skip


def test_unscored_rows_are_nan_in_every_metric():
    for metric in METRICS.values():
        statistics = metric.rows([row(None), row("yes")], CONFIG)
        assert np.isnan(statistics[0]).all(), metric.name
        assert np.isfinite(statistics[1]).all(), metric.name


@given(
    st.lists(st.tuples(st.sampled_from(["yes", "no", "maybe", "", "I cannot help", "7 yes"]),
                       st.sampled_from(["yes", "no"])), min_size=1, max_size=12)
)  # fmt: skip
def test_shares_lie_between_0_and_1_and_binary_rows_are_0_or_1(pairs):
    predictions = [row(prediction, reference) for prediction, reference in pairs]
    for metric in METRICS.values():
        statistics = metric.rows(predictions, CONFIG)
        scored = statistics[~np.isnan(statistics).any(axis=1)]
        if metric.unit == "share" and len(scored):
            assert 0 <= metric.figure(scored.sum(axis=0)) <= 1, metric.name
        if metric.binary:
            assert set(map(tuple, scored)) <= {(0.0, 1.0), (1.0, 1.0)}, metric.name


def test_every_name_has_a_metric_and_words():
    names = set(get_args(MetricName))
    assert names == set(METRICS)
    assert names <= set(glossary.METRICS)
    for name, metric in METRICS.items():
        term = glossary.METRICS[name]
        assert (term.unit, term.higher_is_better) == (metric.unit, metric.higher_is_better), name


def test_the_default_follows_the_task():
    assert EvaluateConfig().metrics == GENERATION
    assert EvaluateConfig(task="classification").metrics == CLASSIFICATION
    assert EvaluateConfig(format={"pattern": "x"}).metrics == (*GENERATION, "format_adherence")
    assert EvaluateConfig(embedding={}).metrics[-2:] == ("embedding_similarity", "bert_score")
    assert EvaluateConfig(task="classification", metrics=("accuracy",)).metrics == ("accuracy",)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"metrics": ["accuracy"]}, "task: classification"),
        ({"metrics": ["format_adherence"]}, "needs format"),
        ({"metrics": ["bert_score"]}, "needs embedding"),
        ({"format": {}}, "name what is asked for"),
        ({"format": {"pattern": "("}}, "not a regular expression"),
        ({"format": {"json_schema": {"type": "nothing"}}}, "not a JSON schema"),
        ({"length": {"least": 3, "most": 2}}, "more than most"),
        ({"classification": {"labels": ["a_b", "A b"]}}, "the same once normalised"),
        ({"classification": {"labels": ["?"]}}, "a letter or a digit"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        EvaluateConfig(**settings)
