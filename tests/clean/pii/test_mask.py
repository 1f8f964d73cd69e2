from __future__ import annotations

import json
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from factory import pairs
from tunesmith.clean.pii.detect import find
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.clean.pii.pseudonyms import Pseudonyms
from tunesmith.step import apply

PERSONAL = [
    "jane.doe@example.com", "(212) 555-0123", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00",
    "078-05-1120", "192.0.2.17", "https://bob:hunter2@example.com/",
]  # fmt: skip


def test_every_place_of_a_row_is_masked() -> None:
    frame = pairs(
        {
            "question": "I am jane@example.com", "answer": "We wrote to jane@example.com.",
            "category": "from jane@example.com", "source_id": "jane@example.com-7",
            "labels": ["jane@example.com", "b"], "extra": [{"key": "contact", "value": "jane@example.com"}],
        },
        {"text": "page by jane@example.com", "kind": "document"},
    )  # fmt: skip
    outcome = apply([MaskPersonalData()], frame)
    assert "jane" not in json.dumps(outcome.frame.to_dicts(), default=str)
    assert outcome.frame["answer"][0] == "We wrote to [EMAIL]."
    assert outcome.frame["changes"].to_list() == [["EMAIL×6"], ["EMAIL×1"]]
    assert outcome.counts[0].notes == {"EMAIL": 7}


def test_the_right_occurrence_is_replaced() -> None:
    text, _ = MaskPersonalData().mask("12 items cost 12, call 555-0112 about 12")
    assert text == "12 items cost 12, call [PHONE] about 12"


def test_kinds_that_overlap_are_masked_by_the_surer_one() -> None:
    assert MaskPersonalData().mask("4111 1111 1111 1111")[0] == "[CARD]"
    assert MaskPersonalData().mask("https://bob:pw@example.com/")[0] == (
        "https://[URL_CREDENTIALS]@example.com/"
    )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from(PERSONAL), st.text(alphabet="ab 19-.+()@:/[]", max_size=8)),
        max_size=8,
    )
)
def test_nothing_is_found_after_masking(parts: list[str]) -> None:
    step = MaskPersonalData()
    masked, _ = step.mask(" ".join(parts))
    assert find(masked) == []
    assert step.mask(masked) == (masked, {})


@settings(deadline=None)
@given(st.text(alphabet=st.characters(categories=["L", "Zs"]), max_size=80))
def test_words_survive(text: str) -> None:
    assert MaskPersonalData().mask(text) == (text, {})


def test_the_scan_finds_what_is_left_and_only_that() -> None:
    step = MaskPersonalData()
    texts = pl.Series(["fine", "jane@example.com and 192.0.2.1", None])
    assert step.scan(texts) == {"EMAIL": 1, "IP_ADDRESS": 1}
    assert MaskPersonalData(allow=("jane@example.com",)).scan(texts) == {"IP_ADDRESS": 1}


def test_the_hint_misses_nothing_that_the_detectors_find() -> None:
    step = MaskPersonalData()
    for text in PERSONAL:
        for padded in (text, f"x {text} y", f"({text})", f"{text}\n"):
            if find(padded):
                frame = apply([step], pairs({"answer": padded})).frame
                assert find(frame["answer"][0]) == [], padded


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(ValidationError, match="not a region: UK"):
        MaskPersonalData(regions=("UK",))


def test_pseudonyms_keep_people_apart_and_together() -> None:
    frame = pairs(
        {
            "customer": "Jane@Example.com",
            "thread": "t1",
            "extra": [{"key": "who", "value": "Jane Doe"}],
        },
        {
            "customer": "jane@example.com ",
            "thread": "t1",
            "extra": [{"key": "who", "value": "Bob"}],
        },
        {"customer": "bob@example.com", "thread": None, "extra": []},
    )
    done = apply([Pseudonyms(columns={"s": ["who"]})], frame).frame
    first, second, third = done["customer"].to_list()
    assert first == second != third
    assert first.startswith("customer-")
    assert done["thread"].to_list()[2] is None
    assert "jane" not in json.dumps(done.to_dicts(), default=str).lower()
    assert done["extra"].to_list()[0][0]["value"].startswith("person-")


def test_another_secret_gives_other_pseudonyms(monkeypatch) -> None:
    frame = pairs({"customer": "jane"})
    one = apply([Pseudonyms()], frame).frame["customer"][0]
    before = Pseudonyms().identity()
    monkeypatch.setenv("TUNESMITH_SECRET", "quite another secret")
    assert apply([Pseudonyms()], frame).frame["customer"][0] != one
    assert Pseudonyms().identity() != before


def test_pseudonyms_are_the_same_for_the_same_value(monkeypatch) -> None:
    monkeypatch.setenv("TUNESMITH_SECRET", "a secret of the tests")
    step = MaskPersonalData(replace="pseudonym")
    one, counted = step.mask("call 212-555-0123 or jane@example.com")
    other, _ = step.mask("JANE@example.com has (212) 555 0123")
    assert counted == {"PHONE": 1, "EMAIL": 1}
    names = re.findall(r"\[(?:EMAIL|PHONE)_[A-Z]{6}\]", one + other)
    assert len(names) == 4
    assert len(set(names)) == 2
    assert not step.scan(pl.Series([one, other]))
    monkeypatch.setenv("TUNESMITH_SECRET", "another secret of the tests")
    assert (
        MaskPersonalData(replace="pseudonym").mask("call 212-555-0123 or jane@example.com")[0]
        != one
    )


def test_identity_names_the_secret_only_where_it_matters(monkeypatch) -> None:
    monkeypatch.setenv("TUNESMITH_SECRET", "a secret of the tests")
    assert "key" not in MaskPersonalData().identity()
    first = MaskPersonalData(replace="pseudonym").identity()["key"]
    monkeypatch.setenv("TUNESMITH_SECRET", "another secret of the tests")
    assert MaskPersonalData(replace="pseudonym").identity()["key"] != first


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"national_ids": ["XX"]}, "no numbers known for XX"),
        ({"accounts": ["(?=a)b"]}, "linear time"),
        ({"accounts": ["("]}, "linear time"),
    ],
)
def test_settings_are_checked(settings, words) -> None:
    with pytest.raises(ValidationError, match=words):
        MaskPersonalData(**settings)
