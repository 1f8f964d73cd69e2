"""Hard limits against figures made by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.decide.limit_check import is_here
from tunesmith.decide.limits import LimitsConfig
from tunesmith.decide.measured import Measured, read_measured
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.io import write_json

FEW = EvaluateConfig(resamples=300, metrics=("token_f1",))


def p95(value, low, high, n=100):
    return {"value": value, "low": low, "high": high, "n": n}


@pytest.fixture
def limited(world):
    """`limited(qualities, limits, change)` decides with limits; `change` edits cards by name."""

    def make(qualities, limits, change=None, *, n=120, measured=None, **settings):
        _, cards, rows = world(qualities, n, evaluation=FEW)
        for card in cards:
            for key, value in (change or {}).get(card["method"], {}).items():
                card[key] = {**card[key], **value}
        return decide(
            cards, rows, DecideConfig(limits=limits, **settings), evaluation=FEW, measured=measured
        )

    return make


def limit(decision, name):
    (found,) = [entry for entry in decision["verdict"]["limits"] if entry["name"] == name]
    return found


def test_no_limits_are_no_entries(world):
    assert world({"base": 0.2, "lora": 0.5})[0]["verdict"]["limits"] == []


@pytest.mark.parametrize(
    ("figure", "standing"),
    [
        (p95(1.0, 0.8, 1.5), "met"),
        (p95(1.0, 0.8, 2.0), "met"),  # at most 2 s is asked for
        (p95(1.9, 1.2, 3.1), "unclear"),
        (p95(1.0, 0.8, None), "unclear"),  # too few rows for an upper end
        (p95(2.5, 1.9, 3.1), "failed"),
        (p95(5.0, 4.0, None), "failed"),
        (p95(2.5, 2.1, 3.1), "failed"),
        (None, "unclear"),
    ],
)
def test_latency_against_two_seconds(limited, figure, standing):
    change = {"lora": {"metrics": {"latency_p95_s": figure}}}
    for name in ("base", "few_shot"):
        change[name] = {"metrics": {"latency_p95_s": p95(0.5, 0.4, 0.6)}}
    decision = limited(
        {"base": 0.2, "few_shot": 0.3, "lora": 0.5}, {"max_p95_latency_s": 2}, change
    )
    found = limit(decision, "max_p95_latency_s")
    names = found["met"] if standing == "met" else [held["method"] for held in found[standing]]
    assert "lora" in names
    choice, kind = decision["verdict"]["choice"], decision["verdict"]["kind"]
    assert (kind, choice) == (
        ("prompt", "few_shot") if standing == "failed" else ("fine-tune", "lora")
    )
    unsure = "cannot be told yet" in decision["headline"]
    assert unsure == (standing == "unclear")
    straddles = standing == "failed" and figure["low"] <= 2
    assert ("Out by figures that are not sure yet: LoRA tuning." in decision["headline"]) == (
        straddles
    )


def test_a_range_that_holds_the_limit_says_how_many_rows(limited):
    change = {"lora": {"metrics": {"latency_p95_s": p95(1.9, 1.2, None, n=16)}}}
    decision = limited({"base": 0.2, "lora": 0.5}, {"max_p95_latency_s": 2}, change)
    (held,) = [h for h in limit(decision, "max_p95_latency_s")["unclear"] if h["method"] == "lora"]
    assert held["sentence"] == (
        "Whether LoRA tuning keeps to at most 2.00 s cannot be told yet: its p95 latency is 1.90 s "
        "(at least 1.20 s); answer about 56 more rows alone (evaluate.latency_rows)."
    )  # 72 are needed for an upper end (0.95^72 = 2.5%)
    assert held["sentence"] in decision["verdict"]["reasons"]
    todo = (
        "Settle the limit of p95 latency: answer about 56 more rows alone (evaluate.latency_rows)."
    )
    assert todo in decision["verdict"]["next"]


def test_a_measurement_of_performance_wins_over_the_scorecard(limited, tmp_path):
    write_json(
        tmp_path / "methods" / "lora" / "performance.json",
        {"latency": {"answer_s": {"p95": p95(9.0, 8.0, 10.0)}}, "peak_memory_mib": 700.0},
    )
    measured = read_measured(tmp_path, ["base", "lora"])
    assert set(measured.performance) == {"lora"}
    change = {"lora": {"metrics": {"latency_p95_s": p95(1.0, 0.9, 1.1)}}}
    limits = {"max_p95_latency_s": 2, "max_memory_mib": 800}
    decision = limited({"base": 0.2, "lora": 0.5}, limits, change, measured=measured)
    assert [h["value"] for h in limit(decision, "max_p95_latency_s")["failed"]] == [9.0]
    assert limit(decision, "max_memory_mib")["met"] == ["lora"]
    assert decision["verdict"]["kind"] == "base"


def test_memory_that_was_measured_is_exact(limited):
    change = {
        "base": {"generation": {"peak_memory_mib": 900.0}},
        "lora": {"generation": {"peak_memory_mib": 1100.0}},
    }
    decision = limited({"base": 0.2, "lora": 0.5}, {"max_memory_mib": 1000}, change)
    found = limit(decision, "max_memory_mib")
    assert found["met"] == ["base"]
    assert [h["sentence"] for h in found["failed"]] == [
        "LoRA tuning is out: its peak memory is 1,100 MiB, and at most 1,000 MiB is asked for."
    ]


def test_a_floor_that_nobody_reaches(limited):
    decision = limited({"base": 0.2, "few_shot": 0.3, "lora": 0.5}, {"min_quality": 0.9})
    verdict = decision["verdict"]
    assert (verdict["kind"], verdict["choice"], verdict["nearest"]) == ("none", None, "lora")
    assert decision["headline"] == "No method keeps to your limits; the nearest is LoRA tuning."
    assert not any(row["chosen"] for row in decision["table"])
    assert decision["samples"]
    assert sum("is out: its Token F1" in reason for reason in verdict["reasons"]) == 3


def test_of_perplexity_the_floor_is_a_ceiling(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5})
    values = [card["metrics"]["perplexity"]["value"] for card in cards]
    between = sum(values) / 2
    decision = decide(
        cards,
        rows,
        DecideConfig(metric="perplexity", limits={"min_quality": between}),
        evaluation=EvaluateConfig(resamples=300, metrics=("token_f1", "perplexity")),
    )
    found = limit(decision, "min_quality")
    assert found["met"] == ["lora"]
    assert [h["method"] for h in found["failed"]] == ["base"]
    assert decision["verdict"]["choice"] == "lora"


def test_a_budget_counts_what_counts_and_names_the_hours(limited):
    machine = limited({"base": 0.2, "lora": 0.5}, {"max_total_cost": 50})
    found = limit(machine, "max_total_cost")
    assert {h["method"] for h in found["unclear"]} == {"base", "lora"}
    assert "put your own hours into decide.work" in found["unclear"][0]["sentence"]
    hours = {"development_hours": 1, "data_preparation_hours": 0, "maintenance_hours_per_month": 0}
    own = limited(
        {"base": 0.2, "lora": 0.5},
        {"max_total_cost": 50},
        work={"base": {**hours, "development_hours": 0.25}, "lora": hours},
    )
    found = limit(own, "max_total_cost")
    assert found["met"] == ["base"]
    assert [h["method"] for h in found["failed"]] == ["lora"]  # an hour is 60 already


def endpoint(host):
    return {
        "generation": {
            "endpoint": {
                "model": "m", "host": host, "input_per_million": 1.0, "output_per_million": 2.0,
                "currency": "USD",
            }
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    ("host", "stays"), [("api.example.com", False), ("localhost:8000", True), ("127.0.0.1", True)]
)
def test_data_stays_here(limited, host, stays):
    decision = limited(
        {"base": 0.2, "endpoint": 0.6, "lora": 0.4},
        {"data_stays_here": True},
        {"endpoint": endpoint(host)},
    )
    found = limit(decision, "data_stays_here")
    assert ("endpoint" in found["met"]) == stays
    assert decision["verdict"]["choice"] == ("endpoint" if stays else "lora")
    if not stays:
        assert found["failed"][0]["sentence"] == (
            "The hosted model is out: it sends questions to api.example.com, and data may not "
            "leave this machine."
        )


def test_this_machine_is_known_by_its_names_alone():
    assert is_here("http://[::1]:8000/v1")
    assert not is_here("http://127.0.0.1.example.com/v1")
    assert not is_here("10.0.0.4:8000")


def test_forgetting(limited):
    measured = Measured(forgetting={"lora": {"perplexity": {"ratio": p95(1.4, 1.3, 1.5)}}})
    decision = limited({"base": 0.2, "lora": 0.5}, {"max_forgetting": 1.2}, measured=measured)
    assert [h["method"] for h in limit(decision, "max_forgetting")["failed"]] == ["lora"]
    unknown = limited({"base": 0.2, "lora": 0.5}, {"max_forgetting": 1.2})
    (held,) = limit(unknown, "max_forgetting")["unclear"]
    assert held["sentence"].endswith(
        "its growth of perplexity outside the domain was not measured."
    )


def test_only_trained_methods_left(limited):
    change = {"base": {"generation": {"peak_memory_mib": 2000.0}}}
    for name in ("lora", "full"):
        change[name] = {"generation": {"peak_memory_mib": 500.0}}
    decision = limited({"base": 0.2, "lora": 0.5, "full": 0.5}, {"max_memory_mib": 1000}, change)
    assert decision["verdict"]["kind"] == "fine-tune"
    assert decision["headline"].startswith("Fine-tune: of the methods that keep to your limits")


@pytest.mark.parametrize(
    "wrong", [{"max_p95_latency_s": 0}, {"max_memory_mib": -1}, {"fast": True}]
)
def test_wrong_limits_are_refused(wrong):
    with pytest.raises(ValidationError):
        LimitsConfig(**wrong)


@pytest.mark.parametrize(("host", "standing"), [("127.0.0.1:80", "unclear"), ("a.example", "met")])
def test_a_server_on_this_machine_takes_memory_that_nobody_measured(limited, host, standing):
    change = endpoint(host)
    change["generation"]["peak_memory_mib"] = 50.0  # of our client, not of the server
    decision = limited(
        {"base": 0.2, "endpoint": 0.6}, {"max_memory_mib": 100}, {"endpoint": change}
    )
    found = limit(decision, "max_memory_mib")
    held = found["met"] if standing == "met" else [h["method"] for h in found["unclear"]]
    assert "endpoint" in held


def test_hours_that_are_assumed_alone_put_nothing_out_for_sure(limited):
    """The documents' 80 hours of LoRA count as soon as hours are given for prompting."""
    work = {"prompt_based": {"development_hours": 2}}
    decision = limited({"base": 0.2, "lora": 0.6}, {"max_total_cost": 500}, work=work)
    (failed,) = limit(decision, "max_total_cost")["failed"]
    assert (failed["method"], failed["sure"]) == ("lora", False)
    assert "would keep to it without the documents' hours of work" in failed["sentence"]
    assert "Out by figures that are not sure yet: LoRA tuning." in decision["headline"]
    own = {**work, "lora": {"development_hours": 20}}
    decision = limited({"base": 0.2, "lora": 0.6}, {"max_total_cost": 500}, work=own)
    (failed,) = limit(decision, "max_total_cost")["failed"]
    assert failed["sure"]
