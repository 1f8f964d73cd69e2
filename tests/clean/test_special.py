from __future__ import annotations

import pytest
from pydantic import ValidationError

from factory import pairs
from tunesmith.clean.special import Rule, SpecialCases
from tunesmith.step import apply


def cleaned(text: str, *rules: dict) -> str:
    step = SpecialCases(rules=tuple(Rule(**rule) for rule in rules))
    return apply([step], pairs({"answer": text})).frame["answer"][0]


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ({"find": "a.b", "replace": "$1"}, "a.b axb", "$1 axb"),
        ({"find": r"TCK(\d+)", "replace": "ticket $1", "regex": True}, "TCK12", "ticket 12"),
        ({"find": r"(?P<n>\d+) EUR", "replace": "€${n}", "regex": True}, "5 EUR", "€5"),
        ({"find": "(?i)acme", "replace": "A$$", "regex": True}, "ACME", "A$"),
        ({"find": "x", "replace": "y"}, "x `x`\n```\nx\n```", "y `x`\n```\nx\n```"),
        ({"find": "x", "replace": "y", "in_code": True}, "x `x`", "y `y`"),
        ({"find": "x", "replace": "y", "columns": ["question"]}, "x", "x"),
    ],
)
def test_rules(rule, text, expected) -> None:
    assert cleaned(text, rule) == expected


def test_a_later_rule_sees_what_an_earlier_one_wrote() -> None:
    assert cleaned("a", {"find": "a", "replace": "b"}, {"find": "b", "replace": "c"}) == "c"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"find": "(a", "regex": True}, "not valid"),
        ({"find": "(?=a)b", "regex": True}, "look-around"),
        ({"find": "a*", "regex": True}, "finds the empty text"),
        ({"find": "(a)", "replace": "$2", "regex": True}, "no group '2'"),
        ({"find": "(a)", "replace": "$1st", "regex": True}, "no group '1st'"),
        ({"find": ""}, "at least 1"),
        ({"find": "a", "columns": ["customer"]}, "Input should be"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(rule, words) -> None:
    with pytest.raises(ValidationError, match=words):
        Rule(**rule)


def test_other_columns_can_be_named() -> None:
    step = SpecialCases(rules=(Rule(find="old", replace="new", columns=("category",)),))
    frame = apply([step], pairs({"category": "old", "answer": "old"}, {"category": None})).frame
    assert frame["category"].to_list() == ["new", None]
    assert frame["answer"][0] == "old"
    assert frame["changes"].to_list() == [["special_cases"], []]
