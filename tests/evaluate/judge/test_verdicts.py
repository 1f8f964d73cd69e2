"""What makes a judge's verdict clear, and what its failures may hide."""

from __future__ import annotations

import pytest

from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.judge.verdicts import concluded, verdicts_on
from tunesmith.evaluate.judge.votes import Outcome

CONFIG = EvaluateConfig(resamples=500)


def pair(wins: int, losses: int, failures: int, *, trust="agrees"):
    outcomes = [Outcome("a")] * wins + [Outcome("b")] * losses + [Outcome(None)] * failures
    groups = [None] * len(outcomes)
    found = verdicts_on("lora", "base", outcomes, groups, unanswered=0, config=CONFIG)
    (one,) = concluded([found], trust=trust, config=CONFIG, min_rows=20)
    return one


def test_a_judge_that_is_mostly_unreadable_makes_nothing_clear() -> None:
    found = pair(31, 0, 300)
    assert not found["clear"]
    assert found["win_rate_bounds"] == pytest.approx([31 / 331, 1])
    assert "as losses of lora, its win rate is 9%, of base, 100%" in found["sentence"]
    assert pair(31, 0, 10)["clear"]
    assert pair(31, 0, 0)["win_rate_bounds"] == [1, 1]


def test_a_judge_that_agrees_with_people_by_chance_makes_nothing_clear() -> None:
    assert not pair(60, 0, 0, trust="chance")["clear"]
    assert pair(60, 0, 0, trust="uncalibrated")["clear"]


def test_the_preferred_one_is_named() -> None:
    assert "prefers base to lora" in pair(0, 60, 0)["sentence"]
    assert "prefers lora to base" in pair(60, 0, 0)["sentence"]
