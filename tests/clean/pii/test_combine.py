from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.clean.pii.combine import combined
from tunesmith.clean.pii.spans import KINDS, Span


def at(text: str, value: str, kind: str) -> Span:
    start = text.index(value)
    return Span(start, start + len(value), kind)  # type: ignore[arg-type]


def shown(text: str, spans: list[Span]) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in spans]


@pytest.mark.parametrize(
    ("text", "value", "said", "expected"),
    [
        ("ask Zyrtova about it", "Zyrtova", "PERSON", [("PERSON", "Zyrtova")]),
        ("ask Zyrtova Kelm about it", "Zyrtova", "PERSON", [("PERSON", "Zyrtova Kelm")]),
        ("My name is Zyrtova", "Zyrtova", "LOCATION", [("PERSON", "Zyrtova")]),
        ("flying to Toronto today", "Toronto", "ORGANIZATION", [("LOCATION", "Toronto")]),
        ("I work for Zyrtova", "Zyrtova", "ORGANIZATION", [("ORGANIZATION", "Zyrtova")]),
        ("press Submit Order", "Submit Order", "PERSON", []),
        ("Dear Customer, hello", "Customer", "PERSON", []),
        ("my PIN is wrong", "PIN", "ORGANIZATION", []),
        ("there is Zyrtix on my phone", "Zyrtix", "ORGANIZATION", []),
        ("ask jana dvorakova about it", "jana dvorakova", "PERSON", [("PERSON", "jana dvorakova")]),
        ("ask the agent about it", "agent", "PERSON", []),
        ("order 12588 is late", "12588", "ADDRESS", []),
        ("at 12 elm grove now", "12 elm grove", "ADDRESS", [("ADDRESS", "12 elm grove")]),
    ],
)  # fmt: skip
def test_a_model_is_one_witness(text, value, said, expected) -> None:
    assert shown(text, combined(text, [], [at(text, value, said)])) == expected


def test_rules_and_forms_come_first() -> None:
    text = "Jane Doe of jane@example.com"
    ruled = [at(text, "Jane Doe", "PERSON"), at(text, "jane@example.com", "EMAIL")]
    modelled = [at(text, "Jane", "ORGANIZATION"), at(text, "jane@example.com", "PERSON")]
    assert combined(text, ruled, modelled) == ruled
    assert combined(text, ruled, []) == ruled


def test_a_ruled_name_never_becomes_a_kind_that_is_not_masked() -> None:
    text = "moved to Georgia"
    ruled, modelled = [at(text, "Georgia", "PERSON")], [at(text, "Georgia", "LOCATION")]
    assert shown(text, combined(text, ruled, modelled)) == [("LOCATION", "Georgia")]
    assert combined(text, ruled, modelled, kinds=("PERSON",)) == ruled


def test_two_lines_are_two_names() -> None:
    text = "Regards,\nZyrtova Kelm\nKelmix Hall"
    found = combined(text, [], [Span(9, len(text), "PERSON")])
    assert shown(text, found) == [("PERSON", "Zyrtova Kelm")]


TEXT = "Hi Anna Lee, Zyrtova of Kelm Ltd. in Paris\nsays jana dvorakova lives at 12 Elm St."
SPANS = st.lists(
    st.tuples(st.integers(0, len(TEXT) - 1), st.integers(1, 30), st.sampled_from(KINDS)).map(
        lambda item: Span(item[0], min(len(TEXT), item[0] + item[1]), item[2])
    ),
    max_size=5,
)


@given(SPANS, SPANS)
def test_spans_lie_inside_the_text_in_order_and_apart(ruled, modelled) -> None:
    ruled = combined("x" * len(TEXT), ruled, [])  # what rules give never overlaps
    found = combined(TEXT, ruled, modelled)
    assert all(0 <= span.start < span.end <= len(TEXT) for span in found)
    for span, following in itertools.pairwise(found):
        assert span.end <= following.start
    covered = {place for span in found for place in range(span.start, span.end)}
    for span in ruled:  # a model never uncovers what the rules have found
        assert covered >= set(range(span.start, span.end))
