from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith.clean.pii.known import attach, find_known, leveled, of_threads
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.step import apply


def said(text: str, *values: str) -> list[str]:
    return [text[span.start : span.end] for span in find_known(text, values)]


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("Jane Doe wrote, then JANE called, J. Doe too", "Jane Doe", ["Jane Doe", "JANE", "J. Doe"]),
        ("Doe, Jane and jane.doe and janedoe", "Jane Doe", ["Doe, Jane", "jane.doe", "janedoe"]),
        ("Ms Doe's box", "Dr. Jane Doe", ["Doe"]),
        ("juergen or Jurgen or Jürgen", "Jürgen Müller", ["juergen", "Jurgen", "Jürgen"]),
        ("Christoper, Chirstopher, Christophher", "Christopher Ode", ["Christoper", "Chirstopher", "Christophher"]),
        ("Will he ask for Will?", "Will Dubois", ["Will"]),
        ("my account is c 13763, C13763.", "C-13763", ["c 13763", "C13763"]),
        ("mail me at JANE@Example.com", "jane@example.com", ["JANE@Example.com"]),
        ("call 0211 / 555 0142", "02115550142", ["0211 / 555 0142"]),
        ("a fern in a pot, says Fern", "fern", ["Fern"]),
        ("the doer of janeites, Al", "Jane Doe", []),
        ("12 of 123", "123", []),
    ],
)  # fmt: skip
def test_spellings(text: str, value: str, expected: list[str]) -> None:
    assert said(text, value) == expected


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=20), max_size=4))
def test_any_text_and_any_value(text: str, values: list[str]) -> None:
    assert len(leveled(text)) == len(text)
    edges = [edge for span in find_known(text, tuple(values)) for edge in (span.start, span.end)]
    assert edges == sorted(edges)


def test_a_thread_knows_what_any_of_its_rows_says() -> None:
    frame = pairs(
        {"thread": "T1", "customer": "Jane Doe", "answer": "Hello Jane, this is Kofi."},
        {"thread": "T1", "customer": None, "author": "Kofi Mensah", "answer": "Jane, it left."},
        {"thread": "T2", "customer": "Ann Lee", "answer": "Jane is a brand of ours."},
        {"thread": None, "customer": "Olu Ade", "answer": "Olu, it is done. Jane"},
        {
            "thread": "T2", "answer": "the partner Zuri was told",
            "extra": [{"key": "partner", "value": "Zuri Abebe"}],
        },
    )  # fmt: skip
    personal = {frame["source"][0]: ["partner"]}
    rows = attach(frame, of_threads([frame.head(2), frame.tail(3)], personal), personal)
    masked = apply([MaskPersonalData()], rows).frame
    assert masked["answer"].to_list() == [
        "Hello [PERSON], this is [PERSON].",
        "[PERSON], it left.",
        "Jane is a brand of ours.",
        "[PERSON], it is done. Jane",
        "the partner [PERSON] was told",
    ]
    assert masked.columns == frame.columns


def stands_for(text: str, *values: str) -> list[str | None]:
    return [span.value for span in find_known(text, values)]


def test_the_spellings_of_a_person_stand_for_one_name() -> None:
    text = "Jane Doe; JANE; J. Doe; Doe, Jane; janedoe"
    assert stands_for(text, "Jane Doe") == ["Jane Doe"] * 5
    assert stands_for(text, "Jane", "Jane Doe", "jane doe") == ["Jane Doe"] * 5
    assert stands_for("Dr. Jane Doe and Jané", "Jane", "Dr. Jane Doe") == ["Dr. Jane Doe"] * 2


def test_what_two_people_are_called_alike_stands_for_neither() -> None:
    found = stands_for("Jane Doe, Jane Roe, Jane", "Jane Doe", "Jane Roe")
    assert found == ["Jane Doe", "Jane Roe", None]
    assert stands_for("Jane", "Jane", "Jane Doe", "Jane Roe") == [None]


def test_a_person_is_one_pseudonym_in_its_thread_and_in_the_dataset() -> None:
    frame = pairs(
        {"thread": "T1", "customer": "Jane Doe", "answer": "Hello Jane, Ms DOE, J. Doe, jane doe!"},
        {"thread": "T1", "question": "As Jane said, Juergen knows. What now?", "author": "Jürgen Müller",
         "answer": "Jurgen Muller and Jürgen."},
        {"thread": "T2", "customer": "Doe, Jane", "answer": "Jane has it."},
        {"thread": "T3", "answer": "My name is Jane Doe."},
        {"thread": "T4", "customer": "Jane Roe", "answer": "Jane has it."},
    )  # fmt: skip
    rows = attach(frame, of_threads([frame], {}), {})
    masked = apply([MaskPersonalData(replace="pseudonym")], rows).frame
    names = [re.findall(r"\[PERSON_[A-Z]{8}\]", text) for text in masked["answer"]]
    assert [len(found) for found in names] == [4, 2, 1, 1, 1]
    jane, jurgen = names[0][0], names[1][0]
    assert set(names[0]) | set(names[2]) | set(names[3]) == {jane}
    assert set(names[1]) == {jurgen} != {jane}
    assert masked["question"][1] == f"As {jane} said, {jurgen} knows. What now?"
    assert names[4] != [jane]


def test_what_is_allowed_stays() -> None:
    frame = pairs({"customer": "Rose Garden", "answer": "Our Rose Garden, Rose"})
    rows = attach(frame, of_threads([frame], {}), {})
    step = MaskPersonalData(allow=("rose garden",))
    assert apply([step], rows).frame["answer"][0] == "Our Rose Garden, [PERSON]"


def test_rows_without_people_are_left_alone() -> None:
    frame = pairs({"answer": "Nothing here."})
    rows = attach(frame, of_threads([frame], {}), {})
    assert isinstance(rows["_known"].dtype, pl.List)
    assert apply([MaskPersonalData()], rows).frame["answer"][0] == "Nothing here."
