from __future__ import annotations

from typing import Any

import pytest

from tunesmith.evaluate.behaviour.cases import Ask, Outcome, cases_of, judge
from tunesmith.evaluate.behaviour.expect import Known
from tunesmith.evaluate.behaviour.suite import Suite


def outcome(test: dict[str, Any], *told: str | None) -> Outcome:
    """What becomes of a test's first case with these answers."""
    given = {"name": "t", "title": "t"} | test
    suite = Suite.model_validate({"suite": "s", "tests": [given]})
    case = cases_of(suite, suite.tests[0], 13)[0]
    answers = {ask.id: answer for ask, answer in zip(case.asks, told, strict=True)}
    return judge(suite.tests[0], case, answers, lambda ask: Known(ask.question))


MINIMUM = {"kind": "minimum_functionality", "questions": ["Q"], "expect": {"min_words": 2}}
SAME = {"kind": "invariance", "questions": ["How do I pay my invoice?"], "perturb": ["upper_case"]}
PAIR = {"kind": "directional", "pairs": [{"before": "A", "after": "B"}]}


def test_a_minimum_is_met_or_not_or_has_no_answer() -> None:
    assert outcome(MINIMUM, "two words") == Outcome(True, "")
    assert outcome(MINIMUM, "one") == Outcome(False, "has 1 words, fewer than 2")
    assert outcome(MINIMUM, None).passed is None


@pytest.mark.parametrize(
    ("before", "after", "passed"),
    [
        ("Pay by card or by bill.", "Pay by card, or by bill", True),
        ("Pay by card or by bill.", "Pay by card today", True),  # 3 of 6 and 4 words: F1 0.6
        ("Pay by card or by bill.", "The sun is warm", False),
        ("", "Pay by card", None),
        ("...", "Pay by card", None),
        ("Pay by card", "", False),
    ],
)
def test_sameness_is_token_f1(before, after, passed) -> None:
    assert outcome({**SAME, "same": 0.5}, before, after).passed is passed


def test_with_an_expectation_both_hold_or_neither() -> None:
    test = {**SAME, "expect": {"contains_any": ["card"]}}
    assert outcome(test, "By card.", "Use a CARD").passed is True
    assert outcome(test, "By bill.", "In coins").passed is True
    assert outcome(test, "By card.", "In coins").passed is False
    assert outcome(test, "By bill.", "By card").passed is False


@pytest.mark.parametrize(
    ("change", "before", "after", "passed"),
    [
        ("shorter", "one two three", "one", True),
        ("shorter", "one", "two", False),
        ("longer", "one", "one two", True),
        ("longer", "one two", "one", False),
        ("different", "one", "One!", False),
        ("different", "one", "two", True),
    ],
)
def test_changes_have_a_direction(change, before, after, passed) -> None:
    assert outcome({**PAIR, "change": change}, before, after).passed is passed


def test_a_change_and_an_expectation_must_both_hold() -> None:
    test = {**PAIR, "change": "shorter", "expect": {"contains_any": ["rug"]}}
    assert outcome(test, "a long lamp", "rug").passed is True
    assert outcome(test, "lamp", "a long chair").why == (
        "says none of 'rug'; is not shorter: 3 words after 1"
    )


def test_perturbations_of_one_question_are_one_group_and_share_its_answer() -> None:
    suite = Suite.model_validate(
        {"suite": "s", "tests": [{"name": "t", "title": "t"} | SAME | {"perturb": ["typos", "upper_case", "lower_case"]}]}
    )  # fmt: skip
    cases = cases_of(suite, suite.tests[0], 13)
    assert len(cases) == 3
    assert len({case.group for case in cases}) == 1
    assert {case.asks[0] for case in cases} == {Ask("How do I pay my invoice?")}
    assert len({case.id for case in cases}) == 3


def test_the_same_question_with_a_secret_is_another_one() -> None:
    assert Ask("Q").id != Ask("Q", secret=True).id
