"""Simulated projects, each with the verdict that a statistician would give."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tunesmith.decide.config import MIN_GAINS, DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.decide.questions import earns
from tunesmith.decide.rows import about
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.metrics import METRICS

FEW = EvaluateConfig(resamples=500, metrics=("token_f1", "perplexity"))


def outcome(decision):
    return decision["verdict"]["kind"], decision["verdict"]["choice"]


def comparison_of(decision, a, b):
    (found,) = [
        c for c in decision["comparisons"] if (c["metric"], c["a"], c["b"]) == ("token_f1", a, b)
    ]
    return found


def test_a_clearly_better_tuned_model(world):
    decision, cards, _ = world({"base": 0.2, "few_shot": 0.3, "lora": 0.5})
    assert outcome(decision) == ("fine-tune", "lora")
    assert [row["chosen"] for row in decision["table"]] == [False, False, True]
    values = [f"{card['metrics']['token_f1']['value']:.3f}" for card in cards]
    assert decision["headline"] == (
        f"Fine-tune: LoRA tuning is clearly better than few-shot prompting, with {values[2]} "
        f"against {values[1]} in Token F1 (words shared with your team's answers, 1 is all) on "
        "120 test questions."
    )
    assert decision["verdict"]["rows_needed"] is None


def test_few_shot_clearly_better_than_tuning(world):
    decision, *_ = world({"base": 0.2, "few_shot": 0.5, "lora": 0.3})
    assert outcome(decision) == ("prompt", "few_shot")
    assert decision["headline"].startswith("Don't fine-tune: a good prompt is enough.")
    assert "So LoRA tuning does not earn its effort: it is worse." in decision["verdict"]["reasons"]


def test_the_base_model_already_best(world):
    decision, *_ = world({"base": 0.5, "few_shot": 0.3, "lora": 0.4})
    assert outcome(decision) == ("base", "base")
    assert decision["headline"].startswith("The base model is enough")


def test_no_difference_and_enough_rows_to_know(world):
    decision, *_ = world({"base": 0.5, "few_shot": 0.5, "lora": 0.5}, 1500, seed=1)
    assert outcome(decision) == ("base", "base")
    assert all(not c["clear"] for c in decision["comparisons"] if c["metric"] == "token_f1")


def test_no_difference_and_too_few_rows_to_know(world):
    decision, *_ = world({"base": 0.2, "few_shot": 0.5, "lora": 0.5}, 60, seed=2)
    assert outcome(decision) == ("undecided", "few_shot")
    needed = decision["verdict"]["rows_needed"]
    assert needed > 60
    assert decision["headline"] == (
        "Not decided yet: LoRA tuning and few-shot prompting cannot be told apart with 60 test rows; "
        "collect about "
        f"{needed:,} more. Until that is known, use few-shot prompting."
    )


@pytest.mark.parametrize(
    ("unasked", "words", "todo"),
    [
        (0, "collect about {needed:,} more.", "Collect about {needed:,} more test rows. If"),
        (
            50,
            "about {needed:,} more are needed, and 50 of them the dataset holds already",
            (
                "Set evaluate.test_rows to null (50 rows are there already), and collect about "
                "{rest:,} more. If"
            ),
        ),
        (
            100_000,
            "ask about {needed:,} more, of the 100,000 that the dataset holds",
            "Raise evaluate.test_rows by about {needed:,}: the dataset holds 100,000 rows",
        ),
    ],
)
def test_rows_that_are_there_are_not_asked_to_be_collected(world, unasked, words, todo):
    few = EvaluateConfig(resamples=300, metrics=("token_f1",))
    _, cards, rows = world({"base": 0.2, "few_shot": 0.5, "lora": 0.5}, 60, seed=2, evaluation=few)
    decision = decide(cards, rows, DecideConfig(), evaluation=few, unasked=unasked)
    needed = decision["verdict"]["rows_needed"]
    counts = {"needed": needed, "rest": needed - unasked}
    assert words.format(**counts) in decision["headline"]
    assert decision["verdict"]["next"][0].startswith(todo.format(**counts))


def test_as_many_rows_as_asked_for_mostly_settle_it(world):
    """A true gain near the one seen in 100 rows is clear with the rows asked for, mostly."""
    settings = {"min_gain": 0.0, "evaluation": EvaluateConfig(resamples=300, metrics=("token_f1",))}
    first, *_ = world({"base": 0.40, "lora": 0.42}, 100, seed=7, **settings)
    assert first["verdict"]["kind"] == "undecided"
    more = first["verdict"]["rows_needed"]
    true = 0.40 + comparison_of(first, "lora", "base")["difference"]
    settled = [
        outcome(world({"base": 0.40, "lora": true}, 100 + more, seed=seed, **settings)[0])
        for seed in range(10, 30)
    ]
    assert 13 <= settled.count(("fine-tune", "lora")) <= 20


def test_rows_needed_by_hand(world):
    decision, *_ = world({"base": 0.4, "lora": 0.42}, 100, seed=11, min_gain=0.03)
    found = comparison_of(decision, "lora", "base")
    gain, error = found["difference"], found["standard_error"]
    assert decision["verdict"]["kind"] == "undecided"
    target = max(gain, 0.03 - gain)
    by_hand = 100 * (((1.95996 + 0.84162) * error / target) ** 2 - 1)  # 5% of chance, 80% of power
    assert decision["verdict"]["rows_needed"] == about(by_hand)


def test_tiny_data_gives_no_verdict_even_if_the_gap_is_wide(world):
    decision, *_ = world({"base": 0.1, "few_shot": 0.2, "lora": 0.9}, 12)
    assert decision["verdict"]["kind"] == "undecided"
    assert decision["headline"] == (
        "Not decided yet: 12 test rows are too few for a verdict; collect about 18 more. Until that is known, use "
        "the base model."
    )
    assert comparison_of(decision, "lora", "base")["p_holm"] < 0.05
    assert not comparison_of(decision, "lora", "base")["clear"]
    said = [reason for reason in decision["verdict"]["reasons"] if "no verdict is given" in reason]
    assert said == ["With 12 independent test rows no verdict is given; at least 30 are needed."]


def test_two_rows_do_not_crash(world):
    decision, *_ = world({"base": 0.1, "lora": 0.9}, 2)
    assert decision["verdict"]["kind"] == "undecided"


def test_rows_of_few_threads_count_as_few(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5}, 120)
    threads = {m: [{**r, "group": f"g{i // 10}"} for i, r in enumerate(p)] for m, p in rows.items()}
    decision = decide(cards, threads, DecideConfig(), evaluation=FEW)
    assert decision["verdict"]["kind"] == "undecided"
    assert comparison_of(decision, "lora", "base")["groups"] == 12
    assert decision["verdict"]["rows_needed"] == 180  # 18 more threads of 10


def test_a_clear_gain_below_the_one_asked_for_is_not_worth_tuning(world):
    decision, *_ = world({"few_shot": 0.4, "lora": 0.5}, 400, min_gain=0.3)
    assert outcome(decision) == ("prompt", "few_shot")
    assert comparison_of(decision, "lora", "few_shot")["clear"]
    assert any("below the 0.300 asked for" in reason for reason in decision["verdict"]["reasons"])


def test_small_steps_that_add_up_leave_the_base_model_out(world):
    decision, *_ = world({"base": 0.40, "few_shot": 0.44, "lora": 0.48}, 2000, min_gain=0.05)
    assert outcome(decision) == ("prompt", "few_shot")
    assert any(reason.startswith("Yet the base model") for reason in decision["verdict"]["reasons"])


@pytest.mark.parametrize("name", ["base", "few_shot", "lora"])
def test_only_one_method(world, name):
    decision, *_ = world({name: 0.4})
    assert outcome(decision) == ("undecided", name)
    assert decision["headline"].startswith("No verdict: only")
    assert decision["comparisons"] == []
    assert len(decision["samples"]) == 10


def test_only_untrained_methods_do_not_speak_of_tuning(world):
    decision, *_ = world({"base": 0.2, "few_shot": 0.4})
    assert outcome(decision) == ("prompt", "few_shot")
    assert "fine-tune" not in decision["headline"]
    assert any("No tuned model was measured" in step for step in decision["verdict"]["next"])


def test_only_trained_methods_have_nothing_to_beat(world):
    _, cards, rows = world({"lora": 0.4, "full": 0.5})
    decision = decide(cards, rows, DecideConfig(), evaluation=FEW)
    assert outcome(decision) == ("undecided", "full")


def test_of_several_that_earn_it_the_cheapest_as_good_one_wins(world):
    alike = {"base": 0.2, "lora": 0.5, "full": 0.5}
    assert outcome(world(alike, 200, speeds={"full": 10.0})[0]) == ("fine-tune", "lora")
    assert outcome(world(alike, 200, speeds={"lora": 10.0})[0]) == ("fine-tune", "full")
    better = {"base": 0.2, "lora": 0.5, "full": 0.7}
    assert outcome(world(better, 200, speeds={"full": 10.0})[0]) == ("fine-tune", "full")


def test_expensive_few_shot_is_named_as_a_reason_of_money_only(world):
    decision, *_ = world(
        {"base": 0.2, "few_shot": 0.5, "lora": 0.5}, 1500, seed=4, speeds={"few_shot": 4.0}
    )
    assert outcome(decision) == ("prompt", "few_shot")
    pair = decision["cost"]["break_even"][0]
    assert (pair["a"], pair["b"]) == ("lora", "few_shot")
    assert pair["answers"] > 0
    assert pair["sentence"] in decision["verdict"]["reasons"]
    assert any(step.startswith("If saving money") for step in decision["verdict"]["next"])


def test_lower_perplexity_is_better(world):
    decision, *_ = world({"base": 0.2, "lora": 0.5}, metric="perplexity")
    assert outcome(decision) == ("fine-tune", "lora")
    found = next(c for c in decision["comparisons"] if c["metric"] == "perplexity")
    assert found["difference"] < 0
    assert found["better"] == "lora"
    assert re.search(r"LoRA tuning is better than the base model by \d\.\d\d", found["sentence"])


def test_a_figure_that_disagrees_is_told(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5})
    for row in rows["lora"]:
        row["reference_nll"] += 60
    decision = decide(cards, rows, DecideConfig(), evaluation=FEW)
    (said,) = [
        r for r in decision["verdict"]["reasons"] if r.startswith("Another figure disagrees")
    ]
    assert "The base model is better than LoRA tuning" in said
    assert "Perplexity" in said


def test_false_better_verdicts_under_no_difference_are_rare(world):
    kinds = [
        outcome(
            world(
                {"base": 0.4, "few_shot": 0.4, "lora": 0.4},
                60,
                seed=seed,
                min_gain=0.0,
                evaluation=EvaluateConfig(resamples=300, metrics=("token_f1",)),
            )[0]
        )
        for seed in range(100)
    ]
    assert sum(kind == "fine-tune" for kind, _ in kinds) <= 5
    assert sum(choice != "base" and kind != "undecided" for kind, choice in kinds) <= 7


def test_the_deciding_metric_must_have_been_measured(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5})
    with pytest.raises(TunesmithError, match="chrf"):
        decide(cards, rows, DecideConfig(metric="chrf"))


@pytest.mark.parametrize(
    ("gain", "low", "high", "clear", "expected"),
    [
        (0.10, 0.05, 0.15, True, "earned"),
        (0.02, 0.01, 0.03, True, "earned"),
        (0.015, 0.010, 0.021, True, "unneeded"),
        (-0.05, -0.08, -0.02, True, "unneeded"),
        (0.00, -0.01, 0.01, False, "unneeded"),
        (0.00, -0.01, 0.03, False, "open"),
        (0.10, None, None, False, "open"),
    ],
)
def test_what_earns_its_effort(gain, low, high, clear, expected):
    found = {
        "metric": "token_f1", "a": "lora", "b": "base", "groups": 100,
        "difference": gain, "low": low, "high": high, "clear": clear,
    }  # fmt: skip
    assert earns("lora", found, DecideConfig(min_gain=0.02)) == expected
    if expected != "open":
        assert earns("lora", {**found, "groups": 29}, DecideConfig()) == "open"


def test_the_smallest_gain_is_in_the_unit_of_its_metric():
    other = {name for name, metric in METRICS.items() if metric.unit in {"points", "perplexity"}}
    assert set(MIN_GAINS) == other
    assert DecideConfig().min_gain == 0.02
    assert DecideConfig(metric="rouge_l").min_gain == 0.02
    assert DecideConfig(metric="chrf").min_gain == 2.0
    assert DecideConfig(metric="bleu", min_gain=0.5).min_gain == 0.5


def two_prompts(answered, first, second, **settings):
    return answered({"few": ("few_shot", first), "more": ("few_shot", second)}, **settings)[0]


def test_methods_of_one_effort_are_decided_between(answered):
    chance = np.random.default_rng(1)
    low, high = (chance.random(300) < 0.3).tolist(), (chance.random(300) < 0.7).tolist()
    found = two_prompts(answered, low, high)
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("prompt", "more")
    assert found["headline"].startswith(
        "Use few-shot prompting “more”: it is clearly better than few-shot prompting “few”, with"
    )
    assert any(c["sentence"] in found["verdict"]["reasons"] for c in found["comparisons"])
    assert any("true_gain" in s["assumption"] for s in found["cost"]["sensitivity"])


def test_two_prompts_that_cannot_be_told_apart_ask_for_rows(answered):
    chance = np.random.default_rng(2)
    first, second = (chance.random(100) < 0.5).tolist(), (chance.random(100) < 0.55).tolist()
    found = two_prompts(answered, first, second)
    assert found["verdict"]["kind"] == "undecided"
    assert found["verdict"]["rows_needed"] > 0
    assert "cannot be told apart with 100 test rows" in found["headline"]
    few = two_prompts(answered, first[:20], second[:20])
    assert "too few for a verdict" in few["headline"]


def test_of_two_prompts_that_are_alike_the_cheaper_is_taken(answered):
    same = [n % 2 == 0 for n in range(400)]
    found = two_prompts(
        answered, same, same, generation={"few": {"tokens_per_s": 4.0}}, min_gain=0.05
    )
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("prompt", "more")
    assert "as good as" in found["headline"]


def test_only_trained_methods_name_the_better_and_give_no_verdict(answered):
    chance = np.random.default_rng(1)
    low, high = (chance.random(300) < 0.3).tolist(), (chance.random(300) < 0.7).tolist()
    found, *_ = answered({"lora": ("lora", low), "full": ("full", high)})
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("undecided", "full")
    assert "Of the tuned ones full fine-tuning is clearly better than LoRA" in found["headline"]
    assert "Measure the base model" in " ".join(found["verdict"]["next"])
