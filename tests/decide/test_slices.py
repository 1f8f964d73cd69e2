"""Which customers get worse: the pairs that are compared, and sentences that follow from them."""

from __future__ import annotations

from typing import Any

import pytest

from tunesmith.decide.compare import compare
from tunesmith.decide.slices import slice_report
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.facets import Facet, Facets
from tunesmith.evaluate.scorecard import Method, scorecard

ROWS = 80
KIND = Facet("category", "Category", ("refund", "order"),
             {f"r{n}": "refund" if n % 2 else "order" for n in range(ROWS)})  # fmt: skip


def report(metric: str = "exact_match", *, chosen: bool = True, **methods: Any) -> dict[str, Any]:
    """The report on methods given as kind and which rows each answers right."""
    config = EvaluateConfig(metrics=("exact_match", "perplexity"), resamples=1000)
    answers = {
        name: [
            {
                "id": f"r{n}", "reference": "yes", "prediction": "yes" if right(n) else "no",
                "group": None, "reference_nll": 1.0 if right(n) else 2.0, "reference_tokens": 2,
            }
            for n in range(ROWS)
        ]
        for name, (_, right) in methods.items()
    }  # fmt: skip
    cards = [
        scorecard(Method(name=name, kind=kind, label=name), answers[name], config=config,
                  training=None, generation=None)
        for name, (kind, _) in methods.items()
    ]  # fmt: skip
    facets = Facets((KIND,), (("language", "all rows have the same value"),))
    choice = list(methods)[-1] if chosen else None
    return slice_report(
        cards, answers, facets, choice=choice, metric=metric, evaluation=config,
        comparisons=compare(cards, answers, config, min_rows=2),
    )  # fmt: skip


def half(n: int) -> bool:
    return n % 8 < 4


def test_without_a_choice_all_meet_the_base_model_and_nothing_else() -> None:
    found = report(
        base=("base", half),
        few_shot=("few_shot", lambda n: n % 8 < 5),
        lora=("lora", lambda n: n % 8 < 6),
        chosen=False,
    )
    pairs = {(one["method"], one["rival"]) for one in found["comparisons"]}
    assert pairs == {("few_shot", "base"), ("lora", "base")}


def test_every_method_meets_the_base_model_and_the_choice_the_next_best() -> None:
    found = report(
        base=("base", half),
        few_shot=("few_shot", lambda n: n % 8 < 5),
        prefix=("prefix_tuning", half),
        lora=("lora", lambda n: n % 8 < 6),
    )
    pairs = {(one["method"], one["rival"]) for one in found["comparisons"]}
    assert pairs == {
        ("few_shot", "base"), ("prefix", "base"), ("lora", "base"), ("lora", "few_shot")
    }  # fmt: skip
    assert found["looked_at"] == 8
    assert found["left_out"] == [{"facet": "language", "why": "all rows have the same value"}]
    assert [value["value"] for value in found["facets"][0]["values"]] == ["refund", "order"]


@pytest.mark.parametrize("metric", ["exact_match", "perplexity"])
def test_who_gets_worse_is_said_in_a_sentence(metric: str) -> None:
    found = report(
        metric,
        base=("base", half),
        lora=("lora", lambda n: n % 2 == 0 or n % 8 == 1),  # refund: 1 in 4 right, not 1 in 2
    )
    (worse,) = [one for one in found["worse"] if one["clear"]]
    assert (worse["facet"], worse["value"]) == ("category", "refund")
    assert worse["sentence"] == found["sentences"][0]
    assert worse["sentence"].startswith(
        "Category “refund”: LoRA tuning gives worse answers than the base model by 0."
    )
    assert worse["sentence"].endswith("on 40 test rows.")
    low, high = sorted(abs(worse[side]) for side in ("low", "high"))
    digits = 3 if metric == "exact_match" else 2
    assert f"({low:.{digits}f} to {high:.{digits}f})" in worse["sentence"]
    assert (worse["difference"] < 0) == (metric == "exact_match")


def test_where_nothing_is_clear_it_says_what_could_not_have_been_seen() -> None:
    found = report(base=("base", half), lora=("lora", lambda n: n % 8 < 3 or n % 16 == 7))
    assert len(found["sentences"]) == 1
    assert found["sentences"][0].startswith(
        "No slice is clearly worse; in slices of up to 40 rows a fall of less than 0."
    )
    effect = found["smallest_effect"]["effect"]
    known = [one["smallest_effect"] for one in found["comparisons"] if one["smallest_effect"]]
    assert min(known) <= effect <= max(known)
    (worse, *_) = found["worse"]
    assert "which may be chance (-0." in worse["sentence"]


def test_one_method_alone_is_compared_with_nothing() -> None:
    found = report(base=("base", half))
    assert found["comparisons"] == []
    assert found["sentences"] == ["There is nothing to compare in slices."]
