from __future__ import annotations

import pytest

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.decide.measured import Measured
from tunesmith.evaluate.config import EvaluateConfig

FEW = EvaluateConfig(resamples=300, metrics=("token_f1",))


@pytest.fixture
def measured(world):
    """Methods of a quality, seconds an answer, and MiB."""

    def make(methods, n=120, **settings):
        _, cards, rows = world({m: q for m, (q, *_) in methods.items()}, n, evaluation=FEW)
        for card in cards:
            _, seconds, memory = methods[card["method"]]
            card["generation"] = {
                "seconds": 999.0, "tokens_per_s": 20 / seconds, "peak_memory_mib": memory,
            }  # fmt: skip
            card["metrics"]["latency_p50_s"] = {"value": seconds}
        return decide(cards, rows, DecideConfig(**settings), evaluation=FEW)

    return make


def by(decision):
    return {d["method"]: d["by"] for d in decision["verdict"]["dominated"]}


def test_worse_slower_and_larger_is_dominated(measured):
    decision = measured({"few_shot": (0.5, 1.0, 800.0), "lora": (0.3, 2.0, 900.0)})
    assert by(decision) == {"lora": "few_shot"}
    (found,) = decision["verdict"]["dominated"]
    values = [f"{row['metrics']['token_f1']['value']:.3f}" for row in decision["table"]]
    assert found["sentence"] == (
        f"Nothing speaks for LoRA tuning: few-shot prompting is no worse ({values[0]} "
        f"against {values[1]} in Token F1), and it costs 3.33 USD against 6.68 USD without hours of "
        "work that you did not set, answers in 1.00 s against 2.00 s and needs 800 MiB against 900 MiB."
    )
    assert found["sentence"] in decision["verdict"]["reasons"]


@pytest.mark.parametrize("lora", [(0.7, 2.0, 900.0), (0.3, 0.5, 900.0), (0.3, 2.0, 700.0)])
def test_one_thing_that_speaks_for_it_is_enough(measured, lora):
    assert by(measured({"few_shot": (0.5, 1.0, 800.0), "lora": lora})) == {}


def test_too_few_rows_dominate_nothing(measured):
    assert by(measured({"few_shot": (0.5, 1.0, 800.0), "lora": (0.3, 2.0, 900.0)}, 20)) == {}


def test_the_best_of_several_is_named(measured):
    decision = measured(
        {"base": (0.3, 1.0, 800.0), "few_shot": (0.6, 1.0, 800.0), "lora": (0.3, 2.0, 900.0)}
    )
    assert by(decision) == {"lora": "few_shot"}


def test_amounts_that_are_alike_speak_for_nothing(measured):
    """Less by under a twentieth, or by what print does not show, makes no method needless."""
    assert by(measured({"few_shot": (0.5, 1.0, 800.0), "lora": (0.3, 1.03, 803.0)})) == {}
    assert by(measured({"few_shot": (0.5, 0.5001, 800.0), "lora": (0.3, 0.5004, 800.2)})) == {}


def test_only_what_is_less_is_said(measured):
    decision = measured({"few_shot": (0.5, 1.0, 800.0), "lora": (0.3, 1.02, 1200.0)})
    (found,) = decision["verdict"]["dominated"]
    assert (
        "and it needs 800 MiB against 1,200 MiB; it needs no more of what else"
        in (found["sentence"])
    )
    assert "1.00 s" not in found["sentence"]


def test_what_cannot_be_told_apart_is_not_needless(measured):
    """With 60 rows alike methods may differ by more than the smallest gain that counts."""
    methods = {"few_shot": (0.5, 1.0, 800.0), "lora": (0.5, 2.0, 900.0)}
    decision = measured(methods, 60)
    assert decision["verdict"]["kind"] == "undecided"
    assert by(decision) == {}
    assert by(measured(methods, 60, min_gain=0.3)) == {"lora": "few_shot"}


def test_the_chosen_method_is_not_needless(answered):
    """The documents prefer LoRA for this use, and it is as good: it is chosen, though it is slow."""
    right = [n % 2 == 0 for n in range(400)]
    decision, *_ = answered(
        {"base": ("base", right), "lora": ("lora", right)},
        generation={"lora": {"tokens_per_s": 4.0, "peak_memory_mib": 900.0}},
        use_case="production",
    )
    assert decision["verdict"]["choice"] == "lora"
    assert by(decision) == {}


def test_overlapping_waits_are_alike_and_the_file_with_more_rows_counts(answered):
    right, wrong = [True] * 60, [n % 3 == 0 for n in range(60)]

    def waits(value, low, high, n):
        figure = {"value": value, "low": low, "high": high, "n": n}
        return {"latency": {"answer_s": {"p50": figure}}}

    def needless(slow):
        files = {"few_shot": waits(1.0, 0.8, 1.4, 40), "lora": slow}
        decision, *_ = answered(
            {"few_shot": ("few_shot", right), "lora": ("lora", wrong)},
            measured=Measured(performance=files), machine_hour=0,
        )  # fmt: skip
        return by(decision)

    assert needless(waits(2.0, 1.2, 3.0, 40)) == {}
    assert needless(waits(2.0, 1.6, 3.0, 40)) == {"lora": "few_shot"}


def test_a_method_that_is_out_dominates_nothing(measured):
    methods = {"few_shot": (0.5, 1.0, 800.0), "lora": (0.3, 2.0, 700.0), "full": (0.3, 3.0, 750.0)}
    decision = measured(methods, limits={"max_memory_mib": 780})
    assert by(decision) == {"full": "lora"} or by(decision) == {}
    assert "few_shot" not in by(decision).values()
