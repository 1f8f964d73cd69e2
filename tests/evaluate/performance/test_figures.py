"""Figures of timings, against numpy, scipy and sums by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import quantile_test

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.performance.figures import performance, seconds_of
from tunesmith.evaluate.performance.timing import Timed, Wave

CONFIG = EvaluateConfig(resamples=400)


def alone(seconds: float, *, first: float | None = 0.1, tokens: int = 11, **more: Any) -> Wave:
    return Wave(1, seconds, [Timed(first, seconds, tokens)], **more)


def card(waves: list[Wave], concurrency: tuple[int, ...] = (1,), **more: Any) -> dict[str, Any]:
    given = {"settings": {"concurrency": concurrency}, "conditions": {}, "memory": None} | more
    return performance("lora", waves, config=CONFIG, **given)


def test_percentiles_are_those_of_numpy_and_their_interval_that_of_scipy() -> None:
    rng = np.random.default_rng(5)
    seconds = rng.lognormal(size=100)
    found = card([alone(float(value), first=0.01) for value in seconds])["latency"]["answer_s"]
    for percent in (50, 95):
        figure = found[f"p{percent}"]
        assert figure["value"] == pytest.approx(np.percentile(seconds, percent))
        reference = quantile_test(seconds, q=0, p=percent / 100).confidence_interval(0.95)
        assert (figure["low"], figure["high"]) == pytest.approx((reference.low, reference.high))
        assert figure["n"] == figure["groups"] == 100
    assert found["p99"]["high"] is None
    assert "100 answers are too few for an upper limit: about 368" in found["p99"]["note"]


def test_time_per_token_leaves_the_first_token_out() -> None:
    assert seconds_of("per_token_s", Timed(0.5, 2.5, 5)) == pytest.approx(0.5)
    assert seconds_of("per_token_s", Timed(0.5, 0.5, 1)) is None
    assert seconds_of("per_token_s", Timed(None, 0.5, 9)) is None
    assert seconds_of("first_token_s", Timed(0.5, 2.5, 5)) == 0.5
    waves = [alone(1.1), alone(2.1), alone(0.1, tokens=1)]
    found = card(waves)["latency"]
    assert found["per_token_s"]["p50"]["value"] == pytest.approx(0.15)
    assert found["per_token_s"]["p50"]["unscored"] == 1
    assert found["answer_s"]["p50"]["unscored"] == 0


def test_what_was_not_timed_is_unscored_and_never_zero() -> None:
    found = card([alone(1.0, first=None), alone(2.0, first=None)])["latency"]
    assert found["first_token_s"]["p50"]["value"] is None
    assert found["first_token_s"]["p50"]["unscored"] == 2
    assert found["first_token_s"]["p50"]["groups"] == 0
    assert "--performance" in found["first_token_s"]["p50"]["note"]
    assert found["answer_s"]["p50"]["value"] == 1.5


def test_throughput_is_answers_by_seconds_of_each_concurrency() -> None:
    batch = [Timed(0.1, 1.0, 10), Timed(0.1, 2.0, 20)]
    waves = [alone(1.0), alone(3.0), *[Wave(2, 2.0 + i / 10, batch) for i in range(12)]]
    found = card(waves, (1, 2))
    assert found["latency"]["answer_s"]["p50"]["n"] == 2  # that of answers alone
    one, two = found["throughput"]
    assert one["answers_per_s"] == pytest.approx(0.5)
    assert one["tokens_per_s"] == pytest.approx(5.5)
    assert one["figures"]["answers_per_s"]["low"] is None
    assert "2 batches are too few" in one["figures"]["answers_per_s"]["note"]
    seconds = sum(2.0 + i / 10 for i in range(12))
    assert two["answers_per_s"] == pytest.approx(24 / seconds)
    assert two["tokens_per_s"] == pytest.approx(12 * 30 / seconds)
    assert two["n"] == 24
    figure = two["figures"]["answers_per_s"]
    assert figure["low"] < two["answers_per_s"] < figure["high"]
    assert two["latency_p95_s"] == 2.0


def test_energy_is_estimated_from_processor_time_and_says_so() -> None:
    found = card([alone(1.0, cpu_s=2.0), alone(3.0, cpu_s=4.0)])["energy"]
    assert found["watt_hours_per_1000"] == pytest.approx(6 * 3.5 / 2 * 1000 / 3600)
    assert found["watts"] == pytest.approx(6 * 3.5 / 4)
    assert found["source"] == "estimate"
    assert not found["measured"]
    assert "3.5 W" in found["note"]
    assert "estimate" in found["note"]


def test_energy_is_measured_where_there_are_counters() -> None:
    waves = [alone(2.0, cpu_s=9.0, joules={"rapl": 30.0}) for _ in range(12)]
    found = card(waves)["energy"]
    assert found["watt_hours_per_1000"] == pytest.approx(30 * 1000 / 3600)
    assert found["watts"] == 15
    assert (found["source"], found["measured"]) == ("rapl", True)
    both = [alone(2.0, cpu_s=2.0, joules={"nvml": 100.0})]
    found = card(both, conditions={"device": "NVIDIA H100"})["energy"]
    assert found["watt_hours_per_1000"] == pytest.approx((100 + 7) * 1000 / 3600)
    assert found["source"] == "nvml+estimate"
    assert not found["measured"]


def test_energy_that_nobody_counted_is_unknown() -> None:
    for waves, conditions in (
        ([alone(1.0)], {}),  # an endpoint
        ([alone(1.0, cpu_s=1.0)], {"device": "NVIDIA H100"}),
        ([], {}),
    ):
        found = card(waves, conditions=conditions)["energy"]
        assert found["watt_hours_per_1000"] is None
        assert found["note"].startswith("Not known")


def test_conditions_that_raise_doubt_become_notes() -> None:
    busy = {"cores": 2, "load_before": 1.0, "load_after": 9.0}
    (note,) = card([alone(1.0)], conditions=busy)["notes"]
    assert "9.0 on 2 cores" in note


times = st.floats(1e-4, 100)
answers = st.builds(
    lambda first, rest, tokens: Timed(first, first + rest, tokens), times, times, st.integers(1, 50)
)


@given(st.lists(answers, min_size=1, max_size=60))
def test_percentiles_are_in_order_within_their_limits_and_what_was_seen(rows: list[Timed]) -> None:
    found = card([Wave(1, row.answer_s, [row]) for row in rows])
    for figures in found["latency"].values():
        known = [figure["value"] for figure in figures.values() if figure["value"] is not None]
        assert known == sorted(known)
        for figure in figures.values():
            assert figure["n"] + figure["unscored"] == len(rows)
            if figure["low"] is not None:
                assert figure["low"] <= figure["value"] * (1 + 1e-9)
            if figure["high"] is not None:
                assert figure["high"] >= figure["value"] * (1 - 1e-9)
    total = sum(row.answer_s for row in rows)
    assert found["throughput"][0]["answers_per_s"] == pytest.approx(len(rows) / total)
