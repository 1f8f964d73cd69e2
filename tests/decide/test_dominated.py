from __future__ import annotations

import pytest

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
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
        f"Nothing speaks for LoRA tuning: few-shot prompting is not clearly worse ({values[0]} "
        f"against {values[1]} in Token F1), and it costs 3.33 USD against 6.68 USD, answers in "
        "1.00 s against 2.00 s and needs 800 MiB against 900 MiB."
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


def test_a_method_that_is_out_dominates_nothing(measured):
    methods = {"few_shot": (0.5, 1.0, 800.0), "lora": (0.3, 2.0, 700.0), "full": (0.3, 3.0, 750.0)}
    decision = measured(methods, limits={"max_memory_mib": 780})
    assert by(decision) == {"full": "lora"} or by(decision) == {}
    assert "few_shot" not in by(decision).values()
