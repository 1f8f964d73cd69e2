from __future__ import annotations

import itertools
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from factory import pairs
from tunesmith.check import CheckConfig
from tunesmith.check.quality import QualityScore, text_figures
from tunesmith.check.rules import (
    Exclude,
    ExcludeRows,
    Limits,
    QaPairs,
    QualityFilter,
    RequiredFields,
    plain_counts,
)
from tunesmith.step import apply

GOOD = {
    "question": "How do I change my address?",
    "answer": "Open your account and press Addresses.",
}


def reason(step, row) -> str | None:
    fates = apply([step], pairs(row)).fates
    return None if not fates.height else fates["reason"][0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"question": "Why?"}, "the question is too short (letters)"),
        ({"question": "x" * 501}, "the question is too long (letters)"),
        ({"answer": "ok done"}, "the answer is too short (letters)"),
        ({"answer": "y " * 1001}, "the answer is too long (letters)"),
        ({"question": "!!!???!!!??? a b"}, "the question is hardly words (share of letters)"),
        (
            {"question": "[EMAIL] [PHONE] [EMAIL]"},
            "the question is hardly words (share of letters)",
        ),
        ({"question": "refundplease"}, "the question is not specific (words)"),
        ({"question": "返品したいのですがどうすればよいですか"}, None),
        ({"answer": "Open your account, press Addresses and"}, "the answer breaks off"),
        ({"answer": "Open your account, press Addresses,"}, "the answer breaks off"),
        ({"answer": "how do I change, my address"}, "the answer repeats the question"),
        ({"question": "x" * 9 + "y z"}, None),
    ],
)
def test_the_rules_for_pairs(change, expected) -> None:
    assert reason(QaPairs(), GOOD | change) == expected


@pytest.mark.parametrize("length", [10, 500])
def test_the_limits_belong_to_what_is_allowed(length) -> None:
    assert reason(QaPairs(), GOOD | {"question": ("ab " * 200)[: length - 1] + "c"}) is None


def test_a_page_is_not_held_to_the_rules_for_pairs() -> None:
    assert (
        reason(QaPairs(), {"kind": "document", "text": "x", "question": None, "answer": None})
        is None
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"answer": None}, "the answer is missing"),
        ({"question": "  "}, "the question is missing"),
        ({"kind": "document", "text": None}, "the text is missing"),
        ({"category": None}, "category is missing"),
    ],
)
def test_required_fields(change, expected) -> None:
    assert reason(RequiredFields(metadata=["category"]), GOOD | change) == expected


def test_rows_are_excluded_by_any_column() -> None:
    step = ExcludeRows(
        rules=[
            Exclude(column="type", values=["Internal Note"]),
            Exclude(column="category", values=["spam"]),
        ]
    )
    note = {"extra": [{"key": "type", "value": "internal note"}]}
    assert reason(step, GOOD | note) == "type is 'Internal Note'"
    assert reason(step, GOOD | {"category": "Spam"}) == "category is 'spam'"
    assert reason(step, GOOD) is None


def test_repetition_counts_word_triples() -> None:
    plain = "one two three four five six seven eight nine ten eleven twelve thirteen"
    again = " ".join(["press the green button"] * 10)
    ratios = text_figures(pl.Series([plain, again, "short short short", ""]))[1]
    assert ratios[0] == 0
    assert ratios[1] == pytest.approx(1 - 4 / 38)
    assert ratios[2] == ratios[3] == 0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "B", "\t", "é", "[X]", "the"]), max_size=60).map(" ".join)
)
def test_repetition_is_that_of_a_set_of_triples(text: str) -> None:
    words = text.lower().split()
    triples = list(itertools.pairwise(itertools.pairwise(words)))
    expected = 1 - len(set(triples)) / len(triples) if len(words) >= 12 else 0
    assert text_figures(pl.Series(["some other text", text]))[1][1] == pytest.approx(expected)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="aB1 .,-?é漢—[]_X\n\x01", max_size=40))
def test_questions_that_are_words_at_a_glance_are_words(text: str) -> None:
    step = QaPairs(question_chars=(0, 500))
    letters, solid, words = plain_counts(pl.Series([text]))
    if letters[0] and letters[0] >= 0.5 * solid[0] and words[0] >= 2:
        plain = re.sub(r"\[[A-Z_]{2,}\]", "", text)
        true_letters = sum(letter.isalpha() for letter in plain)
        assert true_letters >= 0.5 * sum(not letter.isspace() for letter in plain)
        assert len(re.findall(r"[^\W\d_]+", plain)) >= 2
        assert reason(step, GOOD | {"question": text}) is None


def test_ordinary_answers_are_not_repetitive(shared_data) -> None:
    texts = pl.read_csv(shared_data / "bitext-support" / "tickets.csv", infer_schema=False)[
        "response"
    ]
    assert (text_figures(texts)[1] > 0.3).mean() < 0.01


def test_limits_differ_by_kind_of_record() -> None:
    step = QualityFilter(languages=("en",))
    short = {"language": "en", "language_confidence": 0.7, "words": 12, "repetition": 0.0}
    assert reason(step, GOOD | short) is None
    page = {
        "kind": "document",
        "question": None,
        "answer": None,
        "text": "few words",
        **short,
        "words": 2,
    }
    assert reason(step, page) == "too few words"
    long_page = page | {"words": 60}
    assert reason(step, long_page) == "the language is uncertain"
    assert (
        reason(step, GOOD | {"language": "de", "language_confidence": 0.9}) == "the language is de"
    )
    assert (
        reason(step, GOOD | {"language": "en", "language_confidence": 0.3})
        == "the language is uncertain"
    )
    loose = QualityFilter(qa=Limits(min_language_confidence=None))
    assert reason(loose, GOOD | {"language": None, "language_confidence": 0.0}) is None


def test_quality_scores_order_rows_as_people_would() -> None:
    full = {"timestamp": None, "source_id": "7"} | GOOD
    frame = pairs(
        full
        | {
            "answer": "Open your account, press Addresses, change it there and save. It counts from the next order."
        },
        full
        | {"answer": "press it press it press it press it press it press it press it press it"},
        full | {"answer": "1234 5678 !!! ??? 999 ... 000"},
    )
    scores = apply([QualityScore()], frame).frame["quality_score"].to_list()
    assert all(0 <= score <= 1 for score in scores)
    assert scores[0] > max(scores[1:])


def test_an_unknown_language_in_the_recipe_is_refused() -> None:
    with pytest.raises(ValidationError, match="cannot tell the language xx"):
        CheckConfig(languages=("xx",))
