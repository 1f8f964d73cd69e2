from __future__ import annotations

import pytest
from pydantic import ValidationError

from tunesmith.decide.break_even import break_even
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import Cost, Work, answer_seconds, cost_of, costs_by
from tunesmith.decide.totals import costs_of
from tunesmith.decide.words import money

NAMES = {"lora": "LoRA tuning", "few_shot": "few-shot prompting"}


def card(kind, *, speed=50.0, training_s=None, generation=True):
    return {
        "method": kind, "kind": kind, "label": kind, "n": 100,
        "metrics": {"tokens_out_mean": {"value": 100.0}},
        "training": None if training_s is None else {"seconds": training_s},
        "generation": {"seconds": 500.0, "tokens_per_s": speed} if generation else None,
    }  # fmt: skip


def cost(training, per_answer, work=0.0, maintenance=0.0):
    hours = {"development": work, "maintenance": maintenance}
    return Cost(
        training=training,
        work=tuple(
            Work(part=part, hours=1.0, amount=amount, assumed=False, counts=True)
            for part, amount in hours.items()
            if amount
        ),
        answer_s=1.0,
        per_answer=per_answer,
    )


def pair(ours, theirs, **settings):
    costs = {"lora": ours, "few_shot": theirs}
    return break_even("lora", "few_shot", costs, NAMES, DecideConfig(**settings))


def test_costs_by_hand():
    config = DecideConfig(machine_hour=3.6, engineer_hour=50, engineer_hours={"lora": 2})
    found = cost_of(card("lora", training_s=1800), config)
    assert found.training == pytest.approx(1.80)  # half an hour
    assert found.worked("development", "data_preparation", "maintenance") == 100
    assert found.answer_s == pytest.approx(2.0)  # 100 tokens at 50 a second
    assert found.per_answer == pytest.approx(0.002)
    assert found.total(10_000) == pytest.approx(1.8 + 100 + 20)


def test_a_search_is_paid_for():
    searched = card("lora", training_s=1800)
    searched["training"]["search"] = {"seconds": 600.0}
    assert cost_of(searched, DecideConfig(machine_hour=3.6)).training == pytest.approx(2.40)
    searched["training"]["search"] = None
    assert cost_of(searched, DecideConfig(machine_hour=3.6)).training == pytest.approx(1.80)


def test_hours_by_name_win_over_hours_by_kind():
    named = {**card("lora", training_s=1), "method": "lora-small"}
    config = DecideConfig(engineer_hour=10, engineer_hours={"lora": 5, "lora-small": 1})
    assert cost_of(named, config).worked("development") == 10


def test_what_was_not_measured_is_unknown_not_free():
    assert cost_of(card("lora"), DecideConfig()).training is None
    assert cost_of(card("lora"), DecideConfig()).total(1000) is None
    assert cost_of(card("base", generation=False), DecideConfig()).per_answer is None
    assert cost_of(card("base"), DecideConfig()).training == 0


def test_without_a_batch_speed_the_whole_time_counts():
    assert answer_seconds(card("base", speed=None)) == pytest.approx(5.0)


def test_break_even_by_hand():
    found = pair(cost(10.0, 0.001), cost(0.0, 0.005), answers_per_month=1000)
    assert found["answers"] == 2500  # 10 / 0.004
    assert found["months"] == pytest.approx(2.5)
    assert found["sentence"] == (
        "LoRA tuning costs 10.00 USD more to set up than few-shot prompting, which is repaid "
        "after 2,500 answers (2.5 months at 1,000 answers a month): 1,000 answers cost 1.00 USD "
        "with LoRA tuning and 5.00 USD with few-shot prompting."
    )


def test_break_even_never():
    found = pair(cost(10.0, 0.005), cost(0.0, 0.005))
    assert found["answers"] is None
    assert "never repays the 10.00 USD" in found["sentence"]


def test_break_even_from_the_start():
    found = pair(cost(0.0, 0.001), cost(0.0, 0.005))
    assert found["answers"] == 0
    assert "cheaper than few-shot prompting from the start" in found["sentence"]


def test_cheaper_to_set_up_but_dearer_to_run_ends_somewhere():
    found = pair(cost(0.0, 0.005), cost(0.0, 0.001, work=8.0))
    assert found["answers"] == 0
    assert "for the first 2,000 answers" in found["sentence"]


def test_dearer_without_anything_to_repay_is_never():
    found = pair(cost(0.0, 0.005), cost(0.0, 0.001))
    assert found["answers"] is None
    assert "never cheaper" in found["sentence"]


def test_the_same_cost():
    assert "cost the same" in pair(cost(0.0, 0.001), cost(0.0, 0.001))["sentence"]


def test_break_even_unknown():
    found = pair(cost(None, 0.001), cost(0.0, 0.005))
    assert found["answers"] is None
    assert "unknown: not all of it was measured" in found["sentence"]


def test_no_expected_volume_gives_no_months():
    found = pair(cost(10.0, 0.001), cost(0.0, 0.005), answers_per_month=0)
    assert (found["answers"], found["months"]) == (2500, None)
    assert "month" not in found["sentence"]


def test_the_cost_part_names_its_prices():
    cards = [card("base"), card("few_shot", speed=10), card("lora", training_s=3600)]
    config = DecideConfig(machine_hour=1.0, currency="EUR")
    found = costs_of(cards, costs_by(cards, config), config)
    pairs = [("lora", "few_shot"), ("lora", "base"), ("few_shot", "base")]
    assert [(p["a"], p["b"]) for p in found["break_even"]] == pairs
    assert found["methods"]["lora"]["training"] == 1.0
    assert found["methods"]["few_shot"]["per_1000"] == pytest.approx(1000 * 10 / 3600)
    assert found["currency"] == found["methods"]["base"]["currency"] == "EUR"
    assert "1.00 EUR a machine hour" in found["note"]
    assert "not counted" in found["note"]


@pytest.mark.parametrize(
    "wrong",
    [{"machine_hour": -1}, {"machine_hour": float("inf")}, {"min_gain": -0.1}, {"price": 1}],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        DecideConfig(**wrong)


def test_small_amounts_keep_two_digits():
    assert money(0.0999, "USD") == "0.10 USD"  # not 0.100
    assert money(0.001234, "USD") == "0.0012 USD"
    assert money(-0.05, "USD") == "-0.050 USD"
    assert money(12_345.678, "USD") == "12,345.68 USD"


def test_what_an_answer_costs_has_the_interval_of_its_length():
    known = card("lora", speed=50.0, training_s=60.0)
    known["metrics"]["tokens_out_mean"] |= {"low": 80.0, "high": 130.0}
    found = cost_of(known, DecideConfig(machine_hour=3.6))
    assert found.per_answer == pytest.approx(100 / 50 * 0.001)
    assert found.per_answer_range == pytest.approx((80 / 50 * 0.001, 130 / 50 * 0.001))
    assert cost_of(card("lora"), DecideConfig()).per_answer_range == (None, None)


def test_a_price_per_token_has_an_interval_too():
    hosted = card("endpoint")
    hosted["metrics"] = {
        "tokens_in_mean": {"value": 900.0, "low": 800.0, "high": 1000.0},
        "tokens_out_mean": {"value": 100.0, "low": 90.0, "high": 115.0},
    }
    hosted["generation"]["endpoint"] = {
        "input_per_million": 2.0, "output_per_million": 10.0, "currency": "USD", "local": False,
    }  # fmt: skip
    found = cost_of(hosted, DecideConfig())
    assert found.per_answer == pytest.approx(0.0028)
    assert found.per_answer_range == pytest.approx((0.0025, 0.00315))
