"""Where the leak scan looks, and what it names."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import pairs
from tunesmith import record
from tunesmith.clean.pii.mask import MaskPersonalData
from tunesmith.scan import leaking_rows, scan

LEAK = "jo.public@example.com"
PLACES: dict[str, dict[str, object]] = {
    name: {name: LEAK} for name, kind in record.SCHEMA.items() if kind == pl.String
}
PLACES |= {
    "labels": {"labels": ["fine", LEAK]},
    "changes": {"changes": ["html", LEAK]},
    "extra (names)": {"extra": [{"key": "plan", "value": "b"}, {"key": LEAK, "value": "yes"}]},
    "extra (values)": {"extra": [{"key": "plan", "value": "b"}, {"key": "note", "value": LEAK}]},
}


@pytest.mark.parametrize("place", PLACES)
def test_every_text_of_a_record_is_scanned(place) -> None:
    frame = pairs({}, PLACES[place], {})
    assert scan(frame, MaskPersonalData()) == ({"EMAIL": 1}, [place])


def test_clean_rows_have_no_leak() -> None:
    assert scan(pairs({}, {"extra": [{"key": "a", "value": "b"}]}), MaskPersonalData()) == ({}, [])


@settings(max_examples=25)
@given(st.lists(st.booleans(), max_size=9), st.integers(0, 4))
def test_the_first_rows_are_named_by_file_and_line(leaks, most) -> None:
    frame = pairs(*({"answer": LEAK if leak else "All is well with it."} for leak in leaks))
    expected = [f"f.csv:{number + 2}" for number, leak in enumerate(leaks) if leak]
    assert leaking_rows(frame, MaskPersonalData(), most) == expected[:most]
