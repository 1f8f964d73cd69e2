from __future__ import annotations

import pytest
from pydantic import ValidationError

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.cost import PARTS, cost_of, costs_by
from tunesmith.decide.totals import costs_of, documents_index
from tunesmith.errors import TunesmithError


def card(name, kind, *, training_s=None, speed=50.0, settings=None, endpoint=None):
    training = None if training_s is None else {"seconds": training_s, "settings": settings or {}}
    return {
        "method": name, "kind": kind, "label": kind, "n": 100,
        "metrics": {"tokens_out_mean": {"value": 100.0}, "tokens_in_mean": {"value": 300.0}},
        "training": training,
        "generation": {"seconds": 500.0, "endpoint": endpoint}
        if endpoint
        else {"seconds": 500.0, "tokens_per_s": speed},
    }  # fmt: skip


PRICES = {"model": "m", "host": "h", "currency": "USD",
          "input_per_million": 2.0, "output_per_million": 10.0}  # fmt: skip
CARDS = [
    card("base", "base"),
    card("few_shot", "few_shot", speed=25.0),
    card("lora", "lora", training_s=3600.0),
    card("full", "full", training_s=7200.0),
]


def costs(cards=CARDS, **settings):
    config = DecideConfig(machine_hour=3.6, **settings)
    return costs_of(cards, costs_by(cards, config), config)


def test_totals_by_hand_with_the_documents_hours_marked():
    found = {t["method"]: t for t in costs(answers_per_month=1000, engineer_hour=50)["totals"]}
    assert tuple(found["lora"]["parts"]) == PARTS
    assert found["lora"]["parts"] == {
        "development": 80 * 50,
        "data_preparation": 60 * 50,
        "training": pytest.approx(3.6),
        "answers": pytest.approx(12_000 * 2 * 0.001),  # 2 s at 0.001 a second
        "maintenance": 10 * 12 * 50,
    }
    assert found["lora"]["total"] == pytest.approx(4000 + 3000 + 3.6 + 24 + 6000)
    assert found["lora"]["counted"] == pytest.approx(3.6 + 24)
    assert found["lora"]["assumed"] == ["development", "data_preparation", "maintenance"]
    assert found["base"]["hours"] == {"development": 20, "data_preparation": 20, "maintenance": 60}


def test_a_part_that_is_given_for_one_counts_for_all():
    """The others take the documents' hours of that part, marked; other parts do not count."""
    found = costs(answers_per_month=0, engineer_hour=10, work={"lora": {"development_hours": 8}})
    totals = {t["method"]: t for t in found["totals"]}
    assert totals["lora"]["counted"] == pytest.approx(80 + 3.6)
    assert totals["full"]["counted"] == pytest.approx(1600 + 7.2)
    assert totals["lora"]["assumed"] == ["data_preparation", "maintenance"]
    assert "development" in totals["full"]["assumed"]
    assert found["methods"]["lora"]["work"] == 80
    assert found["methods"]["lora"]["setup"] == pytest.approx(83.6)
    assert "Hours of development are counted at 10.00 USD an hour" in found["note"]


def test_hours_by_name_then_kind_then_approach():
    prefix = card("mine", "prefix_tuning", training_s=1.0)

    def hours(**work):
        config = DecideConfig(work={k: {"development_hours": v} for k, v in work.items()})
        return cost_of(prefix, config).work[0].hours

    assert hours(mine=1, prefix_tuning=2, lora=3) == 1
    assert hours(prefix_tuning=2, lora=3) == 2
    assert hours(lora=3) == 3
    assert hours(full=4) == 80


def test_the_documents_hours_count_where_asked_for():
    found = costs(answers_per_month=0, engineer_hour=1, assumed_hours="count")
    assert found["methods"]["full"]["total"] == pytest.approx(160 + 80 + 240 + 7.2)


def test_hours_given_twice_are_refused():
    with pytest.raises(ValidationError, match="the hours of lora are given twice"):
        DecideConfig(engineer_hours={"lora": 8}, work={"lora": {"development_hours": 8}})


def test_a_chain_pays_for_what_it_starts_from():
    cards = [*CARDS, card("next", "lora", training_s=1800.0, settings={"after": "lora"})]
    assert costs(cards)["methods"]["next"]["training"] == pytest.approx(3.6 + 1.8)
    alone = [card("next", "lora", training_s=1800.0, settings={"after": "lora"})]
    assert costs(alone)["methods"]["next"]["training"] is None  # unknown, not free


def test_an_endpoint_costs_its_tokens():
    hosted = card("hosted", "endpoint", endpoint=PRICES)
    found = costs([*CARDS, hosted])
    assert found["methods"]["hosted"]["per_1000"] == pytest.approx(300 * 2e-3 + 100 * 10e-3)
    assert found["methods"]["hosted"]["training"] == 0
    assert "measured tokens at the endpoint's prices" in found["note"]


def test_an_endpoint_without_a_price_is_unknown_and_another_currency_refused():
    free = card("hosted", "endpoint", endpoint={**PRICES, "output_per_million": None})
    assert costs([*CARDS, free])["methods"]["hosted"]["per_1000"] is None
    euros = card("hosted", "endpoint", endpoint={**PRICES, "currency": "EUR"})
    with pytest.raises(TunesmithError, match="in EUR, those of the decision in USD"):
        costs([*CARDS, euros])


def test_any_two_methods_have_a_break_even():
    found = costs()
    assert len(found["break_even"]) == 6
    (pair,) = [p for p in found["break_even"] if {p["a"], p["b"]} == {"lora", "few_shot"}]
    assert pair["answers"] == 1800  # 3.60 over 0.004 - 0.002
    assert pair["with_assumed"] == pytest.approx((9600 + 3.6) / 0.002, abs=1)


def test_volumes_hold_the_crossings_and_the_expected_volume():
    found = costs(answers_per_month=501)
    at = {point["answers"]: point for point in found["volumes"]}
    assert {0, 1800, 6012} <= at.keys()
    assert list(at) == sorted(at)
    assert at[1800]["totals"]["lora"] == pytest.approx(at[1800]["totals"]["few_shot"])
    assert at[6012]["totals"] == {t["method"]: pytest.approx(t["counted"]) for t in found["totals"]}
    assert at[0]["with_assumed"]["base"] == pytest.approx(100 * 60)


def test_the_index_by_hand():
    """Shares of the largest, weighed: the documents' own figures first."""
    assert documents_index(DecideConfig().cost_factors) == pytest.approx(
        {
            "full_fine_tuning": 0.3 + 0.4 + 0.2 * 0.8 + 0.1,
            "lora": 0.3 * 0.5 + 0.4 * 0.2 + 0.2 * 0.6 + 0.1 * 0.5,
            "prompt_based": 0.3 * 0.125 + 0.4 * 0.02 + 0.2 * 0.2 + 0.1 * 0.25,
            "instruction_tuning": 0.3 * 0.75 + 0.4 * 0.6 + 0.2 + 0.1 * 0.75,
        }
    )
    rows = {r["method"]: r for r in costs(answers_per_month=1000)["index"]["rows"]}
    compute = {"lora": 3.6 + 24, "full": 7.2 + 24, "few_shot": 48.0}
    assert rows["lora"]["shares"]["compute"] == pytest.approx(compute["lora"] / 48)
    assert rows["lora"]["index"] == pytest.approx(
        0.3 * 80 / 160 + 0.4 * compute["lora"] / 48 + 0.2 * 60 / 80 + 0.1 * 0.5
    )
    assert all(0 <= row["index"] <= 1 for row in rows.values())


def test_shared_data_is_not_added_up():
    found = costs()["data_preparation"]
    assert found["hours"] == 80  # the most that one of them needs
    assert "and not the sum" in found["sentence"]


def test_a_crossing_that_nobody_will_reach_stretches_no_plot_and_is_not_named():
    """100 hours against a hundred-thousandth of a second an answer: 86 million million answers."""
    cards = [card("base", "base"), card("lora", "lora", training_s=60.0, speed=50.0005)]
    found = costs(cards, work={"lora": {"development_hours": 180}}, answers_per_month=10_000)
    assert max(point["answers"] for point in found["volumes"]) <= 3 * 120_000 * 1.01
    (pair,) = found["break_even"]
    assert pair["answers"] > 1e8
    assert not pair["sensible"]
    assert "which is not repaid within a sensible volume" in pair["sentence"]


def test_one_answer_is_one():
    cards = [card("base", "base", speed=0.0001), card("lora", "lora", training_s=60.0)]
    (pair,) = costs(cards)["break_even"]
    assert "after 1 answer (" in pair["sentence"]


def test_the_note_says_which_prices_are_missing():
    unpriced = {**PRICES, "input_per_million": None, "output_per_million": None, "local": False}
    base, priced = card("base", "base"), card("a", "endpoint", endpoint=PRICES)
    without = card("b", "endpoint", endpoint=unpriced)
    assert "at the endpoint's prices." in costs([base, priced])["note"]
    assert "endpoint's prices" not in costs([base, without])["note"]
    assert "is not known" in costs([base, without])["note"]
    assert "server" not in costs([base])["note"]
