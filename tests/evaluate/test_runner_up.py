"""Who comes next, by the rows that both have answered."""

from __future__ import annotations

from typing import Any

from tunesmith.evaluate.runner_up import runner_up


def pair(a: str, b: str, difference: float, metric: str = "token_f1") -> dict[str, Any]:
    return {"a": a, "b": b, "metric": metric, "difference": difference}


def test_the_nearest_by_common_rows_whichever_side_it_stands_on() -> None:
    found = [
        pair("lora", "base", 0.2),
        pair("few_shot", "lora", -0.05),
        pair("few_shot", "base", 9.0),  # says nothing of the choice
        pair("lora", "base", -5.0, "bleu"),
    ]
    assert runner_up(found, "lora", "token_f1") == "few_shot"
    further = [pair("lora", "base", 0.2), pair("few_shot", "lora", -0.3)]
    assert runner_up(further, "lora", "token_f1") == "base"


def test_less_is_better_for_perplexity() -> None:
    found = [pair("lora", "base", -3.0, "perplexity"), pair("lora", "full", 0.5, "perplexity")]
    assert runner_up(found, "lora", "perplexity") == "full"


def test_a_choice_that_met_nobody_has_no_runner_up() -> None:
    assert runner_up([pair("a", "b", 0.1)], "lora", "token_f1") is None
