"""The documents' figures as they stand in source document B, and what use cases prefer."""

from __future__ import annotations

import typing

import numpy as np
import pytest
from pydantic import ValidationError

from tunesmith.decide.approaches import (
    APPROACHES,
    PREFERENCES,
    STARTING,
    CostFactors,
    UseCase,
    approach_of,
)  # fmt: skip
from tunesmith.decide.config import DecideConfig
from tunesmith.decide.decision import decide
from tunesmith.decide.words import names
from tunesmith.evaluate.config import EvaluateConfig

FEW = EvaluateConfig(resamples=300, metrics=("token_f1",))


def card(kind, name=None, *, learned=None, after=None):
    settings = {"format": {"kind": learned or "qa"}, "after": after}
    return {
        "method": name or kind, "kind": kind, "label": kind,
        "training": None if kind in {"base", "few_shot", "endpoint"} else {"settings": settings},
    }  # fmt: skip


def test_the_starting_figures_are_those_of_the_document():
    """Hours of development, USD of compute, hours of data preparation, hours a month."""
    assert {a: tuple(vars(s).values()) for a, s in STARTING.items()} == {
        "full_fine_tuning": (160, 5000, 80, 20),
        "lora": (80, 1000, 60, 10),
        "prompt_based": (20, 100, 20, 5),
        "instruction_tuning": (120, 3000, 100, 15),
    }
    assert CostFactors().model_dump() == {
        "development": 0.3, "compute": 0.4, "data_preparation": 0.2, "maintenance": 0.1,
    }  # fmt: skip


def test_factors_are_together_one():
    with pytest.raises(ValidationError, match=r"together must be 1, not 1\.1"):
        CostFactors(compute=0.5)


def test_every_use_case_has_a_preference_and_none_contradicts_itself():
    assert set(PREFERENCES) == set(typing.get_args(UseCase))
    for preference in PREFERENCES.values():
        assert preference.best or preference.not_for
        assert not set(preference.best) & set(preference.not_for)
        assert {preference.rank(a) for a in APPROACHES} <= {0, 1, 2}


def test_preferences_are_those_of_the_document():
    """ "Best For" and "Not Suitable For" of each approach, in the order of the document."""
    best = {a: {u for u, p in PREFERENCES.items() if a in p.best} for a in APPROACHES}
    not_for = {a: {u for u, p in PREFERENCES.items() if a in p.not_for} for a in APPROACHES}
    assert best == {
        "full_fine_tuning": {"high_volume", "domain", "maximum_quality", "long_term"},
        "lora": {"production", "limited_compute", "frequent_updates", "multi_task"},
        "prompt_based": {"prototype", "little_data", "frequent_updates", "cost_sensitive"},
        "instruction_tuning": {"assistant", "multi_task", "long_term"},
    }
    assert not_for == {
        "full_fine_tuning": {"prototype", "limited_compute", "frequent_updates", "little_data"},
        "lora": {"maximum_quality", "little_data", "simple_task"},
        "prompt_based": {"high_volume", "consistency", "complex_reasoning"},
        "instruction_tuning": {"simple_task", "limited_compute", "prototype"},
    }


@pytest.mark.parametrize(
    ("scorecard", "approach"),
    [
        (card("base"), "prompt_based"),
        (card("few_shot"), "prompt_based"),
        (card("endpoint"), "prompt_based"),
        (card("full"), "full_fine_tuning"),
        (card("lora"), "lora"),
        (card("prefix_tuning"), "lora"),
        (card("lora", learned="instruction"), "instruction_tuning"),
        (card("full", learned="instruction"), "instruction_tuning"),
        (card("lora", learned="preference"), "lora"),
    ],
)
def test_the_approach_of_a_method(scorecard, approach):
    assert approach_of(scorecard) == approach


def test_names_in_words():
    called = names(
        [
            card("base"),
            card("endpoint"),
            card("lora"),
            card("lora", "taught", learned="instruction"),
            card("lora", "ranked", learned="preference", after="lora"),
            card("lora", "pages", learned="completion"),
            card("lora", "then", after="pages"),
            card("full", "one"),
            card("full", "two"),
        ]
    )
    assert called == {
        "base": "the base model",
        "endpoint": "the hosted model",
        "lora": "LoRA tuning",
        "taught": "instruction tuning",
        "ranked": "preference tuning after LoRA tuning",
        "pages": "pretraining on the pages",
        "then": "LoRA tuning after pretraining on the pages",
        "one": "full fine-tuning “one”",
        "two": "full fine-tuning “two”",
    }


def test_a_use_case_decides_between_methods_that_are_alike(world):
    alike = {"base": 0.2, "lora": 0.5, "full": 0.5}
    speeds = {"full": 20.0}
    for use_case, choice in ((None, "lora"), ("maximum_quality", "full"), ("production", "lora")):
        found, *_ = world(alike, 120, speeds=speeds, use_case=use_case, evaluation=FEW)
        assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("fine-tune", choice)
    said = found["verdict"]["use_case"]
    assert (said["name"], said["preferred"]) == ("production", ["lora"])
    assert said["sentence"] in found["verdict"]["reasons"]


def test_a_use_case_never_overrules_a_clear_difference(world):
    found, *_ = world(
        {"base": 0.2, "few_shot": 0.3, "lora": 0.6}, use_case="prototype", evaluation=FEW
    )
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("fine-tune", "lora")
    assert found["verdict"]["use_case"]["sentence"].endswith(
        "the figures speak for LoRA tuning all the same."
    )
    found, *_ = world(
        {"base": 0.2, "few_shot": 0.6, "lora": 0.3}, use_case="production", evaluation=FEW
    )
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("prompt", "few_shot")


def test_a_use_case_names_the_choice_while_a_question_is_open(world):
    qualities = {"base": 0.2, "few_shot": 0.5, "lora": 0.5}
    found, *_ = world(qualities, 60, seed=2, use_case="production", evaluation=FEW)
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("undecided", "lora")
    found, *_ = world(qualities, 60, seed=2, use_case="prototype", evaluation=FEW)
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("undecided", "few_shot")


def test_as_good_and_preferred_is_chosen(world):
    found, *_ = world(
        {"base": 0.2, "few_shot": 0.5, "lora": 0.5}, 300, min_gain=0.05, use_case="high_volume",
        evaluation=FEW,
    )  # fmt: skip
    assert (found["verdict"]["kind"], found["verdict"]["choice"]) == ("fine-tune", "lora")
    assert found["verdict"]["as_good"]["why"] == "use_case"
    assert "as good as few-shot prompting" in found["headline"]


def test_an_unknown_use_case_is_refused():
    with pytest.raises(ValidationError):
        DecideConfig(use_case="everything")


def test_decide_is_called(world):
    _, cards, rows = world({"base": 0.2, "lora": 0.5}, 40, evaluation=FEW)
    assert decide(cards, rows, DecideConfig(), evaluation=FEW)["verdict"]["use_case"] is None


def use_case_said(decision):
    return decision["verdict"]["use_case"]["sentence"]


def test_the_figures_do_not_speak_where_nothing_is_clear(answered):
    chance = np.random.default_rng(2)
    base, lora = (chance.random(100) < 0.5).tolist(), (chance.random(100) < 0.55).tolist()
    found, *_ = answered({"base": ("base", base), "lora": ("lora", lora)}, use_case="long_term")
    assert found["verdict"]["kind"] == "undecided"
    assert use_case_said(found).endswith("; no method of that approach was measured.")
    few = (np.array(base) | (chance.random(100) < 0.02)).tolist()
    methods = {"base": ("base", base), "few": ("few_shot", few), "lora": ("lora", lora)}
    found, *_ = answered(methods, use_case="production", min_rows=200)
    assert found["verdict"]["choice"] == "lora"  # nothing is told apart, so the preferred it is
    found, *_ = answered(
        {"base": ("base", base), "lora": ("lora", lora)}, use_case="production", min_gain=0.3
    )
    assert found["verdict"]["kind"] == "fine-tune"


def test_a_preferred_method_that_is_out_or_not_shown_to_be_as_good(answered):
    chance = np.random.default_rng(0)
    base = chance.random(100) < 0.5
    lora, some = base.copy(), chance.choice(100, 12, replace=False)
    lora[some] = chance.random(12) < 0.4
    methods = {"base": ("base", base.tolist()), "lora": ("lora", lora.tolist())}
    found, *_ = answered(methods, use_case="production", min_gain=0.05)
    assert found["verdict"]["choice"] == "base"
    assert use_case_said(found).endswith(
        "; the figures do not tell whether LoRA tuning is as good as the base model."
    )
    found, *_ = answered(
        methods, use_case="production", limits={"max_memory_mib": 700},
        generation={"base": {"peak_memory_mib": 600.0}, "lora": {"peak_memory_mib": 900.0}},
    )  # fmt: skip
    assert use_case_said(found).endswith(
        "; what was measured of that does not keep to your limits."
    )
