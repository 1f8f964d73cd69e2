from __future__ import annotations

import math

import pytest

from tunesmith.evaluate.metrics.adherence import keeps_format, keeps_length
from tunesmith.evaluate.settings import FormatConfig, LengthConfig

ORDER = {
    "type": "object",
    "properties": {"intent": {"enum": ["refund", "cancel"]}, "order": {"type": "integer"}},
    "required": ["intent"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("answer", "kept"),
    [("one two", 1), ("one", 0), ("1 2 3 4 5 6 7 8", 1), ("1 2 3 4 5 6 7 8 9", 0), ("", 0)],
)
def test_length_is_half_to_twice_the_reference(answer, kept):
    assert keeps_length(answer, "four words stand here", LengthConfig()) == kept


def test_length_in_words_needs_no_reference():
    limits = LengthConfig(unit="words", least=2, most=3)
    assert [keeps_length(text, None, limits) for text in ("a", "a b", "a b c", "a b c d")] == [
        0, 1, 1, 0
    ]  # fmt: skip
    assert math.isnan(keeps_length(None, "x", limits))
    assert math.isnan(keeps_length("x", "?!", LengthConfig()))


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ('{"intent": "refund", "order": 7}', 1),
        (' {"intent": "cancel"}\n', 1),
        ('{"intent": "complain"}', 0),
        ('{"intent": "refund", "order": "7"}', 0),
        ('{"intent": "refund", "mood": 1}', 0),
        ('```json\n{"intent": "refund"}\n```', 0),
        ('{"intent": "refund"', 0),
        ("", 0),
    ],
)
def test_json_is_valid_under_the_schema(answer, kept):
    pytest.importorskip("jsonschema")
    assert keeps_format(answer, FormatConfig(json_schema=ORDER)) == kept


def test_an_empty_schema_asks_for_any_json():
    assert keeps_format("[1, 2]", FormatConfig(json_schema={})) == 1
    assert keeps_format("one, two", FormatConfig(json_schema={})) == 0


def test_all_that_is_asked_for_must_hold():
    asked = FormatConfig(pattern=r"Dear .*\.", required=("Your team",), forbidden=("sorry",))
    assert keeps_format("Dear customer,\nall is well. your TEAM.", asked) == 1
    assert keeps_format("Hello customer. Your team.", asked) == 0
    assert keeps_format("Dear customer. We.", asked) == 0
    assert keeps_format("Dear customer, Sorry. Your team.", asked) == 0
    assert math.isnan(keeps_format(None, asked))
