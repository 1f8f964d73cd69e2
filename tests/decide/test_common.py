"""Methods that could not be scored on all rows are compared over the rows that both have."""

from __future__ import annotations

import numpy as np
import pytest

from tunesmith.decide.common import unscored_share

CHANCE = np.random.default_rng(5)
HARD = np.arange(400) < 200
LORA = np.where(HARD, CHANCE.random(400) < 0.35, CHANCE.random(400) < 0.95).tolist()
EASY_ONLY = [None if hard else bool(CHANCE.random() < 0.7) for hard in HARD]
"""Right on 70% of the easy half; the hard half was not answered."""


@pytest.fixture
def half(answered):
    def make(**settings):
        return answered({"hosted": ("endpoint", EASY_ONLY), "lora": ("lora", LORA)}, **settings)

    return make


def test_the_headline_gives_both_figures_on_the_same_rows(half):
    decision, *_ = half()
    (pair,) = decision["comparisons"]
    hosted = np.mean([right for right in EASY_ONLY if right is not None])
    assert pair["n"] == 200
    assert pair["value_b"] == pytest.approx(hosted)
    assert pair["value_a"] == pytest.approx(np.mean(LORA[200:]))
    assert pair["value_a"] - pair["value_b"] == pytest.approx(pair["difference"])
    said = decision["headline"]
    assert f"with {pair['value_a']:.3f} against {pair['value_b']:.3f}" in said
    assert "on 200 test questions that both were scored on" in said
    assert "the hosted model could not be scored on 200 of 400 test questions" in said


def test_each_figure_says_its_own_rows(half):
    first = half()[0]["verdict"]["reasons"][0]
    assert " on 400;" in first or " on 400." in first
    assert " on 200;" in first or " on 200." in first


def test_leaving_out_hard_rows_makes_no_rival(answered):
    """By its own rows the hosted model is the best untrained one; on common rows few-shot is."""
    few = np.where(HARD, CHANCE.random(400) < 0.2, CHANCE.random(400) < 0.9).tolist()
    methods = {"few": ("few_shot", few), "hosted": ("endpoint", EASY_ONLY), "lora": ("lora", LORA)}
    decision, cards, _ = answered(methods)
    values = {c["method"]: c["metrics"]["exact_match"]["value"] for c in cards}
    assert values["hosted"] > values["few"]
    assert "better than few-shot prompting" in decision["headline"]


def test_a_floor_is_not_kept_by_leaving_out_rows(half):
    decision, *_ = half(limits={"min_quality": 0.55})
    (limit,) = decision["verdict"]["limits"]
    assert limit["met"] == ["lora"]
    assert [held["method"] for held in limit["unclear"]] == ["hosted"]
    assert "without 200 rows" in limit["unclear"][0]["sentence"]


def test_few_rows_without_a_score_leave_the_headline_as_it_is(answered):
    few = [None] * 5 + EASY_ONLY[200:] + EASY_ONLY[205:]
    decision, cards, _ = answered({"hosted": ("endpoint", few), "lora": ("lora", LORA)})
    assert unscored_share(cards[0], "exact_match") == 5 / 400
    assert "could not be scored" not in decision["headline"]
