"""What a training will take, in words and money."""

from __future__ import annotations

from typing import Any

from tunesmith.tune.told import Price, plan_words, priced

PLAN: dict[str, Any] = {
    "steps": 40,
    "examples": 160,
    "trainable_parameters": 4_884_480,
    "left_s": 90.0,
    "memory": {
        "peak_mib": 1500.4,
        "moment": "backward",
        "parts_mib": {"process": 570.0, "weights": 256.2, "logits": 0.1},
        "room_mib": 8000.0,
        "processes": 1,
        "where": "cpu",
    },
}


def test_a_plan_names_time_and_memory_by_part_and_cost_only_with_a_price() -> None:
    steps, memory = plan_words(PLAN, None)
    assert steps == "40 steps over 160 rows, 4,884,480 trainable parameters, about 1 min 30 s"
    assert memory == (
        "about 1,500 MiB of memory at its peak (backward), 8,000 MiB are there: "
        "the process and its libraries 570, weights 256 MiB"
    )
    steps, _ = plan_words(PLAN, Price(4.0, "EUR"))
    assert steps.endswith("about 1 min 30 s, about 0.10 EUR")


def test_of_several_processes_the_memory_is_that_of_each() -> None:
    _, memory = plan_words({**PLAN, "memory": {**PLAN["memory"], "processes": 2}}, None)
    assert memory.startswith("about 1,500 MiB of memory for each of 2 processes at its peak")


def test_what_cannot_be_predicted_is_said() -> None:
    _, memory = plan_words({**PLAN, "memory": {"unknown": "a mixture of experts"}}, None)
    assert memory == "its memory cannot be predicted: a mixture of experts"


def test_small_costs_are_not_nothing() -> None:
    assert Price(0.1, "USD").words(90) == "0.0025 USD"
    assert Price(0.0, "USD").words(90) == "0 USD"


def test_a_training_has_a_cost_only_with_a_price() -> None:
    training = {"seconds": 1800.0, "predicted_s": 3600.0}
    assert priced(training, None) is training
    assert priced(training, Price(3.0, "USD"))["cost"] == {
        "actual": 1.5,
        "predicted": 3.0,
        "machine_hour": 3.0,
        "currency": "USD",
    }
