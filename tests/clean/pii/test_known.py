from __future__ import annotations

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
