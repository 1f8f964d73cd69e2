from __future__ import annotations

import orjson
import pytest

from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import GENERATION, EvaluateConfig
from tunesmith.evaluate.scorecard import Method, scorecard

METHOD = Method(name="lora", kind="lora", label="LoRA, r 16")


def prediction(i, **changes):
    return {
        "id": f"t{i}", "category": "billing", "group": None, "question": "where?",
        "reference": "your refund is on its way", "prediction": "your refund is late",
        "tokens_in": 30 + i, "tokens_out": 6, "finish": "stop", "latency_s": None,
        "reference_nll": 12.0 + i, "reference_tokens": 6, **changes,
    }  # fmt: skip


def card(predictions, **settings):
    config = EvaluateConfig(**{"resamples": 400, **settings})
    return scorecard(METHOD, predictions, config=config, training=None, generation={"seconds": 3.0})


def test_the_shape_of_metrics_json():
    made = card([prediction(i, latency_s=1.0 + i / 10 if i < 8 else None) for i in range(40)])
    assert set(made) == {
        "method", "kind", "label", "n", "metrics", "classification", "unsupported_facts",
        "refusals", "signatures", "training", "generation",
    }  # fmt: skip
    assert (made["method"], made["n"], made["training"]) == ("lora", 40, None)
    assert set(made["metrics"]) == {
        *GENERATION, "tokens_in_mean", "tokens_out_mean", "cut_off", "latency_p50_s", "latency_p95_s",
    }  # fmt: skip
    for figure in made["metrics"].values():
        assert {
            "value",
            "low",
            "high",
            "n",
            "unscored",
            "unit",
            "higher_is_better",
            "label",
        } <= set(figure)
    assert set(made["signatures"]) == {"bleu", "chrf"}
    assert orjson.loads(orjson.dumps(made)) == made  # plain numbers, no NumPy


def test_values_by_hand():
    metrics = card([prediction(i, finish="length" if i < 10 else "stop") for i in range(40)])[
        "metrics"
    ]
    # shared: your refund is; 4 words given, 6 expected
    assert metrics["token_f1"]["value"] == pytest.approx(0.6)
    assert metrics["tokens_in_mean"]["value"] == pytest.approx(49.5)
    assert metrics["tokens_in_mean"]["low"] < 49.5 < metrics["tokens_in_mean"]["high"]
    assert metrics["cut_off"]["value"] == pytest.approx(0.25)
    assert "latency_p50_s" not in metrics


def test_unscored_rows_are_counted_and_do_not_lower_the_mean():
    rows = [prediction(i) for i in range(30)]
    whole = card(rows)["metrics"]
    lost = [prediction(i, prediction=None, reference_nll=None) for i in range(30, 40)]
    partly = card(rows + lost)["metrics"]
    for name in ("token_f1", "exact_match", "rouge_l", "bleu", "chrf", "perplexity"):
        assert partly[name]["value"] == pytest.approx(whole[name]["value"])
        assert (partly[name]["n"], partly[name]["unscored"]) == (30, 10)


def test_nothing_scored_has_no_value():
    figure = card([prediction(i, reference="?") for i in range(20)])["metrics"]["token_f1"]
    assert (figure["value"], figure["low"], figure["n"], figure["unscored"]) == (None, None, 0, 20)


def test_few_rows_get_no_interval_and_say_why():
    figure = card([prediction(i) for i in range(9)])["metrics"]["perplexity"]
    assert figure["value"] is not None
    assert (figure["low"], figure["high"]) == (None, None)
    assert "10 are needed" in figure["note"]


def test_threads_are_one_row_each_for_the_interval():
    alone = [prediction(i, prediction="your refund" if i % 2 else "no") for i in range(48)]
    together = [{**row, "group": f"thread {i // 4}"} for i, row in enumerate(alone)]
    one, four = card(alone)["metrics"]["token_f1"], card(together)["metrics"]["token_f1"]
    assert one["value"] == four["value"]
    assert (one["groups"], four["groups"]) == (48, 12)
    halves = [{**row, "group": f"half {i % 2}"} for i, row in enumerate(alone)]
    assert card(halves)["metrics"]["token_f1"]["low"] is None


def test_latency_of_16_rows_has_no_upper_limit_of_p95():
    metrics = card([prediction(i, latency_s=1.0 + i) for i in range(16)])["metrics"]
    assert metrics["latency_p50_s"]["low"] == 4.0
    assert metrics["latency_p50_s"]["high"] == 13.0
    assert metrics["latency_p95_s"]["high"] is None
    assert "72" in metrics["latency_p95_s"]["note"]


def test_an_id_twice_is_refused():
    with pytest.raises(TunesmithError, match="t1"):
        card([prediction(0), prediction(1), prediction(1)])


def test_no_rows_are_refused():
    with pytest.raises(TunesmithError, match="no predictions"):
        card([])


def test_metrics_must_be_some_and_once():
    with pytest.raises(ValueError, match="twice"):
        EvaluateConfig(metrics=("bleu", "bleu"))
    with pytest.raises(ValueError, match="at least one"):
        EvaluateConfig(metrics=())
