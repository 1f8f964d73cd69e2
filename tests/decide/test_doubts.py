from __future__ import annotations

import pytest

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.evaluate.config import EvaluateConfig

FEW = EvaluateConfig(resamples=300, metrics=("token_f1",))
EQUAL = {
    "seconds": 600.0, "planned_steps": 100, "steps": 100, "examples": 2000, "search": None,
    "settings": {"batch_size": 4, "gradient_accumulation": 1, "format": {"kind": "qa"}},
}  # fmt: skip


@pytest.fixture
def told(world):
    """`told(change, **settings)`: the reasons where full fine-tuning's training is changed."""

    def make(change, **settings):
        _, cards, rows = world({"base": 0.2, "lora": 0.5, "full": 0.5}, 40, evaluation=FEW)
        cards[1]["training"], cards[2]["training"] = EQUAL, {**EQUAL, **change}
        return decide(cards, rows, DecideConfig(**settings), evaluation=FEW)["verdict"]["reasons"]

    return make


def test_the_same_budget_is_no_doubt_even_if_one_stopped_early(told):
    for reasons in (told({}), told({"steps": 60})):
        assert not any("budget" in reason or "the same" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"planned_steps": 50},
            (
                "The trained methods did not get the same budget, steps × rows a step: 100 × 4 with "
                "LoRA tuning and 50 × 4 with full fine-tuning. A part of their difference may come from "
                "that."
            ),
        ),
        (
            {"settings": {"batch_size": 4, "gradient_accumulation": 4}},
            (
                "The trained methods did not get the same budget, steps × rows a step: 100 × 4 with "
                "LoRA tuning and 100 × 16 with full fine-tuning. A part of their difference may come "
                "from that."
            ),
        ),
        (
            {"examples": 1000},
            (
                "The trained methods did not get the same rows to learn from: 2,000 with LoRA tuning "
                "and 1,000 with full fine-tuning."
            ),
        ),
        (
            {"search": {"finder": None, "trials": [1, 2, 3], "seconds": 9.0}},
            (
                "The search for settings was not the same: none with LoRA tuning and 3 trials with "
                "full fine-tuning."
            ),
        ),
        (
            {"search": {"finder": {"learning_rate": 1}, "trials": [], "seconds": 9.0}},
            (
                "The search for settings was not the same: none with LoRA tuning and a range test of "
                "learning rates with full fine-tuning."
            ),
        ),
    ],
)
def test_another_budget_is_told(told, change, said):
    assert said in told(change)


def test_hours_that_were_filled_in_are_told(told):
    reasons = told({}, work={"lora": {"development_hours": 8}})
    assert (
        "Hours of work that you set for others are the documents' with the base model and full "
        "fine-tuning (decide.work)." in reasons
    )
    hours = {name: {"development_hours": 8} for name in ("lora", "full", "base")}
    assert not any("decide.work" in reason for reason in told({}, work=hours))


def test_names_that_nothing_has_are_found():
    config = DecideConfig(
        work={"lroa": {"development_hours": 1}, "full_fine_tuning": {}},
        engineer_hours={"mine": 1, "base": 2, "other": 3},
    )
    assert config.strangers({"mine": "lora"}) == ["lroa", "other"]
