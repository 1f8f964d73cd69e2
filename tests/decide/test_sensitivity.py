"""Values at which the verdict flips, checked by asking for the verdict on both sides of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.decide.assumptions import Assumption
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.decide.sensitivity import flip
from tunesmith.decide.verdict import Verdict
from tunesmith.evaluate.config import EvaluateConfig

FEW = EvaluateConfig(resamples=300, metrics=("token_f1",))


def entry(decision, name):
    (found,) = [s for s in decision["cost"]["sensitivity"] if s["assumption"] == name]
    return found


def outcome(decision):
    return decision["verdict"]["kind"], decision["verdict"]["choice"]


@given(st.floats(0.01, 1000), st.floats(0.011, 900), st.booleans())
def test_the_border_is_found_and_lies_on_its_other_side(now, border, above):
    """One border between two verdicts, wherever it is: found to three digits, or not in range."""

    def verdict_at(value):
        inside = value < border if above else value > border
        choice = "here" if inside == ((now < border) if above else (now > border)) else "there"
        return Verdict(kind="prompt", choice=choice, prompting=None, training=None)

    assumption = Assumption(
        name="x", label="x", now=now, low=0.005, high=2000.0, verdict_at=verdict_at, write=str
    )
    found = flip(assumption, ("prompt", "here"))
    assert found is not None
    assert verdict_at(found).choice == "there"
    assert found == pytest.approx(border, rel=0.02)


def test_nothing_flips_what_does_not_depend_on_it():
    same = Verdict(kind="base", choice="base", prompting=None, training=None)
    assumption = Assumption(
        name="x", label="x", now=1.0, low=0.0, high=9.0, verdict_at=lambda _: same, write=str
    )
    assert flip(assumption, ("base", "base")) is None


def test_the_gain_asked_for_flips_where_asking_again_says_so(world):
    first, cards, rows = world({"base": 0.2, "few_shot": 0.3, "lora": 0.5}, evaluation=FEW)
    assert outcome(first) == ("fine-tune", "lora")
    found = entry(first, "min_gain")
    pair = next(c for c in first["comparisons"] if (c["a"], c["b"]) == ("lora", "few_shot"))
    assert found["flips_at"] == pytest.approx(pair["difference"], rel=0.01)
    assert found["flips_at"] > pair["difference"]
    there = decide(cards, rows, DecideConfig(min_gain=found["flips_at"]), evaluation=FEW)
    assert outcome(there) == (found["to_kind"], found["to"]) != outcome(first)
    before = decide(cards, rows, DecideConfig(min_gain=pair["difference"] * 0.999), evaluation=FEW)
    assert outcome(before) == outcome(first)


def test_a_price_that_cannot_change_the_verdict_says_the_range(world):
    first, *_ = world({"base": 0.2, "few_shot": 0.3, "lora": 0.5}, evaluation=FEW)
    found = entry(first, "machine_hour")
    assert found["flips_at"] is None
    assert found["sentence"] == (
        "Price of a machine hour (now 0.10 USD): no value between 0.0010 USD and 10.00 USD changes "
        "the verdict."
    )


def test_hours_of_one_method_flip_between_two_that_are_alike(world):
    """Two tuned models as good as each other: the one with less work is chosen."""
    hours = {"data_preparation_hours": 0, "maintenance_hours_per_month": 0}
    settings = {
        "work": {
            "lora": {**hours, "development_hours": 8},
            "full": {**hours, "development_hours": 10},
            "prompt_based": {**hours, "development_hours": 1},
        }
    }
    first, *_ = world({"base": 0.2, "lora": 0.5, "full": 0.5}, 200, evaluation=FEW, **settings)
    assert outcome(first) == ("fine-tune", "lora")
    found = entry(first, "hours.lora")
    assert (found["now"], found["to"]) == (8, "full")
    assert found["flips_at"] == pytest.approx(10, rel=0.02)
    assert entry(first, "hours.full")["flips_at"] == pytest.approx(8, rel=0.02)


def test_the_lower_end_of_the_gain_is_tried(world):
    """A gain that is clear but may be below the one asked for: the end of its range flips it."""
    first, *_ = world({"base": 0.2, "lora": 0.5}, 60, evaluation=FEW)
    pair = first["comparisons"][0]
    asked = (pair["low"] + pair["difference"]) / 2
    second, *_ = world({"base": 0.2, "lora": 0.5}, 60, evaluation=FEW, min_gain=asked)
    assert outcome(second) == ("fine-tune", "lora")
    found = entry(second, "true_gain.lora.base")
    assert (found["low"], found["high"]) == (pair["low"], pair["high"])
    assert found["flips_at"] == pytest.approx(asked, rel=0.02)
    assert (found["to_kind"], found["to"]) == ("base", "base")


def test_an_open_question_says_what_either_answer_would_mean(world):
    first, *_ = world({"base": 0.2, "few_shot": 0.5, "lora": 0.5}, 60, seed=2, evaluation=FEW)
    assert first["verdict"]["kind"] == "undecided"
    found = entry(first, "true_gain.lora.few_shot")
    assert found["flips_at"] == pytest.approx(0.02, rel=0.02)
    assert (
        "from 0.020 on the verdict is “fine-tune” with LoRA tuning, below it is "
        in (found["sentence"])
    )


def test_a_hard_limit_is_tried_too(world):
    """The floor that lets the chosen method out is its figure."""
    settings = {"limits": {"min_quality": 0.3, "max_memory_mib": 4000.0}}
    first, *_ = world({"base": 0.2, "few_shot": 0.35, "lora": 0.5}, evaluation=FEW, **settings)
    assert outcome(first) == ("fine-tune", "lora")
    found = entry(first, "limits.min_quality")
    values = {row["method"]: row["metrics"]["token_f1"]["value"] for row in first["table"]}
    assert found["flips_at"] == pytest.approx(values["lora"], rel=0.01)
    assert found["to_kind"] == "none"
    assert found["sentence"].startswith("Limit of Token F1 (now 0.300): from ")
    assert entry(first, "limits.max_memory_mib")["flips_at"] is None
