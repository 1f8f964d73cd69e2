from __future__ import annotations

import pytest
from scipy import stats

from tunesmith.decide.compare import aligned, compare
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.decide.words import figure
from tunesmith.errors import TunesmithError
from tunesmith.evaluate.config import EvaluateConfig

FEW = EvaluateConfig(resamples=300, metrics=("token_f1",))


def test_every_pair_by_every_metric(world):
    decision, *_ = world({"base": 0.2, "few_shot": 0.3, "lora": 0.5}, 40)
    pairs = {(c["metric"], c["a"], c["b"]) for c in decision["comparisons"]}
    ordered = {("lora", "few_shot"), ("lora", "base"), ("few_shot", "base")}
    assert pairs == {(m, *pair) for m in ("token_f1", "perplexity") for pair in ordered}
    for found in decision["comparisons"]:
        assert found["low"] <= found["difference"] <= found["high"]
        assert found["p_value"] <= found["p_holm"] <= min(1, 3 * found["p_value"])


def test_the_order_of_rows_does_not_matter(world):
    decision, cards, rows = world({"base": 0.2, "lora": 0.5}, 40, evaluation=FEW)
    mixed = {"base": rows["base"], "lora": rows["lora"][::-1]}
    assert decide(cards, mixed, DecideConfig(), evaluation=FEW) == decision


def test_the_same_input_gives_the_same_decision(world):
    first, cards, rows = world({"base": 0.2, "lora": 0.3}, 40, evaluation=FEW)
    assert decide(cards, rows, DecideConfig(), evaluation=FEW) == first


def test_other_rows_are_refused(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5}, 40, evaluation=FEW)
    rows["lora"] = [*rows["lora"][1:], {**rows["lora"][0], "id": "stranger"}]
    with pytest.raises(
        TunesmithError, match="1 are only in 'base', 1 only in 'lora', such as t0000"
    ):
        decide(cards, rows, DecideConfig(), evaluation=FEW)


def test_rows_that_one_method_lacks_are_refused(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5}, 40, evaluation=FEW)
    rows["lora"] = rows["lora"][1:]
    with pytest.raises(TunesmithError, match="did not answer the same test rows"):
        decide(cards, rows, DecideConfig(), evaluation=FEW)


def test_other_references_are_refused(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5}, 40, evaluation=FEW)
    rows["lora"][7]["reference"] = "another dataset version"
    with pytest.raises(TunesmithError, match="different references, the first at row t0007"):
        decide(cards, rows, DecideConfig(), evaluation=FEW)


def test_a_method_without_predictions_is_refused(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5}, 40, evaluation=FEW)
    del rows["lora"]
    with pytest.raises(TunesmithError, match="no predictions"):
        decide(cards, rows, DecideConfig(), evaluation=FEW)


def test_no_method_and_one_name_twice_are_refused(world):
    _, cards, rows = world({"base": 0.2}, 40, evaluation=FEW)
    with pytest.raises(TunesmithError, match="no method"):
        decide([], {}, DecideConfig())
    with pytest.raises(TunesmithError, match="same name"):
        decide([*cards, *cards], rows, DecideConfig())


def test_only_rows_that_both_scored_are_compared(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5}, 60, evaluation=FEW)
    for row in rows["lora"][:5]:
        row["prediction"] = None
    for row in rows["base"][3:10]:
        row["prediction"] = None
    (found,) = decide(cards, rows, DecideConfig(), evaluation=FEW)["comparisons"]
    assert found["n"] == 50


def test_methods_that_say_the_same_are_not_called_different(world):
    _, cards, rows = world({"base": 0.4, "lora": 0.4}, 60, evaluation=FEW)
    rows["lora"] = rows["base"]
    (found,) = decide(cards, rows, DecideConfig(), evaluation=FEW)["comparisons"]
    assert (found["difference"], found["p_value"], found["clear"]) == (0, 1, False)
    assert found["low"] < 0 < found["high"]  # 60 equal rows leave room for a few that differ
    assert found["better"] is None


def test_holm_can_take_back_what_one_comparison_alone_would_say(world):
    """The p-value is adjusted for the three pairs, and the sentence says why that matters."""
    for seed in range(30):
        decision, *_ = world(
            {"base": 0.40, "few_shot": 0.425, "lora": 0.425}, 60, seed=seed, evaluation=FEW
        )
        for found in decision["comparisons"]:
            if found["low"] > 0 and found["p_holm"] > 0.05:
                assert not found["clear"]
                assert "test over all 3 comparisons" in found["sentence"]
                return
    pytest.fail("no such case in 30 draws")


def answered(right, group=None):
    return [
        {"id": f"t{i}", "group": group and group(i), "reference": "yes", "category": None,
         "question": "?", "prediction": "yes" if one else "no", "reference_nll": 1.0,
         "reference_tokens": 1}
        for i, one in enumerate(right)
    ]  # fmt: skip


def by_exact_match(base, lora, group=None):
    config = EvaluateConfig(resamples=300, metrics=("exact_match",))
    rows = {"base": answered(base, group), "lora": answered(lora, group)}
    cards = [{"method": name, "kind": name, "label": name} for name in rows]
    return compare(cards, aligned(cards, rows), config, min_rows=30)[0]


def test_right_or_wrong_is_tested_by_mcnemar_where_rows_are_independent():
    base, lora = [True] * 20 + [False] * 40, [True] * 18 + [False] * 2 + [True] * 12 + [False] * 28
    found = by_exact_match(base, lora)
    assert (found["test"], found["n"]) == ("mcnemar", 60)
    assert found["p_value"] == pytest.approx(stats.binomtest(2, 14).pvalue)
    threads = by_exact_match(base, lora, lambda i: f"thread {i // 2}")
    assert threads["test"] == "permutation"
    assert threads["p_value"] != found["p_value"]


def test_text_figures_are_tested_by_permutation(world):
    decision, *_ = world({"base": 0.2, "lora": 0.5}, 40, evaluation=FEW)
    assert decision["comparisons"][0]["test"] == "permutation"


def test_every_comparison_says_which_difference_it_could_have_seen(world):
    decision, *_ = world({"base": 0.4, "few_shot": 0.41, "lora": 0.41}, 60, evaluation=FEW)
    z = stats.norm.ppf(1 - 0.05 / 3 / 2) + stats.norm.ppf(0.8)
    for found in decision["comparisons"]:
        assert found["smallest_effect"] == pytest.approx(z * found["standard_error"])
        shown = figure(found["smallest_effect"], "share")
        words = f"A true difference of {shown} would be found with this many rows in 80% of cases"
        assert (words in found["sentence"]) == (not found["clear"])


def test_rows_without_a_difference_or_too_few_see_nothing():
    assert by_exact_match([True] * 40, [True] * 40)["smallest_effect"] is None
    assert by_exact_match([True] * 5, [True, False] * 2 + [True])["smallest_effect"] is None
