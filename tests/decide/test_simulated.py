"""Whole projects simulated from a seed, each with the verdict that a statistician would give."""

from __future__ import annotations

import pytest

from benchmarks.verdicts import rates
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.evaluate.config import EvaluateConfig

FEW = EvaluateConfig(resamples=1000, metrics=("token_f1",))
NO_HOURS = {"development_hours": 0, "data_preparation_hours": 0, "maintenance_hours_per_month": 0}
OWN_HOURS = {"prompt_based": NO_HOURS, "lora": {**NO_HOURS, "development_hours": 10}}


@pytest.fixture
def hosted(world):
    """A hosted model at 2 and 8 USD a million tokens, against a small tuned one."""

    def make(qualities, n, *, price=1.0, **settings):
        _, cards, rows = world(qualities, n, seed=settings.pop("seed", 0), evaluation=FEW)
        for card in cards:
            if card["kind"] == "endpoint":
                card["training"] = None
                card["generation"] = {
                    "seconds": 100.0,
                    "endpoint": {
                        "model": "large", "host": "api.example.com", "currency": "USD",
                        "input_per_million": 2.0 * price, "output_per_million": 8.0 * price,
                    },
                }  # fmt: skip
        return decide(cards, rows, DecideConfig(**settings), evaluation=FEW)

    return make


AS_GOOD = {"base": 0.2, "endpoint": 0.5, "lora": 0.5}


def test_an_expensive_endpoint_wins_below_a_volume_and_the_tuned_model_above(hosted):
    """600 USD of work against 0.24 USD for 1,000 answers by the host: about 2.5 million answers."""
    below = hosted(AS_GOOD, 300, min_gain=0.05, answers_per_month=100_000, work=OWN_HOURS)
    assert (below["verdict"]["kind"], below["verdict"]["choice"]) == ("prompt", "endpoint")
    above = hosted(AS_GOOD, 300, min_gain=0.05, answers_per_month=400_000, work=OWN_HOURS)
    assert (above["verdict"]["kind"], above["verdict"]["choice"]) == ("fine-tune", "lora")
    assert "is as good as the hosted model" in above["headline"]
    assert above["verdict"]["as_good"]["why"] == "saving"
    (pair,) = [p for p in below["cost"]["break_even"] if (p["a"], p["b"]) == ("lora", "endpoint")]
    # 40 tokens in at 2 and 20 out at 8 USD a million: 0.24 USD for 1,000; the tuned 0.5 s of 0.10
    each = 0.24 / 1000 - 0.5 * 0.10 / 3600
    assert pair["answers"] == pytest.approx((600 + 600 * 0.10 / 3600) / each, abs=1)
    assert 100_000 * 12 < pair["answers"] < 400_000 * 12
    (flip,) = [s for s in below["cost"]["sensitivity"] if s["assumption"] == "answers_per_month"]
    assert (flip["to"], flip["to_kind"]) == ("lora", "fine-tune")
    assert flip["flips_at"] == pytest.approx(pair["answers"] / 12, rel=0.01)


def test_without_hours_of_its_own_the_documents_hours_guard_the_saving(hosted):
    little = hosted(AS_GOOD, 300, min_gain=0.05, answers_per_month=400_000)
    assert little["verdict"]["choice"] == "endpoint"
    much = hosted(AS_GOOD, 300, min_gain=0.05, answers_per_month=40_000_000)
    assert much["verdict"]["choice"] == "lora"
    assert "the documents' hours of work counted" in " ".join(much["verdict"]["reasons"])


def test_a_saving_is_no_reason_while_it_may_be_worse(hosted):
    """With 60 rows the tuned model may be far below the hosted one: nothing is given for money."""
    found = hosted(AS_GOOD, 60, answers_per_month=400_000, work=OWN_HOURS, seed=3)
    assert found["verdict"]["kind"] == "undecided"
    assert found["verdict"]["choice"] == "endpoint"


def test_a_better_hosted_model_is_worth_its_price(hosted):
    found = hosted(
        {"base": 0.2, "endpoint": 0.6, "lora": 0.4}, 200, answers_per_month=400_000, work=OWN_HOURS
    )
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("prompt", "endpoint")


def test_strict_latency_puts_the_better_method_out(world):
    _, cards, rows = world({"base": 0.2, "few_shot": 0.4, "lora": 0.6}, evaluation=FEW)
    for card, seconds in zip(cards, (0.5, 0.8, 6.0), strict=True):
        card["metrics"]["latency_p95_s"] = {
            "value": seconds, "low": seconds * 0.9, "high": seconds * 1.1, "n": 100,
        }  # fmt: skip
    free = decide(cards, rows, DecideConfig(), evaluation=FEW)
    assert free["verdict"]["choice"] == "lora"
    strict = DecideConfig(limits={"max_p95_latency_s": 2.0})
    found = decide(cards, rows, strict, evaluation=FEW)
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("prompt", "few_shot")
    assert not any("LoRA tuning earns" in reason for reason in found["verdict"]["reasons"])


def test_better_but_under_the_gain_asked_for(world):
    found, *_ = world(
        {"base": 0.2, "few_shot": 0.4, "lora": 0.45}, 800, min_gain=0.1, evaluation=FEW
    )
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("prompt", "few_shot")
    pair = next(c for c in found["comparisons"] if (c["a"], c["b"]) == ("lora", "few_shot"))
    assert pair["clear"]


def test_one_of_seven_clearly_better(world):
    qualities = dict.fromkeys(("few_shot", "full", "prefix_tuning", "prompt_tuning"), 0.4)
    found, *_ = world({"base": 0.2, **qualities, "lora": 0.6, "other": 0.4}, 200, evaluation=FEW)
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("fine-tune", "lora")
    assert found["verdict"]["rows_needed"] is None


def test_several_that_cannot_be_told_apart_ask_for_rows_and_name_all(world):
    alike = dict.fromkeys(("few_shot", "full", "prefix_tuning", "lora"), 0.4)
    found, *_ = world({"base": 0.1, **alike}, 60, seed=5, evaluation=FEW)
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("undecided", "few_shot")
    assert found["verdict"]["rows_needed"] > 0
    assert any("nor whether" in reason for reason in found["verdict"]["reasons"])


@pytest.mark.parametrize("methods", [2, 4, 7])
def test_false_verdicts_without_a_difference_are_rare(methods):
    """The small version of `python -m benchmarks.verdicts`: 5% of 40 is 2; 6 is beyond 98%."""
    found = rates(methods, 60, repetitions=40, resamples=600, threads=methods == 4)
    assert found.better * 40 <= 5
    assert found.fine_tune * 40 <= 5


def test_the_small_simulation_could_find_a_difference():
    """With fewer resamples than that, 21 comparisons could never be clear."""
    assert rates(7, 60, repetitions=3, resamples=600, gain=0.3).better == 1


def test_too_few_resamples_for_so_many_comparisons_are_told(world):
    qualities = dict.fromkeys(("few_shot", "full", "prefix_tuning", "prompt_tuning"), 0.4)
    few = EvaluateConfig(resamples=300, metrics=("token_f1",))
    found, *_ = world({"base": 0.1, **qualities, "lora": 0.9, "other": 0.4}, 60, evaluation=few)
    assert found["verdict"]["kind"] == "undecided"
    assert any("evaluate.resamples" in reason for reason in found["verdict"]["reasons"])


def test_a_true_difference_is_found():
    found = rates(4, 200, repetitions=10, resamples=400, gain=0.1)
    assert found.fine_tune >= 0.9
